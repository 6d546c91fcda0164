"""From a fresh hub to a gateway with a certificate, by commands alone; and what the audit says of it."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main

WHOLE = f"{'0' * 48}.{'0' * 64}.line1"  # a token's form
COMMAND = [sys.executable, "-m", "gateway.cli.main"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def said(*arguments: object) -> dict[str, Any]:
    """The one JSON object that a command answers."""
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(
        'listen = "127.0.0.1:0"\ntoken_file = "token"\n'
        '[access]\ntrust = "trust.cbor"\n[ca]\nnames = ["127.0.0.1"]\n'
    )
    (tmp_path / "token").write_text("secret\n")
    for name in ("ministry", "repairer"):
        call("key", "new", "--out", tmp_path / f"{name}.key", "--no-passphrase", "--operator", name)
    words = ("--out", tmp_path / "trust.cbor", "--role", "credential-issuer")
    done = call("key", "trust", "--add", tmp_path / "ministry.key", *words)
    assert done.exit_code == 0, done.output
    return path


@contextmanager
def hub(settings: Path) -> Iterator[str]:
    """A hub of its own process; its URL."""
    with subprocess.Popen(
        [*COMMAND, "hub", "-c", settings], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def client(settings: Path, url: str, shown: Path | None = None, **headers: str) -> httpx2.Client:
    tls = ssl.create_default_context(cafile=settings.parent / "ca" / "ca.pem")
    if shown is not None:
        tls.load_cert_chain(shown)
    return httpx2.Client(base_url=url, verify=tls, headers=headers, trust_env=False)


def test_a_gateway_is_enrolled_and_revoked_by_commands(settings: Path, tmp_path: Path) -> None:
    with hub(settings) as url:
        token = said("hub", "token", "line1", "-c", settings)["token"]
        made = said("enrol", "--hub", url, "--token", token, "--out", tmp_path / "identity")
        assert made["gateway"] == "line1"
        again = call("enrol", "--hub", url, "--token", token, "--out", tmp_path / "other")
        assert again.exit_code == 1 and "used before" in again.stderr
        own = Path(made["identity"])
        with client(settings, url, own) as gateway:
            journal = bytes(16).hex()
            assert gateway.get(f"/v1/journals/{journal}").status_code == 200
            (known,) = [said("hub", "gateways", "-c", settings)]
            assert (known["name"], known["revoked"]) == ("line1", None)
            assert said("hub", "revoke", "line1", "-c", settings)["revoked"]
            refused = gateway.get(f"/v1/journals/{journal}")  # over the open connection
            assert refused.status_code == 403 and "revoked" in refused.json()["error"]
        assert "revoked" in call("hub", "-c", settings, "gateways").stdout
    done = call("hub", "audit", "-c", settings)
    acts = [line.split("): ")[1] for line in done.stdout.splitlines()]
    assert acts[0] == "token line1: made"
    assert acts[1] == "enrol line1: certified"
    assert acts[2].startswith("POST /v1/enrol: refused: the token was used before")
    assert acts[3] == "revoke line1: revoked"
    assert "refused: gateway line1: its certificate was revoked" in acts[4]
    (head,) = [said("hub", "audit", "--verify", "-c", settings)]
    assert (head["node"], head["rows"]) == ("hub", len(acts))


def test_a_credential_opens_what_its_role_may_see(settings: Path, tmp_path: Path) -> None:
    words = ("--key", tmp_path / "ministry.key", "--holder", tmp_path / "repairer.key")
    subject = ("--subject", "Repair Ltd")
    made = said("hub", "credential", "--role", "legitimate_interest", *subject, *words)
    manager = said("hub", "credential", "--role", "manager", *subject, *words)
    with hub(settings) as url:
        with client(settings, url, Authorization=f"Bearer {made['credential']}") as repairer:
            assert repairer.get("/health").status_code == 200
            answer = repairer.get("/v1/audit")
            assert answer.status_code == 403 and "Repair Ltd (says ministry)" in answer.text
        with client(settings, url, Authorization=f"Bearer {manager['credential']}") as too_much:
            answer = too_much.get("/v1/audit")  # the list makes nobody an issuer of managers
            assert answer.status_code == 401 and "may not make anyone manager" in answer.text


def test_a_manager_by_credential_signs_what_he_changes(settings: Path, tmp_path: Path) -> None:
    done = call(
        *("key", "trust", "--add", tmp_path / "ministry.key", "--out", tmp_path / "trust.cbor"),
        *("--role", "manager-issuer"),
    )
    assert done.exit_code == 0, done.output
    holder = tmp_path / "repairer.key"
    words = ("--key", tmp_path / "ministry.key", "--holder", holder, "--subject", "Anna")
    made = said("hub", "credential", "--role", "manager", *words)
    shown = f"Bearer {made['credential']}"
    with hub(settings) as url, client(settings, url, Authorization=shown) as manager:
        path = "/v1/gateways/line1/token"
        assert manager.post(path).status_code == 401
        proof = said("hub", "proof", "post", path, "--key", holder)["proof"]
        headers = {"Tagwright-Proof": proof}
        assert manager.post(path, headers=headers).status_code == 200
        assert manager.post(path, headers=headers).status_code == 401
        acts = manager.get("/v1/audit").json()
    assert [each["outcome"].split(":")[0] for each in acts] == [
        "refused",
        "proved",
        "200",
        "refused",
    ]


def test_what_was_changed_in_the_audit_ends_with_1(settings: Path) -> None:
    said("hub", "token", "line1", "-c", settings)
    good = call("hub", "audit", "--verify", "-c", settings)
    assert good.exit_code == 0 and "whole and signed" in good.stdout
    (settings.parent / "audit.key").unlink()
    said("hub", "token", "line2", "-c", settings)  # another key goes on
    bad = call("hub", "audit", "--verify", "-c", settings)
    assert bad.exit_code == 1 and "unknown key" in bad.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("hub", "token", "-x-", "-c", "SETTINGS"), 2, "No such option"),
        (("hub", "token", "a b", "-c", "SETTINGS"), 2, "write letters"),
        (("hub", "token", "line1", "-c", "/none/hub.toml"), 2, "/none/hub.toml"),
        (("hub", "revoke", "line9", "-c", "SETTINGS"), 3, "no hub's database"),
        (("hub", "dance"), 2, "No such command"),
        (("hub", "credential", "--role", "king"), 2, "king"),
        (("enrol", "--hub", "https://127.0.0.1:1", "--out", "OUT"), 2, "--token"),
        (("enrol", "--hub", "https://127.0.0.1:1", "--token", "x", "--out", "OUT"), 2, "whole"),
        (
            ("enrol", "--hub", "https://127.0.0.1:1", "--out", "OUT", "--token", WHOLE),
            3,
            "127.0.0.1:1",
        ),
        (("enrol", "--hub", "https://x", "--out", "OUT", "--token-file", "/none"), 2, "/none"),
    ],
)
def test_wrong_usage_is_one_line_and_a_status(
    settings: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    places = {"SETTINGS": settings, "OUT": settings.parent / "out"}
    done = call(*[places.get(each, each) for each in arguments])
    assert done.exit_code == status, done.output
    (line,) = done.stderr.splitlines()
    assert says in line


def test_a_gateway_that_never_enrolled_is_not_revoked(settings: Path) -> None:
    said("hub", "token", "line9", "-c", settings)  # which makes the hub
    done = call("hub", "revoke", "line9", "-c", settings)
    assert done.exit_code == 1 and "no gateway line9 is enrolled" in done.stderr


def test_a_hub_without_a_ca_gives_no_tokens(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text("")
    done = call("hub", "token", "line1", "-c", tmp_path / "hub.toml")
    assert done.exit_code == 2 and "[ca]" in done.stderr
