"""`tagwright sim llrp`, `tagwright llrp` and `tagwright tag` at a RAIN reader, as a stranger's script uses them."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TID = "e28011502000000000000001"
OTHER = "e28011502000000000000002"
EPC = "3034257bf7194e4000001a85"  # SGTIN-96, of the Tag Data Standard's introduction
CLAIMS = {
    "product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "17"},
    "digest": "11" * 32,
    "totals": {"41": 1000, "42": 50},
}
COMMAND = [sys.executable, "-m", "gateway.cli.main"]


class Portal:
    """A folder, a simulated LLRP reader with one Monza X-8K, and the command."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._environment = os.environ | {"XDG_STATE_HOME": str(folder / "state")}
        self.reader = subprocess.Popen(
            [*COMMAND, "sim", "llrp", "--tag", f"monzax8k:{EPC}:{TID}", *options],
            stdout=subprocess.PIPE,
        )
        assert self.reader.stdout is not None
        self.ready = json.loads(self.reader.stdout.readline())
        self.host = f"127.0.0.1:{self.ready['port']}"
        self.at = ("--reader", f"llrp://{self.host}")
        (folder / "claims.json").write_text(json.dumps(CLAIMS))

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
            env=self._environment,
        )

    def answers(self, *arguments: object, status: int = 0) -> list[Any]:
        done = self.run(*arguments, "--json")
        assert done.returncode == status, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def end(self) -> None:
        self.reader.send_signal(signal.SIGTERM)
        self.reader.communicate(timeout=20)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    found = Portal(tmp_path)
    try:
        found.answers("key", "new", "--out", "line.key", "--no-passphrase")
        found.answers("key", "trust", "--add", "line.key", "--out", "trust.cbor")
        yield found
    finally:
        found.end()


def test_an_inventory_tells_every_sighting(portal: Portal) -> None:
    found = portal.answers("llrp", "inventory", portal.host, "--seconds", "1")
    assert {(each["epc"], each["tid"], each["antenna"]) for each in found} == {(EPC, TID, 1)}
    assert found[0]["uri"] == "urn:epc:id:sgtin:0614141.112345.6789" or found[0]["uri"]
    assert found[0]["rssi_dbm"] < 0
    assert found[0]["seen_at"].endswith("Z")


def test_words_are_written_read_and_locked(portal: Portal) -> None:
    tag = (portal.host, "--tid", TID)
    (written,) = portal.answers("llrp", "write", *tag, "--word", "4", "--data", "cafe0123")
    assert written == {"tid": TID, "bank": "user", "word": 4, "data": "cafe0123"}
    (read,) = portal.answers("llrp", "read", *tag, "--word", "4", "--words", "2")
    assert read["data"] == "cafe0123"
    portal.answers("llrp", "lock", *tag, "--bank", "user", "--how", "permalock", "--yes")
    refused = portal.run("llrp", "write", *tag, "--word", "4", "--data", "0000")
    assert refused.returncode == 3
    assert "locked" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_each_refusal_of_a_tag_has_its_own_words(portal: Portal) -> None:
    tag = (portal.host, "--tid", TID)
    beyond = portal.run("llrp", "read", *tag, "--word", "600", "--words", "2")
    assert beyond.returncode == 3 and "ends" in beyond.stderr
    away = portal.run("llrp", "read", portal.host, "--tid", OTHER, "--words", "2")
    assert away.returncode == 3 and OTHER in away.stderr


def test_an_epc_that_several_tags_have_names_none(tmp_path: Path) -> None:
    portal = Portal(tmp_path, "--tag", f"m781:{EPC}")
    try:
        for act in (
            ("read", "--words", "1"),
            ("write", "--data", "cafe"),
            ("lock", "--bank", "user"),
        ):
            refused = portal.run("llrp", act[0], portal.host, "--epc", EPC, *act[1:])
            assert refused.returncode == 3, act
            assert "2 tags" in refused.stderr and TID in refused.stderr
        (read,) = portal.answers("llrp", "read", portal.host, "--tid", TID, "--words", "1")
        assert read["data"] == "0000"
    finally:
        portal.end()


