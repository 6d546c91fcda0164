"""`tagwright demo` and `tagwright run` as processes: the whole station, its summary, and going on after a kill."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from gateway.journal import Journal

COMMAND = [sys.executable, "-m", "gateway.cli.main"]


def demo(folder: Path, *arguments: object) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*COMMAND, "demo", "--json", "--no-stay", "--state", str(folder), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_demo_accounts_for_every_row(tmp_path: Path) -> None:
    *events, summary = demo(tmp_path / "state")
    assert summary["rows"] == 12
    assert summary["written"] + summary["refused"] == 12
    assert summary["refused"] == 2
    assert summary["verified"] == summary["updated"] == summary["written"]
    assert summary["torn"] == summary["repaired"] == 1
    assert summary["acknowledged"] == summary["events"] > 40
    assert all(each["journal_seq"] for each in events if each["uid"] and each["outcome"] != "torn")
    with (tmp_path / "state" / "products.result.csv").open(newline="") as file:
        outcomes = [row["outcome"] for row in csv.DictReader(file)]
    assert sorted(outcomes) == sorted(["commissioned"] * 9 + ["repaired"] + ["refused"] * 2)


def test_a_demo_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    process = subprocess.Popen(
        [*COMMAND, "demo", "--json", "--no-stay", "--state", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline()) for _ in range(4)]
    process.kill()
    process.wait()
    process.stdout.close()
    *_, summary = demo(folder)
    assert summary["written"] + summary["refused"] == summary["rows"] == 12
    assert summary["verified"] == summary["written"] == 10
    records = Journal.open_readonly(folder / "journal.db")
    assert records.verify() is None
    assert records.open_intents() == []
    assert {each["journal_seq"] for each in told if each["journal_seq"]} <= {
        row.seq for row in records.after(0, 10_000)
    }
    records.close()


def test_a_demo_that_is_stopped_before_its_end_is_not_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "--json", "--no-stay", "--paced", "--state", str(tmp_path / "state")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"go on with: tagwright demo --state {tmp_path / 'state'}" in said


def test_a_file_that_is_no_job_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    done = subprocess.run(
        [*COMMAND, "demo", "--no-stay", "--input", str(tmp_path / "x.csv")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "this column is missing" in done.stderr


def test_the_daemon_serves_a_reader_until_it_is_asked_to_end(tmp_path: Path) -> None:
    sim = subprocess.Popen(
        [*COMMAND, "sim", "pn532", "--control"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sim.stdin is not None
    assert sim.stdout is not None
    path = json.loads(sim.stdout.readline())["path"]
    (tmp_path / "line.toml").write_text(
        f'[gateway]\nname = "line-1"\n[[reader]]\nname = "gate"\nurl = "pn532:{path}"\njob = "read"\n'
    )
    daemon = subprocess.Popen(
        [*COMMAND, "run", "-c", str(tmp_path / "line.toml"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TAGWRIGHT_PASSPHRASE": ""},
    )
    assert daemon.stdout is not None
    sim.stdin.write('{"do": "arrive", "tag": "ntag215", "uid": "04a1b2c3d4e5f6"}\n')
    sim.stdin.flush()
    event = json.loads(daemon.stdout.readline())
    assert (event["reader"], event["uid"], event["outcome"]) == ("gate", "04a1b2c3d4e5f6", "read")
    daemon.send_signal(signal.SIGTERM)
    _, said = daemon.communicate(timeout=30)
    assert daemon.returncode == 0, said
    assert "stopped" in said
    sim.communicate(timeout=30)
    records = Journal.open_readonly(tmp_path / "journal.db")
    assert records.head() == event["journal_seq"]
    records.close()


def test_the_doctor_has_a_remedy_for_what_is_not_well(tmp_path: Path) -> None:
    (tmp_path / "line.toml").write_text(
        '[gateway]\nname = "line-1"\n[keys]\ndevice = "none.key"\n'
        '[[reader]]\nname = "gate"\nurl = "pn532:/dev/ttyNONE"\n'
        '[hub]\nurl = "http://127.0.0.1:1"\n'
    )
    done = subprocess.run(
        [*COMMAND, "doctor", "-c", str(tmp_path / "line.toml"), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = {each["check"]: each for each in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    for check in ("key", "reader gate", "hub"):
        assert found[check]["state"] == "fault"
        assert found[check]["remedy"]
    assert found["disk"]["state"] == "ok"
    assert found["journal"]["state"] == "ok"
