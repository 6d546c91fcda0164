"""What a gateway has for handhelds: offered when it is newer, fetched over any break, orders to one alone."""

import asyncio
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from edge import stub
from gateway.config import ReaderConfig
from gateway.journal import Journal, JournalFull
from gateway.keys import DeviceKey, TrustStore
from gateway.stations.handheld import Collector, HandheldStation
from gateway.stations.handheld_shelf import Shelf
from gateway.trust_file import TrustFile
from reader import files
from reader.errors import FlashFull
from reader.orders import Orders
from reader.state import State
from tests.bench.passports import Issuer
from tests.handheld_line import Device, Wire, rows, session, station

pytestmark = pytest.mark.anyio

GTIN = 9520123456788
HEADER = "gtin,serial,digest\n"


def csv(*serials: str) -> str:
    return HEADER + "".join(f"{GTIN},{serial},{'5a' * 32}\n" for serial in serials)


def stocked(
    journal: Journal,
    shared: Collector | None = None,
    trust: TrustFile | None = None,
    **files: Path | None,
) -> HandheldStation:
    reader = ReaderConfig(name="hand", url="handheld:/dev/cable", **files)
    shelf = Shelf(reader, journal, trust, "https://id.example.com", ())
    return station(journal, collector=shared, reader=reader, shelf=shelf)


def idle(device: Device) -> bool:
    """Nothing has happened for longer than a sign of life."""
    return device.ms > 30_000


async def visit(at: HandheldStation, device: Device, wire: Wire | None = None) -> None:
    device.ms = 0
    await session(at, device, wire, until=lambda: idle(device))


async def test_a_newer_trust_list_is_handed_over_as_it_was_signed(tmp_path: Path) -> None:
    root = DeviceKey.generate()
    store = TrustStore(tmp_path / "trust.cbor", root.public)
    issuer = Issuer()
    issuer.trust.number = 7
    store.save(issuer.trust, root)
    device = Device(tmp_path / "d")
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, trust=TrustFile(store))
        await visit(here, device)
        assert device.installed == [("trust", (tmp_path / "trust.cbor").read_bytes())]
        assert rows(journal)[-1][1]["outcome"] == "installed"
        device.about["trust"] = 7
        await visit(here, device)
        assert len(device.installed) == 1


async def test_everything_comes_in_one_visit_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(csv("A1", "A2"))
    (tmp_path / "bundle").write_bytes(bytes(range(256)) * 40)
    device = Device(tmp_path / "d")
    device.note(5)
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, orders=tmp_path / "orders.csv", update=tmp_path / "bundle")
        await visit(here, device)
        assert [what for what, _ in device.installed] == ["update", "orders"]
        assert device.installed[0][1] == (tmp_path / "bundle").read_bytes()
        device.about["update"] = zlib.crc32(device.installed[0][1])
        device.about["orders"] = zlib.crc32(csv("A1", "A2").encode())
        await visit(here, device)
        assert len(device.installed) == 2


async def test_a_gateway_that_answers_late_hands_over_everything_all_the_same(
    tmp_path: Path,
) -> None:
    class Late(Wire):
        """What is said once the link is up arrives 4 s later: it has been said again by then."""

        def __init__(self) -> None:
            super().__init__()
            self.held: list[tuple[int, bytes]] = []

        def put(self, data: bytes) -> None:
            if data:
                self.held.append((device.ms + (4000 if device.link.up else 0), data))
            while self.held and self.held[0][0] <= device.ms:
                super().put(self.held.pop(0)[1])

    (tmp_path / "orders.csv").write_text(csv("A1", "A2"))
    (tmp_path / "bundle").write_bytes(bytes(100))
    device = Device(tmp_path / "d")
    device.note(5)
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, orders=tmp_path / "orders.csv", update=tmp_path / "bundle")
        device.ms = 0
        await session(here, device, Late(), until=lambda: device.ms > 120_000)
    assert [what for what, _ in device.installed] == ["update", "orders"]


