"""What a handheld wrote down reaches the journal exactly once, whatever breaks on the way."""

import asyncio
import shutil
from pathlib import Path

import pytest

from edge import link, stub
from gateway.journal import Journal, JournalFull
from gateway.keys import verifier
from gateway.stations import handheld
from gateway.stations.handheld import Collector
from gateway.stations.handheld_rows import Judge
from gateway.stations.result import Result
from tests.bench.passports import Issuer
from tests.handheld_line import NOW, SECRET, Device, Wire, rows, seqs, session, station

pytestmark = pytest.mark.anyio

UID = bytes.fromhex("04a1b2c3d4e5f6")


async def test_every_record_becomes_a_row_once_and_is_then_acknowledged(tmp_path: Path) -> None:
    device = Device(tmp_path)
    told: list[Result] = []
    device.note(40)
    async with Journal(tmp_path / "j.db") as journal:
        here = station(journal)
        await session(here, device, tell=told.append)
        assert seqs(journal) == list(range(1, 41))
        assert [result.journal_seq for result in told] == list(range(1, 41))
        assert (
            journal.cursor(f"handheld/{device.id.hex()}/{device.outbox.epoch.hex()}") % 2**32 == 40
        )
        assert {row.station for row in journal.after(0, 99)} == {"hand/ada"}
        assert (device.outbox.waiting, device.clock.synced, device.clock.now()) == (0, True, NOW)
        assert device.link.gateway == "gate"
        device.note(3)
        await session(here, device)
        assert seqs(journal) == list(range(1, 44))
        assert journal.verify() is None


@pytest.mark.parametrize("secret", [SECRET, b""])
async def test_a_link_that_is_cut_at_any_byte_neither_loses_nor_doubles(
    tmp_path: Path, secret: bytes
) -> None:
    device = Device(tmp_path / "whole", secret)
    device.note(4)
    async with Journal(tmp_path / "whole.db") as journal:
        whole = (await session(station(journal, secret=secret), device)).passed
    assert whole > 300
    device = Device(tmp_path / "cut", secret)
    async with Journal(tmp_path / "cut.db") as journal:
        noted = 0
        for cut in range(1, whole + 20):
            device.note(1)
            noted += 1
            await session(station(journal, secret=secret), device, Wire(cut))
            if cut % 5 == 0:
                device.start()
        await session(station(journal, secret=secret), device)
        assert seqs(journal) == list(range(1, noted + 1))


async def test_a_gateway_that_is_killed_before_the_ack_has_each_record_once(tmp_path: Path) -> None:
    """What the disk held at the moment of each answer is what a killed gateway finds when it starts."""
    device = Device(tmp_path / "d")
    device.note(50)
    killed: list[Path] = []

    class Killed(Wire):
        async def send(self, data: bytes) -> None:
            at = tmp_path / f"killed{len(killed)}"
            at.mkdir()
            for file in tmp_path.glob("j.db*"):
                shutil.copy(file, at)
            killed.append(at)
            shutil.copytree(device.folder, at / "d")
            await super().send(data)

    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device, Killed())
    assert len(killed) > 3
    for at in killed:
        again = Device(at / "d")
        async with Journal(at / "j.db") as journal:
            await session(station(journal), again)
            assert seqs(journal) == list(range(1, 51))


async def test_acks_that_are_lost_in_noise_double_nothing(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(2)

    class Noisy(Wire):
        async def send(self, data: bytes) -> None:
            if len(self.log) % 3:  # the session goes on
                data = data[:7] + b"\x55" + data[8:]
            await super().send(data)

    def is_done() -> bool:
        if device.outbox.next < 60:
            device.note(1)
        return device.outbox.next == 60 and not device.link.waiting

    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device, Noisy(), until=is_done)
        assert seqs(journal) == list(range(1, 60))
        assert device.link.faults > 5


