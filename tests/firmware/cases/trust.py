"""The trust list on flash: a long one in a small heap, none older, none by another root, none half written."""

from expect import folder, raises

from edge import cbor, cose, ed25519, trust
from edge.errors import Malformed
from edge.sha512 import Sha512, sha512
from edge.trust import BadSignature, Entry, TrustList
from reader import files
from reader.state import State
from reader.trust import Trust

SEED = bytes(range(32))
ROOT = ed25519.public_key(SEED)
STATION = bytes(range(1, 33))
KEY = ed25519.public_key(STATION)
KID = cose.kid(KEY)
L = 2**252 + 27742317777372353535851937790883648493


def turned(generator):
    while True:
        try:
            assert next(generator) == 0
        except StopIteration as end:
            return end.value


def encoded(number, entries, seed=SEED):
    return trust.encode(
        TrustList(number, 4, 5, entries), cose.ED25519, bytes(8), lambda m: ed25519.sign(seed, m)
    )


def installed(found, data):
    path = folder() + "/list"
    files.write(path, (data,))
    turned(found.install(path))


def scalar(seed):
    return int.from_bytes(sha512(seed)[:32], "little") & (1 << 254) - 8 | 1 << 254


def write_long(path, number, count):
    """A signed list that is never in memory: RFC 8032, 5.1.6, with the scalar of another seed for r."""
    protected = cbor.encode({cose.ALG: cose.ED25519, cose.KID: bytes(8)})
    key = cbor.encode([bytes(8), KEY, "ACME"])[9 + 1 :]
    start = b"\x84" + cbor.encode(number) + b"\x04\x05" + cbor.head(0x80, count)
    head = cbor.head(0x40, len(start) + count * (10 + len(key)))
    public = ed25519.public_key(STATION)
    digest = Sha512()
    digest.update(public + ROOT)
    digest.update(cose.to_be_signed(protected, b"")[:-1] + head + start)
    files.write(path, (b"\xd2\x84" + cbor.encode(protected) + b"\xa0" + head + start,))

    def parts():
        for n in range(count):
            row = b"\x83" + b"\x48" + n.to_bytes(8, "big") + key
            digest.update(row)
            yield row

    files.write(path, parts(), "ab")
    s = (scalar(STATION) + int.from_bytes(digest.digest(), "little") * scalar(SEED)) % L
    files.write(path, (b"\x58\x40" + public + s.to_bytes(32, "little"),), "ab")


def test_a_list_is_found_again_key_by_key():
    data = folder()
    state = State(data)
    found = Trust(data + "/trust", ROOT, state)
    assert (found.number, found.find(KID)) == (0, [])
    full = Entry(KID, KEY, "ACME", ("issuer", "updater"), 1, 2, 3, ("952",), "EU")
    twin = Entry(KID, bytes(31) + b"\x09")
    other = Entry(bytes(8), KEY)
    installed(found, encoded(3, (full, other, twin)))
    for each in (found, Trust(data + "/trust", ROOT, State(data))):
        assert (each.number, each.issued, each.not_after) == (3, 4, 5)
        assert each.find(KID) == sorted([full, twin], key=lambda entry: entry.key)
        assert each.find(bytes(8)) == [other]
        assert each.find(b"\xff" * 8) == [] and each.find(None) == []


def test_a_list_may_be_longer_than_the_heap():
    data = folder()
    found = Trust(data + "/trust", ROOT, State(data))
    write_long(data + "/list", 7, 500)
    turned(found.install(data + "/list"))
    assert files.size(data + "/list") == -1
    for n in (0, 1, 250, 498, 499):
        assert [each.operator for each in found.find(n.to_bytes(8, "big"))] == ["ACME"]
    assert found.find((500).to_bytes(8, "big")) == []


