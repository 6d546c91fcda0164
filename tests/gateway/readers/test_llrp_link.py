"""One LLRP connection, against peers that lie, stall, flood and leave."""

import asyncio
import logging
from contextlib import aclosing

import pytest
from llrp_peer import CAPABILITIES, NOW, OK, hello, note, opened, play, refusal, report, scripted

from gateway.llrp.codec import encode
from gateway.llrp.layout import Bits
from gateway.llrp.message import Message, Parameter
from gateway.model import GpiChange, Inventory, ReaderBusy, ReaderGone, Sighting
from gateway.readers import llrp_link
from gateway.readers.llrp import LlrpPort
from gateway.readers.llrp_link import Refused, backoff_s

EPC = bytes.fromhex("3066c4409047e140075bcd15")


def test_the_pauses_between_attempts_double_to_a_ceiling_and_half_of_each_is_chance() -> None:
    assert [backoff_s(each, 1.0) for each in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [backoff_s(each, 0.0) for each in (1, 2, 7, 10_000)] == [0.25, 0.5, 15, 15]
    assert backoff_s(0, 1.0) == 0.5


def test_a_reader_that_is_not_there_is_gone() -> None:
    async def work() -> None:
        async with scripted() as peer:
            number = peer.port
        with pytest.raises(ReaderGone, match=f"127.0.0.1:{number}: cannot connect"):
            await LlrpPort("127.0.0.1", number).open()

    play(work())


@pytest.mark.parametrize("status", [1, 2])
def test_a_reader_that_another_client_holds_is_busy(status: int) -> None:
    async def work() -> None:
        async with scripted(first=hello(status)) as peer:
            with pytest.raises(
                ReaderBusy, match="another client holds this reader: end that client"
            ):
                await LlrpPort("127.0.0.1", peer.port).open()
            await peer.gone.wait()

    play(work())


def test_a_peer_that_says_nothing_is_no_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llrp_link, "HELLO_S", 0.05)

    async def work() -> None:
        async with scripted(first=b"") as peer:
            with pytest.raises(ReaderGone, match="is it an LLRP reader"):
                await LlrpPort("127.0.0.1", peer.port).open()
            await peer.gone.wait()

    play(work())


@pytest.mark.parametrize(
    ("first", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "LLRP has no version|bytes, at most"),
        (bytes.fromhex("043f ffffffff 00000000"), "READER_EVENT_NOTIFICATION: 4294967295 bytes"),
        (bytes.fromhex("043f 00000009 00000000"), "READER_EVENT_NOTIFICATION: a length of 9"),
        (bytes.fromhex("043f 0000000e 00000000 00f6ffff"), "READER_EVENT_NOTIFICATION: Reader"),
        (hello()[:-2] + b"\x00", "no ConnectionAttemptEvent"),
    ],
)
def test_a_peer_that_breaks_the_standard_is_named_by_its_message(
    first: bytes, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llrp_link, "HELLO_S", 0.05)

    async def work() -> None:
        async with scripted(first=first) as peer:
            with pytest.raises(ReaderGone, match=text):
                await LlrpPort("127.0.0.1", peer.port).open()
            await peer.gone.wait()

    play(work())


def test_what_follows_a_wrong_head_in_the_same_segment_ends_the_connection() -> None:
    async def work() -> None:
        async with opened() as (peer, port):
            reports = port.watch(Inventory())
            first = asyncio.ensure_future(anext(reports))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            peer.say(report(EPC) + bytes.fromhex("043d 00000003 00000000"))
            assert [each.epc for each in await first if isinstance(each, Sighting)] == [EPC]
            with pytest.raises(ReaderGone, match="RO_ACCESS_REPORT: a length of 3 bytes"):
                await anext(reports)

    play(work())


def test_a_report_that_lies_names_itself() -> None:
    async def work() -> None:
        async with opened() as (peer, port):
            reports = port.watch(Inventory())
            first = asyncio.ensure_future(anext(reports))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            lying = bytearray(report(EPC))
            lying[12:14] = b"\x0f\xff"  # TagReportData is longer than its message
            peer.say(report(EPC) + bytes(lying))
            with pytest.raises(ReaderGone, match="RO_ACCESS_REPORT: TagReportData at 10"):
                await first

    play(work())