async def test_two_handhelds_at_once_and_one_of_them_twice_are_kept_apart(tmp_path: Path) -> None:
    ada, bob = Device(tmp_path / "a"), Device(tmp_path / "b", id=b"device-2", name="bob")
    shutil.copytree(tmp_path / "a", tmp_path / "twin")
    ada.note(30)
    shutil.copytree(tmp_path / "a", tmp_path / "twin", dirs_exist_ok=True)
    twin = Device(tmp_path / "twin")
    bob.note(20)
    async with Journal(tmp_path / "j.db") as journal:
        shared = Collector(journal)
        await asyncio.gather(
            *[session(station(journal, collector=shared), each) for each in (ada, bob, twin)]
        )
        assert sorted(seqs(journal, ada)) == list(range(1, 31))
        assert seqs(journal, bob) == list(range(1, 21))
        assert len({row.station for row in journal.after(0, 99)}) == 2


async def test_a_log_that_was_wiped_begins_anew_under_another_epoch(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(5)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device)
        shutil.rmtree(tmp_path / "d")
        before = device.outbox.epoch
        device.start()
        assert device.outbox.epoch != before
        device.note(2)
        await session(station(journal), device)
        assert seqs(journal) == [1, 2, 3, 4, 5, 1, 2]


@pytest.mark.parametrize("noted", [3, 12])
async def test_a_log_whose_end_is_lost_does_not_hide_what_comes_after(
    tmp_path: Path, noted: int
) -> None:
    """Even where it outgrew what this gateway has before it came back."""
    device = Device(tmp_path / "d")
    device.note(2)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device)
        shutil.copytree(tmp_path / "d", tmp_path / "old")
        device.note(6)
        await session(station(journal), device)
        old = Device(tmp_path / "old")
        old.epochs(4)  # the first one is taken
        old.note(noted, later=True)
        await session(station(journal), old)
        assert seqs(journal) == [*range(1, 9), *range(3, 4 + noted)]
        assert [body["handheld"].get("kind") for _, body in rows(journal)][-1] == "damaged"
        assert not [body for _, body in rows(journal) if "first" in body]
        again = Device(tmp_path / "old")
        again.note()
        await session(station(journal), again)
        assert seqs(journal)[8:] == [*range(3, 5 + noted)]


