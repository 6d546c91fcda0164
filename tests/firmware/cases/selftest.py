"""The self-test over parts that work, and over each that does not."""

from expect import folder

from reader import selftest
from reader.errors import FlashFull, ReaderGone
from reader.outbox import Outbox
from reader.power import Battery

KID = b"\x01\x02\x03\x04\x05\x06\x07\x08"


class Clock:
    synced = True

    def ms(self):
        return 1000

    def now(self):
        return 1766000000


class Key:
    kid = KID


class Trust:
    number = 7
    listed = True

    def find(self, kid):
        assert kid == KID
        return [kid] if self.listed else []


class Tag:
    firmware = bytes.fromhex("32010607")
    bus_errors = 2
    resets = 1


class Kit:
    def __init__(self, outbox):
        self.clock = Clock()
        self.key = Key()
        self.trust = Trust()
        self.outbox = outbox


class Station:
    def __init__(self, kit):
        self.kit = kit
        self.tag = Tag()
        self.rain = None


class Bench:
    """A handheld whose answers a test sets: request -> answer, or what is thrown."""

    def __init__(self):
        self.kit = Kit(Outbox(folder(), bytes, 1, 64))
        self.station = Station(self.kit)
        self.battery = Battery()
        self.battery.measured(4000)
        self.answers = {"target": b"\x04\xa1", "rssi": (b"\x30", -55)}
        self.told = ""

    def run(self):
        job = selftest.job(self.station, self.battery, self._tell)
        answer = None
        trouble = None
        while True:
            try:
                request = job.send(answer) if trouble is None else job.throw(trouble)
            except StopIteration as end:
                return end.value
            answer = trouble = None
            if request[0] == "record" and "record" not in self.answers:
                answer = self.kit.outbox.append(*request[1:], clock=self.kit.clock)
                continue
            answer = self.answers[request[0]]
            if isinstance(answer, Exception):
                trouble, answer = answer, None

    def _tell(self, text):
        self.told = text

    def row(self, name):
        for line in self.told.split("\n"):
            if f" {name}: " in line:
                return line
        return ""


def test_all_is_well():
    bench = Bench()
    shown = bench.run()
    assert (shown.mark, shown.word) == ("tick", "OK")
    assert bench.row("reader") == "ok reader: PN532 1.6, 2 bus errors, 1 resets"
    assert bench.row("field") == "ok field: 04a1"
    assert bench.row("flash") == "ok flash: 1 records wait"
    assert bench.row("key") == "ok key: 01020304, list 7"
    assert bench.row("battery") == "ok battery: 77 %"
    assert bench.row("clock") == "ok clock: set"
    assert "memory: " in bench.told and "UHF" not in bench.told


def test_what_is_missing_is_asked_for_and_is_no_fault():
    bench = Bench()
    bench.kit.clock.synced = False
    bench.kit.trust.listed = False
    bench.answers["target"] = None
    shown = bench.run()
    assert shown.mark == "question"
    assert shown.lines[0] == "clock: not set:"
    assert bench.row("field") == "ok field: no tag"
    assert bench.row("key") == "? key: 01020304 not in list 7"
    bench.kit.trust.number = 0
    bench.run()
    assert bench.row("key") == "? key: 01020304, no list"


def test_a_silent_reader_a_silent_module_and_a_full_flash_are_faults_and_the_rest_is_told():
    bench = Bench()
    bench.station.rain = object()
    bench.answers["target"] = ReaderGone("reader silent: check its wires")
    bench.answers["rssi"] = ReaderGone("UHF module silent")
    bench.answers["record"] = FlashFull("flash is full")
    shown = bench.run()
    assert (shown.mark, shown.word) == ("alert", "FAULT")
    assert shown.lines[0].startswith("reader: reader")
    for name in ("reader", "field", "flash", "UHF"):
        assert bench.row(name).startswith("FAULT ")
    assert bench.row("clock") == "ok clock: set"


def test_a_module_that_answers_is_told():
    bench = Bench()
    bench.station.rain = object()
    bench.run()
    assert bench.row("UHF") == "ok UHF: -55 dBm"
    bench.answers["rssi"] = None
    bench.run()
    assert bench.row("UHF") == "ok UHF: no tag"


def test_a_low_battery_and_none_are_told():
    bench = Bench()
    bench.battery = Battery()
    bench.run()
    assert bench.row("battery") == "ok battery: none"
    bench.battery.measured(3400)
    assert bench.run().mark == "question"
    assert bench.row("battery") == "? battery: 1 %"