def test_half_a_message_and_no_more_ends_with_the_watch_on_silence() -> None:
    async def work() -> None:
        async with opened(keepalive_s=0.2) as (peer, port):
            reports = port.watch(Inventory())
            first = asyncio.ensure_future(anext(reports))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            peer.say(report(EPC)[:17])
            with pytest.raises(ReaderGone, match="silent for"):
                await first

    play(work())


def test_a_connection_that_ends_is_a_reader_that_is_gone() -> None:
    async def work() -> None:
        async with opened({"START_ROSPEC": lambda _: None}) as (_, port):
            with pytest.raises(ReaderGone, match="the connection ended"):
                await anext(port.watch(Inventory()))
            with pytest.raises(ReaderGone):
                await port.inventory(Inventory(), 0.1)

    play(work())


def test_a_reader_that_says_that_it_closes_is_gone() -> None:
    async def work() -> None:
        async with opened() as (peer, port):
            first = asyncio.ensure_future(anext(port.watch(Inventory())))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            peer.say(note(Parameter("ConnectionCloseEvent")))
            with pytest.raises(ReaderGone, match="the reader closes the connection"):
                await first

    play(work())


def test_a_refusal_names_the_message_and_the_status() -> None:
    def no(message: Message) -> bytes:
        why = Parameter("LLRPStatus", StatusCode=100, ErrorDescription="too\x1b many\nspecs")
        return encode(Message("ADD_ROSPEC_RESPONSE", why, id=message.id))

    async def work() -> None:
        async with opened({"ADD_ROSPEC": no}) as (_, port):
            with pytest.raises(
                Refused, match="refuses ADD_ROSPEC: M_ParameterError: too manyspecs"
            ):
                await port.inventory(Inventory(), 0.1)
        async with opened({"ADD_ROSPEC": lambda m: refusal(m, 109)}) as (_, port):
            with pytest.raises(Refused, match="refuses ADD_ROSPEC: M_UnsupportedMessage") as raised:
                await port.inventory(Inventory(), 0.1)
            assert raised.value.status == 109

    play(work())


def test_an_answer_to_another_question_ends_the_connection() -> None:
    def lie(message: Message) -> bytes:
        return encode(Message("ENABLE_ROSPEC_RESPONSE", OK, id=message.id))

    async def work() -> None:
        async with opened({"ADD_ROSPEC": lie}) as (_, port):
            with pytest.raises(
                ReaderGone, match="ENABLE_ROSPEC_RESPONSE: .* wants ADD_ROSPEC_RESPONSE"
            ):
                await port.inventory(Inventory(), 0.1)

    play(work())


def test_a_response_without_a_status_ends_the_connection() -> None:
    def lie(message: Message) -> bytes:
        return bytes.fromhex("041e 0000000a") + message.id.to_bytes(4, "big")

    async def work() -> None:
        async with opened({"ADD_ROSPEC": lie}) as (_, port):
            with pytest.raises(ReaderGone, match="ADD_ROSPEC_RESPONSE has no LLRPStatus"):
                await port.inventory(Inventory(), 0.1)

    play(work())


def test_a_request_without_an_answer_ends_the_connection() -> None:
    async def work() -> None:
        async with opened({"ADD_ROSPEC": lambda _: b""}, answer_s=0.1) as (peer, port):
            with pytest.raises(ReaderGone, match="no answer to ADD_ROSPEC within 0.1 s"):
                await port.inventory(Inventory(), 0.1)
            await peer.gone.wait()

    play(work())


def test_the_answer_to_a_cancelled_request_is_nobodys() -> None:
    kept: list[Message] = []

    def later(message: Message) -> bytes:
        kept.append(message)
        return b""

    async def work() -> None:
        async with opened({"ADD_ROSPEC": later}) as (peer, port):
            job = asyncio.ensure_future(port.inventory(Inventory(), 0.1))
            while not kept:
                await asyncio.sleep(0)
            job.cancel()
            await asyncio.wait([job])
            peer.say(encode(Message("ADD_ROSPEC_RESPONSE", OK, id=kept[0].id)))
            await port.set_gpo(1, True)

    play(work())


