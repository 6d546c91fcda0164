"""What the display shows, drawn by MicroPython's own framebuf."""

import framebuf

from reader import ui
from reader.screen import HEIGHT, WIDTH, draw

NOT_ON = ("cpython",)

MARKS = ("tick", "cross", "question", "alert", "busy", "tag", "arrow")
MARK = (0, 0, 46, 40)  # where it stands


def drawn(screen, **more):
    buffer = bytearray(WIDTH * HEIGHT // 8)
    canvas = framebuf.FrameBuffer(buffer, WIDTH, HEIGHT, framebuf.MONO_VLSB)
    canvas.fill(1)  # what stood there before
    draw(screen, canvas, **more)
    return canvas


def lit(canvas, area):
    """The rows of an area, each an integer: its leftmost pixel is the highest bit."""
    left, top, right, bottom = area
    rows = []
    for y in range(top, bottom):
        row = 0
        for x in range(left, right):
            row = row << 1 | canvas.pixel(x, y)
        rows.append(row)
    return rows


def count(rows):
    return sum([bin(row).count("1") for row in rows])


def box(rows):
    """(width, height) of what is lit."""
    all_rows = 0
    for row in rows:
        all_rows |= row
    columns = bin(all_rows)[2:]
    lit_rows = [y for y in range(len(rows)) if rows[y]]
    return len(columns.rstrip("0")), lit_rows[-1] - lit_rows[0] + 1


def text(line):
    """The rows of a line as the font has them."""
    canvas = framebuf.FrameBuffer(bytearray(WIDTH), WIDTH, 8, framebuf.MONO_VLSB)
    canvas.text(line, 0, 0, 1)
    return lit(canvas, (0, 0, 8 * len(line), 8))


def widened(row, width, wide):
    """Each of `width` bits as often as its part of letters that are `wide` instead of 8."""
    found = 0
    for x in range(width):
        for _ in range(x * wide // 8, (x + 1) * wide // 8):
            found = found << 1 | row >> width - 1 - x & 1
    return found


def shown(canvas, x, y, line):
    """Whether `line` stands with its upper left corner there."""
    return lit(canvas, (x, y, x + 8 * len(line), y + 8)) == text(line)


def test_the_marks_of_the_verdicts_fill_their_place():
    for mark in ("tick", "cross", "question"):
        width, height = box(lit(drawn(ui.Screen(mark, "")), MARK))
        assert max(width, height) >= 39, mark
        assert min(width, height) >= 30, mark


def test_the_tick_is_40_pixels_high():
    width, height = box(lit(drawn(ui.Screen("tick", "")), MARK))
    assert width >= 40 and height >= 40


def test_no_two_marks_are_alike():
    pictures = [lit(drawn(ui.Screen(mark, "")), MARK) for mark in MARKS]
    for i in range(len(pictures)):
        for j in range(i):
            differing = count([pictures[i][y] ^ pictures[j][y] for y in range(40)])
            assert differing > 350, (MARKS[i], MARKS[j], differing)


def test_the_cross_is_the_brightest_and_dark_in_its_midst():
    counts = [(count(lit(drawn(ui.Screen(mark, "")), MARK)), mark) for mark in MARKS]
    assert max(counts)[1] == "cross"
    assert not drawn(ui.Screen("cross", "")).pixel(20, 19)


def test_a_short_word_is_doubled():
    canvas = drawn(ui.Screen("tick", "VALID"))
    rows = lit(canvas, (48, 12, WIDTH, 28))
    assert rows == [widened(row, 40, 16) for row in text("VALID") for _ in (0, 1)]


def test_a_longer_word_beside_a_mark_is_narrower():
    canvas = drawn(ui.Screen("tick", "REPAIRED"))
    rows = lit(canvas, (48, 12, WIDTH, 28))
    assert rows == [widened(row, 64, 10) for row in text("REPAIRED") for _ in (0, 1)]
    assert len([row for row in rows if row & 7]) > 4  # to the very end


def test_a_word_without_a_mark_takes_the_width():
    canvas = drawn(ui.Screen("", "RECEIVED"))
    rows = lit(canvas, (0, 12, WIDTH, 28))
    assert rows == [widened(row, 64, 16) for row in text("RECEIVED") for _ in (0, 1)]


def test_three_lines_fill_the_lower_part():
    lines = ("first line here!", "second", "third")
    canvas = drawn(ui.Screen("busy", "WAIT", lines))
    for number in range(3):
        assert shown(canvas, 0, 40 + 8 * number, lines[number])


def test_fewer_lines_stand_apart():
    canvas = drawn(ui.Screen("busy", "WAIT", ("one", "two")))
    assert shown(canvas, 0, 42, "one") and shown(canvas, 0, 53, "two")


def test_a_second_page_comes_in_its_time():
    screen = ui.Screen("cross", "STOP", ("a", "b", "c", "d"))
    first, second = drawn(screen), drawn(screen, age_ms=ui.PAGE_MS)
    assert shown(first, 0, 40, "a") and shown(second, 0, 40, "d")
    assert lit(first, (0, 0, WIDTH, 30)) == lit(second, (0, 0, WIDTH, 30))
    assert first.pixel(52, 33) and not second.pixel(52, 33)  # which page it is
    assert not first.pixel(60, 33) and second.pixel(60, 33)


def test_the_bar_is_as_long_as_it_says():
    for percent, length in ((0, 0), (50, 40), (100, 80)):
        canvas = drawn(ui.Screen("tag", "SEEK", bar=percent))
        row = [x for x in range(48, WIDTH) if canvas.pixel(x, 34)]
        assert len(row) == {0: 2, 40: 41, 80: 80}[length], (percent, row)


def test_the_corner_tells_battery_and_what_waits():
    plain = drawn(ui.Screen("", ""))
    assert not count(lit(plain, (0, 0, WIDTH, HEIGHT)))
    full = drawn(ui.Screen("", ""), battery=100)
    half = drawn(ui.Screen("", ""), battery=50)
    low = drawn(ui.Screen("", ""), battery=0)
    counts = [count(lit(canvas, (0, 0, WIDTH, 8))) for canvas in (full, half, low)]
    assert counts[0] > counts[1] > counts[2] > 30
    assert shown(drawn(ui.Screen("", ""), waiting=42), WIDTH - 16, 0, "42")
    assert shown(drawn(ui.Screen("", ""), battery=9, waiting=123456), 70, 0, "9999")


def test_text_never_leaves_its_place():
    many = ["W" * 40, "x" * 5, "y"]
    canvas = drawn(ui.Screen("tick", "WWWWWWWWWWWWWWWW", many, 50), battery=50, waiting=9999)
    assert lit(canvas, MARK) == lit(drawn(ui.Screen("tick", "")), MARK)
