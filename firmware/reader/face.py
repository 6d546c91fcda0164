"""The handheld's face: what is shown, heard and lit, brought to the board a little at each turn."""

from reader.screen import draw
from reader.ui import PAGE_MS, Blink, Screen, Tunes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reader.board_any import Board


class Face:
    """battery: percent or None, and waiting: records not sent, stand in the screen's corner."""

    def __init__(self, board: "Board") -> None:
        self.battery: "int | None" = None
        self.waiting = 0
        self._board = board
        self._screen = Screen("", "")
        self._since = 0
        self._drawn: "tuple[object, ...]" = ()
        self._tunes = Tunes()
        self._blink = Blink()

    def show(self, screen: "Screen", now_ms: "int") -> None:
        """From the next turn on; its tone and light begin now."""
        self._screen = screen
        self._since = now_ms
        if screen.tone is not None:
            self._tunes.play(screen.tone, now_ms)
        if screen.led is not None:
            self._blink.set(screen.led, now_ms)

    def turn(self, now_ms: "int") -> "bool":
        """Whether there is more to do at once."""
        hz = self._tunes.turn(now_ms)
        if hz is not None:
            self._board.buzzer(hz)
        colour = self._blink.turn(now_ms)
        if colour is not None:
            self._board.led(colour[0], colour[1], colour[2])
        age = now_ms - self._since
        wanted = (self._screen, age // PAGE_MS, self.battery, self.waiting)
        display = self._board.display
        if wanted != self._drawn:
            self._drawn = wanted
            draw(self._screen, display.canvas, age, self.battery, self.waiting)
            display.show()
        return display.turn()
