"""What the user is told, and when, on a scripted clock."""

from edge.verify import Verdict, colours
from reader import ui

PRODUCT = "09506000134352 SN-000123"


def verdict(**answers):
    found = Verdict("valid", "tag")
    found.key = "trusted"
    found.binding = "match"
    for question in answers:
        setattr(found, question, answers[question])
    return found


def pitches(tunes, from_ms, to_ms):
    """[(ms, Hz)] of each change, looked at every ms."""
    found = []
    for now in range(from_ms, to_ms):
        hz = tunes.turn(now)
        if hz is not None:
            found.append((now - from_ms, hz))
    return found


def test_green_names_the_product_alone():
    screen = ui.of_verdict(verdict(), PRODUCT)
    assert (screen.mark, screen.word, screen.tone, screen.led) == ("tick", "VALID", "ok", "green")
    assert screen.lines == ["09506000134352", "SN-000123"]
    assert screen.pages == 1


def test_amber_and_red_say_why_before_the_product():
    screen = ui.of_verdict(verdict(chain="gap"), PRODUCT, ("slot 2",))
    assert (screen.mark, screen.word, screen.tone, screen.led) == (
        "question",
        "ASK",
        "ask",
        "amber",
    )
    assert screen.lines[:3] == ["stubs between", "this one and the", "one before were"]
    assert screen.lines[-3:] == ["09506000134352", "SN-000123", "slot 2"]
    screen = ui.of_verdict(verdict(binding="mismatch"), PRODUCT)
    assert (screen.mark, screen.word, screen.tone, screen.led) == ("cross", "STOP", "no", "red")
    assert " ".join(screen.lines).startswith("it was written for another tag: a copy")


def test_a_verdict_without_a_product_says_why():
    assert ui.of_verdict(verdict()).lines[0] == "signed by a"


def test_every_colour_differs_in_mark_word_tone_and_rhythm():
    names = sorted({row[0] for row in colours()})
    assert names == sorted(ui.WORDS)
    for column in range(3):
        assert len({ui.WORDS[name][column] for name in names}) == 3
    assert len({ui.LEDS[colour][3:] for colour in names}) == 3
    assert len({ui.TONES[ui.WORDS[colour][2]] for colour in names}) == 3


def test_tones_are_told_apart_by_their_shape():
    rising = [int(note.split(":")[0]) for note in ui.TONES["ok"].split()]
    assert rising == sorted(rising) and len(rising) == 3
    first, gap, second = ui.TONES["ask"].split()
    assert first == second and gap.startswith("0:")
    hz, ms = ui.TONES["no"].split(":")
    assert int(hz) < min(rising) and int(ms) >= 700
    assert int(ui.TONES["same"].split(":")[1]) <= 30


def test_trouble_is_no_verdict():
    screen = ui.of_trouble("the reader does not answer")
    assert (screen.mark, screen.word) == ("alert", "FAILED")
    for column in (screen.mark, screen.word, screen.tone, screen.led):
        assert all(column not in row for row in ui.WORDS.values())


def test_pages_take_turns():
    screen = ui.Screen("", "READ", ("one", "two", "three", "four"))
    assert screen.pages == 2
    assert [screen.page(ms) for ms in (0, 2499, 2500, 4999, 5000)] == [0, 0, 1, 1, 0]


def test_a_screen_without_lines_has_one_page():
    screen = ui.Screen("busy", "WAIT")
    assert (screen.lines, screen.pages, screen.page(99999)) == ([], 1, 0)


def test_lines_break_at_blanks():
    assert ui.wrap("it was changed after it was signed") == [
        "it was changed",
        "after it was",
        "signed",
    ]
    assert ui.wrap("sixteen letters! and") == ["sixteen letters!", "and"]
    assert ui.wrap("  ") == []


def test_a_word_that_is_too_long_is_cut():
    assert ui.wrap("x" * 33 + " y") == ["x" * 16, "x" * 16, "x y"]
    assert ui.wrap("09520123456788/A1 y") == ["09520123456788/", "A1 y"]
    assert ui.wrap("/" + "x" * 16) == ["/", "x" * 16]


def test_what_the_font_lacks_becomes_a_question_mark():
    assert ui.wrap("M\xfcnchen \x7f\u20ac") == ["M?nchen ??"]


def test_every_reason_fits_two_pages():
    for row in colours():
        assert len(ui.wrap(row[2])) <= 2 * ui.ROWS, row[2]


def test_a_tune_plays_note_by_note():
    tunes = ui.Tunes()
    tunes.play("ok", 1000)
    assert tunes.is_playing()
    assert pitches(tunes, 1000, 1500) == [(0, 880), (70, 1319), (140, 1760), (280, 0)]
    assert not tunes.is_playing()


def test_a_tune_looked_at_late_skips_what_is_over():
    tunes = ui.Tunes()
    tunes.play("ok", 0)
    assert tunes.turn(0) == 880
    assert tunes.turn(150) == 1760
    assert tunes.turn(9000) == 0
    assert tunes.turn(9001) is None


def test_a_gap_is_silent():
    tunes = ui.Tunes()
    tunes.play("ask", 0)
    assert pitches(tunes, 0, 500) == [(0, 784), (130, 0), (220, 784), (350, 0)]


def test_another_tune_ends_the_one_that_sounds():
    tunes = ui.Tunes()
    tunes.play("no", 0)
    assert tunes.turn(0) == 262
    tunes.play("same", 100)
    assert tunes.turn(100) == 2000
    tunes.play(None, 110)
    assert tunes.turn(110) == 0
    assert not tunes.is_playing()


def test_the_light_has_its_rhythm():
    blink = ui.Blink()
    blink.set("amber", 1000)
    assert blink.turn(1000) == (90, 40, 0)
    assert blink.turn(1449) is None
    assert blink.turn(1450) == (0, 0, 0)
    blink.set("amber", 1500)  # not from the beginning
    assert blink.turn(1899) is None
    assert blink.turn(1900) == (90, 40, 0)
    blink.set("green", 2000)
    assert blink.turn(2000) == (0, 80, 0)
    assert blink.turn(999999) is None
    blink.set("off", 999999)
    assert blink.turn(999999) == (0, 0, 0)


def tone(screen):
    """(Hz, ms of silence behind it)"""
    note, gap = screen.tone.split()
    assert gap.startswith("0:")
    return int(note.split(":")[0]), int(gap[2:])


def test_a_tag_that_is_nearer_is_higher_and_faster():
    far, near = ui.of_signal(-80, "E280"), ui.of_signal(-40, "E280")
    assert 0 < far.bar < near.bar < 100
    (far_hz, far_gap), (near_hz, near_gap) = tone(far), tone(near)
    assert far_hz < near_hz and far_gap > near_gap
    assert near.lines == ["E280", "-40 dBm"]


def test_nearness_has_ends():
    assert [ui.nearness(dbm) for dbm in (-200, -85, -60, -35, 10)] == [0, 0, 50, 100, 100]


def test_a_tag_that_does_not_answer_is_silent():
    screen = ui.of_signal(None, "E280")
    assert (screen.bar, screen.tone, screen.lines) == (0, None, ["E280", "no answer"])
