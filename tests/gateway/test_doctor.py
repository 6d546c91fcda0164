"""The doctor: what is not well has its remedy, which names the thing and what to type."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from gateway.cli.main import main
from gateway.config import parse
from gateway.doctor import examine, hub_finding
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.keys import DeviceKey

NOW = 1_790_000_000.0


def found(folder: Path, text: str) -> dict[str, Finding]:
    config = parse(text.encode(), "line.toml", folder)
    return {each.check: each for each in examine(config, NOW)}


def test_what_is_not_well_cannot_be_said_without_a_remedy() -> None:
    Finding("disk", WELL, "/: 4096 MiB free")
    for state in (WARNING, FAULT):
        with pytest.raises(ValueError, match="remedy"):
            Finding("disk", state, "/: 1 MiB free")


def test_each_line_that_is_not_well_says_where_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "bad.key").write_text("no key")
    (tmp_path / "rows.csv").write_text("gtin,serial\n1,2\n")
    seen = found(
        tmp_path,
        '[gateway]\njournal = "away/journal.db"\n'
        '[keys]\ndevice = "bad.key"\ntrust = "none.cbor"\n'
        '[hub]\ntoken_file = "none.token"\n'
        '[[reader]]\nname = "gate"\nurl = "pn532:/dev/ttyNONE"\njob = "commission"\n'
        'orders = "rows.csv"\n',
    )
    for check, place, to_do in (
        ("disk", str(tmp_path / "away"), f"mkdir -p {tmp_path / 'away'}"),
        ("fsync", str(tmp_path / "away"), "gateway.journal"),
        ("key", str(tmp_path / "bad.key"), "tagwright key new --out"),
        ("trust", str(tmp_path / "none.cbor"), "fetch the newest list"),
        ("file hub.token_file", str(tmp_path / "none.token"), "hub.token_file"),
        ("reader gate", "/dev/ttyNONE", "/dev/serial/by-id/"),
        ("orders gate", str(tmp_path / "rows.csv"), "mend"),
    ):
        assert seen[check].state in (WARNING, FAULT), check
        assert place in seen[check].detail, check
        assert to_do in seen[check].remedy, check


def test_a_key_that_no_service_can_open_is_told(tmp_path: Path) -> None:
    DeviceKey.generate().save(tmp_path / "a.key", "a passphrase")
    (tmp_path / "word").write_text("another one\n")
    (tmp_path / "word").chmod(0o600)
    keys = '[keys]\ndevice = "a.key"\n'
    assert found(tmp_path, keys)["key"].state == WARNING
    wrong = found(tmp_path, keys + 'passphrase_file = "word"\n')
    assert wrong["key"].state == FAULT and "word" in wrong["key"].remedy
    (tmp_path / "word").write_text("a passphrase\n")
    right = found(tmp_path, keys + 'passphrase_file = "word"\n')
    assert right["key"].state == WELL and right["files"].state == WELL


def test_a_secret_that_others_may_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("visible\n")
    (tmp_path / "token").chmod(0o644)
    seen = found(tmp_path, '[hub]\ntoken_file = "token"\n')["file hub.token_file"]
    assert (seen.state, seen.remedy) == (WARNING, f"chmod 600 {tmp_path / 'token'}")
    assert "644" in seen.detail and "visible" not in repr(seen)


def test_a_hub_is_named_once() -> None:
    seen = hub_finding("http://h:1", "http://h:1/health: no answer", 0.0)
    assert seen.detail == "http://h:1/health: no answer"


def test_the_report_has_no_colour_in_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "line.toml").write_text("[gateway]\n")
    shown = CliRunner().invoke(main, ["doctor", "-c", os.fspath(tmp_path / "line.toml")])
    assert "\x1b" not in shown.output
    for line in shown.stdout.splitlines():
        assert line.startswith("ok ") or " -> " in line


def test_the_station_page_is_looked_at(tmp_path: Path) -> None:
    assert "no station page" in found(tmp_path, "")["web"].detail
    assert "at this machine" in found(tmp_path, "[web]\n")["web"].detail
    accounts = '[web]\naccounts = "people.json"\n'
    nobody = found(tmp_path, accounts)["web"]
    assert nobody.state == WARNING and "account set" in nobody.remedy
    (tmp_path / "people.json").write_text("{")
    broken = found(tmp_path, accounts)["web"]
    assert broken.state == FAULT and str(tmp_path / "people.json") in broken.remedy


def test_the_pages_certificate_is_looked_at(tmp_path: Path) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    for name, ends in (("good", 90), ("soon", 3), ("over", -3)):
        key = ec.generate_private_key(ec.SECP256R1())
        whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "line.example")])
        cert = (
            x509.CertificateBuilder(whose, whose, key.public_key(), 1)
            .not_valid_before(now - timedelta(30))
            .not_valid_after(now + timedelta(ends))
            .sign(key, hashes.SHA256())
        )
        (tmp_path / f"{name}.pem").write_bytes(cert.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.key").write_bytes(secret)

    def state(cert: str, key: str) -> str:
        said = found(tmp_path, f'[web]\ncert = "{cert}.pem"\nkey = "{key}.key"\n')
        return said["web certificate"].state if "web certificate" in said else WELL

    assert [state(each, each) for each in ("good", "soon", "over")] == [WELL, WARNING, FAULT]
    assert state("good", "soon") == state("none", "good") == FAULT
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    (tmp_path / "locked.key").write_bytes(locked)
    assert state("over", "locked") == FAULT  # and nobody was asked for the word


def test_a_key_that_the_variable_opens_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    DeviceKey.generate().save(tmp_path / "a.key", "a passphrase")
    monkeypatch.setenv("TAGWRIGHT_PASSPHRASE", "a passphrase")
    assert found(tmp_path, '[keys]\ndevice = "a.key"\n')["key"].state == WELL
    monkeypatch.setenv("TAGWRIGHT_PASSPHRASE", "another one")
    wrong = found(tmp_path, '[keys]\ndevice = "a.key"\n')["key"]
    assert wrong.state == FAULT and "TAGWRIGHT_PASSPHRASE" in wrong.remedy