def test_an_older_list_is_refused_even_when_the_newer_one_is_gone():
    data = folder()
    state = State(data)
    found = Trust(data + "/trust", ROOT, state)
    fourth = encoded(4, (Entry(KID, KEY),))
    installed(found, fourth)
    raises(Malformed, installed, found, fourth)
    raises(Malformed, installed, found, encoded(3, ()))
    assert found.number == 4
    files.remove(data + "/trust/4")
    found.load()
    assert (found.number, found.find(KID)) == (0, [])
    assert "older" in raises(Malformed, installed, found, encoded(3, ()))
    installed(found, fourth)
    assert found.number == 4


def test_another_root_numbers_its_lists_anew_and_the_first_ones_stay_seen():
    data = folder()
    installed(Trust(data + "/trust", ROOT, State(data)), encoded(3, (Entry(KID, KEY),)))
    other = Trust(data + "/trust", ed25519.public_key(STATION), State(data))
    assert other.number == 0
    installed(other, encoded(1, (Entry(KID, KEY),), STATION))
    assert other.number == 1 and other.find(KID) == [Entry(KID, KEY)]
    first = Trust(data + "/trust", ROOT, State(data))
    assert first.number == 0
    assert "older" in raises(Malformed, installed, first, encoded(2, ()))


def test_what_the_root_did_not_sign_changes_nothing():
    data = folder()
    found = Trust(data + "/trust", ROOT, State(data))
    installed(found, encoded(3, (Entry(KID, KEY),)))
    newer = encoded(4, (Entry(KID, KEY), Entry(bytes(8), KEY)))
    raises(BadSignature, installed, found, encoded(4, (), STATION))
    for at in range(0, len(newer), 16):
        raises(Malformed, installed, found, newer[:at] + bytes((newer[at] ^ 1,)) + newer[at + 1 :])
        raises(Malformed, installed, found, newer[:at])
    raises(Malformed, installed, found, newer + b"\x00")
    assert found.number == 3 and Trust(data + "/trust", ROOT, State(data)).number == 3
    assert Trust(data + "/trust", KEY, State(data)).number == 0
    raises(BadSignature, installed, Trust(data + "/trust", b"", State(data)), newer)


def test_what_edge_would_not_write_is_refused():
    data = folder()
    found = Trust(data + "/trust", ROOT, State(data))
    for payload in (
        [1, 0, 0],
        [1, 0, 0, {}],
        [1, 0, 0, [[KID]]],
        [1, 0, 0, [[KID, KEY, ""]]],
        [1, 0, 0, [[KID, KEY], [KID, KEY]]],
        [1, 0, 0, [[KID, KEY], [bytes(8), KEY]]],
        [1, 0, 0, [[KID, KEY]], 0],
    ):
        raw = cose.sign1(
            cbor.encode(payload), cose.ED25519, bytes(8), lambda m: ed25519.sign(SEED, m)
        )
        raises(Malformed, installed, found, raw)
    assert found.number == 0


def test_signatures_are_checked_with_few_tables_in_memory():
    found = Trust(folder(), ROOT, State(folder()))
    signature = ed25519.sign(STATION, b"stub")
    for _ in range(2):
        assert turned(found.check(KEY, b"stub", signature)) is True
        assert turned(found.check(KEY, b"stab", signature)) is False
        for n in range(6):
            assert turned(found.check(bytes((n,)) + KEY[1:], b"stub", signature)) is False
    assert turned(found.check(KEY + KEY, b"stub", signature)) is False


def test_a_list_that_was_damaged_on_flash_is_in_force_no_more_and_can_come_again():
    data = folder()
    state = State(data)
    found = Trust(data + "/trust", ROOT, state)
    raw = encoded(3, (Entry(KID, KEY, "ACME", ("issuer",), 1, 2, 3),))
    for at in (0, 30, len(raw) // 2, len(raw) - 1):
        installed(found, raw)
        files.write(data + "/trust/3", (raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :],))
        found = Trust(data + "/trust", ROOT, state)
        assert (found.number, found.find(KID)) == (0, [])
    installed(found, raw)
    files.write(data + "/trust/3", (bytes(len(raw)),))
    assert (found.find(KID), found.number) == ([], 0)
    installed(found, raw)
    assert (found.number, len(found.find(KID))) == (3, 1)