async def test_an_offer_that_is_lost_is_made_again(tmp_path: Path) -> None:
    class Noise(Wire):
        """Of BYE, WELCOME, ACK and OFFER the last does not arrive."""

        sent = 0

        async def send(self, data: bytes) -> None:
            self.sent += 1
            if self.sent != 4:
                await super().send(data)

    (tmp_path / "bundle").write_bytes(bytes(100))
    device = Device(tmp_path / "d")
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, update=tmp_path / "bundle")
        await visit(here, device, Noise())
    assert [what for what, _ in device.installed] == ["update"]


async def test_what_is_not_understood_is_offered_so_often_and_hinders_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "orders.csv").write_text(csv("A1", "A2"))
    (tmp_path / "bundle").write_bytes(bytes(100))
    device = Device(tmp_path / "d")
    del device.download._installs["update"]  # an older firmware
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, orders=tmp_path / "orders.csv", update=tmp_path / "bundle")
        await visit(here, device)
    assert [what for what, _ in device.installed] == ["orders"]


async def test_a_fetch_that_is_cut_anywhere_goes_on_where_it_was(tmp_path: Path) -> None:
    content = bytes(range(256)) * 60
    (tmp_path / "bundle").write_bytes(content)
    device = Device(tmp_path / "d")
    sent = 0
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, update=tmp_path / "bundle")
        for _ in range(40):
            wire = Wire(3000)
            await visit(here, device, wire)
            sent += wire.passed
            if device.installed:
                break
        assert device.installed == [("update", content)]
        assert sent < 3 * len(content)


async def test_orders_are_the_firmwares_own_and_go_to_one_handheld_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "orders.csv").write_text(csv("A1", "A2", "A3") + "1,bad,row\n")
    ada, bob = Device(tmp_path / "a"), Device(tmp_path / "b", id=b"device-2", name="bob")
    async with Journal(tmp_path / "j.db") as journal:
        await journal.append(
            "result", "end", b"1234567", f"{GTIN:014d}/A2", {"stub": b"", "seq": 0, "digest": b""}
        )
        here = stocked(journal, orders=tmp_path / "orders.csv")
        await visit(here, ada)
        await visit(here, bob)
        assert bob.installed == []
        assert f"its orders are with handheld {ada.id.hex()}" in caplog.text
        assert "row 4" in caplog.text
    async with Journal(tmp_path / "j.db") as journal:  # and so it stays
        await visit(stocked(journal, orders=tmp_path / "orders.csv"), bob)
        assert bob.installed == []
    ((_, content),) = ada.installed
    (tmp_path / "list").write_bytes(content)
    orders = Orders(str(tmp_path / "o"), State(str(tmp_path / "o")))
    for _ in orders.install(str(tmp_path / "list")):
        pass
    assert (orders.number, orders.left) == (
        zlib.crc32((tmp_path / "orders.csv").read_bytes()),
        2,
    )
    found = orders.peek()
    assert found is not None
    assert found[1] == f"https://id.example.com/01/{GTIN:014d}/21/A1"
    assert found[2] == {stub.PRODUCT: [0, GTIN, "A1"], stub.DIGEST: b"\x5a" * 32}


@pytest.mark.parametrize(
    ("text", "says"),
    [("serial\n", "this column is missing"), (None, "cannot read"), (HEADER, "")],
)
async def test_orders_that_are_none_are_told_and_hinder_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str | None, says: str
) -> None:
    if text is not None:
        (tmp_path / "orders.csv").write_text(text)
    device = Device(tmp_path / "d")
    device.note(2)
    async with Journal(tmp_path / "j.db") as journal:
        await visit(stocked(journal, orders=tmp_path / "orders.csv"), device)
        assert (device.outbox.waiting, device.installed) == (0, [])
    assert says in caplog.text


async def test_what_is_refused_is_told_and_not_offered_again_in_that_visit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from edge.errors import Malformed

    def refused(path: str) -> object:
        raise Malformed("not signed by a key that may")
        yield 0

    (tmp_path / "bundle").write_bytes(b"bundle")
    device = Device(tmp_path / "d")
    device.download._installs["update"] = refused  # type: ignore[assignment]
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, update=tmp_path / "bundle")
        await visit(here, device)
        assert [body["outcome"] for _, body in rows(journal)] == ["not_installed"]
        for _ in range(3):
            await visit(here, device)
        assert len(rows(journal)) == 2  # nobody wears a flash with what is refused all the time
        device.about["firmware"] = b"a-0 1"
        await visit(here, device)
        assert len(rows(journal)) == 3
    assert "update was refused: not signed by a key that may" in caplog.text


