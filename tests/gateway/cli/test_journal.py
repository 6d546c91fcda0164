"""`tagwright journal` as scripts use it: JSON shapes and exit statuses."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edge import ed25519, stub
from gateway.cli.main import main
from gateway.clock import Clock
from gateway.journal import Journal

UID = bytes.fromhex("04a1b2c3d4e5f6")
PRODUCT = "09520123456788/A1"
NONE = {"trimmed": 0, "dropped": 0}


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["journal", *[str(each) for each in arguments]])


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def signed(seq: int, prev: bytes | None = None) -> bytes:
    claims = {0: 1, 1: [0, 9520123456788, "A1"], 4: 1_790_000_000, 5: seq}
    if prev is not None:
        claims[6] = prev
    return stub.encode(claims, -19, bytes(8), lambda message: ed25519.sign(bytes(32), message))


def recorded(path: Path, *stubs: bytes) -> None:
    async def play() -> None:
        async with Journal(path, clock=Clock(lambda: 1_790_000_000_000_000_000)) as journal:
            for raw in stubs:
                await journal.append(
                    "result", "line1", UID, PRODUCT, {"stub": raw, "act": "updated"}
                )

    asyncio.run(play())


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    first = signed(0)
    recorded(tmp_path / "j.db", first, signed(1, stub.link16(first)))
    return tmp_path / "j.db"


def test_tail_shows_the_last_rows(journal: Path) -> None:
    (row,) = lines(call("tail", "--journal", journal, "-n", 1, "--json"))
    assert list(row) == ["seq", "at", "kind", "station", "uid", "product", "content", "hash"]
    assert (row["seq"], row["kind"], row["uid"]) == (2, "result", UID.hex())
    assert row["at"] == "2026-09-21T14:13:20.000Z"
    assert bytes.fromhex(row["content"]["stub"])[:1] == b"\xd2"
    assert "updated" in call("tail", "--journal", journal).stdout


def test_export_prints_every_row_behind_a_seq(journal: Path) -> None:
    assert [row["seq"] for row in lines(call("export", "--journal", journal))] == [1, 2]
    assert [row["seq"] for row in lines(call("export", "--journal", journal, "--after", 1))] == [2]


def test_verify_answers_yes_for_chains_that_hold(journal: Path) -> None:
    result = call("verify", "--journal", journal, "--json")
    assert result.exit_code == 0
    assert lines(result) == [{"rows": 2, "ok": True, "broken": None, "stubs": [], **NONE}]


def test_verify_answers_no_where_a_row_was_changed(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as file, file:
        file.execute("UPDATE events SET station = 'line2' WHERE seq = 2")
    result = call("verify", "--journal", journal, "--json")
    assert result.exit_code == 1
    assert lines(result) == [{"rows": 2, "ok": False, "broken": 2, "stubs": [], **NONE}]
    assert "row 2 is missing or was changed" in call("verify", "--journal", journal).stdout


def test_verify_answers_no_where_a_stub_does_not_follow(tmp_path: Path) -> None:
    recorded(tmp_path / "j.db", signed(0), signed(1, bytes(16)))
    result = call("verify", "--journal", tmp_path / "j.db", "--json")
    assert result.exit_code == 1
    assert lines(result) == [{"rows": 2, "ok": False, "broken": None, "stubs": [2], **NONE}]


def test_the_configuration_names_the_journal(journal: Path) -> None:
    (journal.parent / "t.toml").write_text('[gateway]\njournal = "j.db"\n')
    assert len(lines(call("export", "-c", journal.parent / "t.toml"))) == 2


def test_a_journal_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    result = call("tail", "--journal", tmp_path / "none.db")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "none.db" in result.stderr


def test_what_a_portal_saw_is_told_with_names_and_times(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            seen = {"act": "arrived", "zone": "door", "epc": b"\xe2\x80", "seen_at": 1.79e9}
            await journal.append("presence", "dock", b"", "", seen)
            pallet = {"reason": "3 tags", "missing": ["A9"], "unexpected": ["e280"]}
            await journal.append("pallet", "dock", b"", "", pallet)

    asyncio.run(play())
    first, second = call("tail", "--journal", tmp_path / "j.db").stdout.splitlines()
    assert "e280 " in first and first.endswith("arrived: door")
    assert second.endswith("3 tags; missing A9; unexpected e280")
    row, _ = lines(call("export", "--journal", tmp_path / "j.db"))
    assert (row["uid"], row["content"]["seen_at"]) == ("", "2026-09-21T14:13:20.000Z")
