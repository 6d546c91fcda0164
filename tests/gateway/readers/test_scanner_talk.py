"""What scanners say, by the published examples of their manuals, to what it means. No device, no wire."""

from dataclasses import replace

import pytest

from gateway.readers.scanner_lines import LONGEST
from gateway.readers.scanner_presets import CODE_IDS, PRESETS
from gateway.readers.scanner_ssi import START_SESSION, STOP_SESSION, Ssi
from gateway.readers.scanner_talk import Code, Said, Talk

LINK = b"https://id.example.com/01/09520123456788/21/A1"
ACK = bytes.fromhex("04d00400ff28")  # SSI, CMD_ACK of the host
RESEND = bytes.fromhex("05d1040001ff25")  # SSI, CMD_NAK


def said(preset: str, data: bytes, **changes: object) -> list[Said]:
    return Talk(replace(PRESETS[preset], **changes)).receive(data)  # type: ignore[arg-type]


def only(found: list[Said]) -> Said:
    assert len(found) == 1, found
    return found[0]


def read(found: list[Said]) -> Code:
    each = only(found)
    assert each.word == "read" and len(each.codes) == 1, each
    return each.codes[0]


@pytest.mark.parametrize(
    ("preset", "on", "off"),
    [
        ("cognex", "7c7c3e54524947474552204f4e0d0a", "7c7c3e54524947474552204f46460d0a"),
        ("keyence", "4c4f4e0d", "4c4f46460d"),
        ("honeywell", "16540d", "16550d"),  # N86 User's Guide: SYN T CR, SYN U CR
        ("omron", "3c203e", ""),  # V430-F: "Serial Trigger command < >, 3C 20 3E"
        ("datalogic", "54", "58"),
        ("zebra", "04e40400ff14", "04e50400ff13"),
        ("generic", "", ""),
    ],
)
def test_triggers_are_the_bytes_of_the_manuals(preset: str, on: str, off: str) -> None:
    assert (PRESETS[preset].on.hex(), PRESETS[preset].off.hex()) == (on, off)


def test_ssi_commands_are_the_published_packets() -> None:
    assert bytes.fromhex("04e40400ff14") == START_SESSION
    assert bytes.fromhex("04e50400ff13") == STOP_SESSION


# Honeywell 8600 User's Guide and Datalogic's: "Transmit AIM Code ID Character", examples.
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"]A7AimId", Code(b"AimId", "]A7", "Code39")),
        (b"]C1AIMID", Code(b"AIMID", "]C1", "Code128")),
        (b"]E00012345678905", Code(b"0012345678905", "]E0", "EAN13")),
        (b"]I04123", Code(b"4123", "]I0", "ITF")),
        (b"]Q1" + LINK, Code(LINK, "]Q1", "QRCode")),
        (
            b"]d2010952012345678810LOT\x1d21A",
            Code(b"010952012345678810LOT\x1d21A", "]d2", "DataMatrix"),
        ),
        (LINK, Code(LINK)),
        (b"]", Code(b"]")),
        (b"\xff\xfe\x00", Code(b"\xff\xfe\x00")),
    ],
)
def test_an_aim_identifier_is_split_off(sent: bytes, code: Code) -> None:
    assert read(said("generic", sent + b"\r\n")) == code


# Keyence SR-750 User's Manual 8-1, 8-2: [Example] Read result data when a timing ON command is used.
def test_keyence_replies_are_no_codes() -> None:
    found = said("keyence", b"OK,LON\rABC123\rOK,LOFF\r")
    assert [each.word for each in found] == ["alive", "read", "alive"]
    assert found[1].codes == (Code(b"ABC123"),)


def test_keyence_replies_may_stand_between_stx_and_etx() -> None:
    found = said("keyence", b"\x02OK,LON\x03\x02ABC123\x03")
    assert [each.word for each in found] == ["alive", "read"]


def test_keyence_says_error_when_it_has_read_nothing() -> None:
    assert [each.word for each in said("keyence", b"OK,LOFF\rERROR\r")] == ["alive", "no_read"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"ER,LON,20", "not executable in its current state"),
        (b"ER,LON01,01", "mismatched command format"),
        (b"ER,LON,77", "an error code that this version does not know"),
        (b"ER,LON,", "an error code"),
    ],
)
def test_keyence_refuses_with_the_reason_of_the_manual(reply: bytes, why: str) -> None:
    found = only(said("keyence", reply + b"\r"))
    assert found.word == "refused" and why in found.text


def test_keyence_may_refuse_loff_after_a_cycle_that_has_ended() -> None:
    assert only(said("keyence", b"ER,LOFF,20\r")).word == "alive"


