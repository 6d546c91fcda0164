"""`tagwright sim` and `tagwright tag` as processes of their own, as a stranger's script uses them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

URL = "https://id.example.com/01/09520123456788/21/A1"
UID = "04a1b2c3d4e5f6"
CLAIMS = {
    "product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "A1"},
    "digest": "11" * 32,
    "totals": {"41": 1000, "42": 50},
}
COMMAND = [sys.executable, "-m", "gateway.cli.main"]


class Bench:
    """A folder, a simulated reader with one tag, and the command."""

    def __init__(self, folder: Path, tag: str = f"ntag215:{UID}") -> None:
        self.folder = folder
        self._environment = os.environ | {"XDG_STATE_HOME": str(folder / "state")}
        self.reader = subprocess.Popen(
            [*COMMAND, "sim", "pn532", "--tag", tag, "--dump", str(folder / "tag.bin")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.reader.stdout is not None
        self.ready = json.loads(self.reader.stdout.readline())
        self.at = ("--reader", f"pn532:{self.ready['path']}")

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
            env=self._environment,
        )

    def answer(self, *arguments: object, status: int = 0) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == status, done.stderr
        (line,) = done.stdout.splitlines()
        return json.loads(line)

    def end(self) -> dict[str, Any]:
        self.reader.send_signal(signal.SIGTERM)
        rest, _ = self.reader.communicate(timeout=20)
        found: dict[str, Any] = json.loads(rest.splitlines()[-1])
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    found.answer("key", "new", "--out", "a.key", "--no-passphrase")
    found.answer("key", "trust", "--add", "a.key", "--out", "trust.cbor")
    yield found
    if found.reader.poll() is None:
        found.end()


def write(bench: Bench, *more: object, status: int = 0) -> Any:
    return bench.answer(
        "tag",
        "write",
        *bench.at,
        "--url",
        URL,
        "--claims",
        "claims.json",
        "--key",
        "a.key",
        *more,
        status=status,
    )


def test_the_simulator_says_where_it_is_and_ends_with_its_counts(bench: Bench) -> None:
    assert bench.ready["ready"] == "pn532"
    assert bench.ready["tags"] == [UID]
    assert bench.end()["stats"]["pages_written"] == 0
    assert bench.reader.returncode == 0
    assert len((bench.folder / "tag.bin").read_bytes()) == 540


def test_a_blank_tag_is_told_with_the_same_keys(bench: Bench) -> None:
    found = bench.answer("tag", "verify", *bench.at, "--trust", "trust.cbor", status=1)
    names = {"uid", "url", "stub", "claims", "slot", "verdict", "elapsed_ms"}
    assert {name: found[name] for name in names - {"uid", "elapsed_ms"}} == dict.fromkeys(
        names - {"uid", "elapsed_ms"}
    )
    assert found["uid"] == UID


def test_a_tag_that_was_written_verifies_with_no_network(bench: Bench) -> None:
    made = write(bench)
    assert made["uid"] == UID
    assert (made["slot"], made["seq"], made["outcome"]) == (0, 0, "commissioned")
    assert made["pages_written"] > 40
    assert made["verdict"]["integrity"] == "valid"
    found = bench.answer("tag", "verify", *bench.at, "--trust", "trust.cbor")
    assert found["uid"] == UID
    assert found["url"] == URL
    assert found["stub"] == made["stub"]
    assert found["claims"]["seq"] == 0
    assert found["claims"]["carrier"] == {"kind": "nfc", "id": UID}
    assert found["verdict"] | {"evidence": None} == {
        "integrity": "valid",
        "key": "trusted",
        "binding": "match",
        "chain": "first",
        "link": "match",
        "evidence": None,
    }
    assert found["elapsed_ms"] > 0


def test_an_update_is_the_next_stub_in_the_other_slot(bench: Bench) -> None:
    write(bench)
    (bench.folder / "change.json").write_text('{"step": "inspected"}')
    changed = bench.answer(
        "tag",
        "write",
        *bench.at,
        "--update",
        "--claims",
        "change.json",
        "--key",
        "a.key",
        "--trust",
        "trust.cbor",
    )
    assert (changed["slot"], changed["seq"], changed["outcome"]) == (1, 1, "updated")
    assert changed["claims"]["step"] == "inspected"
    assert changed["claims"]["totals"] == CLAIMS["totals"]


def test_a_tag_of_another_product_is_never_silently_overwritten(bench: Bench) -> None:
    write(bench)
    other = CLAIMS | {"product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "B2"}}
    (bench.folder / "claims.json").write_text(json.dumps(other))
    url = URL.replace("A1", "B2")
    refused = bench.answer(
        "tag",
        "write",
        *bench.at,
        "--url",
        url,
        "--claims",
        "claims.json",
        "--key",
        "a.key",
        status=1,
    )
    assert refused["outcome"] == "refused"
    assert bench.answer("tag", "verify", *bench.at, "--trust", "trust.cbor")["url"] == URL


def test_a_link_that_names_another_product_is_refused_before_anything_is_written(
    bench: Bench,
) -> None:
    done = bench.run(
        "tag", "write", *bench.at, "--url", URL + "2", "--claims", "claims.json", "--key", "a.key"
    )
    assert done.returncode == 2
    assert "another product" in done.stderr
    assert bench.end()["stats"]["pages_written"] == 0


def test_a_stub_by_an_unknown_key_is_not_green(bench: Bench) -> None:
    write(bench)
    bench.answer("key", "new", "--out", "b.key", "--no-passphrase")
    bench.answer("key", "trust", "--add", "b.key", "--out", "others.cbor")
    found = bench.answer("tag", "verify", *bench.at, "--trust", "others.cbor", status=1)
    assert found["verdict"]["key"] == "unknown"


def test_an_empty_tag_is_a_no(bench: Bench) -> None:
    found = bench.answer("tag", "verify", *bench.at, "--trust", "trust.cbor", status=1)
    assert found["outcome"] == "not_verified"
    assert "empty" in found["message"]


def test_a_formatted_tag_is_empty_and_a_locked_one_refuses(bench: Bench) -> None:
    write(bench)
    bench.answer("tag", "format", *bench.at, "--yes")
    assert bench.answer("tag", "read", *bench.at, status=1)["url"] is None
    bench.answer("tag", "lock", *bench.at, "--yes")
    refused = write(bench, "--overwrite", status=1)
    assert "locked" in refused["message"]


def test_no_tag_and_no_reader_are_device_trouble(bench: Bench) -> None:
    bench.end()
    done = bench.run("tag", "read", *bench.at)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    done = bench.run("tag", "read", "--reader", "rs232:/dev/ttyS0")
    assert done.returncode == 2


def test_what_was_written_is_in_the_journal(bench: Bench) -> None:
    write(bench)
    journal = bench.folder / "state" / "tagwright" / "journal.db"
    done = bench.run("journal", "export", "--journal", journal, "--json")
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert kinds == ["intent", "result"]
    assert bench.run("journal", "verify", "--journal", journal).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_watch_ends_cleanly_when_it_is_asked_to(bench: Bench, number: int) -> None:
    write(bench)
    watch = subprocess.Popen(
        [*COMMAND, "tag", "watch", *bench.at, "--trust", "trust.cbor", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=bench.folder,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # the tests may run under nohup
    )
    assert watch.stdout is not None
    assert json.loads(watch.stdout.readline())["colour"] == "green"
    watch.send_signal(number)
    rest, said = watch.communicate(timeout=30)
    assert (watch.returncode, rest, said) == (0, "", "stopped\n")
