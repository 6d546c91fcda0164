"""The handheld's link on MicroPython: the same bytes as on CPython."""

from expect import raises

from edge import link
from edge.errors import Malformed

HELLO = link.message(
    link.HELLO, link.VERSION, b"8 bytes.", b"four", "ada", bytes(16), {"now": 5, "boot": 1}
)


def test_hmac_is_rfc_4231s():
    """RFC 4231, test cases 2 and 6."""
    found = link.hmac(b"Jefe", b"what do ya want for nothing?")
    assert found.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    text = b"Test Using Larger Than Block-Size Key - Hash Key First"
    found = link.hmac(b"\xaa" * 131, text)
    assert found.hex() == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


def test_frames_are_the_same_bytes():
    assert link.frame(b"\x11\x00\x22") == b"\x00\x02\x11\x02\x22\x00"


def test_a_long_message_passes_in_pieces():
    said = link.message(link.CHUNK, "update", 0, bytes(600) + b"\xff" * 600)
    frames = link.Frames()
    found = []
    sent = b"\x05noise" + link.plain(said)
    for at in range(0, len(sent), 100):
        found += frames.receive(sent[at : at + 100])
    assert found == [(said, False)]
    assert link.parse(said)[3][600:] == b"\xff" * 600
    assert frames.damaged == 1


def test_a_session_opens_what_the_other_end_sealed_once():
    device = link.Session(b"secret", HELLO, b"n" * 16, False)
    gateway = link.Session(b"secret", HELLO, b"n" * 16, True)
    body, is_sealed = link.Frames().receive(device.seal(HELLO))[0]
    assert is_sealed
    assert gateway.open(body) == HELLO
    assert gateway.open(body) is None
    assert device.open(body) is None
    assert link.unproved(body) == HELLO


def test_only_the_table_is_parsed():
    assert link.parse(HELLO)[3] == b"four"
    for wrong in (b"", b"\x80", b"\x81\xf5", b"\x82\x04\xf5", b"\x82\x04\x20", b"\x81\x80"):
        raises(Malformed, link.parse, wrong)
    raises(ValueError, link.message, link.CHUNK, "update", 0, bytes(link.CEILING))
