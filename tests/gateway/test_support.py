"""The support bundle: secrets planted wherever a configuration can name one, and looked for in all of it."""

import io
import json
import typing
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from gateway.cli.main import main
from gateway.config import Config
from gateway.hub.settings import HubSettings
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.redact import Redacted, Scrub, address, shortened
from gateway.support import toml

UID, SERIAL = "04a1b2c3d4e5f6", "Q7SERIAL"


class Planter:
    """Fills every field of a model with a secret of its own: in the text, in a URL's parts, in the file it names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planted: list[str] = []
        self.logged: list[str] = []

    def secret(self) -> str:
        self.planted.append(f"Sesam-{len(self.planted):04}-oeffne")
        return self.planted[-1]

    def tree(self, model: type[BaseModel]) -> dict[str, Any]:
        return {
            name: self.value(name, field.annotation) for name, field in model.model_fields.items()
        }

    def value(self, name: str, annotation: Any) -> Any:
        models = [each for each in flat(annotation) if isinstance(each, type)]
        below = next((each for each in models if issubclass(each, BaseModel)), None)
        if below is not None:
            found = self.tree(below)
            if typing.get_origin(annotation) is tuple:
                return [found | {"name": "n"}] if "name" in found else [found]
            return {"n": found} if typing.get_origin(annotation) is dict else found
        if any(issubclass(each, Path) for each in models):
            return self.file(name)
        if name in SHOWN:
            return "shown"
        secret = self.secret()
        self.logged.append(secret)
        if name in ("link", "location", "root", "read_points", "certification"):
            return f"https://u:{secret}@host.example/public?token={secret}#{secret}"
        return f"camera:rtsp://me:{secret}@host.example:554/{secret}?key={secret}#{secret}"

    def file(self, name: str) -> str:
        """The name of a file whose content is secret."""
        path = self.folder / f"{name}-{len(self.planted)}"
        path.write_text(f"{self.secret()}\n{self.secret()}:{self.secret()}\n")
        if name not in OPEN_FILES:
            self.logged += self.planted[-3:]
        return path.name


# What a bundle shows as it stands: words that are no secret unless somebody calls a reader by one.
SHOWN = frozenset(
    (
        *("name", "record_type", "company_prefixes", "link_hosts", "job", "step", "beside"),
        *("requires", "trigger", "symbologies", "partial", "least_grade", "listen", "plc"),
        *("time_zone", "node", "names", "biz_steps", "zones", "roles", "role_claim", "scopes"),
        "classes",
    )
)
# Files that hold none: what stands in them is not in the bundle, but may be told by a log.
OPEN_FILES = frozenset(
    (
        *("journal", "trust", "ca", "cert", "orders", "expected", "match_file", "archive"),
        *("update", "list"),
    )
)


def flat(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in typing.get_args(annotation):
        yield from flat(each)


def packed(*arguments: object) -> dict[str, str]:
    """Name -> text of each file in the bundle that the command makes."""
    done = CliRunner().invoke(main, ["support", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    out = next(Path(str(each)) for each in arguments if str(each).endswith(".zip"))
    assert out.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as file:
        return {name.partition("/")[2]: file.read(name).decode() for name in file.namelist()}


def leaks(texts: dict[str, str], secrets: list[str]) -> list[tuple[str, str]]:
    return [
        (name, each)
        for name, text in texts.items()
        for each in secrets
        if each.lower() in text.lower()
    ]


@pytest.mark.parametrize("model", [Config, HubSettings])
def test_no_secret_that_a_configuration_can_name_is_in_the_bundle(
    tmp_path: Path, model: type[BaseModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Planter(tmp_path)
    tree = plant.tree(model)
    monkeypatch.setenv("TAGWRIGHT_PASSPHRASE", plant.secret())
    (tmp_path / "made.toml").write_text(f"# {plant.secret()}\n{toml(tree)}")
    (tmp_path / "run.log").write_text("\n".join(f"a log tells {each}" for each in plant.logged))
    texts = packed(
        "-c", tmp_path / "made.toml", tmp_path / "o.zip", "--log", tmp_path / "run.log", "--whole"
    )
    assert len(plant.logged) > 20
    assert leaks(texts, plant.planted) == [], "in the bundle"
    assert "configuration.toml" in texts and "doctor.jsonl" in texts


@pytest.mark.parametrize(
    "text",
    [
        '[hub]\npasword = "Sesam-1"\n',
        '[hub]\ntoken_file = "Sesam-1"\n',
        "[[reader]]\naccess_password_file = 12345678\n",
        '[hub]\nurl = "Sesam-1"\n',
        '[keys]\nroot = "Sesam-1"\n',
        '[gateway]\nname = { Sesam = "Sesam-1" }\n',
        '[hub]\ntoken_file = "Sesam-1\n',
        'database = "postgresql://u:Sesam-1/x@db/name?password=Sesam-1"\n',
        '[[reader]]\nname = "a"\nurl = "camera:me:Sesam-1@10.0.0.9"\n',
        '[[reader]]\nname = "a"\nurl = "camera:http://10.0.0.9/video?Sesam-1"\n',
    ],
)
def test_a_configuration_that_is_refused_tells_no_secret_either(tmp_path: Path, text: str) -> None:
    (tmp_path / "made.toml").write_text(text)
    texts = packed("-c", tmp_path / "made.toml", tmp_path / "o.zip", "--no-system-log")
    assert leaks(texts, ["Sesam-1", "12345678"]) == []


async def _rows(folder: Path) -> None:
    async with Journal(folder / "journal.db") as journal:
        body = {"reason": f"tag {UID} holds 09520123456788/{SERIAL}", "stub": b"Sesam-stub"}
        await journal.append(
            "refused", "gate", bytes.fromhex(UID), f"09520123456788/{SERIAL}", body
        )
        about = {"act": "void", "reason": "Ada Lovelace", "name": "Ada Lovelace"}
        await journal.append("audit", "gate", b"", "", about)


@pytest.mark.anyio
async def test_tags_and_serials_are_cut_short_and_nobody_is_named(tmp_path: Path) -> None:
    await _rows(tmp_path)
    (tmp_path / "line.toml").write_text('[gateway]\njournal = "journal.db"\n')
    config = ("-c", tmp_path / "line.toml", "--no-system-log")
    rows = packed(*config, tmp_path / "a.zip")["journal-rows.jsonl"]
    first = json.loads(rows.splitlines()[0])
    assert (first["uid"], first["product"]) == ("04a1b2…", "09520123456788/Q…")
    assert first["sentence"] == "tag 04a1b2… holds 09520123456788/Q…"
    assert leaks({"rows": rows}, ["Ada", "Sesam", b"Sesam".hex(), SERIAL, UID]) == []
    whole = packed(*config, tmp_path / "b.zip", "--whole")["journal-rows.jsonl"]
    assert UID in whole and SERIAL in whole
    none = packed(*config, tmp_path / "c.zip", "--rows", 0)
    assert "journal-rows.jsonl" not in none and '"head": 2' in none["journal.json"]


def test_the_bundle_says_what_is_in_it_and_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "o.zip"
    done = CliRunner().invoke(main, ["support", str(out), "--json", "--no-system-log"])
    told = json.loads(done.stdout)
    assert told["out"] == str(out) and "README.txt" in told["files"]
    again = CliRunner().invoke(main, ["support", str(out)])
    assert again.exit_code == 2
    assert again.stderr == f"tagwright: {out} exists: name another file, or remove it\n"


@pytest.mark.anyio
async def test_the_journal_of_a_gateway_that_names_none_is_packed(tmp_path: Path) -> None:
    await _rows(tmp_path)
    (tmp_path / "line.toml").write_text('[keys]\ndevice = "a.key"\n')
    rows = packed("-c", tmp_path / "line.toml", "--no-system-log", tmp_path / "a.zip")
    assert len(rows["journal-rows.jsonl"].splitlines()) == 2


def test_a_private_key_stays_where_it_is(tmp_path: Path) -> None:
    DeviceKey.generate().save(tmp_path / "a.key", None)
    body = (tmp_path / "a.key").read_text().splitlines()[4]
    (tmp_path / "line.toml").write_text('[keys]\ndevice = "a.key"\n')
    (tmp_path / "log").write_text(f"somebody pasted {body}")
    texts = packed("-c", tmp_path / "line.toml", "--log", tmp_path / "log", tmp_path / "o.zip")
    assert leaks(texts, [body]) == []
    assert "kid " in texts["doctor.jsonl"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("pn532:/dev/ttyUSB0?baud=115200", "pn532:/dev/ttyUSB0?baud=115200"),
        ("llrp://192.0.2.7?antenna=1,2&tid=E280", "llrp://192.0.2.7?antenna=1,2&tid=***"),
        ("camera:rtsp://a:b/c@h:554/live", "camera:rtsp://***@h:554/***"),
        ("https://hub.example:8470", "https://hub.example:8470"),
        ("camera:0", "camera:0"),
    ],
)
def test_an_address_as_it_may_be_seen(said: str, shown: str) -> None:
    assert address(said)[0] == shown


def test_secrets_are_found_as_others_write_them() -> None:
    seen = Redacted({"hub": {"url": "https://u:p%40ss-word@h"}}, Path())
    scrub = Scrub([*seen.secrets, "user:long-password"])
    for each in ("P%40SS-WORD", "p@ss-word", "dXNlcjpsb25nLXBhc3N3b3Jk", "long-password"):
        assert scrub(f"x{each}y") == "x***y"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Authorization: Bearer abc.def_ghi-1==", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic ***"),
        ("the bearer token is missing", "the bearer token is missing"),
        ("cookie: a=1; __Host-tagwright=Zk2fmyFc; b", "cookie: a=1; __Host-tagwright=***; b"),
        ("id_token=eyJhbGciOiJ9.eyJzdWIi.c2ln!", "id_token=***!"),
        ('"hash": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"', '"hash": "***"'),
    ],
)
def test_what_looks_like_a_token_is_hidden_wherever_it_comes_from(said: str, shown: str) -> None:
    assert Scrub([])(said) == shown


def test_what_is_shortened_still_tells_products_apart() -> None:
    assert shortened("uid 04:A1:B2:C3:D4:E5:F6") == "uid 04:A1:B2…"
    assert (
        shortened("https://h/01/09520123456788/21/ABC?x") == "https://h/01/09520123456788/21/A…?x"
    )
    assert shortened("kid 0123456789ab") == "kid 0123456789ab"