# DataMan Communications and Programming Guide, "Reader Response".
@pytest.mark.parametrize(
    ("sent", "word"),
    [
        (b"||[0]", "alive"),
        (b"||0:123[0]", "alive"),
        (b"||:::2[0]", "alive"),  # firmware 6.1
        (b"||0:7[0]DM28", "alive"),
        (b"||[100]", "refused"),
        (b"||[101]", "refused"),
        (b"||[104]", "refused"),
        (b"||[199]", "refused"),
        (b"||[1]====", "lost"),
        (b"||[1]", "no_read"),
        (b"||[1]Tk8tUkVBRA==", "no_read"),
        (b"NO-READ", "no_read"),
        (b"||", "read"),
    ],
)
def test_dmcc_responses(sent: bytes, word: str) -> None:
    assert only(said("cognex", sent + b"\r\n")).word == word


@pytest.mark.parametrize("status", [b"||[1]", b"||[0]", b"||0[1]"])
def test_dmcc_read_strings_are_base64_in_extended_mode(status: bytes) -> None:
    assert read(said("cognex", status + b"XVExaGVsbG8dAP8=\r\n")) == Code(
        b"hello\x1d\x00\xff", "]Q1", "QRCode"
    )


def test_dmcc_read_strings_are_plain_in_silent_mode() -> None:
    assert read(said("cognex", b"]d1decoded data\r\n")) == Code(
        b"decoded data", "]d1", "DataMatrix"
    )


# Omron V430-F, "Behavior of the Host Protocol": read result 31 32 33 34 35 0D 0A.
def test_omron_says_what_the_manual_shows() -> None:
    assert read(said("omron", bytes.fromhex("31323334350d0a"))) == Code(b"12345")
    assert only(said("omron", b"NOREAD\r\n")).word == "no_read"


def test_honeywell_says_nr_with_or_without_an_identifier() -> None:
    assert only(said("honeywell", b"NR\r")).word == "no_read"
    assert only(said("honeywell", b"]A0NR\r")).word == "no_read"


@pytest.mark.parametrize(
    ("ids", "sent", "code"),
    [
        ("honeywell", b"wABC", Code(b"ABC", "", "DataMatrix")),
        ("honeywell", b"s" + LINK, Code(LINK, "", "QRCode")),
        ("honeywell", b"I0109520123456788", Code(b"0109520123456788", "]C1", "Code128")),
        ("honeywell", b"c012345678905", Code(b"0012345678905", "]E0", "EAN13")),
        ("honeywell", b"]Q1x", Code(b"x", "]Q1", "QRCode")),
        ("honeywell", b"?x", Code(b"?x")),
        ("datalogic", b"B9520123456788", Code(b"9520123456788", "]E0", "EAN13")),
        ("datalogic", b"k0109520123456788", Code(b"0109520123456788", "]C1", "Code128")),
    ],
)
def test_makers_own_identifiers_are_told_apart_where_they_are_asked_for(
    ids: str, sent: bytes, code: Code
) -> None:
    assert read(said("generic", sent + b"\r", code_ids=CODE_IDS[ids])) == code
    if not sent.startswith(b"]"):
        assert read(said("generic", sent + b"\r")) == Code(sent)


def test_several_codes_of_one_message() -> None:
    found = only(said("generic", b"]Q1one,]C0two,,three\r", separator=b","))
    assert [each.data for each in found.codes] == [b"one", b"two", b"three"]
    assert only(said("generic", b",,\r", separator=b",")).word == "no_read"
    assert len(only(said("generic", b"x," * 500 + b"\r", separator=b",")).codes) == 64


def test_a_no_read_among_several_codes_is_none_of_them() -> None:
    found = only(said("keyence", b"one,ERROR,]Q1two\r", separator=b","))
    assert [each.data for each in found.codes] == [b"one", b"two"]
    assert only(said("keyence", b"ERROR,ERROR\r", separator=b",")).word == "no_read"


def test_an_identifier_without_a_code_is_none() -> None:
    assert only(said("generic", b"]Q1\r")).word == "no_read"
    assert only(said("generic", b"d\r", code_ids=CODE_IDS["honeywell"])).word == "no_read"


def test_each_message_is_acknowledged_where_the_scanner_waits_for_it() -> None:
    found = said("generic", b"one\rNR\r", ack=b"\x06", no_read=(b"NR",))
    assert [(each.word, each.answer) for each in found] == [("read", b"\x06"), ("no_read", b"\x06")]


def test_a_heartbeat_is_no_code() -> None:
    assert only(said("generic", b"ALIVE 17\r", alive=b"ALIVE")).word == "alive"


def test_what_cannot_be_a_message_is_told_with_its_length() -> None:
    talk = Talk(PRESETS["generic"])
    found = only(talk.receive(b"x" * (LONGEST + 1)))
    assert found.word == "lost" and found.text.startswith(f"{LONGEST} bytes that are no message")
    assert talk.receive(b"\rnext\r")[-1].codes == (Code(b"next"),)
    assert talk.receive(b"half") == []
    assert [each.word for each in talk.silence()] == ["lost"]
    assert talk.silence() == []


# SSI: SE-923 Integration Guide, "DECODE_DATA": length, F3, 00, status, type, data, checksum (two's complement).
def decoded(data: bytes, type: int = 0x03, status: int = 0) -> bytes:
    body = bytes((5 + len(data), 0xF3, 0, status, type)) + data
    total = sum(body)
    return body + bytes((((0x10000 - total) >> 8) & 0xFF, (0x10000 - total) & 0xFF))


