"""The way to a gateway that is in use: USB while nothing else is asked for, Wi-Fi after `dial` until it is done."""

from reader.errors import DeviceTrouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reader.board_any import Board
    from reader.download import Download
    from reader.link import Link
    from reader.settings import Settings
    from reader.station import Turns

_LINGER_MS = 3000  # at a gateway that has all, for what it has to offer
_PATIENCE_MS = 20000  # with one that does not go on


class Line:
    """trouble: why there is no gateway, "" for nothing."""

    def __init__(
        self, board: "Board", settings: "Settings", link: "Link", download: "Download"
    ) -> None:
        self.trouble = ""
        self._board = board
        self._settings = settings
        self._link = link
        self._download = download
        self._stream: "Any" = board.usb
        self._unsent = b""
        self._call: "Turns | None" = None
        self._due = 0  # when the call wants its next turn
        self._busy = 0  # since when nothing goes on
        self._state: "tuple[bool, int, int]" = (False, 0, 0)

    @property
    def can_dial(self) -> "bool":
        return bool(self._settings.wifi_ssid and self._settings.gateway)

    def dial(self, now_ms: "int") -> None:
        """Look for a gateway by Wi-Fi, unless one is there already."""
        self.trouble = ""
        is_free = self._call is None and self._stream is self._board.usb
        if is_free and not self._link.up and self.can_dial:
            self._call = self._board.wifi(self._settings)
            self._due = now_ms

    def turn(self, now_ms: "int") -> None:
        """Take what has come, send what is due."""
        if self._call is not None and now_ms >= self._due:
            self._go_on(now_ms)
        link = self._link
        try:
            data = self._stream.read()
            if data:
                link.receive(data, now_ms)
            if not self._unsent:
                self._unsent = link.turn(now_ms)
            if self._unsent:
                self._unsent = self._unsent[self._stream.write(self._unsent) :]
        except (OSError, MemoryError):
            self._hang_up("the gateway left")
            return
        if self._stream is self._board.usb:
            if not self.can_dial:
                self.trouble = link.trouble
        else:
            state = (link.up, link.waiting, self._download.offset)
            if state != self._state:
                self._state = state
                self._busy = now_ms
            is_done = link.up and not link.waiting and not self._download.what
            if link.trouble:
                self._hang_up(link.trouble)
            elif now_ms - self._busy > (_LINGER_MS if is_done else _PATIENCE_MS):
                self._hang_up("" if is_done else "no answer")

    def _go_on(self, now_ms: "int") -> None:
        try:
            self._due = now_ms + next(self._call)  # type: ignore[arg-type]
            return
        except StopIteration as end:
            self._use(end.value)
            self._busy = now_ms
        except DeviceTrouble as why:
            self.trouble = str(why)
        self._call = None

    def _hang_up(self, trouble: "str") -> None:
        """Back to USB."""
        if self._stream is not self._board.usb:
            self._stream.close()
            self.trouble = trouble
        self._use(self._board.usb)

    def _use(self, stream: "Any") -> None:
        self._stream = stream
        self._unsent = b""
        self._link.begin()
