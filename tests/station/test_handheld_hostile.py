"""Whoever reaches the gateway's port for handhelds, with the secret or without, harms nobody else."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge import cbor, link, stub
from edge.trust import Entry, TrustList
from gateway.cli.main import main
from gateway.config import load
from gateway.doctor import examine
from gateway.finding import Finding
from gateway.journal import Journal
from gateway.keys import DeviceKey, TrustStore, verifier
from gateway.readers.handheld import Handhelds, Talk, Where
from gateway.readers.scanner_link import Link
from gateway.stations.handheld import Collector, HandheldStation
from gateway.stations.handheld_rows import Judge
from gateway.stations.result import Result
from tests.bench.passports import UID, Issuer
from tests.handheld_line import NOW, Device, Wire, rows, seqs, session, station

pytestmark = pytest.mark.anyio


async def played(here: HandheldStation, wire: Wire, pieces: list[bytes]) -> "asyncio.Task[None]":
    """The station's task, after it has taken each piece from the wire."""

    async def serve(talk: Talk) -> None:
        await talk(wire, "somewhere")

    here.reader.serve = serve  # type: ignore[method-assign]
    there = asyncio.create_task(here.run(lambda result: None))
    for piece in pieces:
        wire.put(piece)
        while not wire.is_idle and not there.done():
            await asyncio.sleep(0)
    return there


@pytest.mark.parametrize("version", [bytes(1900), "\n" * 1900, [1], 1 << 63])
async def test_a_hello_of_nonsense_from_who_has_no_secret_ends_nothing(
    tmp_path: Path, version: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with Journal(tmp_path / "j.db") as journal:
        wire = Wire()
        nonsense = link.plain(cbor.encode([link.HELLO, version]))
        there = await played(station(journal), wire, [nonsense, nonsense])
        assert not there.done()
        there.cancel()
        await asyncio.wait([there])
    assert all(len(each.getMessage()) < 200 for each in caplog.records)
    assert "\n" not in "".join(each.getMessage() for each in caplog.records)


async def test_a_stranger_does_not_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = [link.plain(cbor.encode([link.HELLO, version])) for version in range(2, 100)]
    async with Journal(tmp_path / "j.db") as journal:
        there = await played(station(journal), Wire(), said)
        there.cancel()
        await asyncio.wait([there])
    assert 0 < len(caplog.records) < 10


async def test_a_text_without_an_end_is_not_gathered(tmp_path: Path) -> None:
    device = Device(tmp_path / "d", secret=b"")
    async with Journal(tmp_path / "j.db") as journal:
        hello = device.link.turn(0)
        said = [(0, 0), (1, 2), *((part, 0) for part in range(80)), (0, 1 << 40), (1, 2)]
        texts = [link.plain(link.message(link.TEXT, "export", *each, "x")) for each in said]
        there = await played(station(journal, secret=b""), Wire(), [hello, *texts])
        there.cancel()
        await asyncio.wait([there])
        assert [body for _, body in rows(journal) if "text" in body] == []


@pytest.mark.parametrize(("after", "seq"), [(0, (1 << 63) - 1), (0, 1 << 32), (1 << 62, 1)])
async def test_a_seq_that_no_log_has_ends_nothing_and_moves_no_cursor(
    tmp_path: Path, after: int, seq: int
) -> None:
    device = Device(tmp_path / "d", secret=b"")
    device.note(1)
    record = next(each for each in map(bytes, zip(range(256))) if link.mark(each) >> 30)
    async with Journal(tmp_path / "j.db") as journal:
        hello = device.link.turn(0)
        hostile = link.plain(link.message(link.RECORDS, after, [[seq, record]]))
        sound = link.plain(link.message(link.RECORDS, 0, [list(device.outbox.read(1, 1)[0])]))
        there = await played(station(journal, secret=b""), Wire(), [hello, hostile, sound])
        assert not there.done()
        there.cancel()
        await asyncio.wait([there])
        assert seqs(journal) == [1] and len(rows(journal)) == 1


async def test_what_a_record_says_can_be_shown(tmp_path: Path) -> None:
    """Whatever JSON or the gateway's own words have no place for is kept as the record's bytes."""
    device = Device(tmp_path / "d")
    for odd in ({b"\x01": 1}, [{b"\x01": 1}]):
        device.note(1, odd=odd)
    device.note(1, missing=5, faults=True, unexpected={"1": 2}, reason="\x1b[2J\n1 verdict")
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device)
        assert [kind for kind, _ in rows(journal)] == ["refused", "refused", "verdict"]
    for more in ([], ["--json"]):
        asked = ["journal", "tail", "--journal", str(tmp_path / "j.db"), *more]
        found = CliRunner().invoke(main, asked)
        assert (found.exit_code, found.exception) == (0, None)
        assert "\x1b" not in found.stdout
        assert len(found.stdout.splitlines()) == 3