def test_an_inventory_for_people_tells_the_tid_that_the_other_commands_take(portal: Portal) -> None:
    told = portal.run("llrp", "inventory", portal.host, "--seconds", "0.5").stdout.splitlines()
    assert f"tid {TID}" in told[0]
    told = portal.run("llrp", "inventory", portal.host, "--seconds", "0.5", "--no-tid").stdout
    assert EPC in told and TID not in told


def test_an_access_password_opens_a_locked_bank_and_is_never_told(portal: Portal) -> None:
    tag = (portal.host, "--tid", TID)
    (portal.folder / "password").write_text("deadbeef\n")
    (portal.folder / "wrong").write_text("0badf00d\n")
    told = portal.run(
        "llrp", "write", *tag, "--bank", "reserved", "--word", "2", "--data-file", "password"
    )
    assert told.returncode == 0, told.stderr
    assert "deadbeef" not in told.stdout + told.stderr
    portal.answers("llrp", "lock", *tag, "--bank", "user", "--password-file", "password")
    write = ("llrp", "write", *tag, "--word", "4", "--data", "1234")
    assert portal.run(*write).returncode == 3
    wrong = portal.run(*write, "--password-file", "wrong")
    assert wrong.returncode == 3
    assert "password" in wrong.stderr and "0badf00d" not in wrong.stderr
    assert portal.run(*write, "--password-file", "password").returncode == 0


def test_a_stub_is_written_verified_and_updated_over_llrp(portal: Portal) -> None:
    write = ("tag", "write", *portal.at, "--claims", "claims.json", "--key", "line.key")
    (refused,) = portal.answers(*write, status=1)
    assert refused["outcome"] == "refused"  # the EPC at hand names another product
    (written,) = portal.answers(*write, "--overwrite", "--company-prefix", "9520123")
    assert (written["outcome"], written["uid"], written["slot"]) == ("commissioned", TID, 0)
    (seen,) = portal.answers("tag", "verify", *portal.at, "--trust", "trust.cbor")
    assert seen["verdict"] == {
        "integrity": "valid",
        "key": "trusted",
        "binding": "match",
        "chain": "first",
        "evidence": "not_stated",
        "link": "match",
    }
    (portal.folder / "claims.json").write_text('{"step": "inspected"}')
    (updated,) = portal.answers(*write, "--update")
    assert (updated["outcome"], updated["slot"], updated["seq"]) == ("updated", 1, 1)
    found = portal.answers("llrp", "inventory", portal.host, "--seconds", "1")
    assert found[0]["uri"] == "urn:epc:id:sgtin:9520123.045678.17"


def test_what_is_no_reader_is_told_in_one_line() -> None:
    with socket.socket() as silent:  # bound, so that nobody else listens there
        silent.bind(("127.0.0.1", 0))
        done = subprocess.run(
            [*COMMAND, "llrp", "inventory", f"127.0.0.1:{silent.getsockname()[1]}"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 3
    assert "connection refused: check its address and power" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("read", "host:0", "--tid", TID, "--words", "1"), "no HOST[:PORT]"),
        (("read", "host", "--words", "1"), "either --tid or --epc"),
        (("write", "host", "--tid", TID, "--data", "abc"), "hex"),
        (("write", "host", "--tid", TID, "--data", "ab"), "16-bit words"),
        (("write", "host", "--tid", TID), "--data or --data-file"),
        (
            ("write", "host", "--tid", TID, "--bank", "reserved", "--data", "deadbeef"),
            "--data-file",
        ),
        (("inventory", "host", "--power", "nan"), "nan"),
        (("lock", "host", "--tid", TID, "--bank", "moon"), "moon"),
        (("inventory", "host", "--ca", "x.pem"), "--tls"),
    ],
)
def test_wrong_usage_is_status_2_and_one_line(arguments: tuple[str, ...], told: str) -> None:
    done = subprocess.run(
        [*COMMAND, "llrp", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
