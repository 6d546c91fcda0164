"""A handheld's devices by script: a tag of pages that can be torn at any write, and what a job asks for beside it.

A signature is a hash of key and message here, so that what was torn or changed does not verify.
"""

import hashlib

from edge import cbor, chips, cose, plan, slots, stub, type2
from reader import jobs
from reader.errors import DeviceTrouble, TagGone, TagRefused

NOW = 1790001000
UID = bytes.fromhex("04a1b2c3d4e5f6")
LINK = "https://id.example.com/01/09520123456788/21/A1"
OURS, THEIRS, STRANGE = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32  # public keys
RECORD = 1800  # bytes of the largest record that the link carries


class Power(Exception):
    """It is gone."""


def signer(key):
    def sign(message):
        return hashlib.sha256(key + message).digest() * 2

    return sign


class Listed:
    """An entry of the trust list, as edge.trust's."""

    valid_from = 0
    valid_to = revoked_since = None
    roles = ("issuer",)
    gtin_prefixes = ()
    operator = ""

    def __init__(self, key, **rest):
        self.kid = cose.kid(key)
        self.key = key
        for name in rest:
            setattr(self, name, rest[name])


class Trust:
    """A list of such entries, in force."""

    number = 1
    not_after = 1900000000

    def __init__(self, *entries):
        self.entries = entries

    def find(self, kid):
        return [each for each in self.entries if each.kid == kid]


def made(seq, prev=None, key=THEIRS, uid=UID, serial="A1", **more):
    """A signed stub, as an issuer would put it on the tag."""
    claims = {0: 1, 1: [0, 9520123456788, serial], 3: bytes(32), 4: 1790000000, 5: seq, 7: [1, uid]}
    if prev is not None:
        claims[6] = stub.link16(prev)
    for name, value in more.items():
        claims[stub.NAMES.index(name)] = value
    return stub.encode(claims, cose.ED25519, cose.kid(key), signer(key))


class Tag:
    """The memory of a chip as delivered; `tear` = n tears the n-th write by `mask`, and the tag leaves."""

    def __init__(self, name="NTAG215", uid=UID):
        self.chip = chips.by_name(name)
        self.uid = uid
        self.memory = bytearray(self.chip.pages * 4)
        cc = self.chip.cc if name[0] == "N" else bytes(4)
        factory = self.chip.factory if name[0] == "N" else bytes(8)
        self.memory[:24] = uid[:3] + b"\x88" + uid[3:] + b"\x00\x48\x00\x00" + cc + factory
        self.is_there = True
        self.tear = None
        self.mask = 0
        self.refuses = ()
        self.writes = []

    def image(self):
        return type2.Image(bytes(self.memory))

    def take(self, pages):
        for page, data in pages:
            self.memory[page * 4 : page * 4 + 4] = data

    def commission(self, signed, link=LINK, count=None):
        self.take(plan.commission(self.chip, self.image(), link, signed, slots.DEFAULT_TYPE, count))
        return self

    def update(self, slot, signed):
        layout = slots.layout_of(self.image())
        seq = stub.decode(signed).seq
        self.take(plan.update(layout, self.image(), slot, signed, seq))
        return self

    def pages(self, first, count):
        self._here()
        return bytes(self.memory[first * 4 : (first + count) * 4])

    def write(self, page, data):
        self._here(page)
        if page in self.refuses:
            raise TagRefused("the tag refuses", page)
        assert len(data) == 4 and 2 < page <= self.chip.user_last, page
        self.writes.append(page)
        if len(self.writes) - 1 == self.tear:
            for n in range(4):
                old = self.memory[page * 4 + n]
                self.memory[page * 4 + n] = old & ~self.mask | data[n] & self.mask
            self.is_there = False
            raise TagGone("the tag left", page)
        self.take(((page, data),))

    def _here(self, page=-1):
        if not self.is_there:
            raise TagGone("the tag left", page)


class Clock:
    synced = True

    def __init__(self):
        self.at = 0
        self.base = NOW

    def ms(self):
        self.at += 7
        return self.at

    def now(self):
        return self.base


class Settings:
    duplicate_s = 5
    look_ms = 250


