"""What the handheld says to its user: screens, tones and lights, as values; who has eyes only or ears only is told all.

A colour of the verdict table is never told by colour alone: it has a mark, a word, a tone and a rhythm of the light.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.verify import Verdict

WIDTH = 16  # characters of a line
ROWS = 3  # lines of a page
PAGE_MS = 2500  # how long one page stands, where a screen has several

# Colour of the verdict: mark, word, tone. The light's name is the colour's.
WORDS = {
    "green": ("tick", "VALID", "ok"),
    "amber": ("question", "ASK", "ask"),
    "red": ("cross", "STOP", "no"),
}

# Notes, Hz:ms, in turn; 0 Hz is silence. Texts, because tuples would take four times their room from the heap.
TONES = {
    "ok": "880:70 1319:70 1760:140",  # rises
    "ask": "784:130 0:90 784:130",  # twice the same
    "no": "262:800",  # long and low
    "same": "2000:25",  # one tick
    "gone": "1047:60 659:90",  # falls
    "fault": "220:120 0:80 220:120 0:80 220:120",  # three short low ones
}

# Red, green, blue of 0..255, ms lit, ms dark; 0 ms dark: it stays lit.
LEDS = {
    "green": (0, 80, 0, 1, 0),
    "amber": (90, 40, 0, 450, 450),
    "red": (110, 0, 0, 110, 110),
    "fault": (80, 0, 80, 60, 900),
    "busy": (0, 0, 60, 60, 240),
    "send": (0, 40, 40, 250, 250),
    "idle": (0, 0, 20, 30, 2970),
    "off": (0, 0, 0, 1, 0),
}

_FAR_DBM = -85
_NEAR_DBM = -35


class Screen:
    """What is shown and heard at once.

    mark: "tick", "cross", "question", "alert", "busy", "tag", "arrow" or "" ; word: at most 8 characters, 5 look best;
    lines: texts, wrapped here; ROWS of them make a page, and the pages take turns.
    bar: 0..100 or None; tone: a name of TONES, notes like those, or None; led: a name of LEDS, None: as it is.
    """

    def __init__(
        self,
        mark: "str",
        word: "str",
        lines: "Sequence[str]" = (),
        bar: "int | None" = None,
        tone: "str | None" = None,
        led: "str | None" = None,
    ) -> None:
        self.mark = mark
        self.word = word
        self.lines: "list[str]" = []
        for line in lines:
            self.lines += wrap(line)
        self.pages = max(1, (len(self.lines) + ROWS - 1) // ROWS)
        self.bar = bar
        self.tone = tone
        self.led = led

    def page(self, age_ms: "int") -> "int":
        """Which page, from 0 on, shows when the screen has stood for so long."""
        return age_ms // PAGE_MS % self.pages


def of_verdict(
    verdict: "Verdict", product_text: "str" = "", lines: "Sequence[str]" = ()
) -> "Screen":
    """Green names the product alone, on a screen that stands still; the others first say why."""
    colour = verdict.colour()
    mark, word, tone = WORDS[colour]
    why = [] if colour == "green" and product_text else [verdict.why()]
    return Screen(mark, word, why + [product_text] + list(lines), None, tone, colour)


def of_trouble(why: "str", word: "str" = "FAILED", lines: "Sequence[str]" = ()) -> "Screen":
    """The device or its user is at fault; the product was not judged, so neither cross nor question."""
    return Screen("alert", word, [why] + list(lines), None, "fault", "fault")


def of_signal(rssi_dbm: "int | None", name: "str" = "") -> "Screen":
    """One look for a RAIN tag: nearer is higher, shorter, and a longer bar; None: it did not answer."""
    if rssi_dbm is None:
        return Screen("tag", "SEEK", (name, "no answer"), 0, None, "busy")
    near = nearness(rssi_dbm)
    notes = f"{400 + 24 * near}:30 0:{320 - 3 * near}"
    return Screen("tag", "SEEK", (name, f"{rssi_dbm} dBm"), near, notes, "green")


def nearness(rssi_dbm: "int") -> "int":
    """0..100 of a received strength."""
    near = (rssi_dbm - _FAR_DBM) * 100 // (_NEAR_DBM - _FAR_DBM)
    return max(0, min(100, near))


def wrap(text: "str", width: "int" = WIDTH) -> "list[str]":
    """Lines of at most `width` characters, broken at blanks, else behind a "/"; what is no ASCII becomes "?"."""
    lines = []
    line = ""
    for word in text.split():
        word = "".join([c if " " < c < "\x7f" else "?" for c in word])
        if line and len(line) + 1 + len(word) <= width:
            line += " " + word
            continue
        if line:
            lines.append(line)
        while len(word) > width:
            cut = word.rfind("/", 0, width) + 1 or width
            lines.append(word[:cut])
            word = word[cut:]
        line = word
    if line:
        lines.append(line)
    return lines


class Tunes:
    """Plays notes without waiting for them."""

    def __init__(self) -> None:
        self._notes: "list[str]" = []
        self._next = 0
        self._until = 0
        self._hz = 0

    def play(self, tone: "str | None", now_ms: "int") -> None:
        """From the next turn on, instead of what sounds; None: silence."""
        self._notes = TONES.get(tone, tone).split() if tone else []
        self._next = 0
        self._until = now_ms

    def turn(self, now_ms: "int") -> "int | None":
        """The pitch in Hz where it changes now (0: silence), else None."""
        hz = self._hz
        while now_ms >= self._until:
            if self._next >= len(self._notes):
                hz = 0
                break
            note = self._notes[self._next].split(":")
            hz = int(note[0])
            self._next += 1
            self._until += int(note[1])
        if hz == self._hz:
            return None
        self._hz = hz
        return hz

    def is_playing(self) -> "bool":
        return self._hz != 0 or self._next < len(self._notes)


class Blink:
    """The light's rhythm."""

    def __init__(self) -> None:
        self._row = LEDS["off"]
        self._since = 0
        self._colour = (0, 0, 0)

    def set(self, name: "str", now_ms: "int") -> None:
        """A rhythm that runs already goes on undisturbed."""
        if LEDS[name] is not self._row:
            self._row = LEDS[name]
            self._since = now_ms

    def turn(self, now_ms: "int") -> "tuple[int, int, int] | None":
        """The colour where it changes now, else None."""
        red, green, blue, on_ms, off_ms = self._row
        is_dark = (now_ms - self._since) % (on_ms + off_ms) >= on_ms
        colour = (0, 0, 0) if is_dark else (red, green, blue)
        if colour == self._colour:
            return None
        self._colour = colour
        return colour
