"""`tagwright tag bind` and `job run --code-reader`, beside a simulated reader and a simulated scanner."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main

GTIN = "09520123456788"
DIGEST = "11" * 32


def link(serial: str) -> str:
    return f"https://id.example.com/01/{GTIN}/21/{serial}"


class Simulated:
    """One of hwsim's devices, that obeys."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hwsim", *arguments, "--control"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._told()

    def do(self, **what: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self._told()

    def _told(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


class Bench:
    """A tag reader, and a scanner beside it whose view is what was laid there."""

    def __init__(self) -> None:
        self.tags = Simulated("pn532")
        self.scanner = Simulated("scanner", "--preset", "keyence", "--port", "0", "--aim")
        where = f"scanner:tcp://127.0.0.1:{self.scanner.ready['port']}?preset=keyence"
        self.at = ("--reader", f"pn532:{self.tags.ready['path']}", "--code-reader", where)

    def lay(self, text: str) -> None:
        """What is before the scanner from now on."""
        self.scanner.do(do="clear")
        self.scanner.do(do="show", text=text, aim="]Q1")

    def show(self, tag: str) -> None:
        self.tags.do(do="leave")
        self.tags.do(do="arrive", tag="ntag216", uid=tag)

    def answer(self, *arguments: object, status: int = 0) -> Any:
        done = call(*arguments, "--json")
        assert done.exit_code == status, (done.stdout, done.stderr)
        return [json.loads(each) for each in done.stdout.splitlines()]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def devices() -> Iterator[Bench]:
    found = Bench()
    yield found
    found.tags.end()
    found.scanner.end()


@pytest.fixture
def bench(devices: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rows = "".join(f'{GTIN},{serial},{DIGEST},"nfc,qr"\n' for serial in ("A1", "B2"))
    (tmp_path / "orders.csv").write_text("gtin,serial,digest,carriers\n" + rows)
    devices.answer("key", "new", "--out", "a.key", "--no-passphrase")
    devices.answer("key", "trust", "--add", "a.key", "--out", "trust.cbor")
    return devices


def bind(bench: Bench, *more: object, status: int = 0) -> Any:
    (found,) = bench.answer("tag", "bind", *bench.at, "--trust", "trust.cbor", *more, status=status)
    return found


def test_a_blank_tag_is_commissioned_and_bound_and_no_other_code_fits_it(bench: Bench) -> None:
    bench.show("04a1b2c3d4e5f6")
    bench.lay(link("B2"))
    found = bind(bench, "--orders", "orders.csv", "--key", "a.key")
    assert (found["outcome"], found["colour"], found["uid"]) == ("bound", "green", "04a1b2c3d4e5f6")
    assert (found["product"], found["url"]) == (f"{GTIN}/B2", link("B2"))
    assert found["code"]["data"] == link("B2").encode().hex()
    assert (found["code"]["aim"], found["code"]["product"]) == ("]Q1", f"{GTIN}/B2")
    assert (found["carriers"], found["missing"]) == (["qr"], {})
    assert found["verdict"]["key"] == "trusted"
    bench.lay(link("A1"))
    refused = bind(bench, status=1)
    assert (refused["outcome"], refused["colour"]) == ("refused", "red")
    assert f"{GTIN}/B2, the code {GTIN}/A1" in refused["message"]
    assert refused["code"]["product"] == f"{GTIN}/A1"
    bench.scanner.do(do="clear")
    missing = bind(bench, "--code-timeout", 0.5, status=1)
    assert (missing["outcome"], missing["colour"], missing["code"]) == ("incomplete", "amber", None)
    assert list(missing["missing"]) == ["code"]


def test_a_job_beside_a_scanner_takes_the_order_that_the_code_names(bench: Bench) -> None:
    bench.show("04a1b2c3d4e5f7")
    bench.lay(link("B2"))
    job = ("job", "run", "orders.csv", "--key", "a.key", "--idle", 1)
    picked, summary = bench.answer(*job, *bench.at, "--requires", "qr", status=1)
    assert (picked["row"], picked["outcome"], picked["product"]) == (
        2,
        "commissioned",
        f"{GTIN}/B2",
    )
    assert (summary["written"], summary["incomplete"], summary["left"]) == (1, 0, 1)
    bench.show("04112233445566")
    blind = bench.answer(*job, *bench.at[:2], status=1)
    assert [each["outcome"] for each in blind[:-1]] == ["incomplete"]
    assert blind[0]["column"] == "carriers"
    assert (blind[-1]["incomplete"], blind[-1]["left"]) == (1, 1)
    bench.lay(link("A1"))
    done = bench.answer(*job, *bench.at)
    assert [each["outcome"] for each in done[:-1]] == ["incomplete", "commissioned"]
    assert (done[-1]["written"], done[-1]["left"]) == (2, 0)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((), "--code-reader is missing"),
        (("--code-reader", "camera:0", "--orders", "orders.csv"), "belong together"),
    ],
)
def test_what_cannot_be_bound_is_wrong_usage(more: tuple[str, ...], words: str) -> None:
    at = ("--reader", "pn532:/dev/null", "--trust", "none.cbor")
    done = call("tag", "bind", *at, *more)
    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize("host", ["id.example.com:8443", "me@id.example.com", "xn--exmple-cua.com"])
def test_a_link_that_fails_the_pre_flight_is_wrong_usage(host: str) -> None:
    at = ("--reader", "pn532:/dev/null", "--key", "a.key")
    done = call("job", "run", "none.csv", *at, "--link", f"https://{host}")
    assert done.exit_code == 2
    assert "--link https://" in done.stderr and ": link: " in done.stderr
