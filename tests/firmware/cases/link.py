"""The handheld's end of the link against a gateway that is played, on its real log."""

import hashlib
import os

from expect import folder

from edge import link
from edge.errors import Malformed
from reader.clock import Clock
from reader.download import Download
from reader.errors import DeviceTrouble
from reader.link import Link
from reader.outbox import Outbox

SECRET = b"a secret of sixteen"
NOW = 1790000000


class Gateway:
    """The other end, by hand."""

    def __init__(self, secret=SECRET):
        self.secret = secret
        self.frames = link.Frames()
        self.session = None
        self.hello = b""

    def hear(self, data):
        found = []
        for body, is_sealed in self.frames.receive(data):
            if is_sealed:
                body = self.session.open(body)
                assert body is not None
            if link.parse(body)[0] == link.HELLO:
                self.hello = body
                self.session = None
            found.append(link.parse(body))
        return found

    def say(self, kind, *fields):
        said = link.message(kind, *fields)
        return self.session.seal(said) if self.session else link.plain(said)

    def welcome(self, acked=0, now=NOW, mark=0):
        nonce = b"gateway's nonce."
        if self.secret:
            self.session = link.Session(self.secret, self.hello, nonce, True)
        return self.say(link.WELCOME, link.VERSION, "gate", nonce, now, acked, mark)


class Device:
    def __init__(self, secret=SECRET, install=None):
        self.ms = 0
        self.installed = []
        base = folder()
        self.clock = Clock(lambda: self.ms, lambda later, earlier: later - earlier)
        self.outbox = Outbox(base + "/outbox", lambda count: bytes(count), 3)
        installs = {"trust": install or self.install}
        self.folder = base + "/in"
        self.download = Download(self.folder, installs)
        self.nonces = 0
        about = lambda: {"firmware": "1"}  # noqa: E731
        self.link = Link(
            (b"8 bytes.", "ada"),
            self.outbox,
            self.clock,
            self.random,
            about,
            self.download,
            secret,
        )

    def random(self, count):
        self.nonces += 1
        return self.nonces.to_bytes(count, "big")

    def install(self, path):
        yield 0
        with open(path, "rb") as file:  # noqa: PTH123 (MicroPython has no pathlib)
            self.installed.append(file.read())

    def note(self, count=1):
        for _ in range(count):
            self.outbox.append("verdict", b"1234567", "", {"filling": bytes(100)}, self.clock)

    def turn(self, ms=0):
        self.ms += ms
        return self.link.turn(self.ms)

    def hear(self, data):
        self.link.receive(data, self.ms)


def welcomed(secret=SECRET, acked=0, count=0):
    device, gateway = Device(secret), Gateway(secret)
    device.note(count)
    gateway.hear(device.turn())
    device.hear(gateway.welcome(acked))
    assert device.link.up
    return device, gateway


def test_it_says_hello_until_it_is_welcomed():
    device, gateway = Device(), Gateway()
    device.note(2)
    said = gateway.hear(device.turn())[0]
    assert said[:5] == (link.HELLO, 1, b"8 bytes.", bytes(4), "ada")
    info = said[6]
    assert (info["first"], info["next"], info["acked"], info["synced"]) == (1, 3, 0, False)
    assert device.turn(1999) == b""
    again = gateway.hear(device.turn(1))[0]
    assert again[5] != said[5]  # another nonce
    assert not device.link.up
    device.hear(gateway.welcome())
    assert (device.link.up, device.link.gateway, device.clock.now()) == (True, "gate", NOW)


def test_a_time_that_cannot_be_sets_no_clock():
    for now in (0, 5, 4102444800, (1 << 63) - 1):
        device, gateway = Device(), Gateway()
        gateway.hear(device.turn())
        device.hear(gateway.welcome(0, now))
        assert (device.link.up, device.clock.synced, device.clock.now()) == (True, False, 0)


def test_records_go_in_windows_and_are_kept_until_their_ack():
    for secret in (SECRET, b""):
        device, gateway = welcomed(secret, 0, 20)
        handed = []
        while device.link.waiting:
            kind, after, records = gateway.hear(device.turn())[0]
            assert (kind, after) == (link.RECORDS, len(handed))
            assert 1 < len(records) < 20
            assert device.turn() == b""
            handed += [seq for seq, _ in records]
            assert device.outbox.waiting == 20 - after
            device.hear(gateway.say(link.ACK, handed[-1]))
        assert handed == list(range(1, 21))


def test_what_is_not_acknowledged_is_sent_again():
    device, gateway = welcomed(count=1)
    first = gateway.hear(device.turn())
    assert device.turn(2999) == b""
    assert gateway.hear(device.turn(1)) == first


def test_it_goes_on_where_the_gateway_says():
    device, gateway = welcomed(acked=3, count=5)
    said = gateway.hear(device.turn())[0]
    assert (said[1], [seq for seq, _ in said[2]]) == (3, [4, 5])


def test_it_gives_signs_of_life_and_leaves_who_gives_none():
    device, gateway = welcomed()
    assert gateway.hear(device.turn())[0] == (link.RECORDS, 0, [])
    device.hear(gateway.say(link.ACK, 0))
    assert device.turn(4000) == b""
    assert gateway.hear(device.turn(1000))[0] == (link.RECORDS, 0, [])
    device.turn(7001)
    assert not device.link.up
    assert device.link.trouble == "gateway is silent"
    assert gateway.hear(device.turn(2000))[0][0] == link.HELLO