async def test_a_file_that_grew_stays_with_who_has_the_orders_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who has the first three may not have written them yet: another that gets them too writes them twice."""
    ada, bob = Device(tmp_path / "a"), Device(tmp_path / "b", id=b"device-2", name="bob")
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, orders=tmp_path / "orders.csv")
        (tmp_path / "orders.csv").write_text(csv("A1", "A2", "A3"))
        await visit(here, ada)
        (tmp_path / "orders.csv").write_text(csv("A1", "A2", "A3", "A4"))
        await visit(here, bob)
        assert bob.installed == []
        assert "into a file of another name" in caplog.text
        await visit(here, ada)
        assert len(ada.installed) == 2


async def test_two_handhelds_that_come_at_once_do_not_get_the_same_orders(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(csv("A1"))
    both = Device(tmp_path / "a"), Device(tmp_path / "b", id=b"device-2", name="bob")
    async with Journal(tmp_path / "j.db") as journal:
        shared = Collector(journal)

        async def come(device: Device) -> None:
            here = stocked(journal, shared, orders=tmp_path / "orders.csv")
            await visit(here, device)

        await asyncio.gather(*map(come, both))
    assert len([each for each in both if each.installed]) == 1


async def test_a_visit_reads_a_file_once_and_again_when_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handheld in its cradle gives a sign of life each 5 s, for days."""
    bundle, orders = tmp_path / "bundle", tmp_path / "orders.csv"
    bundle.write_bytes(b"one")
    orders.write_text(csv("A1"))
    device = Device(tmp_path / "d")
    read: list[str] = []
    path_read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda at: (read.append(at.name), path_read(at))[1])
    async with Journal(tmp_path / "j.db") as journal:
        here = stocked(journal, orders=orders, update=bundle)

        def goes_on() -> bool:
            if device.ms > 60_000 and bundle.stat().st_size == 3:
                bundle.write_bytes(b"another")
                orders.touch()
            return device.ms > 120_000

        await session(here, device, until=goes_on)
    assert [what for what, _ in device.installed] == ["update", "orders", "update"]
    assert (read.count("bundle"), read.count("orders.csv")) == (2, 2)


async def test_what_is_too_large_is_told_and_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = tmp_path / "bundle"
    with bundle.open("wb") as file:
        file.truncate(8 << 30)
    device = Device(tmp_path / "d")
    async with Journal(tmp_path / "j.db") as journal:
        await visit(stocked(journal, update=bundle), device)
    assert device.installed == []
    assert "524288 fit" in caplog.text


async def test_what_the_flash_has_no_room_for_does_not_hinder_what_comes_after(
    tmp_path: Path,
) -> None:
    (tmp_path / "bundle").write_bytes(bytes(5000))
    (tmp_path / "orders.csv").write_text(csv("A1"))
    device = Device(tmp_path / "d")
    write = files.write

    def full(path: str, parts: Iterable[bytes], mode: str = "wb") -> None:
        if "/update-" in path:
            raise FlashFull("flash is full")
        write(path, parts, mode)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files, "write", full)
        async with Journal(tmp_path / "j.db") as journal:
            here = stocked(journal, update=tmp_path / "bundle", orders=tmp_path / "orders.csv")
            await visit(here, device)
            assert [what for what, _ in device.installed] == ["orders"]
            assert "flash is full" in [body.get("reason") for _, body in rows(journal)]


async def test_a_disk_without_room_for_a_note_ends_nothing(tmp_path: Path) -> None:
    class Full(Journal):
        async def move_cursor(self, name: str, seq: int) -> None:
            raise JournalFull(f"{name} does not fit")

    (tmp_path / "orders.csv").write_text(csv("A1"))
    device = Device(tmp_path / "d")
    device.note(1)
    async with Full(tmp_path / "j.db") as journal:
        await visit(stocked(journal, orders=tmp_path / "orders.csv"), device)
        assert (device.outbox.waiting, device.installed) == (0, [])
