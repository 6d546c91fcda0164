"""On a terminal: tables, bars and colours; in a pipe none of them. Each command runs on a real pty."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import main
from gateway.cli.table import Column, cut, fit, padded, wide
from gateway.journal import Journal
from gateway.keys import DeviceKey
from tests.gateway.cli.test_tag import CLAIMS, UID, URL, Bench
from tests.terminal import COMMAND, Terminal

pytestmark = pytest.mark.anyio
COLOUR = "\x1b[3"


def call(*arguments: object) -> None:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output


async def grown(folder: Path, *reasons: str) -> Path:
    async with Journal(folder / "journal.db") as journal:
        for each in reasons:
            body = {"outcome": "refused", "reason": each}
            await journal.append("refused", "gate", bytes.fromhex(UID), "09520123456788/A1", body)
    return folder / "journal.db"


async def test_the_tail_of_a_journal_is_a_table_that_follows(tmp_path: Path) -> None:
    async with Journal(tmp_path / "journal.db") as journal:
        first = {"outcome": "refused", "reason": "no\x1b[2Jroom"}
        await journal.append("refused", "gate", bytes.fromhex(UID), "09520123456788/A1", first)
        tail = (*COMMAND, "journal", "tail", "-f", "--journal", tmp_path / "journal.db")
        with Terminal(*tail, columns=90) as at:
            at.until("1 rows, 1 not yet at the hub; following")
            await journal.append(
                "verdict", "gate", b"", "", {"outcome": "verified", "colour": "green"}
            )
            at.until("2 rows")
            at.type("\x03")
            assert at.end() == 0
    head, day, refused, verified, last, _ = at.screen
    assert head.split() == ["row", "UTC", "kind", "station", "tag", "product", "what"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    assert "no\N{REPLACEMENT CHARACTER}[2Jroom" in refused
    assert verified.endswith("verified") and last == "stopped"
    assert COLOUR in at.shown and all(wide(line) <= 90 for line in at.screen)
    assert "Traceback" not in at.shown and "Aborted" not in at.shown


async def test_no_color_takes_the_colours_and_leaves_the_table(tmp_path: Path) -> None:
    path = await grown(tmp_path, "one")
    with Terminal(*COMMAND, "journal", "tail", "--journal", path, NO_COLOR="1") as at:
        assert at.end() == 0
    assert "station" in at.screen[0] and "\x1b" not in at.shown


async def test_a_dumb_terminal_gets_lines(tmp_path: Path) -> None:
    path = await grown(tmp_path, "one")
    with Terminal(*COMMAND, "journal", "tail", "--journal", path, TERM="dumb") as at:
        assert at.end() == 0
    assert "\x1b" not in at.shown and "2" in at.screen[0][:24]


async def test_a_follower_in_a_pipe_gets_lines_as_they_come(tmp_path: Path) -> None:
    async with Journal(tmp_path / "journal.db") as journal:
        await journal.append("clock", "", b"", "", {"reason": "first"})
        tail = [
            *COMMAND,
            "journal",
            "tail",
            "-f",
            "--json",
            "--journal",
            str(tmp_path / "journal.db"),
        ]
        with subprocess.Popen(tail, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as following:
            assert following.stdout is not None and following.stderr is not None
            assert json.loads(following.stdout.readline())["seq"] == 1
            await journal.append("clock", "", b"", "", {"reason": "second"})
            assert json.loads(following.stdout.readline())["seq"] == 2
            following.terminate()
            assert following.wait(30) == 0
            assert following.stdout.read() == b"" and following.stderr.read() == b""


def test_tags_are_watched_in_a_table_and_in_a_pipe_by_lines(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    try:
        (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
        call("key", "new", "--out", tmp_path / "a.key", "--no-passphrase")
        call("key", "trust", "--add", tmp_path / "a.key", "--out", tmp_path / "trust.cbor")
        claims = ("--claims", tmp_path / "claims.json", "--key", tmp_path / "a.key", "--url", URL)
        call("tag", "write", *bench.at, *claims, "--journal", tmp_path / "j.db")
        watch = (*COMMAND, "tag", "watch", *bench.at, "--trust", "trust.cbor")
        with Terminal(*watch, cwd=tmp_path) as at:
            at.until("1 green")
            at.type("\x03")
            assert at.end() == 0
        assert at.screen[0].split()[:4] == ["UTC", "tag", "verdict", "product"]
        assert at.screen[1].split()[1:4] == [UID, "GREEN", "09520123456788/A1"]
        assert at.screen[-2] == "stopped" and "\x1b[32mGREEN" in at.shown
        with subprocess.Popen(
            [*watch], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, text=True
        ) as piped:
            assert piped.stdout is not None and piped.stderr is not None
            line = piped.stdout.readline()
            piped.terminate()
            assert piped.wait(30) == 0
            assert piped.stderr.read() == "stopped\n"
        assert f"{UID}  GREEN  09520123456788/A1" in line and "integrity=valid" in line
        assert "\x1b" not in line
    finally:
        bench.end()


def test_long_work_has_a_bar_on_a_terminal_alone(tmp_path: Path) -> None:
    orders = "gtin,serial,digest\n" + "".join(f"09520123456788,{n},{'11' * 32}\n" for n in range(4))
    (tmp_path / "rows.csv").write_text(f"{orders}1,bad,{'11' * 32}\n")
    make = (*COMMAND, "code", "make", "--orders", "rows.csv", "--out-dir", "labels")
    with Terminal(*make, cwd=tmp_path) as at:
        assert at.end() == 1
    assert "labels  [" in at.shown and "100%" in at.shown
    assert any(line.startswith("row 5: refused: ") for line in at.screen)
    assert at.screen[-2].startswith("rows 5, made 4, kept 0, refused 1")
    piped = subprocess.run(make, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert piped.stderr == "" and "\x1b" not in piped.stdout


def test_a_passphrase_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    DeviceKey.generate().save(tmp_path / "open.key", None)
    DeviceKey.generate().save(tmp_path / "closed.key", "open, sesame")
    encode = (*COMMAND, "stub", "encode", "--claims", "claims.json", "--key")
    with Terminal(*encode, "open.key", cwd=tmp_path) as at:
        assert at.end() == 0
    assert "Passphrase" not in at.shown
    with Terminal(*encode, "closed.key", cwd=tmp_path) as at:
        at.until("Passphrase of closed.key: ")
        at.type("open, sesame\n")
        assert at.end() == 0
    assert "sesame" not in at.shown


def test_the_doctor_draws_remedies_below_on_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[reader]]\nname = "gate"\nurl = "pn532:/dev/ttyNONE"\n')
    doctor = (*COMMAND, "doctor", "-c", "a.toml")
    with Terminal(*doctor, cwd=tmp_path, columns=80) as at:
        assert at.end() == 1
    place = next(n for n, line in enumerate(at.screen) if "reader gate" in line)
    assert at.screen[place + 1].strip().startswith("-> plug it in")
    assert "1 faults" in at.screen[-2] and COLOUR in at.shown
    assert all(len(line) <= 80 or "/" in line for line in at.screen), "paths alone are not parted"


def test_columns_go_by_rank_and_take_what_is_left() -> None:
    columns = (Column("a", 4, 6), Column("b", 10, 12, rank=2), Column("c", 8, 100, rank=1))
    assert fit(columns, 40) == [6, 12, 18]
    assert fit(columns, 26) == [4, 10, 8]
    assert fit(columns, 20) == [6, 0, 12]
    assert fit(columns, 5) == [5, 0, 0]


def test_text_is_cut_by_columns_not_by_characters() -> None:
    assert cut("产品护照", 5) == "产品…" and wide("产品…") == 5
    assert padded("产", 4) == "产  " and padded("7", 3, right=True) == "  7"
    assert wide("e\u0301") == 1