def test_noise_and_what_others_make_change_nothing():
    device, gateway = welcomed(count=2)
    sealed = gateway.say(link.ACK, 1)
    other = link.Session(b"other", gateway.hello, b"gateway's nonce.", True)
    for data in (
        b"noise\x00",
        link.plain(link.message(link.ACK, 2)),
        link.plain(b"\x81\x00"),
        other.seal(link.message(link.ACK, 2)),
        sealed[:9] + b"\x07" + sealed[10:],
    ):
        device.hear(data)
    assert (device.outbox.waiting, device.link.up) == (2, True)
    assert device.link.faults >= 4
    device.hear(sealed)
    assert device.outbox.waiting == 1
    device.hear(sealed)
    device.hear(link.plain(link.message(link.BYE, "start")))
    assert (device.link.up, device.link.trouble) == (False, "start")


def fetch(device, gateway, content, upto=None):
    """Answer each WANT; the messages that were neither that nor a sign of life."""
    sha256 = hashlib.sha256(content).digest()
    device.hear(gateway.say(link.OFFER, "trust", 7, len(content), sha256))
    others = []
    for _ in range(400):
        for said in gateway.hear(device.turn(10)):
            if said[0] == link.WANT:
                assert said[1:3] == ("trust", sha256)
                if upto is not None and said[3] >= upto:
                    return said[3]
                piece = content[said[3] : said[3] + 700]
                device.hear(gateway.say(link.CHUNK, "trust", said[3], piece))
            elif said[0] == link.RECORDS:
                device.hear(gateway.say(link.ACK, said[1]))
            else:
                others.append(said)
    return others


def test_a_download_goes_on_after_a_break_and_counts_once():
    content = bytes(range(256)) * 10
    device, gateway = welcomed()
    assert fetch(device, gateway, content, 1000) == 1400
    device.link.begin()
    device.download = device.link._download = Download(device.folder, {"trust": device.install})
    gateway.hear(device.turn(5000))
    device.hear(gateway.welcome())
    assert fetch(device, gateway, content, 1500) == 2100
    assert fetch(device, gateway, content) == [(link.DONE, "trust", True, "")]
    assert device.installed == [content]
    assert os.listdir(device.folder) == []  # noqa: PTH208


def test_what_was_damaged_or_is_refused_is_not_kept():
    def refused(path):
        raise Malformed("older than what was seen")
        yield 0

    content = bytes(2000)
    device, gateway = welcomed()
    device.download._installs["trust"] = refused
    done = (link.DONE, "trust", False, "older than what was seen")
    assert fetch(device, gateway, content) == [done]
    assert os.listdir(device.folder) == []  # noqa: PTH208
    sha256 = hashlib.sha256(b"other").digest()
    device.hear(gateway.say(link.OFFER, "trust", 7, 5, sha256))
    device.hear(gateway.say(link.CHUNK, "trust", 1, b"late"))
    device.hear(gateway.say(link.CHUNK, "trust", 0, b"wrong too long"))
    device.hear(gateway.say(link.CHUNK, "trust", 0, b"wrong"))
    said = []
    for _ in range(9):
        said += gateway.hear(device.turn(1))
    assert (link.DONE, "trust", False, "damaged on its way") in said


def test_what_could_not_be_installed_is_not_said_to_be():
    for trouble in (OSError(28), MemoryError()):

        def failing(path):
            yield 0
            raise trouble  # noqa: B023

        device, gateway = welcomed(SECRET, 0, 0)
        device.download._installs["trust"] = failing
        said = fetch(device, gateway, bytes(2000))
        assert [each[:3] for each in said] == [(link.DONE, "trust", False)] and said[0][3]


def test_an_offer_of_what_nobody_installs_is_left():
    device, gateway = welcomed()
    gateway.hear(device.turn())
    for what, size in (("music", 9), ("trust", 0), ("trust", 1 << 20)):
        device.hear(gateway.say(link.OFFER, what, 1, size, bytes(32)))
        assert device.turn(10) == b""
    assert device.download.offset == -1


def test_a_flash_that_is_full_ends_the_download_alone():
    device, gateway = welcomed()
    device.hear(gateway.say(link.OFFER, "trust", 7, 5, bytes(32)))

    def full(*_):
        raise DeviceTrouble("flash is full")

    device.download.take = full
    device.hear(gateway.say(link.CHUNK, "trust", 0, b"12345"))
    assert (device.link.up, device.link.trouble) == (True, "flash is full")


def test_a_text_goes_in_parts_where_a_gateway_is():
    device, gateway = welcomed()
    text = "a text " * 200
    assert not Device().link.text("export", text)
    assert device.link.text("export", text)
    parts = [gateway.hear(device.turn())[0] for _ in range(4)]
    assert [said[:4] for said in parts] == [(link.TEXT, "export", at, 4) for at in range(4)]
    assert "".join([said[4] for said in parts]) == text


def test_a_gateway_that_holds_another_record_is_given_the_log_under_another_epoch():
    for seq, mark in ((2, 1), (4, 0), (9, 1)):
        device, gateway = Device(), Gateway()
        device.note(3)
        gateway.hear(device.turn())
        device.outbox._random = lambda count: b"\x01" * count
        device.hear(gateway.welcome(seq, NOW, mark))
        assert not device.link.up and device.outbox.acked == 0
        said = gateway.hear(device.turn(2000))[0]
        assert (said[0], said[3], said[6]["next"]) == (link.HELLO, b"\x01" * 4, 5)
        device.hear(gateway.welcome())
        assert device.link.up
    device, gateway = Device(), Gateway()
    device.note(3)
    gateway.hear(device.turn())
    device.hear(gateway.welcome(2, NOW, link.mark(device.outbox.read(2, 1)[0][1])))
    assert device.link.up and device.outbox.acked == 2
