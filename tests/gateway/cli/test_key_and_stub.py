"""`tagwright key` and `tagwright stub` as scripts use them: JSON shapes and exit statuses of the contract."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main

CLAIMS = {
    "product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "A1"},
    "granularity": "item",
    "digest": "11" * 32,
    "issued_at": 1790000000,
    "totals": {"41": 1000, "42": 50},
}
UID = "04a1b2c3d4e5f6"


def call(*arguments: object, input: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], input=input)


def answer(*arguments: object, input: bytes | None = None) -> Any:
    result = call(*arguments, "--json", input=input)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A folder with a key, a trust list that names it, and claims."""
    answer("key", "new", "--out", tmp_path / "a.key", "--no-passphrase", "--operator", "NL-ACME")
    answer("key", "trust", "--add", tmp_path / "a.key", "--out", tmp_path / "trust.cbor")
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    return tmp_path


def encoded(line: Path, *more: object) -> bytes:
    made = answer(
        "stub", "encode", "--claims", line / "claims.json", "--key", line / "a.key", *more
    )
    assert made["bytes"] == len(made["stub"]) // 2
    return bytes.fromhex(made["stub"])


def test_a_key_is_shown_without_its_passphrase(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("swordfish\n")
    made = answer("key", "new", "--out", tmp_path / "a.key", "--passphrase-file", tmp_path / "word")
    shown = answer("key", "show", tmp_path / "a.key")
    assert shown == made
    assert (len(shown["kid"]), len(shown["public_key"]), shown["alg"]) == (16, 64, -19)


def test_a_new_key_without_a_passphrase_must_be_asked_for(tmp_path: Path) -> None:
    result = call("key", "new", "--out", tmp_path / "a.key")
    assert result.exit_code == 2
    assert "--no-passphrase" in result.stderr


def test_the_root_key_is_made_on_first_use_and_told(tmp_path: Path) -> None:
    answer("key", "new", "--out", tmp_path / "a.key", "--no-passphrase")
    result = call("key", "trust", "--add", tmp_path / "a.key", "--out", tmp_path / "trust.cbor")
    assert result.exit_code == 0
    assert "made the root key" in result.stderr


def test_stub_bytes_decode_to_the_claims_that_were_encoded(line: Path) -> None:
    found = answer("stub", "decode", input=encoded(line))
    assert found["alg"] == -19
    assert found["kid"] == answer("key", "show", line / "a.key")["kid"]
    assert found["claims"]["product"] == CLAIMS["product"]
    assert found["claims"]["totals"] == CLAIMS["totals"]
    assert found["claims"]["seq"] == 0
    assert (found["claims"]["granularity"], found["claims"]["status"]) == ("item", "active")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--add", "none.key", "--out", "trust.cbor"), "none.key: No such file"),
        (("--add", "a.key", "--add", "claims.json", "--out", "trust.cbor"), "claims.json is no"),
        (("--add", "a.key", "--gtin-prefix", "x", "--out", "trust.cbor"), "GTIN prefix"),
        (("--add", "a.key", "--root-key", "r.key", "--out", "none/trust.cbor"), "no folder none"),
    ],
)
def test_no_root_key_is_made_for_a_list_that_cannot_be_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer("key", "new", "--out", "a.key", "--no-passphrase")
    Path("claims.json").write_text("{}")
    result = call("key", "trust", *words)
    assert result.exit_code == 2 and says in result.stderr, result.output
    assert {each.name for each in tmp_path.iterdir()} == {"a.key", "claims.json"}


def test_a_stub_verifies_on_its_own_tag_alone(line: Path) -> None:
    raw = encoded(line, "--uid", UID)
    verify = ("stub", "verify", "--trust", line / "trust.cbor", "--uid")
    good = answer(*verify, UID, input=raw)
    assert good["verdict"]["integrity"] == "valid"
    assert good["verdict"]["key"] == "trusted"
    assert good["verdict"]["binding"] == "match"
    copied = call(*verify, "04ffffffffffff", "--json", input=raw)
    assert copied.exit_code == 1
    assert json.loads(copied.stdout)["verdict"]["binding"] == "mismatch"


def test_hex_is_read_as_well_as_raw_bytes(line: Path) -> None:
    raw = encoded(line)
    assert answer("stub", "decode", input=raw.hex().encode() + b"\n") == answer(
        "stub", "decode", input=raw
    )


def test_a_revoked_key_is_its_own_verdict(line: Path) -> None:
    raw = encoded(line, "--uid", UID)
    kid = answer("key", "show", line / "a.key")["kid"]
    answer("key", "revoke", kid, "--out", line / "trust.cbor", "--since", 1)
    result = call(
        "stub", "verify", "--trust", line / "trust.cbor", "--uid", UID, "--json", input=raw
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdict"]["key"] == "revoked"


def test_bytes_that_are_no_stub_end_with_status_1_and_a_sentence() -> None:
    result = call("stub", "decode", "--json", input=b"not a stub")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("tagwright: ")
    assert result.stderr.count("\n") == 1


def test_claims_that_cannot_be_are_named_by_path(line: Path) -> None:
    (line / "claims.json").write_text(json.dumps(CLAIMS | {"totals": {"99": 1}}))
    result = call("stub", "encode", "--claims", line / "claims.json", "--key", line / "a.key")
    assert result.exit_code != 0
    assert "99" in result.stderr


def test_fit_tells_what_fits_a_tag(line: Path) -> None:
    url = "https://id.example.com/01/09520123456788/21/A1"
    fit = ("stub", "encode", "--claims", line / "claims.json", "--fit")
    assert call(*fit, "ntag215", "--url", url).exit_code == 0
    assert "two slots" in call(*fit, "ntag215", "--url", url).stdout
    assert call(*fit, "ntag999", "--url", url).exit_code == 2


def test_fit_counts_what_names_the_tag_in_the_stub(line: Path) -> None:
    fit = ("stub", "encode", "--claims", line / "claims.json", "--fit")
    url = "https://id.example.com/01/09520123456788/21/A1"
    tid = ("--uid", "e28011502000000000000001", "--kind", "rain")
    assert answer(*fit, "monzax8k")["bytes"] == len(encoded(line, *tid)) > len(encoded(line))
    assert answer(*fit, "ntag215", "--url", url)["bytes"] == len(encoded(line, "--uid", UID))


def test_a_stub_is_bound_to_a_rain_tag(line: Path) -> None:
    tid = ("--uid", "e28011502000000000000001", "--kind", "rain")
    verify = ("stub", "verify", "--trust", line / "trust.cbor")
    assert answer(*verify, *tid, input=encoded(line, *tid))["verdict"]["binding"] == "match"
