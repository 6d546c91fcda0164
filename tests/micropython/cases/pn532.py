"""The PN532's frames on MicroPython; sources of the bytes in tests/edge/test_pn532.py."""

from edge import pn532
from edge.errors import Malformed, Truncated

FIRMWARE = bytes.fromhex("0000ff06fad50332010607e800")
LISTED = bytes.fromhex("0000ff0cf4d54b010100040804fb0ee20bd800")
ERROR = bytes.fromhex("0000ff01ff7f8100")
PAGES = bytes(range(256)) + b"\x00\x00\xff\x00"
EXTENDED = (
    bytes.fromhex("0000ffffff0107f8d54300") + PAGES + bytes((-(0xD5 + 0x43 + sum(PAGES)) & 0xFF, 0))
)
STREAM = pn532.ACK + FIRMWARE + ERROR + pn532.NACK + EXTENDED + LISTED


def messages():
    return [
        pn532.Ack(),
        pn532.Response(0x02, bytes.fromhex("32010607")),
        pn532.ErrorFrame(),
        pn532.Nack(),
        pn532.Response(0x42, b"\x00" + PAGES),
        pn532.Response(0x4A, bytes.fromhex("010100040804fb0ee20b")),
    ]


def test_commands_become_the_manuals_frames():
    assert pn532.frame(pn532.get_firmware_version()).hex() == "0000ff02fed4022a00"
    assert pn532.frame(pn532.sam_configuration()).hex() == "0000ff03fdd414011700"
    assert pn532.frame(pn532.in_list_passive_target(1)).hex() == "0000ff04fcd44a0100e100"
    assert pn532.frame(bytes(264))[:9].hex() == "0000ffffff0109f6d4"


def test_whole_and_byte_by_byte_are_the_same():
    assert pn532.Frames().receive(STREAM) == messages()
    frames = pn532.Frames()
    found = []
    for at in range(len(STREAM)):
        found.extend(frames.receive(STREAM[at : at + 1]))
    assert found == messages()


def test_cut_anywhere_the_rest_completes_it():
    for cut in range(0, len(STREAM), 7):
        frames = pn532.Frames()
        assert frames.receive(STREAM[:cut]) + frames.receive(STREAM[cut:]) == messages()


def test_noise_and_false_starts_swallow_no_frame():
    frames = pn532.Frames()
    wire = bytes.fromhex("5555ff0000ff04fc00ff") + FIRMWARE
    assert frames.receive(wire) == [messages()[1]]
    assert frames.receive(bytes.fromhex("00ffffff0109f6d5") + FIRMWARE) == []
    assert frames.give_up() == [messages()[1]]
    assert frames.receive(FIRMWARE[:-2] + b"\xe9\x00" + FIRMWARE) == [messages()[1]]
    assert frames.damaged == 1


def test_targets_are_parsed_or_malformed():
    listed = bytes.fromhex("0101004400070496d152de5b80")
    (target,) = pn532.parse_targets(listed)
    assert (target.number, target.sel_res, target.uid.hex()) == (1, 0, "0496d152de5b80")
    for cut in range(len(listed)):
        try:
            pn532.parse_targets(listed[:cut])
        except Truncated:
            continue
        raise AssertionError(cut)
    try:
        pn532.parse_targets(b"\x03")
    except Malformed:
        return
    raise AssertionError("three targets")
