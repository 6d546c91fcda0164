"""A handheld's tag for other programs. The .nfc file: flipperzero-firmware, NfcFileFormats.md, "NTAG/Ultralight"."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main
from gateway.exported import flipper, lines, parsed
from gateway.journal import Journal

UID = "04a1b2c3d4e5f6"


def text(**more: Any) -> str:
    """As firmware/reader/export.py has it."""
    tag = {
        "uid": UID,
        "chip": "NTAG215",
        "state": "slots",
        "link": None,
        "verdict": {"binding": "match"},
        "claims": {"seq": 0, "totals": {"41": 7}},
        "faults": ["a fault"],
        "pages": {"0": "04a1b288c3d4e5f6", "4": "0300fe00"},
    }
    return json.dumps(tag | more)


GOLDEN = """\
Filetype: Flipper NFC device
Version: 4
Device type: NTAG/Ultralight
UID: 04 A1 B2 C3 D4 E5 F6
ATQA: 00 44
SAK: 00
Data format version: 2
NTAG/Ultralight type: NTAG215
Signature: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
Mifare version: 00 04 04 02 01 00 11 03
Counter 0: 0
Tearing 0: 00
Counter 1: 0
Tearing 1: 00
Counter 2: 0
Tearing 2: 00
Pages total: 135
Pages read: 3
Page 0: 04 A1 B2 88
Page 1: C3 D4 E5 F6
Page 2: 00 00 00 00
Page 3: 00 00 00 00
Page 4: 03 00 FE 00
"""


def test_the_file_of_a_flipper() -> None:
    said = list(flipper(parsed(text())))
    golden = GOLDEN.splitlines()
    assert said[: len(golden)] == golden
    pages = [f"Page {page}: 00 00 00 00" for page in range(5, 135)]
    assert said[len(golden) :] == [*pages, "Failed authentication attempts: 0"]
    with pytest.raises(ValueError, match="chip is not known"):
        list(flipper(parsed(text(chip=None))))


def test_lines_to_read() -> None:
    said = list(lines(parsed(text(why="red\x1b[31m"))))
    for wanted in (
        f"uid: {UID}",
        "link: -",
        "why: red?[31m",
        "claims.seq: 0",
        'claims.totals: {"41": 7}',
        "verdict.binding: match",
        "fault: a fault",
        "page   0: 04 a1 b2 88  ....",
        "page   4: 03 00 fe 00  ....",
    ):
        assert wanted in said


@pytest.mark.parametrize(
    "said",
    [
        *("", "[" * 5000, "[]", "{}", '{"pages": []}', '{"pages": {"x": ""}}'),
        *('{"pages": {"0": 1}}', '{"pages": {"0": "0"}}', '{"pages": {"99999": "00000000"}}'),
        '{"pages": {"\\u00b2": ""}}',
    ],
)
def test_what_is_no_tag_is_refused(said: str) -> None:
    with pytest.raises(ValueError):
        parsed(said)


def test_a_command_prints_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def journaled() -> None:
        async with Journal(path) as journal:
            for outcome, said in (("export", text()), ("selftest", "ok"), ("export", "{}")):
                body = {"outcome": outcome, "text": said}
                await journal.append("handheld", "hand/hand-7", b"", "", body)

    asyncio.run(journaled())

    def asked(*more: str) -> Result:
        return CliRunner().invoke(main, ["journal", "tag", "--journal", str(path), *more])

    assert f"uid: {UID}\n" in asked("1").stdout
    assert json.loads(asked("1", "--as", "json").stdout) == json.loads(text())
    assert asked("1", "--as", "flipper").stdout.startswith("Filetype: Flipper NFC device\n")
    for more, says in (((), "row 3: it is no tag"), (("2",), "row 2 is no tag"), (("9",), "row 9")):
        done = asked(*more)
        assert done.exit_code == 3 and says in done.output
