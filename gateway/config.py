"""The gateway's configuration: one TOML, read once into frozen models. An unknown key is refused.

[gateway]   name, journal, journal_max_mb, link, record_type
[keys]      device, passphrase_file, trust, root
[hub]       url, token_file, ca, cert, key
[metrics]   listen
[[reader]]  name, url, job, dedupe_s, lock
"""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_LARGEST = 1 << 20  # bytes; no configuration is larger
_LAST_PORT = 0xFFFF


class ConfigProblem(Exception):
    """The configuration cannot be used; the text names the file, the key and the remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
TomlPath = Annotated[Path, Field(strict=False)]


Step = Literal[
    "commissioned",
    "inspected",
    "shipped",
    "received",
    "repaired",
    "remanufactured",
    "transferred",
    "decommissioned",
]


class GatewayConfig(_Section):
    """Who this gateway is, and where its journal lies. link: the https base that the tags' links begin with."""

    name: Name = "gateway"
    journal: TomlPath = Path("journal.db")
    journal_max_mb: Annotated[int, Field(ge=1)] = 2048
    link: Annotated[str, Field(pattern=r"^https://[^\s?#]+[^\s?#/]$")] = "https://id.example.com"
    record_type: Annotated[str, Field(pattern=r"^[!-~]{3,64}$")] = "tagwright.org:p"


class KeysConfig(_Section):
    """device: the key file that signs; trust: the signed trust list; root: the root's public key in hex."""

    device: TomlPath | None = None
    passphrase_file: TomlPath | None = None
    trust: TomlPath | None = None
    root: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{128})$")] | None = None


class HubConfig(_Section):
    """Where the journal is synced to. url: without user and password, which a log would tell.

    ca, cert, key: PEM files for HTTPS with a private CA or client certificates.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")] | None = None
    token_file: TomlPath | None = None
    ca: TomlPath | None = None
    cert: TomlPath | None = None
    key: TomlPath | None = None


class MetricsConfig(_Section):
    """listen: HOST:PORT of the Prometheus page; left out, there is none."""

    listen: Annotated[str, Field(pattern=r"^[^\s:]+:[0-9]{1,5}$")] | None = None


class ReaderConfig(_Section):
    """One reader and what its station does with each tag; dedupe_s: seconds in which a tag counts once."""

    name: Name
    url: str
    job: Literal["read", "verify", "update", "commission"] = "verify"
    orders: TomlPath | None = None  # the CSV of a commission job
    step: Step | None = None  # what an update job enters
    lock: bool = False
    dedupe_s: Annotated[float, Field(ge=0, le=3600, strict=False)] = 2.0


class Config(_Section):
    """The whole file. Relative paths are taken from the file's own folder."""

    gateway: GatewayConfig = GatewayConfig()
    keys: KeysConfig = KeysConfig()
    hub: HubConfig = HubConfig()
    metrics: MetricsConfig = MetricsConfig()
    reader: tuple[ReaderConfig, ...] = Field(default=(), strict=False)


def load(path: Path) -> Config:
    """Read and check a configuration file; raises ConfigProblem."""
    try:
        raw = path.read_bytes()
    except OSError as why:
        raise ConfigProblem(f"cannot read {path}: {why.strerror}") from why
    return parse(raw, str(path), path.parent)


def token(path: Path, key: str) -> str:
    """The bearer token on the first line of a file; raises ConfigProblem, which names `key` and never the token."""
    try:
        found = path.read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigProblem(f"{key}: cannot read {path}: {why}") from None
    if not re.fullmatch(r"[!-~]+", found):
        raise ConfigProblem(f"{key}: put a token of visible ASCII characters on line 1 of {path}")
    return found


def parse(raw: bytes, name: str = "configuration", folder: Path = Path()) -> Config:
    """The configuration in `raw`; relative paths are joined to `folder`. Raises ConfigProblem and nothing else."""
    if len(raw) > _LARGEST:
        raise ConfigProblem(f"{name}: larger than {_LARGEST} bytes")
    try:
        tree = tomllib.loads(raw.decode())
    except UnicodeDecodeError as why:
        raise ConfigProblem(f"{name}: not UTF-8 at byte {why.start}") from why
    except (tomllib.TOMLDecodeError, RecursionError) as why:
        raise ConfigProblem(f"{name}: {why}") from why
    try:
        found = Config.model_validate(tree)
    except ValidationError as why:
        raise ConfigProblem(f"{name}: {_sentence(why.errors()[0])}") from why
    _check(found, name)
    return _anchored(found, folder)


def _check(config: Config, name: str) -> None:
    names = [reader.name for reader in config.reader]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise ConfigProblem(
            f"{name}: reader.name: {twice[0]!r} stands twice; each reader needs its own"
        )
    jobs = [reader.orders for reader in config.reader if reader.orders]
    shared = next((each for each in jobs if jobs.count(each) > 1), None)
    if shared is not None:
        raise ConfigProblem(
            f"{name}: reader.orders: two readers share {shared}: split it, so that each row has one"
        )
    for reader in config.reader:
        if reader.job == "commission" and reader.orders is None:
            raise ConfigProblem(
                f"{name}: reader {reader.name}: job commission needs orders = FILE.csv"
            )
        if reader.job == "update" and reader.step is None:
            raise ConfigProblem(
                f'{name}: reader {reader.name}: job update needs step = "inspected"'
            )
        if reader.job in ("commission", "update") and config.keys.device is None:
            raise ConfigProblem(f"{name}: reader {reader.name}: job {reader.job} needs keys.device")

    port = (config.metrics.listen or ":0").rpartition(":")[2]
    if int(port) > _LAST_PORT:
        raise ConfigProblem(f"{name}: metrics.listen: no port {port}: the last is {_LAST_PORT}")


def _sentence(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}"
    *path, key = error["loc"]
    section: Any = Config
    for part in path:
        if isinstance(part, str):
            section = {
                "gateway": GatewayConfig,
                "keys": KeysConfig,
                "hub": HubConfig,
                "metrics": MetricsConfig,
                "reader": ReaderConfig,
            }.get(part, section)
    near = difflib.get_close_matches(str(key), section.model_fields, n=1)
    hint = (
        f": did you mean {near[0]}?" if near else f": it may be {', '.join(section.model_fields)}"
    )
    return f"unknown key {where}{hint}"


def _anchored(config: Config, folder: Path) -> Config:
    def section(model: _Section) -> dict[str, Any]:
        return {
            key: folder / value if isinstance(value, Path) else value
            for key, value in ((key, getattr(model, key)) for key in type(model).model_fields)
        }

    return Config(
        gateway=GatewayConfig(**section(config.gateway)),
        keys=KeysConfig(**section(config.keys)),
        hub=HubConfig(**section(config.hub)),
        metrics=config.metrics,
        reader=tuple(ReaderConfig(**section(each)) for each in config.reader),
    )
