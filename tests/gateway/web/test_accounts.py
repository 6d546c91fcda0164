"""Local accounts: what is stored is a hash, what is asked takes as long for nobody, and a bad file is told."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import main
from gateway.web.accounts import AccountProblem, Accounts
from gateway.web.person import Person

PASSWORD = "correct horse battery"


def test_who_knows_the_password_is_that_person(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.put("ada", "lead", PASSWORD)
    assert accounts.check("ada", PASSWORD) == Person("ada", "lead")
    assert accounts.check("ada", PASSWORD + " ") is None
    assert accounts.check("eve", PASSWORD) is None
    assert accounts.check("", "") is None
    assert accounts.people() == [Person("ada", "lead")] == [accounts.find("ada")]
    assert PASSWORD not in accounts.path.read_text()
    assert "$argon2id$" in accounts.path.read_text()
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600


def test_an_account_is_changed_and_taken_away(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.put("ada", "lead", PASSWORD)
    accounts.put("ada", "engineer", PASSWORD + "2")
    assert accounts.check("ada", PASSWORD) is None
    assert accounts.find("ada") == Person("ada", "engineer")
    accounts.remove("ada")
    assert accounts.people() == []
    with pytest.raises(AccountProblem, match="no account 'ada'"):
        accounts.remove("ada")


@pytest.mark.parametrize(
    ("name", "role", "password", "why"),
    [
        ("", "lead", PASSWORD, "a name has"),
        ("a\nb", "lead", PASSWORD, "a name has"),
        (" ada", "lead", PASSWORD, "a name has"),
        ("ada", "king", PASSWORD, "is none of operator, lead, engineer"),
        ("ada", "lead", "short", "10 to 256"),
        ("ada", "lead", "x" * 257, "10 to 256"),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    tmp_path: Path, name: str, role: str, password: str, why: str
) -> None:
    with pytest.raises(AccountProblem, match=why):
        Accounts(tmp_path / "a").put(name, role, password)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"accounts": 1}', '{"accounts": {"a": {"role": "king", "hash": ""}}}', "\xff"],
)
def test_a_file_that_is_none_is_told_and_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accounts.json"
    path.write_bytes(text.encode("latin-1"))
    for act in (
        lambda: Accounts(path).check("a", "b"),
        lambda: Accounts(path).put("ada", "lead", PASSWORD),
    ):
        with pytest.raises(AccountProblem, match="is no file of"):
            act()
    assert path.read_bytes() == text.encode("latin-1")


def test_a_stored_hash_that_is_none_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"accounts": {"ada": {"role": "lead", "hash": "$argon2id$x"}}}))
    assert Accounts(path).check("ada", PASSWORD) is None


def test_the_command_keeps_the_file(tmp_path: Path) -> None:
    file, secret = tmp_path / "accounts.json", tmp_path / "password"
    secret.write_text(PASSWORD + "\n")

    def done(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["account", *arguments, "--accounts", str(file)])
        assert result.exit_code == 0, result.output
        return result.output

    done("set", "ada", "--role", "lead", "--password-file", str(secret))
    assert json.loads(done("list", "--json")) == {"name": "ada", "role": "lead"}
    assert Accounts(file).check("ada", PASSWORD) == Person("ada", "lead")
    done("remove", "ada")
    assert done("list") == ""
