"""What is asked of a journal's rows: a filter, and its SQL."""

from typing import NamedTuple


class Asked(NamedTuple):
    """What rows are asked for: "", b"" and None for anything. named: a part of the product's name."""

    kind: str = ""
    station: str = ""
    uid: bytes = b""
    named: str = ""
    from_ns: int | None = None
    until_ns: int | None = None

    def clause(self) -> tuple[str, list[int | str | bytes]]:
        """The conditions in SQL, each after AND, and their values."""
        conditions: list[tuple[str, int | str | bytes | None]] = [
            ("kind = ?", self.kind or None),
            ("station = ?", self.station or None),
            ("uid = ? AND uid <> x''", self.uid or None),
            ("instr(product, ?) > 0", self.named or None),
            ("at_ns >= ?", self.from_ns),
            ("at_ns <= ?", self.until_ns),
        ]
        told = [(text, value) for text, value in conditions if value is not None]
        return "".join(f" AND {text}" for text, _ in told), [value for _, value in told]
