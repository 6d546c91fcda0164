"""An update is taken where it is signed, newer and whole, and counts when it has proven itself."""

import binascii
import hashlib

from expect import folder, raises

from edge import cose, ed25519, trust
from edge.errors import Malformed
from edge.trust import Entry, TrustList
from reader import archive, files, update
from reader.state import State
from reader.trust import Trust

SEED = bytes(range(32))
ROOT = ed25519.public_key(SEED)
UPDATER = bytes(range(1, 33))
STATION = bytes(range(2, 34))
EXPIRED = bytes(range(3, 35))


def bundle(number, seed=SEED, content=b"x = 1\n"):
    kid = cose.kid(ed25519.public_key(seed)).hex()
    stored = b"\x01" + len(content).to_bytes(2, "little")  # one block of deflate, not compressed
    stored += (len(content) ^ 0xFFFF).to_bytes(2, "little") + content
    text = f"tagwright firmware 1 {number} 0.1 {kid}\nreader/x.py 0 {len(stored)}\n\n"
    data = text.encode() + stored
    return data + ed25519.sign(seed, b"tagwright firmware\n" + hashlib.sha256(data).digest())


def with_crc(data):
    return data + (binascii.crc32(data) & 0xFFFFFFFF).to_bytes(4, "little")


class Clock:
    at = 3

    def now(self):
        return self.at


def trusting(data):
    """Trust up to 3 with a key for updates from 2 on, a station's, a revoked and an expired one for updates."""
    found = Trust(data + "/trust", ROOT, State(data))
    keys = []
    for seed, role, first, last, since in (
        (UPDATER, "updater", 2, None, None),
        (STATION, "issuer", 0, None, None),
        (SEED[1:] + b"\x00", "updater", 0, None, 1),
        (EXPIRED, "updater", 0, 2, None),
    ):
        key = ed25519.public_key(seed)
        keys.append(Entry(cose.kid(key), key, "", (role,), first, last, since))
    raw = trust.encode(
        TrustList(1, 2, 3, tuple(keys)), cose.ED25519, bytes(8), lambda m: ed25519.sign(SEED, m)
    )
    files.write(data + "/list", (raw,))
    for _ in found.install(data + "/list"):
        pass
    return found


def install(data, found, content, now=3):
    clock = Clock()
    clock.at = now
    files.write(data + "/part", (content,))
    for ms in update.install(data, found, clock)(data + "/part"):
        assert ms == 0


def slots(data):
    return files.read(data + "/slots")[:3]


def test_a_bundle_is_tried_and_then_confirmed():
    data = folder()
    found = Trust(data + "/trust", ROOT, State(data))
    assert (update.number(data), update.is_due(data)) == (0, False)
    first = bundle(5)
    install(data, found, first)
    assert slots(data) == b"-a0" and update.is_due(data)
    assert update.number(data) == binascii.crc32(first) & 0xFFFFFFFF
    assert files.read(data + "/firmware.a") == with_crc(first) and files.size(data + "/part") < 0
    update.confirm(data)
    assert slots(data) == b"-a0"  # it has not run yet
    files.write(data + "/slots", (b"-a1" + files.read(data + "/slots")[3:],))
    assert "on trial" in raises(Malformed, install, data, found, bundle(6))
    update.confirm(data)
    assert slots(data) == b"a-0" and update.number(data)
    second = bundle(6)
    install(data, found, second)
    assert slots(data) == b"ab0" and files.read(data + "/firmware.a") == with_crc(first)
    install(data, found, bundle(7))
    assert slots(data) == b"ab0" and files.read(data + "/firmware.b") == with_crc(bundle(7))


def test_keys_that_may_sign_updates_are_the_roots_and_updaters():
    data = folder()
    found = trusting(data)
    raises(Malformed, install, data, found, bundle(1, STATION))
    raises(Malformed, install, data, found, bundle(1, SEED[1:] + b"\x00"))
    raises(Malformed, install, data, found, bundle(1, bytes(32)))
    raises(Malformed, install, data, found, bundle(1, EXPIRED))
    for now in (1, 4):
        raises(Malformed, install, data, found, bundle(1, UPDATER), now)
    assert slots(data) == b""
    install(data, found, bundle(1, UPDATER))
    assert slots(data) == b"-a0"


def test_what_is_older_than_the_confirmed_one_is_refused():
    data = folder()
    found = Trust(data + "/trust", ROOT, State(data))
    install(data, found, bundle(5))
    files.write(data + "/slots", (b"a-0 1",))
    for number in (4, 5):
        assert "older" in raises(Malformed, install, data, found, bundle(number))
    assert slots(data) == b"a-0"


def test_what_is_damaged_changes_nothing():
    data = folder()
    found = Trust(data + "/trust", ROOT, State(data))
    whole = bundle(5)
    for at in range(0, len(whole), 9):
        raises(Malformed, install, data, found, whole[:at])
        flipped = whole[:at] + bytes((whole[at] ^ 4,)) + whole[at + 1 :]
        raises(Malformed, install, data, found, flipped)
    raises(Malformed, install, data, found, whole + b"\x00")
    raises(Malformed, install, data, found, bytes(2000))
    assert slots(data) == b"" and files.size(data + "/firmware.a") < 0


def test_an_archive_tells_files_and_folders():
    data = folder()
    files.write(data + "/bundle", (bundle(5),))
    found = archive.Archive(data + "/bundle")
    assert found.stat("/")[0] == found.stat("/reader")[0] == 0x4000
    assert found.stat("/reader/x.py")[0] == 0x8000 and found.stat("/reader/x.py")[6] == 11
    for name in ("/reader/x.mpy", "/x.py", "/read", "/reader/x", "/edge"):
        raises(OSError, found.stat, name)
    raises(OSError, archive.Archive, data + "/none")
