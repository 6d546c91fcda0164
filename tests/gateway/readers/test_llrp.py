"""The LLRP port against the simulated reader: an R420 by its capabilities, and a plain reader that speaks 1.1."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from llrp_peer import play

from edge import gen2
from gateway.model import (
    CannotDo,
    DeviceTrouble,
    GpiChange,
    Inventory,
    LowPower,
    ReaderBusy,
    ReaderGone,
    Select,
    Sighting,
    TagGone,
    TagLocked,
    TagTooSmall,
    WrongPassword,
    by_epc,
    by_tid,
)
from gateway.readers.llrp import LlrpPort
from gateway.readers.llrp_reach import tls_context
from hwsim import llrp_tls
from hwsim.air import AirClock, floor_us
from hwsim.gen2chips import CHIPS
from hwsim.gen2tag import KILLED, RainTag
from hwsim.llrp_control import LlrpControl
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_models import MODELS
from hwsim.llrp_reader import LlrpReader
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

NOW = 1790000000.0
STUB = bytes(n * 7 % 251 for n in range(300))
ACCESS, KILL = 0x11223344, 0x55667788
READERS = [("impinj", 1), ("impinj", 2), ("generic", 1), ("generic", 2)]  # model, LLRP 1.0.1 or 1.1


@dataclass
class Bench:
    """A simulated reader, by the deeds that a test does."""

    host: LlrpHost
    reader: LlrpReader

    def do(self, **command: object) -> dict[str, object]:
        return self.host.do(command)

    def arrive(self, chip: str = "monzax8k", antenna: int = 1, rssi_dbm: float = -45.0) -> RainTag:
        said = self.do(do="arrive", tag=chip, antenna=antenna, rssi_dbm=rssi_dbm)
        return self.reader.field.known[bytes.fromhex(str(said["tid"]))]

    def secured(self) -> RainTag:
        """A tag with passwords, whose USER bank is locked."""
        tag = self.arrive()
        tag.banks[gen2.RESERVED][:] = KILL.to_bytes(4, "big") + ACCESS.to_bytes(4, "big")
        return tag

    def fault(self, name: str, **args: object) -> None:
        self.do(do="fault", name=name, args=args)

    def stats(self) -> dict[str, object]:
        found = self.do(do="stats")["stats"]
        assert isinstance(found, dict)
        return found

    def port(self, tls: ssl.SSLContext | None = None, **times_s: float) -> LlrpPort:
        return LlrpPort("127.0.0.1", self.host.port, tls, clock=lambda: NOW, **times_s)


@contextmanager
def simulated(
    model: str = "impinj", newest: int = 1, tls: ssl.SSLContext | None = None
) -> Iterator[Bench]:
    field = RainField(AirClock(), RainFaults(1, FAULTS), antennas=4)
    reader = LlrpReader(field, MODELS[model], newest=newest)
    with LlrpHost([reader], LlrpControl([reader]), tls=tls) as host:
        yield Bench(host, reader)


def played(bench: Bench, work: Callable[[LlrpPort], Awaitable[None]], **times_s: float) -> None:
    async def opened() -> None:
        port = bench.port(**times_s)
        await port.open()
        try:
            await work(port)
        finally:
            await port.close()

    play(opened())


@pytest.fixture(params=READERS, ids=lambda each: f"{each[0]}-1.{each[1] - 1}")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with simulated(*request.param) as found:
        yield found


@pytest.fixture
def r420() -> Iterator[Bench]:
    with simulated() as found:
        yield found


def tid(tag: RainTag) -> Select:
    return by_tid(tag.tid[:12])


async def seen(
    port: LlrpPort, want: Inventory, enough: Callable[[list[Sighting]], bool]
) -> list[Sighting]:
    found: list[Sighting] = []
    async with aclosing(port.watch(want)) as reports:
        async for report in reports:
            found += [each for each in report if isinstance(each, Sighting)]
            if enough(found):
                break
    return found


def test_tags_are_seen_with_their_epc_pc_tid_antenna_and_our_time(bench: Bench) -> None:
    tags = {bytes(tag.epc): tag for tag in (bench.arrive(antenna=each) for each in (1, 2, 4))}
    bench.fault("clock", year=1970)

    async def work(port: LlrpPort) -> None:
        found = await seen(
            port, Inventory(), lambda all: {each.epc for each in all if each.tid} == set(tags)
        )
        for each in found:
            tag = tags[each.epc]
            assert each.tid in (b"", tag.tid[:12])
            assert each.pc == tag.pc
            assert each.antenna == bench.reader.field.antennas_of(tag)[0]
            assert -60 < each.rssi_dbm < -30
            assert each.seen_at == NOW

    played(bench, work)


def test_a_chip_that_does_not_tell_its_tid_is_asked_for_it(r420: Bench) -> None:
    other, impinj = r420.arrive("ucode9"), r420.arrive("m730")

    async def work(port: LlrpPort) -> None:
        wanted = {bytes(other.tid[:12]), bytes(impinj.tid[:12])}
        await seen(port, Inventory(), lambda all: {each.tid for each in all} >= wanted)

    played(r420, work)


def test_user_words_come_with_the_round(bench: Bench) -> None:
    tag, small = bench.arrive(), bench.arrive("m730")
    tag.banks[gen2.USER][:8] = b"passport"

    async def work(port: LlrpPort) -> None:
        want = Inventory(user_words=4)
        found = await seen(
            port,
            want,
            lambda all: (
                {each.epc for each in all if each.tid} == {bytes(tag.epc), bytes(small.epc)}
            ),
        )
        assert {each.user for each in found if each.epc == tag.epc and each.tid} == {b"passport"}
        assert {each.user for each in found if each.epc == small.epc} == {b""}

    played(bench, work)


def test_an_inventory_ends_by_the_readers_own_measure(bench: Bench) -> None:
    tags = [bench.arrive() for _ in range(7)]

    async def work(port: LlrpPort) -> None:
        found = await port.inventory(Inventory(), 0.2)
        assert {each.epc for each in found} == {bytes(tag.epc) for tag in tags}
        assert bench.reader.operations.running is None

    played(bench, work)


def test_only_the_tags_that_are_asked_for_are_seen(bench: Bench) -> None:
    tags = [bench.arrive() for _ in range(5)]

    async def work(port: LlrpPort) -> None:
        for select in (tid(tags[2]), by_epc(bytes(tags[2].epc))):
            found = await seen(port, Inventory(select=select), lambda all: len(all) > 9)
            assert {each.epc for each in found} == {bytes(tags[2].epc)}

    played(bench, work)


def test_an_input_gates_the_looking(bench: Bench) -> None:
    bench.arrive()

    async def work(port: LlrpPort) -> None:
        found: list[Sighting | GpiChange] = []
        async with aclosing(port.watch(Inventory(gpi=2))) as reports:
            first = asyncio.ensure_future(anext(reports))
            while not bench.reader.operations.rospecs:
                await asyncio.sleep(0)
            bench.do(do="gpi", port=2, level=True)
            found += await first
            while not any(isinstance(each, Sighting) for each in found):
                found += await anext(reports)
            bench.do(do="gpi", port=2, level=False)
            while GpiChange(2, False, NOW) not in found:
                found += await anext(reports)
        changes = [each for each in found if isinstance(each, GpiChange)]
        assert changes == [GpiChange(2, True, NOW), GpiChange(2, False, NOW)]
        assert isinstance(found[0], GpiChange)
        bench.do(do="gpi", port=2, level=True)
        assert await port.inventory(Inventory(antennas=(2,)), 0.05) == []

    played(bench, work)


def test_words_of_every_bank_are_written_and_read(bench: Bench) -> None:
    tag = bench.arrive()

    async def work(port: LlrpPort) -> None:
        await port.write(tid(tag), gen2.USER, 3, STUB)
        assert bytes(tag.banks[gen2.USER][6:306]) == STUB
        assert await port.read(tid(tag), gen2.USER, 3, 150) == STUB
        assert await port.read(tid(tag), gen2.TID, 0, 6) == tag.tid[:12]
        epc = bytes.fromhex("3066c4409047e140075bcd15")
        await port.write(tid(tag), gen2.EPC, 2, epc)
        assert tag.epc == epc
        await port.write(by_epc(epc), gen2.RESERVED, 2, ACCESS.to_bytes(4, "big"))
        assert await port.read(by_epc(epc), gen2.RESERVED, 2, 2, ACCESS) == ACCESS.to_bytes(
            4, "big"
        )

    played(bench, work)


def test_a_read_beyond_a_bank_names_all_its_words(r420: Bench) -> None:
    tag = r420.arrive()

    async def work(port: LlrpPort) -> None:
        with pytest.raises(TagTooSmall, match=r"reading words 0 to 15 of bank RESERVED: .* end"):
            await port.read(tid(tag), gen2.RESERVED, 0, 16)
        with pytest.raises(TagTooSmall, match="reading word 600 of bank USER: "):
            await port.read(tid(tag), gen2.USER, 600, 1)

    played(r420, work)


@pytest.mark.parametrize("chip", sorted(CHIPS))
def test_every_chip_takes_its_user_bank(chip: str, r420: Bench) -> None:
    tag = r420.arrive(chip)
    size = 2 * CHIPS[chip].user_words
    data = (STUB * 12)[:size]

    async def work(port: LlrpPort) -> None:
        if not size:
            with pytest.raises(TagTooSmall):
                await port.write(tid(tag), gen2.USER, 0, b"ab")
            return
        await port.write(tid(tag), gen2.USER, 0, data)
        assert bytes(tag.banks[gen2.USER]) == data
        assert await port.read(tid(tag), gen2.USER, 0, size // 2) == data
        with pytest.raises(TagTooSmall) as raised:
            await port.write(tid(tag), gen2.USER, size // 2 - 1, b"abcd")
        assert raised.value.page in (
            gen2.place(gen2.USER, size // 2 - 1),
            gen2.place(gen2.USER, size // 2),
        )

    played(r420, work)


def test_a_stub_is_written_and_read_back_close_to_the_airs_own_time(r420: Bench) -> None:
    tag = r420.arrive()

    async def work(port: LlrpPort) -> None:
        await port.inventory(Inventory(), 0.05)
        r420.do(do="reset_stats")
        await port.write(tid(tag), gen2.USER, 0, STUB)
        assert await port.read(tid(tag), gen2.USER, 0, 150) == STUB

    played(r420, work)
    stats = r420.stats()
    assert stats["singulations"] == 2
    floor = floor_us(MODELS["impinj"].rf_mode(1000).mode, CHIPS["monzax8k"], 150, 150)
    assert stats["air_ms"] * 1000 < 1.25 * floor


@pytest.mark.parametrize("after", range(0, 40, 3))
def test_a_tag_that_leaves_and_comes_back_has_it_all(after: int, bench: Bench) -> None:
    tag = bench.arrive()
    bench.fault("tag_leaves", after=after, back=2)

    async def work(port: LlrpPort) -> None:
        await port.write(tid(tag), gen2.USER, 0, STUB[:80])

    played(bench, work, access_s=3.0)
    assert bytes(tag.banks[gen2.USER][:80]) == STUB[:80]


@pytest.mark.parametrize("after", [0, 1, 5, 11, 19])
def test_a_tag_that_stays_away_is_gone_at_its_first_word_that_may_not_stand(
    after: int, r420: Bench
) -> None:
    tag = r420.arrive()
    r420.fault("tag_leaves", after=after)

    async def work(port: LlrpPort) -> None:
        with pytest.raises(TagGone) as raised:
            await port.write(tid(tag), gen2.USER, 0, STUB[:80])
        assert raised.value.page is not None
        words = gen2.word_of(raised.value.page)
        assert gen2.bank_of(raised.value.page) == gen2.USER
        assert bytes(tag.banks[gen2.USER][: 2 * words]) == STUB[: 2 * words]
        assert not any(tag.banks[gen2.USER][2 * words + 4 :])

    played(r420, work, access_s=0.1)


def test_a_bad_moment_is_no_refusal(bench: Bench) -> None:
    tag = bench.arrive()
    bench.fault("weak", rate=0.2)

    async def work(port: LlrpPort) -> None:
        await port.write(tid(tag), gen2.USER, 0, STUB)

    played(bench, work, access_s=3.0)
    assert bytes(tag.banks[gen2.USER][:300]) == STUB


def test_a_tag_too_far_to_be_written_says_so(bench: Bench) -> None:
    tag = bench.arrive()
    bench.fault("weak", rate=1.0)

    async def work(port: LlrpPort) -> None:
        with pytest.raises(LowPower, match="bring it nearer") as raised:
            await port.write(tid(tag), gen2.USER, 7, b"ab")
        assert raised.value.page == gen2.place(gen2.USER, 7)

    played(bench, work, access_s=0.1)


def test_each_refusal_is_its_own(bench: Bench) -> None:
    tag = bench.secured()

    async def work(port: LlrpPort) -> None:
        await port.write(tid(tag), gen2.USER, 0, b"before")
        with pytest.raises(WrongPassword):
            await port.lock(tid(tag), *gen2.lock_payload({"user": "lock"}), password=ACCESS + 1)
        await port.lock(tid(tag), *gen2.lock_payload({"user": "lock"}), password=ACCESS)
        with pytest.raises(TagLocked):
            await port.write(tid(tag), gen2.USER, 0, b"locked")
        with pytest.raises(WrongPassword):
            await port.write(tid(tag), gen2.USER, 0, b"wrong!", password=ACCESS + 1)
        with pytest.raises(TagTooSmall):
            await port.write(tid(tag), gen2.USER, 511, b"four", password=ACCESS)
        with pytest.raises(TagTooSmall):
            await port.read(tid(tag), gen2.USER, 511, 2)
        assert await port.read(tid(tag), gen2.USER, 0, 3) == b"before"
        await port.write(tid(tag), gen2.USER, 0, b"after!", password=ACCESS)

    played(bench, work)
    assert bytes(tag.banks[gen2.USER][:6]) == b"after!"


def test_a_permalocked_bank_is_locked_with_the_password_too(bench: Bench) -> None:
    tag = bench.secured()

    async def work(port: LlrpPort) -> None:
        lock = gen2.lock_payload({"epc": "permalock", "user": "permalock"})
        await port.lock(tid(tag), *lock, password=ACCESS)
        for bank, word in ((gen2.USER, 0), (gen2.EPC, 2)):
            with pytest.raises(TagLocked):
                await port.write(tid(tag), bank, word, b"ab", password=ACCESS)

    played(bench, work)


def test_passwords_that_are_locked_cannot_be_read_without(bench: Bench) -> None:
    tag = bench.secured()

    async def work(port: LlrpPort) -> None:
        lock = gen2.lock_payload({"access": "lock", "kill": "lock"})
        await port.lock(tid(tag), *lock, password=ACCESS)
        with pytest.raises(TagLocked):
            await port.read(tid(tag), gen2.RESERVED, 0, 4)
        assert await port.read(tid(tag), gen2.RESERVED, 2, 2, ACCESS) == ACCESS.to_bytes(4, "big")

    played(bench, work)


def test_a_tag_is_killed_by_its_own_password_alone(bench: Bench) -> None:
    tag = bench.secured()

    async def work(port: LlrpPort) -> None:
        with pytest.raises(WrongPassword):
            await port.kill(tid(tag), KILL + 1)
        with pytest.raises(WrongPassword):
            await port.kill(tid(tag), 0)
        assert await port.read(tid(tag), gen2.TID, 0, 1) == tag.tid[:2]
        await port.kill(tid(tag), KILL)

    played(bench, work)
    assert tag.state == KILLED


def test_a_tag_that_is_not_there_is_gone(bench: Bench) -> None:
    bench.arrive()

    async def work(port: LlrpPort) -> None:
        with pytest.raises(TagGone, match="no answer") as raised:
            await port.read(by_epc(bytes(12)), gen2.USER, 7, 1)
        assert raised.value.page == gen2.place(gen2.USER, 7)

    played(bench, work, access_s=0.1)


def test_blocks_are_locked_for_ever_where_the_reader_can() -> None:
    with simulated("generic", 2) as bench:
        tag = bench.secured()
        block = CHIPS["monzax8k"].permalock_block_words

        async def work(port: LlrpPort) -> None:
            await port.permalock(tid(tag), block, block, block, ACCESS)
            await port.write(tid(tag), gen2.USER, block - 1, b"ab")
            with pytest.raises(TagLocked):
                await port.write(tid(tag), gen2.USER, block, b"ab", ACCESS)
            await port.write(tid(tag), gen2.USER, 2 * block, b"ab")

        played(bench, work)


def test_what_a_reader_lacks_is_said_before_a_tag_is_met(r420: Bench) -> None:
    tag = r420.arrive()

    async def work(port: LlrpPort) -> None:
        for call, text in (
            (port.permalock(tid(tag), 0, 32, 32), "no BlockPermalock"),
            (port.inventory(Inventory(antennas=(9,)), 0.1), "no antenna 9: it has 1 to 4"),
            (port.inventory(Inventory(power_dbm=33), 0.1), "it has 10 to 30 dBm"),
            (port.inventory(Inventory(gpi=5), 0.1), "no input 5: it has 1 to 4"),
            (port.set_gpo(0, True), "no output 0: it has 1 to 4"),
        ):
            with pytest.raises(CannotDo, match=text):
                await call

    played(r420, work)
    assert r420.stats()["singulations"] == 0


def test_outputs_switch(bench: Bench) -> None:
    async def work(port: LlrpPort) -> None:
        await port.set_gpo(2, True)
        assert list(bench.do(do="gpos")["gpos"])[1]

    played(bench, work)


def test_an_access_after_a_cancelled_one_begins_afresh(bench: Bench) -> None:
    tag = bench.arrive()

    async def work(port: LlrpPort) -> None:
        for steps in range(40):
            job = asyncio.ensure_future(port.write(tid(tag), gen2.USER, 0, b"cancelled!"))
            for _ in range(steps):
                await asyncio.sleep(0)
            job.cancel()
            await asyncio.wait([job])
        await port.write(tid(tag), gen2.USER, 0, b"afresh")
        assert await port.read(tid(tag), gen2.USER, 0, 3) == b"afresh"

    played(bench, work)


def test_a_second_client_finds_the_reader_held_and_the_first_goes_on(r420: Bench) -> None:
    r420.arrive()

    async def work(port: LlrpPort) -> None:
        with pytest.raises(ReaderBusy, match="another client holds this reader"):
            await r420.port().open()
        assert await port.inventory(Inventory(), 0.05)

    played(r420, work)


def test_what_a_crashed_client_left_is_cleared(r420: Bench) -> None:
    tag = r420.arrive()

    async def work() -> None:
        crashed = r420.port()
        await crashed.open()
        watching = crashed.watch(Inventory(user_words=2))
        await anext(watching)
        crashed._session().link.abort()
        with pytest.raises(ReaderGone):
            while True:
                await anext(watching)
        port = r420.port()
        while True:
            try:
                await port.open()
                break
            except ReaderBusy:
                await asyncio.sleep(0)
        assert not r420.reader.operations.rospecs
        assert not r420.reader.operations.access_specs
        await port.write(tid(tag), gen2.USER, 0, b"ab")
        await port.close()

    play(work())


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("drop", {"after": 2}),
        ("drop", {"sent": 3}),
        ("half", {"at": 1}),
        ("half", {"at": 3}),
        ("silence", {}),
        ("lie", {"kind": "length"}),
        ("lie", {"kind": "huge"}),
        ("lie", {"kind": "parameter"}),
        ("lie", {"kind": "length", "at": 3}),
    ],
)
def test_a_reader_that_lies_or_leaves_is_gone_and_comes_back(
    name: str, args: dict[str, object], r420: Bench
) -> None:
    bench, tag = r420, r420.arrive()

    async def work(port: LlrpPort) -> None:
        bench.fault(name, **args)
        with pytest.raises(ReaderGone):
            while True:
                with suppress(TagGone):
                    await port.write(tid(tag), gen2.USER, 0, STUB[:40])
        await port.close()
        bench.do(do="clear_faults")
        again = bench.port()
        while True:
            try:
                await again.open()
                break
            except ReaderBusy:
                await asyncio.sleep(0)
        await again.write(tid(tag), gen2.USER, 0, STUB[:40])
        assert await again.read(tid(tag), gen2.USER, 0, 20) == STUB[:40]
        await again.close()

    played(bench, work, answer_s=0.5, access_s=0.2)


@pytest.mark.parametrize("kind", ["type", "flood"])
def test_what_a_reader_adds_to_its_answers_is_let_go(kind: str, bench: Bench) -> None:
    tag = bench.arrive()
    bench.fault("lie", kind=kind)

    async def work(port: LlrpPort) -> None:
        await port.write(tid(tag), gen2.USER, 0, STUB[:40])

    played(bench, work)


def test_a_reader_without_keepalives_is_gone(bench: Bench) -> None:
    bench.fault("no_keepalive")

    async def work(port: LlrpPort) -> None:
        with pytest.raises(ReaderGone, match="silent for"):
            await seen(port, Inventory(), bool)

    played(bench, work, keepalive_s=0.1)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for name in ("reader", "client", "other"):
        cert, key = llrp_tls.self_signed(["127.0.0.1", name])
        (folder / f"{name}.pem").write_bytes(cert)
        (folder / f"{name}.key").write_bytes(key)
    return folder


def tls(papers: Path, ca: str, us: str | None) -> ssl.SSLContext:
    if us is None:
        return tls_context(papers / f"{ca}.pem", None, None)
    return tls_context(papers / f"{ca}.pem", papers / f"{us}.pem", papers / f"{us}.key")


def test_tags_are_written_over_tls_with_certificates_on_both_sides(papers: Path) -> None:
    server = llrp_tls.server_context(
        papers / "reader.pem", papers / "reader.key", papers / "client.pem"
    )
    with simulated(tls=server) as bench:
        tag = bench.arrive()

        async def work() -> None:
            port = bench.port(tls(papers, "reader", "client"))
            await port.open()
            await port.write(tid(tag), gen2.USER, 0, STUB)
            assert await port.read(tid(tag), gen2.USER, 0, 150) == STUB
            assert await port.inventory(Inventory(), 0.05)
            await port.close()

        play(work())


@pytest.mark.parametrize(
    ("ca", "us", "text"),
    [
        ("other", "client", "its certificate is not trusted: .*: name its CA: --ca, or ca="),
        ("reader", None, "certificate required|connection ended|cannot connect"),
        ("reader", "other", "alert|connection ended|cannot connect"),
    ],
)
def test_who_cannot_show_the_right_papers_is_not_spoken_to(
    papers: Path, ca: str, us: str | None, text: str
) -> None:
    server = llrp_tls.server_context(
        papers / "reader.pem", papers / "reader.key", papers / "client.pem"
    )
    with simulated(tls=server) as bench:

        async def work() -> None:
            with pytest.raises(ReaderGone, match=f"(?i){text}"):
                await bench.port(tls(papers, ca, us)).open()

        play(work())


def test_a_certificate_for_another_name_is_not_taken(tmp_path: Path) -> None:
    cert, key = llrp_tls.self_signed(["reader.example.com"])
    (tmp_path / "cert.pem").write_bytes(cert)
    (tmp_path / "key.pem").write_bytes(key)
    server = llrp_tls.server_context(tmp_path / "cert.pem", tmp_path / "key.pem")
    with simulated(tls=server) as bench:

        async def work() -> None:
            context = tls_context(tmp_path / "cert.pem", None, None)
            with pytest.raises(
                DeviceTrouble, match="not trusted: IP address mismatch.*a name that its"
            ):
                await bench.port(context).open()

        play(work())


def test_no_password_is_ever_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    tag = bench.secured()
    caplog.set_level("DEBUG")

    async def work(port: LlrpPort) -> None:
        await port.lock(tid(tag), *gen2.lock_payload({"user": "lock"}), password=ACCESS)
        await port.write(tid(tag), gen2.RESERVED, 2, ACCESS.to_bytes(4, "big"), password=ACCESS)
        with pytest.raises(WrongPassword):
            await port.write(tid(tag), gen2.USER, 0, b"ab", password=ACCESS + 1)
        await port.kill(tid(tag), KILL)

    played(bench, work)
    logged = caplog.text.lower()
    assert "c1g2kill" in logged
    for secret in (ACCESS, ACCESS + 1, KILL):
        assert str(secret) not in logged
        assert f"{secret:x}" not in logged