async def test_what_another_gateway_has_is_told_and_not_asked_for_again(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(3)
    async with Journal(tmp_path / "a.db") as journal:
        await session(station(journal), device)
    device.note(2)
    async with Journal(tmp_path / "b.db") as journal:
        await session(station(journal), device)
        kind, first = rows(journal)[0]
        assert (kind, first["outcome"], first["first"], first["last"]) == (
            "handheld",
            "elsewhere",
            1,
            3,
        )
        assert seqs(journal) == [4, 5]


async def test_nothing_is_acknowledged_while_the_journal_is_full(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    told: list[Result] = []
    async with Journal(tmp_path / "j.db", max_bytes=1 << 20) as journal:
        here = station(journal)

        def is_full() -> bool:
            return bool(told) and "is full" in told[-1].signal.sentence

        with pytest.raises(JournalFull):
            while True:
                await journal.append("bind", "", b"", "", {"filling": bytes(60_000)})
        device.note(100, "note", filling=bytes(1200))
        work = asyncio.create_task(session(here, device, tell=told.append))
        while not work.done() and not is_full():
            await asyncio.sleep(0)
        work.cancel()
        await asyncio.wait([work])
        held = seqs(journal)
        assert held == list(range(1, len(held) + 1))
        assert device.outbox.acked <= len(held) < device.outbox.next - 1


def issued() -> tuple[Issuer, Judge]:
    issuer = Issuer()
    return issuer, Judge(issuer.trust, verifier, NOW)


async def test_writes_and_verdicts_are_rows_in_the_gateways_own_words(tmp_path: Path) -> None:
    issuer, judge = issued()
    first, second = issuer.chain(2)
    product = stub.product_name(stub.decode(first).product)
    device = Device(tmp_path / "d")
    log, clock = device.outbox, device.clock
    seen = {"stub": first, "seq": 0, "slot": 0, "colour": "green", "outcome": "verified"}
    seen |= {"verdict": {"integrity": "valid"}, "seen_seq": 0, "elapsed_ms": 300}
    log.append("verdict", UID, product, seen, clock)
    forged = first[:-1] + bytes([first[-1] ^ 1])
    log.append("verdict", UID, product, seen | {"stub": forged, "seen_seq": 99}, clock)
    intent = log.append("intent", UID, product, {"stub": second, "seq": 1, "slot": 1}, clock)
    done = {"intent": intent, "stub": second, "seq": 1, "slot": 1, "act": "updated"}
    log.append("result", UID, product, done | {"mode": "repaired", "code": "screen"}, clock)
    log.append("void", UID, product, {"intent": intent, "reason": "erased"}, clock)
    async with Journal(tmp_path / "j.db") as journal:
        for _ in range(intent):  # the gateway's own, of the same seq
            await journal.append("intent", "end", UID, product, {"stub": first})
        await session(station(journal, judge=judge), device)
        assert len(journal.open_intents()) == intent
        assert journal.known_seq(product) == 1
        found = [row for row in rows(journal) if "handheld" in row[1]]
        assert [kind for kind, _ in found] == ["verdict", "verdict", "handheld", "result", "void"]
        assert [body.get("seen_seq") for _, body in found] == [0, None, None, None, None]
        said = found[3][1]
        assert (said["act"], said["code"], said["handheld"]["intent"]) == ("updated", "screen", 3)
        assert (said["gtin"], said["serial"]) == tuple(product.split("/"))
        assert said["digest"] == (stub.decode(second).digest or b"")
        assert found[2][1]["handheld"]["kind"] == "intent"


async def test_times_that_were_not_known_are_reckoned_from_the_time_since(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(1)
    device.start()
    device.note(1)
    device.ms += 600_000
    device.clock.set(NOW - 5)
    device.note(1)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device)
        found = [body["handheld"] for _, body in rows(journal)]
    assert [(said["at"], said["synced"]) for said in found] == [
        (None, False),
        (NOW - 600, False),
        (NOW - 5, True),
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"colour": "blue"}, "colour"),
        ({"pages_written": -1}, "pages_written"),
        ({"elapsed_ms": True}, "elapsed_ms"),
        ({"seen_seq": 1 << 63}, "seen_seq"),
        ({"stub": "text"}, "stub"),
    ],
)
async def test_what_cannot_be_understood_is_kept_and_stops_nothing(
    tmp_path: Path, body: dict[str, object], why: str
) -> None:
    device = Device(tmp_path / "d")
    device.note(1, **body)
    device.note(1, "result")
    device.note(1)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device)
        first, second, third = rows(journal)
        assert (first[0], first[1]["outcome"]) == ("refused", "refused")
        assert why in first[1]["reason"]
        assert isinstance(first[1]["record"], bytes)
        assert second[0] == "refused"
        assert third[0] == "verdict"
    assert device.outbox.waiting == 0


def up(wire: Wire) -> list[bytes]:
    return [data for way, data in wire.log if way == "up"]


async def replayed(journal: Journal, pieces: list[bytes], secret: bytes = SECRET) -> bytes:
    """What the gateway answers to bytes that an attacker sends."""
    wire = Wire()
    here = station(journal, secret=secret)

    async def serve(talk: object) -> None:
        await talk(wire, "attacker")  # type: ignore[operator]

    here.reader.serve = serve  # type: ignore[assignment, method-assign]
    there = asyncio.create_task(here.run(lambda result: None))
    for piece in pieces:
        wire.put(piece)
        while not wire.is_idle and not there.done():
            await asyncio.sleep(0)
    there.cancel()
    await asyncio.wait([there])
    return wire.down