def test_a_keepalive_is_acknowledged_with_its_own_id() -> None:
    async def work() -> None:
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note_id(message: Message) -> bytes:
            heard.set_result(message.id)
            return b""

        async with opened({"KEEPALIVE_ACK": note_id}) as (peer, _):
            peer.say(encode(Message("KEEPALIVE", id=77)))
            assert await heard == 77

    play(work())


def test_a_reader_that_hangs_up_on_what_it_does_not_know_is_taken_for_an_old_one() -> None:
    async def work() -> None:
        async with scripted({"GET_SUPPORTED_VERSION": lambda _: None}) as peer:
            port = LlrpPort("127.0.0.1", peer.port)
            await port.open()
            await port.close()
            await port.open()
            await port.close()
            assert peer.heard.count("GET_SUPPORTED_VERSION") == 1

    play(work())


def test_a_reader_of_1_1_is_spoken_to_in_1_1() -> None:
    versions: list[int] = []

    def supported(message: Message) -> bytes:
        fields = {"CurrentVersion": 1, "SupportedVersion": 2}
        return encode(
            Message("GET_SUPPORTED_VERSION_RESPONSE", OK, id=message.id, version=2, **fields)
        )

    def agreed(message: Message) -> bytes:
        versions.append(message.number("ProtocolVersion"))
        return encode(Message("SET_PROTOCOL_VERSION_RESPONSE", OK, id=message.id, version=2))

    def spoken(message: Message) -> bytes:
        versions.append(message.version)
        return encode(Message("SET_READER_CONFIG_RESPONSE", OK, id=message.id, version=2))

    async def work() -> None:
        on = {
            "GET_SUPPORTED_VERSION": supported,
            "SET_PROTOCOL_VERSION": agreed,
            "SET_READER_CONFIG": spoken,
        }
        async with opened(on):
            assert versions == [2, 2]

    play(work())


def test_what_others_left_is_cleared_before_anything_is_asked() -> None:
    async def work() -> None:
        async with opened() as (peer, _):
            clear = [each for each in peer.heard if each.startswith("DELETE")]
            assert clear == ["DELETE_ACCESSSPEC", "DELETE_ROSPEC"]
            assert "SET_READER_CONFIG" in peer.heard

    play(work())


def test_an_impinj_reader_that_refuses_its_extensions_is_used_without() -> None:
    def impinj(message: Message) -> bytes:
        general, *others = CAPABILITIES[1:]
        named = Parameter(
            general.name,
            *general.parameters,
            **{**general.fields, "DeviceManufacturerName": 25882},
        )
        return encode(Message(f"{message.name}_RESPONSE", OK, named, *others, id=message.id))

    async def work() -> None:
        on = {
            "GET_READER_CAPABILITIES": impinj,
            "IMPINJ_ENABLE_EXTENSIONS": lambda message: refusal(message, 109),
        }
        async with opened(on) as (peer, port):
            assert "IMPINJ_ENABLE_EXTENSIONS" in peer.heard
            assert not port._session().can.profile.extensions

    play(work())


def test_the_connection_is_closed_politely() -> None:
    async def work() -> None:
        async with opened() as (peer, port):
            await port.close()
            await peer.gone.wait()
            assert peer.heard[-1] == "CLOSE_CONNECTION"

    play(work())


def test_what_a_slow_user_does_not_take_is_not_read_and_not_lost() -> None:
    total = 30_000
    reports = [report(EPC, Parameter("TagSeenCount", TagCount=1 + n % 7)) for n in range(7)]

    async def work() -> None:
        async with opened() as (peer, port), aclosing(port.watch(Inventory())) as batches:
            first = asyncio.ensure_future(anext(batches))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            for n in range(total):
                peer.say(reports[n % 7])
            found = await first
            link = port._session().link
            while not link._inbox.is_holding:
                await asyncio.sleep(0)
            assert link._inbox._reports < 3 * 8192
            while len(found) < total:
                found += await anext(batches)
            assert [each.count for each in found if isinstance(each, Sighting)] == [
                1 + n % 7 for n in range(total)
            ]

    play(work())


