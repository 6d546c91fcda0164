"""A Screen in 128 x 64 pixels of one colour: the mark at the left, the word beside it, the lines below.

The marks differ in outline and in how much of them is lit, so that one is told from another across a table: a bare
tick, a cross cut out of a lit octagon, a question mark. A lit triangle is no verdict. The canvas is a FrameBuffer.
"""

from array import array

from reader.ui import ROWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reader.ui import Screen

WIDTH = 128
HEIGHT = 64

_LINES_Y = 40  # the mark stands above
_RIGHT = 48  # where the word begins beside a mark
_WORD_Y = 12
_BAR_Y = 31
_GLYPH = 8  # pixels of the font, both ways

# Polygons, the later upon the earlier: lit or dark, and x y of the corners. Texts take no heap, as tuples would.
_SHAPES = {
    "tick": ("1 0 21 7 14 15 23 33 0 41 7 15 39",),
    "cross": (
        "1 11 0 29 0 40 11 40 27 29 38 11 38 0 27 0 11",
        "0 8 12 13 7 32 26 27 31",
        "0 27 7 32 12 13 31 8 26",
    ),
    "alert": (
        "1 20 0 40 38 0 38",
        "0 17 13 23 13 22 26 18 26",
        "0 18 30 22 30 22 34 18 34",
    ),
    "busy": (
        "1 5 0 35 0 35 4 23 19 35 34 35 38 5 38 5 34 17 19 5 4",
        "0 11 5 29 5 25 10 15 10",
        "0 20 21 29 33 20 29 11 33",
    ),
    "arrow": ("1 20 0 39 19 27 19 27 38 13 38 13 19 1 19",),
}
_WAVES = "36 19 30 15 24 12 18 9 12 5"  # radii across and up, lit and dark by turns


def draw(
    screen: "Screen",
    canvas: "Any",
    age_ms: "int" = 0,
    battery: "int | None" = None,
    waiting: "int" = 0,
) -> None:
    """All of `canvas` anew. age_ms: how long the screen stands; battery: percent; waiting: records not yet sent."""
    canvas.fill(0)
    left = _RIGHT if screen.mark else 0
    _mark(canvas, screen.mark)
    _corner(canvas, battery, waiting)
    _word(canvas, screen.word, left)
    if screen.bar is not None:
        canvas.rect(left, _BAR_Y, WIDTH - left, 7, 1)
        canvas.rect(left, _BAR_Y, (WIDTH - left) * screen.bar // 100, 7, 1, True)
    page = screen.page(age_ms)
    if screen.pages > 1:
        for other in range(screen.pages):
            canvas.rect(left + 2 + 8 * other, _BAR_Y, 5, 5, 1, other == page)
    lines = screen.lines[page * ROWS : page * ROWS + ROWS]
    pitch = _GLYPH if len(lines) == ROWS else _GLYPH + 3
    y = HEIGHT - pitch * len(lines) if screen.pages == 1 else _LINES_Y
    for line in lines:
        canvas.text(line, 0, y, 1)
        y += pitch


def _mark(canvas: "Any", mark: "str") -> None:
    for shape in _SHAPES.get(mark, ()):
        numbers = _numbers(shape)
        canvas.poly(0, 0, array("h", numbers[1:]), numbers[0], True)
    if mark == "question":
        canvas.ellipse(20, 13, 15, 13, 1, True)
        canvas.ellipse(20, 13, 7, 5, 0, True)
        canvas.rect(5, 14, 15, 13, 0, True)
        canvas.rect(16, 19, 8, 10, 1, True)
        canvas.rect(16, 32, 8, 7, 1, True)
    if mark == "tag":
        radii = _numbers(_WAVES)
        for at in range(0, len(radii), 2):
            lit = 1 - at // 2 % 2
            canvas.ellipse(2, 19, radii[at], radii[at + 1], lit, True, 9)  # the right half


def _numbers(text: "str") -> "list[int]":
    return [int(number) for number in text.split()]


def _corner(canvas: "Any", battery: "int | None", waiting: "int") -> None:
    right = WIDTH
    if battery is not None:
        right -= 26
        canvas.rect(right + 6, 0, 18, 8, 1)
        canvas.rect(right + 24, 2, 2, 4, 1, True)
        canvas.rect(right + 8, 2, 14 * battery // 100, 4, 1, True)
    if waiting:
        text = str(min(waiting, 9999))
        right -= _GLYPH * len(text)
        canvas.text(text, right, 0, 1)
        canvas.poly(right - 9, 0, array("h", (3, 0, 6, 3, 0, 3)), 1, True)  # an arrow: to be sent
        canvas.vline(right - 6, 3, 4, 1)


def _word(canvas: "Any", word: "str", left: "int") -> None:
    """Twice as high, and as wide as there is room, up to twice; it is set small first, where the lines will be."""
    word = word[: (WIDTH - left) // _GLYPH]
    wide = min(2 * _GLYPH, (WIDTH - left) // max(1, len(word)))  # of a letter
    canvas.text(word, 0, _LINES_Y, 1)
    for x in range(_GLYPH * len(word)):
        start = left + x * wide // _GLYPH
        width = left + (x + 1) * wide // _GLYPH - start
        for y in range(_GLYPH):
            if canvas.pixel(x, _LINES_Y + y):
                canvas.rect(start, _WORD_Y + 2 * y, width, 2, 1, True)
    canvas.rect(0, _LINES_Y, WIDTH, _GLYPH, 0, True)
