"""A whole station on simulated tags: what is written, what is refused, and what is on record."""

import pytest
from production_line import UID, Line, order

pytestmark = pytest.mark.anyio


async def test_a_blank_tag_is_commissioned_and_the_result_is_durable(line: Line) -> None:
    result = await line.commission(order())
    assert (result.outcome, result.signal.colour, result.seq, result.slot) == (
        "commissioned",
        "green",
        0,
        0,
    )
    assert line.kinds() == ["intent", "result"]
    assert line.last()["verdict"]["integrity"] == "valid"
    assert result.journal_seq == 2
    assert not line.journal.open_intents()
    print(result, line.last())
