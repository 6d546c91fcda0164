"""Wrong usage everywhere: one line that says what, where and what to do, an exit status, and never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main
from gateway.cli.output import rfc3339

COMMAND = [sys.executable, "-m", "gateway.cli.main"]
CLAIMS = {"product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "A1"}}


def call(*arguments: object, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, [str(each) for each in arguments])


def refused(*arguments: object, **environment: str) -> str:
    """What stands on stderr of a command that ends with status 2."""
    done = call(*arguments, **environment)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def key(tmp_path: Path) -> Path:
    call("key", "new", "--out", tmp_path / "a.key", "--no-passphrase")
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    return tmp_path / "a.key"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--bogus"], "No such option"),
        (["dance"], "No such command 'dance'"),
        (["tag", "dance"], "see `tagwright tag --help`"),
        (["tag", "read"], "TAGWRIGHT_READER"),
        (["tag", "read", "--reader", "pn532:/dev/x", "--timeout", "nan"], "no number of seconds"),
        (["tag", "format", "--reader", "pn532:/dev/x"], "--yes"),
        (["demo", "--products", "0"], "see `tagwright demo --help`"),
        (["demo", "--products", "1", "--state", "/dev/null/x"], "/dev/null/x"),
        (["journal", "tail", "-n", "9" * 20], "not in the range"),
        (["journal", "export", "--after", "9" * 20], "not in the range"),
        (["key", "list", "none.cbor"], "cannot read none.cbor"),
        (["key", "new", "--no-passphrase", "--out", "a", "--operator", "a\rKid: b"], "printed"),
        (["key", "revoke", "00", "--out", "none.cbor"], "--root-key"),
        (["key", "revoke", "00", "--out", "none.cbor", "--since", "9" * 15], "not in the range"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str], says: str) -> None:
    assert says in refused(*arguments)


@pytest.mark.parametrize("word", ["\n", "x" * 1024 + "\n"])
def test_a_passphrase_that_no_key_file_can_have_is_refused(tmp_path: Path, word: str) -> None:
    (tmp_path / "word").write_text(word)
    line = refused(
        "key", "new", "--out", tmp_path / "a.key", "--passphrase-file", tmp_path / "word"
    )
    assert "1 to 1023 bytes" in line
    assert not (tmp_path / "a.key").exists()


def test_an_empty_passphrase_in_the_environment_is_none(tmp_path: Path) -> None:
    line = refused("key", "new", "--out", tmp_path / "a.key", TAGWRIGHT_PASSPHRASE="")
    assert "--no-passphrase" in line


def test_a_list_whose_root_key_is_away_gets_no_other_root(key: Path) -> None:
    listed = key.with_name("trust.cbor")
    call("key", "trust", "--add", key, "--out", listed)
    root = key.with_name("trust.cbor.root.key")
    root.unlink()
    assert "--root-key" in refused("key", "trust", "--add", key, "--out", listed)
    assert not root.exists()


def test_an_operator_keeps_its_letters(tmp_path: Path) -> None:
    call("key", "new", "--out", tmp_path / "a.key", "--no-passphrase", "--operator", "Zo\u00eb BV")
    shown = call("key", "show", tmp_path / "a.key", "--json")
    assert json.loads(shown.stdout)["operator"] == "Zo\u00eb BV"


@pytest.mark.parametrize("claim", [["--uid", "04"], ["--uid", ""]])
def test_claims_that_make_no_stub_are_wrong_usage(key: Path, claim: list[str]) -> None:
    claims = key.with_name("claims.json")
    assert "carrier" in refused("stub", "encode", "--claims", claims, "--key", key, *claim)


@pytest.mark.parametrize(
    "link",
    ["http://x.example/", "https://", "https://x y", "https://x.example/\u00fc", "https:///x"],
)
def test_a_link_that_no_phone_opens_is_refused(key: Path, link: str) -> None:
    claims = key.with_name("claims.json")
    reader = ("--reader", "pn532:/dev/none", "--key", key)
    assert "--url" in refused("tag", "write", *reader, "--claims", claims, "--url", link)
    assert "--link" in refused("job", "run", "none.csv", *reader, "--link", link)


def test_a_journal_below_a_file_is_named(key: Path) -> None:
    claims, journal = key.with_name("claims.json"), key / "journal.db"
    link = "https://id.example.com/01/09520123456788/21/A1"
    write = ("tag", "write", "--reader", "pn532:/dev/none", "--claims", claims, "--url", link)
    assert str(key) in refused(*write, "--key", key, "--journal", journal)


def test_the_journal_shown_is_the_one_that_tags_are_written_to(tmp_path: Path) -> None:
    done = call("journal", "tail", XDG_STATE_HOME=str(tmp_path))
    assert done.exit_code == 3
    assert str(tmp_path / "tagwright" / "journal.db") in done.stderr


def test_a_moment_beyond_the_calendar_is_its_last_second() -> None:
    assert rfc3339(1e15) == "9999-12-31T23:59:59.000Z"


def test_the_doctor_finds_a_port_that_is_none_and_a_hub_it_cannot_ask(tmp_path: Path) -> None:
    (tmp_path / "line.toml").write_text(
        '[hub]\nurl = "http://127.0.0.1:1"\ntoken_file = "none"\n'
        '[[reader]]\nname = "a"\nurl = "pn532:/dev/null"\n'
        '[[reader]]\nname = "b"\nurl = "pigeon:1"\n'
        '[[reader]]\nname = "c"\nurl = "camera:http://me:secret@127.0.0.1:1/video"\n'
        '[gateway]\nlink_hosts = ["id.example.org"]\n'
    )
    done = call("doctor", "-c", tmp_path / "line.toml", "--json")
    found = {each["check"]: each["state"] for each in map(json.loads, done.stdout.splitlines())}
    assert done.exit_code == 1
    assert (found["reader a"], found["reader b"], found["hub"]) == ("fault",) * 3
    assert (found["reader c"], found["link"]) == ("fault", "fault")
    assert "secret" not in done.output
    text = call("doctor", "-c", tmp_path / "line.toml").stdout
    assert len(text.splitlines()) == len(found)


def test_the_doctor_reads_the_despatch_advice_of_pallets(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(
        '[[reader]]\nname = "gate"\nurl = "llrp://127.0.0.1:1"\njob = "pallet"\n'
        'pallet = { expected = "despatch.csv" }\n'
    )

    def advice() -> tuple[str, str]:
        done = call("doctor", "-c", tmp_path / "gate.toml", "--json")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        (line,) = [each for each in found if each["check"] == "advice gate"]
        return line["state"], line["detail"]

    assert advice()[0] == "warning"  # it may come before the pallet does
    (tmp_path / "despatch.csv").write_text("gtim,serial\n09520123456788,1\n")
    state, detail = advice()
    assert state == "fault" and "gtin" in detail
    (tmp_path / "despatch.csv").write_text("gtin,serial\n09520123456788,1\n")
    assert advice() == ("ok", f"{tmp_path / 'despatch.csv'}: tags expected 1")


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script.replace("tagwright", " ".join(COMMAND))],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )


def test_a_reader_of_the_answer_may_leave(tmp_path: Path) -> None:
    done = shell("tagwright demo --products 9 --no-stay --json 2>err | head -1; cat err", tmp_path)
    first, *rest = done.stdout.splitlines()
    assert json.loads(first)["row"] == 1
    assert not any("roken pipe" in line or "Traceback" in line for line in rest)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_one_line(key: Path) -> None:
    done = shell(f"tagwright key show {key} > /dev/full", key.parent)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "No space left" in line


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_closed_streams_are_empty_ones(key: Path, closed: str) -> None:
    claims = key.with_name("claims.json")
    done = shell(f"tagwright stub decode {closed}", key.parent)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    done = shell(f"tagwright stub encode --json --claims {claims} --key {key} {closed}", key.parent)
    assert (done.returncode, done.stderr) == (0, "")


def test_answers_are_utf_8_whatever_the_locale(key: Path) -> None:
    (key.parent / b"z\xff\xc3\xab.key".decode("utf-8", "surrogateescape")).write_bytes(
        key.read_bytes()
    )
    done = shell(
        "tagwright key show z*.key", key.parent, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )
    assert (done.returncode, done.stderr) == (0, "")
