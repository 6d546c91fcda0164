"""`tagwright demo --scene warehouse`, as a stranger plays it."""

import json
import subprocess
import sys

COMMAND = [sys.executable, "-m", "gateway.cli.main"]


def test_the_warehouse_scene_ends_as_it_was_written() -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--scene", "warehouse", "--products", "8", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    *events, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert (summary["rows"], summary["written"], summary["refused"]) == (8, 8, 0)
    assert summary["chips"] == {"monzax8k": 2, "ucodedna": 2, "m781": 2, "m730": 2}
    assert (summary["torn"], summary["repaired"]) == (1, 1)
    first, last = summary["pallets"]
    assert first["colour"] == "red"
    assert first["message"].endswith("1 missing, 2 unexpected")
    assert last["colour"] == "green"
    assert summary["verified"] == 8
    assert summary["empty_windows"] == 1
    assert set(summary["moves"]) == {"arrived", "moved", "departed"}
    assert summary["acknowledged"] == summary["events"] > 0
    copies = [each for each in events if "a copy" in each["message"]]
    assert [(each["event"], each["colour"]) for each in copies] == [("pallet", "red")]


def test_the_options_of_the_other_scene_are_refused() -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--scene", "warehouse", "--paced"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "--scene line" in done.stderr
