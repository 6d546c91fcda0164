"""What the counted firmware begins with, in place of main.py: the device on a board by script.

It is linked with the firmware, which shortens the names that they share; its functions keep theirs, for
handheld_scan_run.py.
"""

# ruff: noqa: UP037 (it is MicroPython's)

import framebuf

from reader import clock, device, settings, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Exchange = Callable[[bytes], bytes]

_PAGES = 8  # of the display


class Board:
    """It is its own display, its own USB, to which nothing is plugged, and the UART. shown: whether the verdict is."""

    rain_port = None
    tag_reset = None

    def __init__(self, exchange: "Exchange", on_shown: "Callable[[], None]") -> None:
        self.time = 0
        self.shown = True
        self.device: "device.Device | None" = None
        self.presses: "list[tuple[str, str]]" = []
        self.tag_port = Port(exchange)
        self.usb = self.display = self
        self.canvas = framebuf.FrameBuffer(bytearray(1024), 128, 64, framebuf.MONO_VLSB)
        self._on_shown = on_shown
        self._page = _PAGES

    def buttons(self) -> "list[tuple[str, str]]":
        found, self.presses = self.presses, []
        return found

    def feed(self) -> None:
        pass

    def buzzer(self, hz: "int") -> None:
        pass

    def led(self, red: "int", green: "int", blue: "int") -> None:
        pass

    def battery_mv(self) -> "int | None":
        return None

    def read(self) -> "bytes":
        return b""

    def write(self, data: "bytes") -> "int":
        return len(data)

    def show(self) -> None:
        self._page = 0

    def turn(self) -> "bool":
        if self._page < _PAGES:
            self._page += 1
            is_last = self._page == _PAGES and not self.shown
            if is_last and self.device and self.device.app.state == "verdict":
                self._on_shown()
                self.shown = True
        return self._page < _PAGES


class Port:
    """exchange: what the chip answers to what is written."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._answer = b""

    def write(self, data: "bytes") -> None:
        self._answer = self._exchange(data)

    def read(self, n_max: "int") -> "bytes":
        data, self._answer = self._answer[:n_max], self._answer[n_max:]
        return data


def made(
    exchange: "Exchange", on_shown: "Callable[[], None]", folder: "str", root: "bytes", now: "int"
) -> "Board":
    """A handheld that trusts the list in `folder`/list, signed by the key `root`."""
    given = settings.Settings()
    given.root = root
    board = Board(exchange, on_shown)
    time = clock.Clock(lambda: board.time, lambda later, earlier: later - earlier)
    kept = state.State(folder)
    board.device = device.Device(board, given, time, kept, bytes, folder)  # type: ignore[arg-type]
    time.set(now)
    for _ in board.device.kit.trust.install(folder + "/list"):
        pass
    board.device.begin("")
    return board


def rest(board: "Board") -> None:
    """Half a second without anything."""
    for _ in range(50):
        board.device.turn()  # type: ignore[union-attr]
        board.time += 10


def scan(board: "Board") -> "bool":
    """From the trigger to the verdict on the screen; whether that is green."""
    board.presses = [("down", "trigger"), ("up", "trigger")]
    board.shown = False
    while not board.shown:
        board.time += board.device.turn()  # type: ignore[union-attr]
    return board.device.app.last.verdict.is_green()  # type: ignore[union-attr]


def acknowledge(board: "Board") -> None:
    outbox = board.device.kit.outbox  # type: ignore[union-attr]
    outbox.acknowledged(outbox.next - 1)
