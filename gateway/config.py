"""The gateway's configuration: one TOML, read once into frozen models. An unknown key is refused.

[gateway]   name, journal, journal_max_mb, link, record_type, company_prefixes
[keys]      device, passphrase_file, trust, root
[hub]       url, token_file, ca, cert, key
[metrics]   listen
[[reader]]  name, url, job, dedupe_s, lock, access_password_file
[reader.presence], [reader.window], [reader.pallet]: see their models
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
Number = Annotated[float, Field(strict=False, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=31_536_000, strict=False)]
CompanyPrefix = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
Antenna = Annotated[str, Field(pattern=r"^([1-9][0-9]{0,2})$")]  # TOML has no keys but text

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
    """Who this gateway is, and where its journal lies. link: the https base that the tags' links begin with.

    company_prefixes: GS1 company prefixes of the products, which an SGTIN-96 cannot be encoded without.
    """

    name: Name = "gateway"
    journal: TomlPath = Path("journal.db")
    journal_max_mb: Annotated[int, Field(ge=1)] = 2048
    link: Annotated[str, Field(pattern=r"^https://[^\s?#]+[^\s?#/]$")] = "https://id.example.com"
    record_type: Annotated[str, Field(pattern=r"^[!-~]{3,64}$")] = "tagwright.org:p"
    company_prefixes: tuple[CompanyPrefix, ...] = Field(default=(), strict=False)


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


class PresenceConfig(_Section):
    """How a tag arrives in the zones of a reader's antennas, moves between them and departs.

    zones: antenna number -> name of its zone, which antennas of other readers may share; others are READER/ANTENNA.
    smooth_s: time constant of the mean of RSSI; fade_db_s: how fast it fades in a zone that hears the tag no more.
    A tag moves to a zone that hears it better by move_offset_db for hold_off_s. It arrives with arrive_reads reads of
    floor_dbm and better; it departs when unseen for depart_s, and is forgotten after age_out_s.
    duplicate_s: reads of a tag in one zone that follow one another sooner count once. tid: read each tag's TID in the
    same round: copies of an EPC are told apart, at half the rate.
    """

    tid: bool = False
    zones: dict[Antenna, Name] = {}
    smooth_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 1.0
    move_offset_db: Annotated[Number, Field(ge=0, le=60)] = 6.0
    hold_off_s: Seconds = 0.5
    fade_db_s: Annotated[Number, Field(ge=0, le=1000)] = 4.0
    arrive_reads: Annotated[int, Field(ge=1, le=10_000)] = 1
    floor_dbm: Annotated[Number, Field(ge=-200, le=100)] = -200.0
    duplicate_s: Seconds = 0.1
    depart_s: Seconds = 30.0
    age_out_s: Seconds = 86_400.0


class WindowConfig(_Section):
    """When to look for tags: while an input of the reader is high, a light barrier's mostly.

    debounce_s: a shorter pulse without a tag is noise; linger_s: the input must be low for so long to end a product.
    max_s: what stands there longer is closed.
    """

    gpi: Annotated[int, Field(ge=1, le=64)]
    debounce_s: Seconds = 0.02
    linger_s: Seconds = 0.25
    max_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 30.0


class PalletConfig(_Section):
    """A pallet's tags as one. expected: the despatch advice, a CSV that is read anew for each pallet.

    user_words: of the USER bank, read with each tag in the same round; population: about how many tags. Without a
    window a pallet ends when no new tag came for idle_s, or after max_s; its tags begin another one when they were
    away for away_s. reread_s: for reading tags singly of which the round brought too little.
    """

    expected: TomlPath | None = None
    user_words: Annotated[int, Field(ge=0, le=4096)] = 64
    population: Annotated[int, Field(ge=1, le=100_000)] = 500
    idle_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 2.0
    max_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 60.0
    away_s: Seconds = 10.0
    reread_s: Seconds = 10.0


class ReaderConfig(_Section):
    """One reader and what its station does with each tag; dedupe_s: seconds in which a tag counts once.

    access_password_file: 8 hex digits, the access password of the tags (RAIN).
    """

    name: Name
    url: str
    job: Literal["read", "verify", "update", "commission", "presence", "pallet"] = "verify"
    orders: TomlPath | None = None  # the CSV of a commission job
    step: Step | None = None  # what an update job enters
    lock: bool = False
    dedupe_s: Annotated[float, Field(ge=0, le=3600, strict=False)] = 2.0
    access_password_file: TomlPath | None = None
    presence: PresenceConfig | None = None
    window: WindowConfig | None = None
    pallet: PalletConfig | None = None


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