class Key:
    operator = "us"

    def __init__(self, key=OURS):
        self.public = key
        self.kid = cose.kid(key)
        self.sign = signer(key)


class Outbox:
    """Keeps the records as CBOR; `full`: the error that the next one raises."""

    def __init__(self):
        self.kept = []
        self.full = None

    def append(self, kind, uid, product, body):
        if self.full is not None:
            raise self.full
        data = cbor.encode([len(self.kept), kind, uid, product, body])
        assert len(data) < RECORD, len(data)
        self.kept.append(data)
        return len(self.kept) - 1

    def record(self, at=-1):
        """[seq, kind, uid, product, body]"""
        return cbor.decode(self.kept[at])

    def body(self, at=-1):
        return self.record(at)[4]

    def kinds(self):
        return [self.record(at)[1] for at in range(len(self.kept))]

    def open_intent(self, uid):
        found = None
        for at in range(len(self.kept)):
            seq, kind, owner, _, body = self.record(at)
            if kind == "intent" and owner == uid:
                found = seq, body
            elif found and kind in ("result", "void") and body["intent"] == found[0]:
                found = None
        return found

    def known_seq(self, product):
        known = None
        for at in range(len(self.kept)):
            _, kind, _, name, body = self.record(at)
            seq = body.get({"result": "seq", "verdict": "seen_seq"}.get(kind))
            if kind == "intent" and "order" in body:
                seq = 0
            if name == product and seq is not None:
                known = max(seq, known or 0)
            elif name == product and kind == "void" and not known:
                known = None
        return known


class Orders:
    def __init__(self, *rows):
        self.rows = list(rows)  # (link, claims)
        self.taken = 0

    def peek(self):
        if self.taken == len(self.rows):
            return None
        link, claims = self.rows[self.taken]
        return self.taken, link, claims

    def take(self, number):
        self.taken = max(self.taken, number + 1)


class Bench:
    """A kit, and what answers a job's requests. tag: in the field, or None; shown: the screens of the job."""

    def __init__(self, tag=None, trusted=(OURS, THEIRS), orders=()):
        self.tag = tag
        self.clock = Clock()
        self.settings = Settings()
        self.outbox = Outbox()
        self.orders = Orders(*orders)
        self.key = Key()
        self.trust = Trust(*[Listed(key) for key in trusted])
        self.shown = []
        self.asked = []  # the last ten, each once in a row
        self.heard = []  # answers to "rssi"
        self.power = None  # after so many writes it is lost

    def run(self, job, most=10000):
        """The job's result; after `most` requests it is stopped. Power: it was lost in a write."""
        answer = error = None
        self.shown = []
        self.asked = []
        for _ in range(most):
            try:
                request = job.send(answer) if error is None else job.throw(error)
            except StopIteration as end:
                return end.value
            if self.asked[-1:] != [request[0]]:
                self.asked = self.asked[-9:]
                self.asked.append(request[0])
            answer = error = None
            try:
                answer = getattr(self, "_" + request[0])(*request[1:])
            except DeviceTrouble as why:
                error = why
        job.close()
        return None

    def _target(self):
        return self.tag.uid if self.tag is not None and self.tag.is_there else None

    def _pages(self, first, count):
        return self.tag.pages(first, count)

    def _write(self, page, data):
        if self.power is not None and len(self.tag.writes) >= self.power:
            raise Power
        self.tag.write(page, data)

    def _version(self):
        return self.tag.chip.version

    def _check(self, key, message, signature):
        return signer(key)(message) == signature

    def _record(self, kind, uid, product, body):
        return self.outbox.append(kind, uid, product, body)

    def _sign(self, data):
        return self.key.sign(data)

    def _show(self, screen):
        self.shown.append(screen)

    def _rssi(self, epc):
        return self.heard.pop(0)

    def _wait(self, ms):
        self.clock.at += ms


def issued(count=2, **more):
    return Tag().commission(made(0, **more), count=count)


def current(bench):
    """The stub that a reader finds on the tag, and the colour of its verdict."""
    bench.tag.is_there = True
    result = bench.run(jobs.look(bench, bench.tag.uid, jobs.Checks(bench.trust)))
    return result.stub, result.verdict and result.verdict.colour()