def test_a_packet_is_read_and_acknowledged() -> None:
    packet = bytes.fromhex("09f3000003") + b"1234" + bytes.fromhex("fe37")
    assert packet == decoded(b"1234")
    found = only(Ssi().receive(packet))
    assert found == Said("read", (Code(b"1234", "]C0", "Code128"),), answer=ACK)


def test_packets_are_the_same_byte_by_byte_and_with_noise_before_them() -> None:
    ssi = Ssi()
    stream = b"\x00" + decoded(LINK, 0x1C)
    found = [each for byte in stream for each in ssi.receive(bytes((byte,)))]
    assert [each.word for each in found] == ["lost", "read"]
    assert found[1].codes == (Code(LINK, "", "QRCode"),)
    assert not ssi.is_partial


@pytest.mark.parametrize(
    ("type", "data", "code"),
    [
        (0x0B, b"9520123456788", Code(b"9520123456788", "]E0", "EAN13")),
        (0x08, b"012345678905", Code(b"0012345678905", "]E0", "EAN13")),
        (0x0F, b"0109520123456788", Code(b"0109520123456788", "]C1", "Code128")),
        (0x1B, b"]d2010952", Code(b"010952", "]d2", "DataMatrix")),
        (0x1B, b"010952", Code(b"010952", "", "DataMatrix")),
        (0x7F, b"x\r\n", Code(b"x")),
    ],
)
def test_the_type_of_a_packet_tells_what_no_identifier_does(
    type: int, data: bytes, code: Code
) -> None:
    assert only(Ssi().receive(decoded(data, type))).codes == (code,)


def test_a_long_code_comes_in_several_packets() -> None:
    ssi = Ssi()
    first = only(ssi.receive(decoded(b"a" * 250, 0x1C, status=2)))
    assert (first.word, first.answer) == ("alive", ACK)
    assert only(ssi.receive(decoded(b"b", 0x1C))).codes == (Code(b"a" * 250 + b"b", "", "QRCode"),)


def test_a_code_of_endless_packets_is_given_up() -> None:
    ssi = Ssi()
    words = [
        each.word
        for number in range(200)
        for each in ssi.receive(decoded(b"%03d" % number + b"a" * 240, 0x1C, status=2))
    ]
    assert set(words) == {"alive", "lost"}
    assert len(ssi._parts) <= LONGEST


def test_parts_whose_rest_never_comes_are_no_beginning_of_the_next_code() -> None:
    ssi = Ssi()
    ssi.receive(decoded(b"a" * 250, 0x1C, status=2))
    assert ssi.is_partial and ssi.pause_s >= 6.0  # it sends again twice, 2 s apart
    assert only(ssi.silence()).word == "lost"
    assert not ssi.is_partial
    assert only(ssi.receive(decoded(b"b", 0x1C))).codes[0].data == b"b"
    ssi.receive(decoded(b"a" * 250, 0x1C, status=2))
    found = ssi.receive(decoded(b"1234", 0x03))  # another code, after it was switched off and on
    assert [each.word for each in found] == ["lost", "read"]
    assert found[1].codes[0].data == b"1234"


def test_a_packet_that_is_sent_again_counts_once() -> None:
    ssi = Ssi()
    assert only(ssi.receive(decoded(b"1234"))).word == "read"
    again = only(ssi.receive(decoded(b"1234", status=1)))
    assert (again.word, again.answer) == ("alive", ACK)
    assert only(ssi.receive(decoded(b"1234"))).word == "read"  # scanned once more


def test_a_damaged_packet_is_asked_for_again() -> None:
    ssi = Ssi()
    bad = bytearray(decoded(b"1234"))
    bad[6] ^= 1
    found = only(ssi.receive(bytes(bad)))
    assert (found.word, found.answer) == ("lost", RESEND)
    assert only(ssi.receive(decoded(b"1234", status=1))).word == "read"


def test_half_a_packet_is_asked_for_again_when_silence_comes() -> None:
    ssi = Ssi()
    assert ssi.receive(decoded(b"1234")[:-3]) == []
    assert only(ssi.silence()).answer == RESEND
    assert ssi.silence() == []


@pytest.mark.parametrize(
    ("packet", "word"),
    [
        ("04d00000ff2c", "alive"),  # CMD_ACK
        ("05d1000002ff28", "refused"),  # CMD_NAK, BAD_CONTEXT
        ("05d1000006ff24", "refused"),
    ],
)
def test_replies_of_a_decoder_are_not_acknowledged(packet: str, word: str) -> None:
    found = only(Ssi().receive(bytes.fromhex(packet)))
    assert (found.word, found.answer) == (word, b"")


def test_nr_in_a_packet_is_no_read() -> None:
    assert only(Ssi().receive(decoded(b"NR", 0x01))).word == "no_read"
    assert only(Ssi().receive(decoded(b"]A0NR", 0x01))).word == "no_read"