async def test_a_write_that_no_trusted_key_signed_is_no_result(tmp_path: Path) -> None:
    """Whoever holds the link's secret could else make every real tag of a product look outdated."""
    issuer, forger = Issuer(), Issuer()
    raw = forger.stub(900, bytes(16))
    product = stub.product_name(stub.decode(raw).product)
    device = Device(tmp_path / "d")
    said = {"stub": raw, "seq": 900, "act": "updated", "colour": "green"}
    device.outbox.append("result", UID, product, said, device.clock)
    told: list[Result] = []
    async with Journal(tmp_path / "j.db") as journal:
        judge = Judge(issuer.trust, verifier, NOW)
        await session(station(journal, judge=judge), device, tell=told.append)
        assert (journal.known_seq(product), journal.last_result(product)) == (None, None)
        ((kind, body),) = rows(journal)
        assert (kind, body["stub"], body["handheld"]["kind"]) == ("handheld", raw, "result")
        assert "key trust" in body["reason"]
        assert told[0].signal.colour == "amber"
        assert told[0].signal.sentence == f"ada: result: {product}: {body['reason']}"


async def test_a_verdict_moves_on_what_its_own_stub_bears_out_alone(tmp_path: Path) -> None:
    """A copy of one genuine stub could else make every real tag, of any product, look outdated."""
    issuer = Issuer()
    raw = issuer.chain(2)[1]
    product = stub.product_name(stub.decode(raw).product)
    device = Device(tmp_path / "d")
    for named, seq in ((product, 900), ("09520123456788/OTHER", 1), (product, 1)):
        device.outbox.append("verdict", UID, named, {"stub": raw, "seen_seq": seq}, device.clock)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal, judge=Judge(issuer.trust, verifier, NOW)), device)
        assert [body.get("seen_seq") for _, body in rows(journal)] == [None, None, 1]
        assert journal.known_seq(product) == 1
        assert journal.known_seq("09520123456788/OTHER") is None


async def test_a_result_of_a_handheld_leaves_what_is_remembered_of_a_rain_tag(
    tmp_path: Path,
) -> None:
    tid, issuer = bytes(range(8)), Issuer()
    raw = issuer.stub(0, uid=tid)
    product = stub.product_name(stub.decode(raw).product)
    device = Device(tmp_path / "d")
    said = {"stub": raw, "seq": 0, "act": "commissioned"}
    device.outbox.append("result", tid, product, said, device.clock)
    async with Journal(tmp_path / "j.db") as journal:
        own = await journal.append("result", "gate", tid, "p", {"profile": "epc", "seq": 0})
        await session(station(journal, judge=Judge(issuer.trust, verifier, NOW)), device)
        assert journal.last_result(product) is not None
        assert journal.remembered(tid) == own