async def test_who_has_no_secret_gets_nothing_in(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(5)
    async with Journal(tmp_path / "j.db") as journal:
        here = station(journal)
        wire = await session(here, device)
        before, cursors = journal.head(), journal.cursors()
        said = up(wire)
        hello = next(data for data in said if link.Frames().receive(data)[0][1] is False)
        await replayed(journal, said)
        await replayed(journal, [hello, *reversed(said)])
        forged = link.plain(link.message(link.RECORDS, 5, [[6, b"x"]]))
        await replayed(journal, [hello, forged])
        greeting = link.Frames().receive(hello)[0][0]
        guess = link.Session(b"", greeting, bytes(16), False)
        await replayed(journal, [hello, guess.seal(link.message(link.RECORDS, 5, [[6, b"x"]]))])
        assert (journal.head(), journal.cursors()) == (before, cursors)


async def test_within_a_session_nothing_counts_twice_or_changed(tmp_path: Path) -> None:
    """Whoever sits on the wire may copy, reorder and change what passes."""
    device = Device(tmp_path / "d")

    class Hostile(Wire):
        def put(self, data: bytes) -> None:
            if data:
                changed = bytearray(data)
                changed[len(data) // 2] ^= 1
                for piece in (*up(self)[-3:], bytes(changed), data, data):
                    super().put(piece)

    async with Journal(tmp_path / "j.db") as journal:
        for _ in range(4):
            device.note(3)
            await session(station(journal), device, Hostile())
        assert seqs(journal) == list(range(1, 13))


async def test_a_handheld_with_a_secret_believes_no_gateway_without(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(3)
    async with Journal(tmp_path / "j.db") as journal:
        done = lambda: device.ms > 20_000  # noqa: E731
        await session(station(journal, secret=b""), device, until=done)
        assert (device.link.up, device.outbox.waiting, device.clock.synced) == (False, 3, False)
        assert device.link.trouble == "gateway has no secret, this reader has one"
        device.ms = 0
        await session(station(journal, secret=b"another secret of 16"), device, until=done)
        assert device.link.trouble == "gateway has another secret"
        assert (device.outbox.waiting, journal.head()) == (3, 0)


async def test_a_handheld_without_the_secret_is_told_so(tmp_path: Path) -> None:
    device = Device(tmp_path / "d", secret=b"")
    device.note(3)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device, until=lambda: device.ms > 5_000)
        assert device.link.trouble == "gateway has a secret, this reader none"
        assert journal.head() == 0


async def test_another_secret_is_told_at_both_ends_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(handheld, "_SILENT_S", 0)
    device = Device(tmp_path / "d", secret=b"another one, of 24 bytes")
    device.note(3)
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device, until=lambda: device.ms > 9_000)
        assert device.link.trouble == "gateway has another secret"
        assert journal.head() == 0
    assert [each.getMessage() for each in caplog.records if "secret_file" in each.getMessage()] == [
        "hand: cable: it proves nothing: is its secret line 1 of secret_file?"
    ]


async def test_an_ack_that_another_made_frees_nothing(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    device.note(3)
    async with Journal(tmp_path / "j.db") as journal:

        class Forging(Wire):
            def get(self) -> bytes:
                forged = link.plain(link.message(link.ACK, 3))
                welcome = link.message(link.WELCOME, 1, "me", bytes(16), NOW + 9, 3, 0)
                return forged + link.plain(welcome) + super().get()

        wire = Forging(200)
        await session(station(journal), device, wire)
        assert (device.outbox.waiting, device.clock.now()) == (3, NOW)


async def test_a_gateway_that_starts_again_asks_who_is_there(tmp_path: Path) -> None:
    """On a serial port nothing tells the handheld that the gateway is another process now."""
    device = Device(tmp_path / "d")
    async with Journal(tmp_path / "j.db") as journal:
        await session(station(journal), device, until=lambda: device.link.up)
        device.note(2)
        device.link.begin = lambda: None  # type: ignore[method-assign]  # nobody tells it
        started = device.ms
        await session(station(journal), device)
        assert seqs(journal) == [1, 2]
        assert device.ms - started < 6_000


async def test_a_self_test_or_an_export_is_kept_as_one_text(tmp_path: Path) -> None:
    device = Device(tmp_path / "d")
    text = "0123456789" * 130
    async with Journal(tmp_path / "j.db") as journal:
        here = station(journal)
        device.note(1)
        await session(here, device)

        def is_in() -> bool:
            if device.link.up and not journal.after(1, 9):
                device.link.text("export", text) if not device.link._texts else None
            return bool(journal.after(1, 9))

        await session(here, device, until=is_in)
        kind, body = rows(journal)[1]
        assert (kind, body["outcome"], body["text"]) == ("handheld", "export", text)
