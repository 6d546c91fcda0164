"""What is shipped to set a site up: the files parse, name what exists, hold no secret, and the servers accept them."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from batches import JOURNAL, batch, rows
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from witness import ROOT, require

from gateway.broker import Broker
from gateway.cli.main import main
from gateway.hub import settings
from gateway.hub.consumer import Consumer
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.jetstream import BATCHES, HUB_INBOX, RECEIPTS, Message, NatsTrouble, connect
from gateway.throwaway.nats import OLDEST, find_server

DEPLOY = ROOT / "gateway" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
CONFIGURATIONS = ("nats.conf", "nats-tls.conf")
SECRET = re.compile(
    r"(?:password|token|secret)\w*\s*[:=][ \t]*\"?([A-Za-z0-9+/]{6,})", re.IGNORECASE
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the NATS configuration asks for, as a site would set it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nats-1")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    routes = ", ".join(f'"nats://node:p1@nats-{n}:6222"' for n in (1, 2, 3))
    return {
        "NATS_NODE": "nats-1",
        "NATS_STORE": str(tmp_path / "store"),
        "NATS_MONITOR": "127.0.0.1:8222",
        "NATS_ROUTES": f"[{routes}]",
        "NATS_ROUTES_PASSWORD": "p1",
        "NATS_HUB_PASSWORD": "p2",
        "NATS_GATEWAY_PASSWORD": "p3",
        "NATS_CERT": str(tmp_path / "cert.pem"),
        "NATS_KEY": str(tmp_path / "key.pem"),
    }


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def commands() -> Iterator[tuple[str, list[str]]]:
    """(where, arguments of `tagwright`) of everything that is started."""
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
        program, *arguments = line.split()
        if program.endswith("/tagwright"):
            yield unit.name, arguments
    for name, service in compose()["services"].items():
        if "build" in service:
            yield f"compose: {name}", service["command"]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_nats_server_accepts_its_configuration(name: str, environment: dict[str, str]) -> None:
    server = find_server()
    require(server, "nats-server 2.15 (Debian sid's package, unpacked by ./run test)")
    found = subprocess.run(
        [str(server), "-t", "-c", str(DEPLOY / name)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert "is valid" in found.stderr


def test_nats_acknowledges_what_is_on_disk_and_lets_gateways_do_no_more_than_they_must() -> None:
    text = (DEPLOY / "nats.conf").read_text()
    assert "sync_interval: always" in text
    gateway = text[text.index("user: gateway") : text.index("user: hub")]
    assert 'publish: ["tagwright.batches.>", "tagwright.ask"]' in gateway
    assert "$JS" not in gateway


def test_no_gateway_reads_what_another_one_sends(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = find_server()
    require(server, "nats-server 2.15 (Debian sid's package, unpacked by ./run test)")
    text = re.sub(r"cluster \{.*?\n\}\n", "", (DEPLOY / "nats.conf").read_text(), flags=re.DOTALL)
    text = text.replace('listen: "0.0.0.0:4222"', 'listen: "127.0.0.1:-1"')
    conf, ports = tmp_path / "one.conf", tmp_path / "ports"
    conf.write_text(f'{text}\nports_file_dir: "{ports}"\n')
    ports.mkdir()
    environment["NATS_MONITOR"] = "127.0.0.1:-1"
    with subprocess.Popen(
        [str(server), "-c", str(conf)], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    ) as node:
        try:
            while not (told := list(ports.glob("*.ports"))):
                assert node.poll() is None
            (url,) = json.loads(told[0].read_text())["nats"]
            asyncio.run(asyncio.wait_for(_listen(url, tmp_path), 30))
        finally:
            node.terminate()


async def _listen(url: str, folder: Path) -> None:
    """As a gateway, listen wherever it may, while the hub's consumer takes another one's batch."""
    database = await open_database(folder / "hub.db")
    heard: list[bytes] = []
    settled = asyncio.Event()

    async def spy(message: Message) -> None:
        heard.append(message.data)

    async def told(message: Message) -> None:
        settled.set()

    consumer = Consumer(Broker((url,), "hub:p2"), Ledger(database))
    running = asyncio.create_task(consumer.run())
    try:
        async with await connect(Broker((url,), "gateway:p3"), "gateway") as gateway:
            await gateway.subscribe(f"{RECEIPTS}.*", told)
            for subject in ("_INBOX.>", f"{HUB_INBOX}.>", "_INBOX_HUB.*.*", ">", f"{BATCHES}.>"):
                await gateway.subscribe(subject, spy)
            await gateway.flush()
            data = batch(rows(10))
            while not settled.is_set():
                try:  # there is no stream before the consumer has made it
                    await gateway.store(f"{BATCHES}.gw.{JOURNAL.hex()}", data)
                    await settled.wait()
                except NatsTrouble:
                    continue
            await gateway.flush()
        assert data not in heard
    finally:
        consumer.stop()
        await running
        await database.close()


@pytest.mark.parametrize(("where", "arguments"), list(commands()))
def test_what_is_started_is_a_command_of_ours(where: str, arguments: list[str]) -> None:
    words = [each for each in arguments[:2] if not each.startswith("-")]
    shown = CliRunner().invoke(main, [*words, "--help"])
    assert shown.exit_code == 0, where
    assert "--config" in shown.output


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    require(verify, "systemd-analyze")
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    copy = tmp_path / unit.name.replace("@.", "@1.")
    copy.write_text(text)
    found = subprocess.run(
        [str(verify), "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert copy.name not in found.stderr, found.stderr


def test_compose_names_what_it_uses() -> None:
    whole = compose()
    services, volumes = whole["services"], whole["volumes"]
    assert [name for name in services if name.startswith("nats-")] == ["nats-1", "nats-2", "nats-3"]
    for name, service in services.items():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in volumes, name
        for needed in service.get("depends_on", {}):
            assert needed in services, name
        for used in service.get("configs", []):
            assert used["source"] in whole["configs"], name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name}: open to the world by default"
    assert all(services[f"nats-{n}"]["environment"]["NATS_NODE"] == f"nats-{n}" for n in (1, 2, 3))
    assert (DEPLOY / whole["configs"]["nats"]["file"]).is_file()
    major, minor = re.fullmatch(r"nats:(\d+)\.(\d+)-alpine", services["nats-1"]["image"]).groups()  # type: ignore[union-attr]
    assert (int(major), int(minor)) >= OLDEST


def test_the_hubs_settings_in_compose_are_such_settings(tmp_path: Path) -> None:
    configs = compose()["configs"]
    text = re.sub(r"\$\{\w+:\?\}", "p1", configs["hub"]["content"])
    found = settings.parse(text.encode(), folder=Path("/etc/tagwright"))
    assert found.database == "postgresql://tagwright:p1@postgres/tagwright"
    assert not found.is_exposed
    assert found.access.audit_key.is_relative_to("/var/lib/tagwright")  # which is a volume
    assert found.nats is not None
    assert len(found.nats.servers) == len(found.nats.monitors) == 3
    assert found.nats.token_file == Path("/etc/tagwright/nats.token")
    assert re.fullmatch(r"hub:\$\{NATS_HUB_PASSWORD:\?\}\n?", configs["nats-token"]["content"])
    assert tomllib.loads(text)


def test_every_variable_is_explained_and_none_has_a_value() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yaml").read_text()))
    told = dict(
        line.split("=", 1)
        for line in (DEPLOY / "env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert set(told) == asked
    assert not any(told.values())
    text = "".join((DEPLOY / name).read_text() for name in CONFIGURATIONS)
    wanted = set(re.findall(r"\$(NATS_\w+)", text))
    assert wanted - {"NATS_CERT", "NATS_KEY"} == set(compose()["x-nats-environment"]) | {
        "NATS_NODE"
    }


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_no_file_holds_a_secret(path: Path) -> None:
    assert not SECRET.findall(path.read_text())