def test_a_flood_behind_a_request_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llrp_link, "_MOST_BEHIND", 1000)

    async def work() -> None:
        async with opened({"STOP_ROSPEC": lambda _: 2000 * report(EPC)}) as (_, port):
            with pytest.raises(ReaderGone, match="floods us"):
                await port.inventory(Inventory(), 0.01)

    play(work())


@pytest.mark.parametrize(
    "said",
    [
        encode(Message("KEEPALIVE")),
        note(Parameter("GPIEvent", GPIPortNumber=1, GPIEvent=True)),
        encode(Message("ADD_ROSPEC_RESPONSE", OK, id=99_999)),
    ],
    ids=["keepalive", "event", "stray"],
)
def test_a_flood_of_other_messages_ends_the_connection_and_fills_no_log(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def work() -> None:
        async with opened() as (peer, port), aclosing(port.watch(Inventory())) as batches:
            first = asyncio.ensure_future(anext(batches))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            peer.say(said * 20_000)
            with pytest.raises(ReaderGone, match="floods us"):
                await first
                while True:
                    await anext(batches)
            await peer.gone.wait()
            assert peer.heard.count("KEEPALIVE_ACK") <= 2000

    play(work())
    assert len(caplog.records) < 20


def test_reports_that_no_reader_can_send_so_fast_leave_others_their_turn() -> None:
    """Of 40,000 reports in a second half are read."""

    async def work() -> None:
        async with opened() as (peer, port), aclosing(port.watch(Inventory())) as batches:
            first = asyncio.ensure_future(anext(batches))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            loop = asyncio.get_running_loop()
            began = loop.time()
            peer.say(report(EPC) * 40_000)
            found = len(await first)
            while found < 40_000:
                found += len(await anext(batches))
            assert loop.time() - began > 1.0

    play(work())


def test_a_reader_that_lies_each_time_is_left_alone_longer_and_longer() -> None:
    async def work() -> None:
        lie = bytes.fromhex("043d ffffffff 00000001")
        async with scripted({"START_ROSPEC": lambda _: lie}) as peer:
            port = LlrpPort("127.0.0.1", peer.port, chance=lambda: 1.0)
            loop, began = asyncio.get_running_loop(), 0.0
            for _ in range(3):
                while True:
                    try:
                        await port.open()
                        break
                    except ReaderGone as why:
                        assert "4294967295 bytes" in str(why)
                        await asyncio.sleep(0)
                began = began or loop.time()
                with pytest.raises(ReaderGone, match="4294967295 bytes"):
                    await anext(port.watch(Inventory()))
                await port.close()
            assert peer.heard.count("START_ROSPEC") == 3
            assert loop.time() - began > 0.45  # at once, then after 0.5 s

    play(work())


@pytest.mark.parametrize("bits", [0, 1, 96, 100, 496])
def test_an_epc_is_taken_in_whole_words(bits: int) -> None:
    async def work() -> None:
        data = Parameter("EPCData", EPC=Bits(bits, bytes((bits + 7) // 8)))
        tid = Parameter("ImpinjSerializedTID", TID=b"\xe2\x80")
        torn = Parameter("Custom", VendorIdentifier=25882, ParameterSubtype=55, Data=b"\0\x06\xe2")
        said = [Parameter("TagReportData", data, each) for each in (tid, torn)]
        async with opened() as (peer, port):
            first = asyncio.ensure_future(anext(port.watch(Inventory())))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            peer.say(encode(Message("RO_ACCESS_REPORT", *said)))
            found = [each for each in await first if isinstance(each, Sighting)]
            assert [len(each.epc) for each in found] == 2 * [2 * ((bits + 15) // 16)]
            assert [len(each.tid) % 2 for each in found] == [0, 0]

    play(work())


def test_an_epc_longer_than_any_tag_can_have_ends_the_connection() -> None:
    async def work() -> None:
        long = Parameter("TagReportData", Parameter("EPCData", EPC=Bits(497, bytes(63))))
        async with opened() as (peer, port):
            first = asyncio.ensure_future(anext(port.watch(Inventory())))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            peer.say(encode(Message("RO_ACCESS_REPORT", long)))
            with pytest.raises(ReaderGone, match="RO_ACCESS_REPORT: an EPC of 504 bits"):
                await first

    play(work())


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "reader..example", "no-such-host.invalid"])
def test_a_name_that_names_no_host_is_a_reader_that_is_gone(host: str) -> None:
    async def work() -> None:
        with pytest.raises(ReaderGone, match="cannot connect"):
            await LlrpPort(host).open()

    play(work())


def test_an_input_that_is_low_is_told_too() -> None:
    """Its fall may have gone unseen, while nobody looked."""

    async def work() -> None:
        async with opened() as (_, port), aclosing(port.watch(Inventory(gpi=1))) as batches:
            assert await anext(batches) == [GpiChange(1, False, NOW)]

    play(work())


def test_an_error_message_that_says_success_is_a_refusal() -> None:
    async def work() -> None:
        on = {"GET_SUPPORTED_VERSION": lambda message: refusal(message, 0)}
        async with opened(on) as (peer, _):  # type: ignore[arg-type]
            assert "GET_READER_CAPABILITIES" in peer.heard

    play(work())


def test_a_report_that_leaves_out_what_has_not_changed_is_as_the_one_before() -> None:
    async def work() -> None:
        async with opened() as (peer, port), aclosing(port.watch(Inventory())) as batches:
            first = asyncio.ensure_future(anext(batches))
            while "START_ROSPEC" not in peer.heard:
                await asyncio.sleep(0)
            rssi, pc = Parameter("PeakRSSI", PeakRSSI=-61), Parameter("C1G2_PC", PC_Bits=0x3000)
            peer.say(
                report(EPC, antenna=None)
                + report(EPC, rssi, pc, antenna=2)
                + report(EPC[::-1], antenna=None)
            )
            found = await first
            while len(found) < 3:
                found += await anext(batches)
            assert found == [
                Sighting(EPC, b"", 0, 0.0, NOW),
                Sighting(EPC, b"", 2, -61.0, NOW, pc=0x3000),
                Sighting(EPC[::-1], b"", 2, -61.0, NOW, pc=0x3000),
            ]

    play(work())


def test_an_input_that_is_high_already_starts_the_looking() -> None:
    def high(message: Message) -> bytes:
        state = Parameter("GPIPortCurrentState", GPIPortNum=2, Config=True, State=1)
        return encode(Message("GET_READER_CONFIG_RESPONSE", OK, state, id=message.id))

    async def work() -> None:
        async with opened({"GET_READER_CONFIG": high}) as (peer, port):
            async with aclosing(port.watch(Inventory(gpi=2))) as batches:
                assert await anext(batches) == [GpiChange(2, True, NOW)]
                assert "START_ROSPEC" in peer.heard
                peer.say(note(Parameter("GPIEvent", GPIPortNumber=2, GPIEvent=True)))
                peer.say(note(Parameter("GPIEvent", GPIPortNumber=2, GPIEvent=False)))
                assert await anext(batches) == [GpiChange(2, False, NOW)]
            assert peer.heard[-1] == "DELETE_ROSPEC"

    play(work())


def test_what_the_reader_says_of_itself_is_told_to_the_operator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        async with opened() as (peer, port):
            peer.say(note(Parameter("AntennaEvent", EventType=0, AntennaID=2)))
            peer.say(note(Parameter("ReaderExceptionEvent", Message="too hot")))
            peer.say(note(Parameter("ReportBufferOverflowErrorEvent")))
            await port.set_gpo(1, True)

    play(work())
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.partition("the reader says: ")[2] for each in told] == [
        "antenna 2 disconnected",
        "too hot",
        "its report buffer overflowed: it lost reports",
    ]
