"""Typical mistakes, each with the whole line that answers it: the thing, the place, the next step."""

import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.faults import told, with_step
from gateway.cli.main import main
from gateway.keys import DeviceKey

CLAIMS = {"product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "A1"}}
LINK = "https://id.example.com/01/09520123456788/21/A1"
ROOT = "11" * 32
WRITE = "tag write --reader pn532:/dev/ttyNONE --claims claims.json --key a.key"
READERS = "this version knows llrp, llrps, m100, nfcpy, pn532; for codes camera, scanner"
PLUG = "check the plug; `ls /dev/serial/by-id/` tells what is there"

FILES = {
    "claims.json": json.dumps(CLAIMS),
    "cut.json": '{"product": ',
    "list.json": "[1]",
    "digit.json": json.dumps({"product": CLAIMS["product"] | {"gtin": "09520123456789"}}),
    "junk": "junk, and nothing else",
    "word": "another passphrase\n",
    "other.csv": "a,b\n1,2\n",
    "row.csv": f"gtin,serial,digest\n09520123456788,A1,{'11' * 32}\n09520123456788,A2,short\n",
    "key.toml": "[gatway]\n",
    "job.toml": '[[reader]]\nname = "gate"\nurl = "pn532:/dev/x"\njob = "verif"\n',
    "name.toml": '[gateway]\nname = "line 1"\n',
    "cut.toml": "[gateway\n",
    "orders.toml": '[[reader]]\nname = "gate"\nurl = "pn532:/dev/x"\njob = "commission"\n',
    "user.toml": '[hub]\nurl = "https://me:hunter2@hub.example"\n',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what people have there when they go wrong."""
    there = tmp_path_factory.mktemp("mistakes")
    for name, text in FILES.items():
        (there / name).write_text(text)
    DeviceKey.generate().save(there / "a.key", None)
    DeviceKey.generate().save(there / "closed.key", "open, sesame")
    listed = ("key", "trust", "--add", str(there / "a.key"), "--out", str(there / "trust.cbor"))
    assert CliRunner().invoke(main, listed).exit_code == 0
    return there


def call(folder: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(folder)
    environment = {"XDG_STATE_HOME": "state", "TAGWRIGHT_PASSPHRASE": "", "TAGWRIGHT_READER": ""}
    return CliRunner(env=environment).invoke(main, command.split())


@pytest.mark.parametrize(
    ("command", "status", "line"),
    [
        # what is typed
        ("tga read", 2, "No such command 'tga'. Did you mean 'tag'? see `tagwright --help`"),
        ("tag raed", 2, "No such command 'raed'. Did you mean 'read'? see `tagwright tag --help`"),
        (
            "tag read --raeder x",
            2,
            "No such option '--raeder'. Did you mean '--reader'? see `tagwright tag read --help`",
        ),
        (
            "tag read",
            2,
            "Missing option '--reader' (env var: 'TAGWRIGHT_READER'): see `tagwright tag read --help`",
        ),
        (
            "account set ada",
            2,
            "Missing option '--role'. Choose from: operator, lead, engineer: see `tagwright account set --help`",
        ),
        # readers
        ("tag read --reader usb:0", 2, f"usb: no such kind of reader: {READERS}"),
        (
            "tag read --reader pn523:/dev/ttyUSB0",
            2,
            f"pn523: no such kind of reader: did you mean pn532:?: {READERS}",
        ),
        (
            "tag read --reader /dev/ttyUSB0",
            2,
            "'/dev/ttyUSB0' is no reader: write pn532:/dev/ttyUSB0, nfcpy:usb:072f:2200, llrp://host"
            " or m100:/dev/ttyUSB1",
        ),
        ("tag read --reader pn532:/dev/ttyNONE", 3, f"/dev/ttyNONE: no such port: {PLUG}"),
        ("tag read --reader m100:/dev/null", 3, f"/dev/null: it is no serial port: {PLUG}"),
        (
            "tag read --reader pn532:/dev/ttyUSB0?bauds=9600",
            2,
            "pn532:/dev/ttyUSB0?bauds=9600: no option 'bauds': write baud=115200",
        ),
        (
            "tag read --reader camera:0",
            2,
            "camera: reads codes, and a tag reader is asked for here",
        ),
        (
            "llrp inventory 127.0.0.1:1 --seconds 0.5",
            3,
            "127.0.0.1:1: cannot connect: connection refused: check its address and power,"
            " and that LLRP is enabled",
        ),
        (
            "llrp inventory gate:99999",
            2,
            "'gate:99999' is no HOST[:PORT]: write 192.0.2.7 or 192.0.2.7:5084",
        ),
        # keys and trust
        (
            f"{WRITE.replace('a.key', 'closed.key')} --url {LINK}",
            2,
            "closed.key is encrypted: set TAGWRIGHT_PASSPHRASE, or --passphrase-file",
        ),
        (
            f"{WRITE.replace('a.key', 'closed.key')} --url {LINK} --passphrase-file word",
            2,
            "closed.key does not open: wrong passphrase, or a damaged file",
        ),
        (
            f"{WRITE} --url {LINK} --passphrase-file none",
            2,
            "no passphrase in none: put it on the first line",
        ),
        (
            f"{WRITE.replace('a.key', 'junk')} --url {LINK}",
            2,
            "junk is no tagwright key file: make one with `tagwright key new`",
        ),
        (
            "key new --out a.key --no-passphrase",
            2,
            "a.key exists already: name another file, or move it away",
        ),
        ("key new --out b.key", 2, "no passphrase: give --passphrase-file, or --no-passphrase"),
        (
            "key list none.cbor --root junk.pub",
            2,
            "cannot read junk.pub: No such file or directory: name one that is there",
        ),
        ("key list junk", 2, "no root key is known for junk: give --root, or copy junk.pin"),
        (
            f"key list trust.cbor --root {ROOT}",
            2,
            "trust.cbor is no valid trust list: trust list: not signed by this root key:"
            " fetch it anew, or name its own root",
        ),
        (
            "key revoke 0011 --out trust.cbor",
            2,
            "trust.cbor has no key 0011: see `tagwright key list trust.cbor`",
        ),
        # claims and links
        (
            f"{WRITE.replace('claims.json', 'cut.json')} --url {LINK}",
            2,
            "cut.json: no JSON: Expecting value: line 1 column 13 (char 12): mend it there",
        ),
        (
            f"{WRITE.replace('claims.json', 'list.json')} --url {LINK}",
            2,
            'list.json: claims are a JSON object: write {"product": {"scheme": "gs1", ...}}',
        ),
        (
            f"{WRITE.replace('claims.json', 'digit.json')} --url {LINK}",
            2,
            "digit.json: product.gtin: GTIN 09520123456789: the check digit should be 8",
        ),
        (
            f"{WRITE} --url http://id.example.com/",
            2,
            "--url http://id.example.com/: a phone opens https links only: begin it with https://",
        ),
        (
            f"{WRITE} --url {LINK}0",
            2,
            "--url names another product than the claims: write their GTIN and serial into it",
        ),
        (
            "stub decode junk",
            1,
            "junk: no stub: CBOR: 11 bytes after the item, at offset 11: give its bytes, raw or hex,"
            " as `stub encode` prints",
        ),
        # job files and pictures
        (
            "job run none.csv --reader pn532:/dev/x --key a.key",
            2,
            "cannot read none.csv: No such file or directory: name one that is there",
        ),
        (
            "job run other.csv --reader pn532:/dev/x --key a.key",
            2,
            "other.csv: job file, manufacturer: this column is missing;"
            " `tagwright job run --help` lists them",
        ),
        (
            f"code make --url {LINK} --out label.gif",
            2,
            "--out label.gif: the name must end in .svg, .png, .zpl",
        ),
        (
            "code decode none.png",
            2,
            "cannot read none.png: No such file or directory: name one that is there",
        ),
        # configuration
        ("run -c none.toml", 2, "cannot read none.toml: No such file or directory: name one that is there"),
        ("run -c key.toml", 2, "key.toml: unknown key gatway: did you mean gateway?"),
        ("run -c job.toml", 2, "job.toml: reader.0.job: 'verif': did you mean verify?"),
        (
            "run -c name.toml",
            2,
            "name.toml: gateway.name: 'line 1': write letters, digits, '.', '_' and '-', 63 at most",
        ),
        (
            "run -c cut.toml",
            2,
            "cut.toml: Expected ']' at the end of a table declaration (at line 1, column 9)",
        ),
        (
            "run -c orders.toml",
            2,
            "orders.toml: reader gate: job commission needs orders = FILE.csv",
        ),
        (
            "run -c user.toml",
            2,
            "user.toml: hub.url: 'https://***@hub.example': write https://HOST:PORT, without user and password",
        ),
        # journal, hub, bundle
        (
            "journal tail --journal none.db",
            3,
            "there is no journal at none.db: name it with --journal",
        ),
        (
            "journal verify --journal junk",
            3,
            "junk cannot be read as a journal: file is not a database: name another with --journal",
        ),
        (
            "hub token line1",
            2,
            "the hub has no [ca], and gateways enrol at a hub with a CA: give -c hub.toml with one",
        ),
        (
            "enrol --hub https://127.0.0.1:1 --out me",
            2,
            "no token: `tagwright hub token NAME` at the hub prints one: give it with --token-file",
        ),
        ("support a.key", 2, "a.key exists: name another file, or remove it"),
        (
            "support none/o.zip",
            2,
            "cannot write none/o.zip: No such file or directory: name one that is there",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_by_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, status: int, line: str
) -> None:
    done = call(folder, command, monkeypatch)
    assert (done.stderr, done.exit_code) == (f"tagwright: {line}\n", status)
    assert done.stdout == ""


def test_a_bad_row_is_told_with_its_column_and_the_others_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = call(folder, "code make --orders row.csv --key a.key --out-dir labels", monkeypatch)
    assert done.exit_code == 1
    refused = [line for line in done.stdout.splitlines() if "refused:" in line]
    assert refused == ["row 2: refused: digest: not 64 hex digits"]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        yield busy.getsockname()[1]


def test_a_port_in_use_is_told_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    (tmp_path / "line.toml").write_text(f'[metrics]\nlisten = "127.0.0.1:{taken}"\n')
    done = call(tmp_path, "run -c line.toml", monkeypatch)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == (
        f"tagwright: cannot listen on 127.0.0.1:{taken}: Address already in use:"
        " mend `listen`, or end what listens there"
    )


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.EACCES, "let this user use it, or name another"),
        (errno.ENOSPC, "free some room there"),
        (errno.EROFS, "name a place that can be written"),
        (errno.EISDIR, "name a file"),
    ],
)
def test_what_the_system_refuses_has_its_next_step(number: int, step: str) -> None:
    why = OSError(number, os.strerror(number), "line.db")
    assert with_step(told(why)) == f"cannot use line.db: {os.strerror(number)}: {step}"
