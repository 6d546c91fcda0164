"""The whole handheld on a board by script, whose reader chip is mute: what it does beside its jobs."""

from expect import folder

from edge import cose, curve, ed25519, slots, stub, verify  # noqa: F401  (from the bottom up, as main.py has it)
from reader import files
from reader.clock import Clock
from reader.device import Device
from reader.errors import DeviceTrouble, FlashFull, ReaderGone
from reader.settings import Settings
from reader.state import State

HEAP = "192k"

NOW = 1790000000


class Board:
    """It is the streams, ports and display, too."""

    rain_port = None
    tag_reset = None
    canvas = None

    def __init__(self):
        self.now = 0
        self.presses = []
        self.mv = 4000
        self.deeds = []
        self.tag_port = self.usb = self.display = self

    def ticks(self):
        return self.now

    def buttons(self):
        found, self.presses = self.presses, []
        return found

    def battery_mv(self):
        return self.mv

    def read(self, n_max=0):
        return b""

    def write(self, data):
        return len(data)

    def wifi(self, settings):
        self.deeds.append("wifi")
        raise DeviceTrouble("no Wi-Fi dock")
        yield 0

    def feed(self, *rest):
        pass

    buzzer = led = show = turn = feed

    def reset(self):
        self.deeds.append("reset")

    def deep_sleep(self):
        self.deeds.append("sleep")


class Hand:
    def __init__(self, known=0, **rest):
        self.board = Board()
        self.folder = folder()
        settings = Settings()
        for name in rest:
            setattr(settings, name, rest[name])
        self.state = State(self.folder)
        self.start(settings, known)

    def start(self, settings, known=0):
        clock = Clock(self.board.ticks, lambda later, earlier: later - earlier, known)
        self.device = Device(
            self.board, settings, clock, self.state, lambda n: bytes(range(n)), self.folder
        )
        self.shown = []
        self.device.face.show = lambda screen, now: self.shown.append(screen)
        self.device.face.turn = lambda now: False
        self.device.begin("")

    def wait(self, ms):
        for _ in range(20):
            self.board.now += ms // 20
            self.device.turn()

    def press(self, name):
        self.board.presses = [("down", name), ("up", name)]
        self.wait(20)

    def turn_to(self, mode):
        while self.device.app.mode != mode:
            self.press("menu")

    def arrives(self):
        """A gateway."""
        link = self.device.link
        link.up, link._heard = True, self.board.now


def test_it_starts_anew_for_an_update_when_nobody_uses_it():
    hand = Hand()
    hand.wait(40000)
    files.write(hand.folder + "/slots", (b"-a0 1",))
    hand.press("trigger")
    hand.wait(200)
    assert hand.device.app.state == "reading"
    hand.device._measured = -9999
    hand.wait(20)
    assert hand.board.deeds == []
    for _ in range(20):
        hand.wait(4000)
    assert "FAILED" in [each.word for each in hand.shown] and "reset" in hand.board.deeds
    assert hand.device._about()["update"] == 1


def test_the_time_that_is_known_goes_on_over_starts_and_sleep():
    hand = Hand(NOW, sleep_s=3600)
    hand.state.set("known", NOW)
    hand.wait(700 * 1000)
    assert NOW + 600 <= hand.state.get("known") <= NOW + 700
    hand.device.kit.clock.set(NOW - 5000)
    hand.wait(6000)
    assert NOW - 5000 <= hand.state.get("known") < NOW - 4900
    hand.wait(2890 * 1000)
    before = hand.state.get("known")
    hand.wait(20 * 1000)
    assert hand.board.deeds[:1] == ["sleep"]
    assert before < hand.state.get("known") < before + 600


def test_a_full_flash_ends_nothing():
    hand = Hand(NOW)

    def full(values):
        raise FlashFull("full")

    hand.state.put = full
    hand.wait(700 * 1000)
    assert not hand.board.deeds or hand.board.deeds[0] == "sleep"
    assert hand.state.get("known") == 0


def test_send_says_so_where_nothing_waits():
    hand = Hand()
    hand.arrives()
    hand.turn_to("send")
    hand.press("trigger")
    assert hand.shown[-1].word == "SENT"


def test_what_waits_from_before_the_start_is_told():
    hand = Hand()
    hand.device.kit.outbox.append("verdict", b"", "", {}, hand.device.kit.clock)
    hand.start(Settings())
    hand.wait(20)
    assert hand.device.face.waiting == 1
    hand.turn_to("send")
    hand.press("trigger")
    assert hand.shown[-1].lines == ["no gateway: plug", "in", "1 wait"]


def test_each_call_that_fails_is_told():
    hand = Hand(wifi_ssid="dock", gateway="10.0.0.2:8478")
    hand.turn_to("send")
    for calls in (1, 2):
        hand.press("trigger")
        assert hand.board.deeds == ["wifi"] * calls
        assert hand.shown[-1].word == "NO" and hand.shown[-1].lines[0] == "no Wi-Fi dock"
        assert hand.device.app.state == "verdict"


def test_a_mute_chip_leaves_no_uhf_module_awake():
    hand = Hand()
    slept = []

    class Rain:
        def sleep(self):
            slept.append(1)
            yield 1

    class Mute:
        def idle(self):
            yield from ()
            raise ReaderGone("mute")

    hand.device.station.rain, hand.device.station.tag = Rain(), Mute()
    assert list(hand.device.station.rest()) == [1] and slept


def test_buttons_and_light_go_on_while_it_signs():
    hand = Hand()
    device, board, found = hand.device, hand.board, []
    lit = []
    device.face.turn = lit.append

    def job():
        found.append((yield ("sign", b"stub")))

    device.app.state = "writing"
    device._begin(device.station.run(job()), 0)
    while not found:
        board.presses = [("down", "menu"), ("up", "menu")]
        device.turn()
        assert board.presses == []
    assert len(lit) > 15  # half a second: some 30 ms each at most
    assert ed25519.verify(device.kit.key.public, b"stub", found[0])


def test_it_does_not_sleep_before_new_firmware_could_prove_itself():
    hand = Hand(NOW, sleep_s=20)
    files.write(hand.folder + "/slots", (b"ab1 1",))
    hand.wait(28000)
    assert hand.board.deeds == []
    hand.wait(20000)
    assert hand.board.deeds[:1] == ["sleep"]
    assert files.read(hand.folder + "/slots") == b"b-0 1"
