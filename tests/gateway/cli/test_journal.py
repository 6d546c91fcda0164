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


def test_who_did_what_at_the_page_and_who_might_not_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            login = {"act": "login", "name": "ada\x1b[2J", "allowed": False}
            await journal.append("audit", "page", b"", "", login)
            stop = {"act": "stop", "about": "gate", "name": "ada", "allowed": True}
            await journal.append("audit", "page", b"", "", stop)

    asyncio.run(play())
    login, stop = call("tail", "--journal", tmp_path / "j.db").stdout.splitlines()
    assert login.endswith(": login, refused") and "\x1b" not in login
    assert stop.endswith("ada: stop gate")


def test_what_a_product_lacks_and_why_a_label_failed_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            bind = {"outcome": "incomplete", "missing": {"qr": "no code was read"}}
            await journal.append("bind", "bench", b"\x04", "09520123456788/A1", bind)
            label = {"outcome": "failed", "faults": ["no code on it holds a stub"]}
            await journal.append("label", "printer", b"", "09520123456788/A1", label)

    asyncio.run(play())
    bound, printed = call("tail", "--journal", tmp_path / "j.db").stdout.splitlines()
    assert bound.endswith("incomplete; missing qr")
    assert printed.endswith("failed; faults no code on it holds a stub")


@pytest.fixture
def trimmed(tmp_path: Path) -> Path:
    """Rows 1 to 4 of 6 given back; 5 set aside."""

    async def play() -> None:
        clock = Clock(lambda: 1_790_000_000_000_000_000)
        async with Journal(tmp_path / "j.db", clock=clock) as journal:
            for n in range(6):
                await journal.append("verdict", "line1", UID, PRODUCT, {"n": n})
            await journal.confirm(4)
            assert await journal.trim(-1) == 4
            await journal.set_aside(5, "too long")

    asyncio.run(play())
    return tmp_path / "j.db"


def test_a_gap_is_shown_where_its_rows_were(trimmed: Path) -> None:
    gap, *rows = lines(call("export", "--journal", trimmed))
    assert gap == {"first": 1, "last": 4, "reason": "trimmed", "hash": gap["hash"]}
    assert len(gap["hash"]) == 64
    assert [row["seq"] for row in rows] == [5, 6]
    assert lines(call("export", "--journal", trimmed, "--after", 2))[0]["first"] == 3
    assert [row["seq"] for row in lines(call("tail", "--journal", trimmed, "--json"))] == [5, 6]
    assert lines(call("verify", "--journal", trimmed, "--json")) == [
        {"rows": 2, "ok": True, "broken": None, "stubs": [], "trimmed": 4, "dropped": 0}
    ]
    assert "all 2 rows follow" in call("verify", "--journal", trimmed).stdout
    assert "4 rows trimmed before" in call("verify", "--journal", trimmed).stdout


def test_status_says_how_much_there_is_and_how_full(trimmed: Path) -> None:
    (found,) = lines(call("status", "--journal", trimmed, "--json"))
    assert len(found.pop("journal")) == 32
    assert found.pop("bytes") > 50_000
    assert list(found.pop("pressure")) == ["passports", "captures", "telemetry"]
    assert found == {
        "origin": None,
        "head": 6,
        "rows": 2,
        "trimmed": 4,
        "dropped": 0,
        "cursors": {"acknowledged": 4},
        "sinks": ["acknowledged"],
        "open_intents": 0,
        "quarantine": 1,
        "replays": 0,
        "level": 0,
    }
    said = call("status", "--journal", trimmed).stdout
    assert "2 of 6; trimmed 4, dropped 0" in said
    assert "1 rows in quarantine" in said


def test_trim_gives_back_what_is_confirmed_and_old(trimmed: Path) -> None:
    async def confirm() -> None:
        async with Journal(trimmed) as journal:
            await journal.replayed(5)
            await journal.confirm(6)

    asyncio.run(confirm())
    (kept,) = lines(call("trim", "--journal", trimmed, "--keep-days", 36_500, "--json"))
    assert (kept["rows"], kept["confirmed"]) == (0, 6)
    (found,) = lines(call("trim", "--journal", trimmed, "--keep-days", 0, "--json"))
    assert (found["rows"], found["confirmed"]) == (1, 6)
    assert "given back" in call("vacuum", "--journal", trimmed).stdout
    assert lines(call("vacuum", "--journal", trimmed, "--json")) == [{"bytes": 0}]


def test_the_configuration_says_how_long_rows_stay(trimmed: Path) -> None:
    (trimmed.parent / "t.toml").write_text('[gateway]\njournal = "j.db"\njournal_keep_days = 0\n')

    async def confirm() -> None:
        async with Journal(trimmed) as journal:
            await journal.replayed(5)
            await journal.confirm(6)

    asyncio.run(confirm())
    assert lines(call("trim", "-c", trimmed.parent / "t.toml", "--json"))[0]["rows"] == 1


def test_a_journal_in_use_is_left_to_its_gateway(trimmed: Path) -> None:
    journal = Journal(trimmed)
    for command in ("trim", "vacuum"):
        result = call(command, "--journal", trimmed)
        assert result.exit_code == 3
        assert len(result.stderr.splitlines()) == 1
        assert "trims and vacuums by itself" in result.stderr
    assert call("trim", "--journal", trimmed.parent / "none.db").exit_code == 3
    assert not (trimmed.parent / "none.db").exists()
    journal.close()


def test_what_is_in_quarantine_is_shown_and_replayed_also_while_a_gateway_runs(
    trimmed: Path,
) -> None:
    journal = Journal(trimmed)
    (found,) = lines(call("quarantine", "--journal", trimmed, "--json"))
    assert found == {
        "sink": "acknowledged",
        "seq": 5,
        "reason": "too long",
        "replay": False,
        "at": "2026-09-21T14:13:20.000Z",
    }
    (found,) = lines(call("quarantine", "--journal", trimmed, "--replay", 5, "--json"))
    assert found["replay"] is True
    assert journal.replays() == [5]
    assert "to be offered again; too long" in call("quarantine", "--journal", trimmed).stdout
    assert lines(call("quarantine", "--journal", trimmed, "--replay-all", "--json"))[0]["replay"]
    nothing = call("quarantine", "--journal", trimmed, "--replay", 6)
    assert nothing.exit_code == 1
    assert "row 6 is not in quarantine" in nothing.stderr
    assert (
        call("quarantine", "--journal", trimmed, "--sink", "epcis", "--replay-all").exit_code == 0
    )
    journal.close()
