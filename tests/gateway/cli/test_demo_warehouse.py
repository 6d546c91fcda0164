"""`tagwright demo --scene warehouse`, as a stranger plays it."""

import json
import signal
import subprocess
import sys
import urllib.request

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
    assert "; 1 missing (09520123456788/1), 2 unexpected (09520123456788/2, " in first["message"]
    assert last["colour"] == "green"
    assert summary["verified"] == 8
    assert summary["empty_windows"] == 1
    assert set(summary["moves"]) == {"arrived", "moved", "departed"}
    assert summary["acknowledged"] == summary["events"] > 0
    copies = [each for each in events if "a copy" in each["message"]]
    assert [(each["event"], each["colour"]) for each in copies] == [("pallet", "red")]


def test_the_pages_stay_up_where_that_is_asked_for() -> None:
    scene = subprocess.Popen(
        [*COMMAND, "demo", "--scene", "warehouse", "--products", "2", "--stay"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert scene.stderr is not None
    told = next(line for line in scene.stderr if "stay up at" in line)
    page = next(word for word in told.split() if word.startswith("http"))
    with urllib.request.urlopen(page, timeout=20) as answer:
        assert "09520123456788" in answer.read().decode()
    scene.send_signal(signal.SIGINT)
    _, last = scene.communicate(timeout=20)
    assert (scene.returncode, "durable" in last, "Traceback" in last) == (0, True, False)


def test_a_single_product_is_too_few() -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--scene", "warehouse", "--products", "1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "needs 2" in done.stderr


def test_the_options_of_the_other_scene_are_refused() -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--scene", "warehouse", "--paced"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "--scene line" in done.stderr
