"""The M100's frames on MicroPython; sources of the bytes in tests/edge/test_m100.py."""

from expect import raises

from edge import m100
from edge.errors import Malformed, Truncated

EPC = bytes.fromhex("30751feb705c5904e3d50d70")
SEEN = bytes.fromhex("bb02220011c9340030751feb705c5904e3d50d703a76ef7e")
NO_TAG = bytes.fromhex("bb01ff000115167e")
READ = bytes.fromhex("bb013900130e340030751feb705c5904e3d50d7012345678b07e")
CONFIG = bytes.fromhex("bb01e000110e300030751feb705c5904e3d50d7000417e7e")
STREAM = SEEN + NO_TAG + READ + CONFIG


def frames():
    return [
        m100.Frame(2, 0x22, SEEN[5:-2]),
        m100.Frame(1, m100.ERROR, b"\x15"),
        m100.Frame(1, m100.READ, READ[5:-2]),
        m100.Frame(1, 0xE0, CONFIG[5:-2]),
    ]


def test_commands_become_the_manuals_frames():
    assert m100.single_poll().hex() == "bb00220000227e"
    made = m100.set_select(1, 0x20, EPC).hex()
    assert made == "bb000c001301000000206000" + EPC.hex() + "ad7e"
    assert m100.read(0xFFFF, 3, 0, 2).hex() == "bb003900090000ffff0300000002457e"
    assert m100.lock(0xFFFF, 0x80, 0x80).hex() == "bb008200070000ffff020080097e"
    made = m100.block_permalock(0xFFFF, 3, (5, 6, 7)).hex()
    assert made == "bb00d3000b0000ffff01030000010700e87e"
    assert m100.set_power(20).hex() == "bb00b6000207d08f7e"
    raises(ValueError, m100.write, 0, 3, 0, bytes(66))


def test_whole_and_byte_by_byte_are_the_same():
    assert m100.Frames().receive(STREAM) == frames()
    read = m100.Frames()
    found = []
    for at in range(len(STREAM)):
        found.extend(read.receive(STREAM[at : at + 1]))
    assert found == frames()


def test_noise_and_cut_frames_swallow_no_frame():
    for cut in range(len(READ)):
        read = m100.Frames()
        found = read.receive(b"\xbb\x00" + READ[:cut] + STREAM)
        found.extend(read.give_up())
        assert found == frames()


def test_parameters_are_parsed_or_malformed():
    seen = m100.parse_seen(SEEN[5:-2])
    assert (seen.rssi_dbm, seen.pc, seen.epc, seen.crc) == (-55, 0x3400, EPC, 0x3A76)
    assert m100.parse_access(READ[5:-2]) == (EPC, b"\x12\x34\x56\x78")
    assert m100.error(0xB4) == "the tag refuses: memory locked"
    for cut in range(5):
        raises(Truncated, m100.parse_seen, SEEN[5 : 5 + cut])
    raises(Malformed, m100.parse_access, bytes(9))
