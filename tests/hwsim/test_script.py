"""Scenarios: read in both spellings, in order, each event a while after the one before."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from hwsim.clock import Clock
from hwsim.script import Event, Script, WrongEvent, events, load

ARRIVE = {"do": "arrive", "tag": "ntag215"}


def test_json_lines_and_toml_say_the_same() -> None:
    wanted = [
        Event(ARRIVE),
        Event({"do": "leave"}, after_us=1500.0),
        Event({"do": "stats"}, after_commands=3),
    ]
    assert (
        events(
            '{"do": "arrive", "tag": "ntag215"}\n\n'
            '{"after_ms": 1.5, "do": "leave"}\n{"after_commands": 3, "do": "stats"}\n'
        )
        == wanted
    )
    assert (
        events(
            '[[event]]\ndo = "arrive"\ntag = "ntag215"\n[[event]]\nafter_ms = 1.5\ndo = "leave"\n'
            '[[event]]\nafter_commands = 3\ndo = "stats"\n'
        )
        == wanted
    )
    assert events("") == []


@pytest.mark.parametrize(
    "text",
    [
        '{"after_ms": 1}',
        '{"do": "leave", "after_ms": 1, "after_s": 1}',
        '{"do": "leave", "after_ms": -1}',
        '{"do": "leave", "after_s": "soon"}',
        '{"do": ',
        "event = 3",
        "[[event]",
    ],
)
def test_what_is_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        events(text)


def test_events_are_due_in_order_each_after_the_one_before() -> None:
    clock = Clock()
    one, two, three, four = ({"do": str(number)} for number in range(4))
    script = Script(
        [
            Event(one),
            Event(two, after_us=100),
            Event(three, after_s=2),
            Event(four, after_commands=2),
        ],
        clock,
        now_s=10,
    )

    def due(now_s: float) -> Mapping[str, object] | None:
        event = script.due(clock, now_s)
        return event.command if event is not None else None

    assert due(10) == one and due(10) is None
    assert script.next_us(clock) == 100
    clock.idle(99)
    assert due(10) is None
    clock.idle(1)
    assert due(10) == two and script.next_us(clock) is None
    assert script.next_s() == 12
    assert due(11.9) is None and due(12) == three and script.next_s() is None
    clock.commands += 1
    assert due(99) is None
    clock.reset()
    clock.commands += 1
    assert due(99) == four and due(99) is None


def test_a_fault_names_its_file_and_event(tmp_path: Path) -> None:
    path = tmp_path / "line.jsonl"
    path.write_text('{"do": "leave"}\n\n{"do": \n')
    with pytest.raises(ValueError, match=r"line\.jsonl: event 2 is no JSON"):
        load(path)
    path.write_text('{"do": "leave"}\n{"do": "stats"}\n')

    def refuse(command: Mapping[str, object]) -> None:
        raise ValueError(f"no {command['do']}")

    with pytest.raises(WrongEvent, match=r"line\.jsonl: event 2: no stats"):
        load(path)[1].run(refuse)
