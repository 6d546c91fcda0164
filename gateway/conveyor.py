"""A conveyor of simulated NFC tags: which of them is at the reader, and what it costs to read it."""

from pathlib import Path

from gateway.simulator import Simulator


class Conveyor:
    """tags: the file that keeps the tags' memory between two runs. simulator: to be entered before any deed."""

    def __init__(self, tags: Path, paced: bool, inherit: tuple[int, ...] = ()) -> None:
        arguments = ["--shelf", str(tags)] + ["--paced"] * paced
        self.simulator = Simulator("pn532", *arguments, inherit=inherit)

    @property
    def path(self) -> str:
        """Of the reader's tty."""
        return str(self.simulator.ready["path"])

    async def arrive(self, uid: bytes, chip: str = "ntag215") -> None:
        """Put a tag at the reader; one that was there before has kept its memory."""
        await self.simulator.tell("arrive", tag=chip, uid=uid.hex())

    async def leave(self) -> None:
        """Take every tag away."""
        await self.simulator.tell("leave")

    async def tear_write(self, number: int) -> None:
        """Cut the power in the middle of the `number`-th page write from now."""
        await self.simulator.tell("fault", name="tear", args={"at": number})

    async def spent_ms(self) -> dict[str, float]:
        """The time that the wire, the field and the chips took since the last call: uart_ms, rf_ms, eeprom_ms."""
        found = (await self.simulator.tell("reset_stats"))["stats"]
        return {name: float(found[name]) for name in ("uart_ms", "rf_ms", "eeprom_ms")}