@pytest.mark.parametrize(
    ("at", "is_timed", "found"),
    [
        (NOW - 60, True, (NOW - 60, True)),
        (NOW + 86_400, True, (NOW - 1, False)),  # another gateway's clock is a day fast
        (NOW + 86_400, False, (NOW + 86_400, True)),  # who can say
        (1 << 62, False, (NOW - 1, False)),
        (5, True, (NOW - 1, False)),
    ],
)
async def test_a_time_that_cannot_be_is_not_believed_and_hides_no_record(
    tmp_path: Path, at: int, is_timed: bool, found: tuple[int, bool]
) -> None:
    device = Device(tmp_path / "d")
    device.clock.now = lambda: at  # type: ignore[method-assign]
    device.clock.synced = True
    device.note(1)
    device.ms += 1000
    async with Journal(tmp_path / "j.db") as journal:
        judge = Judge(None, verifier, NOW, is_timed=is_timed)
        await session(station(journal, judge=judge), device)
        ((kind, body),) = rows(journal)
    said = body["handheld"]
    assert (kind, said["at"], said["synced"]) == ("verdict", *found)
    assert said.get("said_at", at) == at


async def test_a_key_that_no_list_names_is_told_once_with_what_to_type(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = DeviceKey.generate()
    device = Device(tmp_path / "d", id=key.kid)
    device.about["key"] = key.public
    root, trust = DeviceKey.generate(), TrustList(1, NOW - 1, 4_000_000_000, ())
    (tmp_path / "line.toml").write_text(
        f'[gateway]\nname = "gate"\njournal = "j.db"\n[keys]\ntrust = "trust.cbor"\nroot = "{root.public.hex()}"\n'
        '[[reader]]\nname = "hand"\nurl = "handheld:/dev/null"\n'
    )
    config = load(tmp_path / "line.toml")
    store = TrustStore(tmp_path / "trust.cbor", root.public)
    store.save(trust, root)

    def found() -> list[Finding]:
        return [each for each in examine(config, NOW) if each.check == "handheld key"]

    assert found() == []
    remedy = f"tagwright key trust --add {key.public.hex()} --out trust.cbor"
    async with Journal(tmp_path / "j.db") as journal:
        shared = Collector(journal, tmp_path / "trust.cbor")
        here = station(journal, collector=shared, judge=Judge(trust, verifier, NOW))
        await replayed(here, device)
        assert remedy not in caplog.text  # nothing is proved yet: who knows whose key it is
        for _ in range(2):
            device.note(1)
            await session(here, device)
        assert caplog.text.count(remedy) == 1
    assert [remedy in each.remedy for each in found()] == [True]
    trust.number, trust.entries = 2, (Entry(key.kid, key.public),)
    store.save(trust, root)
    assert found() == []


async def replayed(here: HandheldStation, device: Device) -> None:
    """Somebody else says the handheld's hello."""
    device.link.begin()
    there = await played(here, Wire(), [device.link.turn(device.ms)])
    there.cancel()
    await asyncio.wait([there])


async def test_who_holds_all_connections_and_proves_nothing_keeps_nobody_out() -> None:
    met: asyncio.Queue[Link] = asyncio.Queue()
    reader = Handhelds("hand", Where(host="127.0.0.1"))

    async def talk(link: Link, where: str) -> None:
        met.put_nowait(link)
        while data := await link.receive(30):
            await link.send(data)

    async def connection() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        found = await asyncio.open_connection("127.0.0.1", reader.port)
        writers.append(found[1])
        return found

    writers: list[asyncio.StreamWriter] = []
    async with asyncio.timeout(10):
        there = asyncio.create_task(reader.serve(talk))
        while not reader.port:
            await asyncio.sleep(0)
        first, writer = await connection()
        reader.proved(await met.get())
        for _ in range(80):
            last, last_writer = await connection()
            await met.get()
        for come, go in ((first, writer), (last, last_writer)):
            go.write(b"still here")
            assert await come.readexactly(10) == b"still here"
        for each in writers:
            each.transport.abort()
        there.cancel()
        await asyncio.wait([there])
