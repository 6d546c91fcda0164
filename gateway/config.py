"""The gateway's configuration: one TOML, read once into frozen models. An unknown key is refused.

[gateway]   name, journal, journal_max_mb, captures_percent, telemetry_percent, journal_keep_days, link, record_type,
            company_prefixes, link_hosts
[keys]      device, passphrase_file, trust, root
[hub]       url, nats, token_file, ca, cert, key, identity
[epcis]     url, token_file, ca, cert, key, location, read_points, biz_steps, certification, presence, time_zone
[metrics]   listen
[web]       listen, cert, key, accounts, display
[web.oidc]  issuer, client_id, client_secret_file, role_claim, roles, scopes, redirect
[[reader]]  name, url, job, dedupe_s, lock, access_password_file, beside, requires, secret_file, update
[reader.presence], [reader.window], [reader.pallet], [reader.codes]: see gateway/config_tables.py, as for all the others
"""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import ValidationError

from gateway.config_tables import (
    MEANT,
    CodesConfig,
    Config,
    EpcisConfig,
    GatewayConfig,
    HubConfig,
    KeysConfig,
    MetricsConfig,
    OidcConfig,
    PalletConfig,
    PresenceConfig,
    ReaderConfig,
    Section,
    TomlPath,
    WebConfig,
    WindowConfig,
)

__all__ = [
    "CodesConfig",
    "Config",
    "ConfigProblem",
    "EpcisConfig",
    "GatewayConfig",
    "HubConfig",
    "KeysConfig",
    "MetricsConfig",
    "OidcConfig",
    "PalletConfig",
    "PresenceConfig",
    "ReaderConfig",
    "TomlPath",
    "WebConfig",
    "WindowConfig",
    "load",
    "parse",
    "password",
    "secret",
    "token",
    "without_password",
]

_LARGEST = 1 << 20  # bytes; no configuration is larger
_USER = re.compile(r"(?<=://)\S*@")
_LAST_PORT = 0xFFFF
_RAIN = ("llrp", "llrps", "m100")  # schemes of readers that see many tags at once
_MANY_TAGS = ("presence", "pallet")  # jobs at these alone
_HANDHELD = "handheld"  # the scheme of readers that did their job before
_CODES = ("camera", "scanner")  # schemes of readers that see codes, and no tags
_CODE_JOBS = ("read", "verify", "print")
_SHORTEST_SECRET = 16  # characters
_PEM = ("ca", "cert", "key")


class ConfigProblem(Exception):
    """The configuration cannot be used; the text names the file, the key and the remedy, and no URL's password."""

    def __init__(self, text: str) -> None:
        super().__init__(without_password(text))


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
        errors = why.errors()  # an unknown key is often why another one is missing
        first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        raise ConfigProblem(f"{name}: {sentence(first, Config, _TABLES)}") from why
    _check(found, name)
    return _anchored(found, folder)


def secret(path: Path, key: str) -> bytes:
    """What gateway and handhelds hold alike, on the first line of a file; raises ConfigProblem, as token()."""
    found = token(path, key)
    if len(found) < _SHORTEST_SECRET:
        raise ConfigProblem(
            f"{key}: put {_SHORTEST_SECRET} characters or more on line 1 of {path}: `openssl rand -hex 16`"
        )
    return found.encode()


def password(path: Path, key: str) -> int:
    """The 32-bit password of RAIN tags, 8 hex digits on the first line of a file; raises ConfigProblem, as token()."""
    words = token(path, key)
    if not re.fullmatch(r"[0-9a-fA-F]{8}", words):
        raise ConfigProblem(f"{key}: put a password of 8 hex digits on line 1 of {path}")
    return int(words, 16)


def _check(config: Config, name: str) -> None:
    quotas = config.gateway.captures_percent + config.gateway.telemetry_percent
    if quotas >= 100:
        raise ConfigProblem(
            f"{name}: gateway: captures_percent and telemetry_percent make {quotas}: below 100,"
            " so that passports have room"
        )
    names = [reader.name for reader in config.reader]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise ConfigProblem(
            f"{name}: reader.name: {twice[0]!r} stands twice; each reader needs its own"
        )
    jobs = [reader.orders for reader in config.reader if reader.orders and reader.job != "print"]
    shared = next((each for each in jobs if jobs.count(each) > 1), None)
    if shared is not None:
        raise ConfigProblem(
            f"{name}: reader.orders: two readers share {shared}: split it, so that each row has one"
        )
    for reader in config.reader:
        fault = _unfit(reader, config.keys) or _unfit_beside(reader, config.reader)
        if fault:
            raise ConfigProblem(f"{name}: reader {reader.name}: {fault}")
    _check_zones(config, name)
    plcs = [each.codes.plc for each in config.reader if each.codes and each.codes.plc]
    twice = sorted({each for each in plcs if plcs.count(each) > 1})
    if twice:
        raise ConfigProblem(f"{name}: codes.plc: {twice[0]} stands twice; each needs its own port")
    addresses = [("metrics.listen", config.metrics.listen), *[("codes.plc", at) for at in plcs]]
    if config.web is not None:
        addresses.append(("web.listen", config.web.listen))
        if fault := _unfit_web(config.web):
            raise ConfigProblem(f"{name}: web: {fault}")
    for key, address in addresses:
        port = (address or ":0").rpartition(":")[2]
        if int(port) > _LAST_PORT:
            raise ConfigProblem(f"{name}: {key}: no port {port}: the last is {_LAST_PORT}")


def _unfit(reader: ReaderConfig, keys: KeysConfig) -> str:
    """Why this reader cannot do its job as it is written; "" where it can."""
    scheme = reader.url.partition(":")[0]
    if scheme == _HANDHELD:
        return _unfit_handheld(reader)
    if reader.job == "collect":
        return "job collect is for handhelds: handheld:/dev/ttyACM0 or handheld:tcp://0.0.0.0:8478"
    if reader.secret_file is not None or reader.update is not None:
        return "secret_file and update are for handhelds: handheld:/dev/ttyACM0"
    if scheme in _CODES and reader.job not in _CODE_JOBS:
        return f"job {reader.job} needs a tag reader; a {scheme} may do {', '.join(_CODE_JOBS)}"
    if reader.codes is not None and scheme not in _CODES:
        return "[reader.codes] is for cameras and scanners"
    if reader.codes is not None and 0 < reader.codes.most < reader.codes.count:
        return f"codes.most {reader.codes.most} is below codes.count {reader.codes.count}: no cycle would be good"
    if reader.job == "print" and scheme != "camera":
        return "job print needs a camera: two engines look at its pictures"
    if reader.job in ("commission", "print") and reader.orders is None:
        return f"job {reader.job} needs orders = FILE.csv"
    if reader.job == "update" and reader.step is None:
        return 'job update needs step = "inspected"'
    if reader.job in ("commission", "update") and keys.device is None:
        return f"job {reader.job} needs keys.device"
    if reader.job in _MANY_TAGS and scheme not in _RAIN:
        return f"job {reader.job} needs a RAIN reader: {', '.join(_RAIN)}"
    if reader.access_password_file is not None and scheme not in _RAIN:
        return f"access_password_file is for RAIN readers: {', '.join(_RAIN)}"
    if reader.window is not None and (reader.job not in _MANY_TAGS or scheme == "m100"):
        return "window is for a job presence or pallet at a reader with inputs: llrp, llrps"
    for table in _MANY_TAGS:
        if getattr(reader, table) is not None and reader.job != table:
            return f"{table} is for job {table}, and this is job {reader.job}"
    return ""


def _unfit_handheld(reader: ReaderConfig) -> str:
    if reader.job != "collect":
        return f"job {reader.job}: a handheld does its jobs by itself: leave job out"
    fields = ReaderConfig.model_fields
    known = ("name", "url", "job", "orders", "secret_file", "update")
    wrong = [
        key for key in fields if key not in known and getattr(reader, key) != fields[key].default
    ]
    return f"{wrong[0]} is not for handhelds: they have settings of their own" if wrong else ""


def _unfit_beside(reader: ReaderConfig, readers: Sequence[ReaderConfig]) -> str:
    """Why it cannot work with the reader beside it; "" where it can, or none is asked for."""
    codes, is_asked = reader.codes, any(each.beside == reader.name for each in readers)
    if codes and codes.trigger in ("single", "level") and codes.plc is None and not is_asked:
        return (
            f"codes.trigger {codes.trigger!r}: nothing triggers it: name the PLC's address (codes.plc),"
            ' or write "presentation"'
        )
    if reader.beside is None:
        if reader.job == "bind" or reader.requires:
            return "beside is missing: name the camera or scanner that reads the item's code"
        return ""
    if reader.job not in ("bind", "commission"):
        return f"beside is for the jobs bind and commission, and this is job {reader.job}"
    other = next((each for each in readers if each.name == reader.beside), None)
    if other is None or other.url.partition(":")[0] not in _CODES:
        return f"beside: no camera or scanner is called {reader.beside!r}"
    if other.job == "print":
        return f"beside: {reader.beside} reads labels (job print): it needs a camera of its own"
    if sum(each.beside == reader.beside for each in readers) > 1:
        return f"beside: {reader.beside} stands beside two readers: each needs its own"
    return ""


def _unfit_web(web: WebConfig) -> str:
    """Why the station page cannot be served as it is asked for; "" where it can."""
    if (web.cert is None) != (web.key is None):
        return "cert and key go together: the PEM files of HTTPS"
    issuer = urlsplit(web.oidc.issuer) if web.oidc is not None else None
    if issuer is not None and issuer.scheme == "http" and not is_near(issuer.hostname or ""):
        return "oidc.issuer: write https://..."
    if is_near(web.address[0]):
        return ""
    if web.cert is None:
        return f"listen = {web.listen!r}: others could read along: set cert and key, or listen on 127.0.0.1"
    if not web.keeps_accounts and not web.display:
        return (
            f"listen = {web.listen!r}: whoever reaches that address could look on: set accounts, or"
            " display = true where everyone may"
        )
    return ""


def is_near(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _check_zones(config: Config, name: str) -> None:
    """A zone has one set of rules, whichever of its readers hears a tag."""
    rules: dict[str, tuple[str, PresenceConfig]] = {}
    for reader in config.reader:
        if reader.presence is None:
            continue
        own = reader.presence.model_copy(update={"zones": {}, "tid": False})
        for zone in reader.presence.zones.values():
            first, theirs = rules.setdefault(zone, (reader.name, own))
            wrong = [
                key for key in type(own).model_fields if getattr(own, key) != getattr(theirs, key)
            ]
            if wrong:
                raise ConfigProblem(
                    f"{name}: reader {reader.name}: presence.{wrong[0]}: zone {zone!r} is also watched"
                    f" by {first}, with another value: write the same in both"
                )


def without_password(text: str) -> str:
    """`text` with *** in place of what stands before the @ of its URLs; a password may hold a slash."""
    return _USER.sub("***@", text)


def sentence(error: Any, root: Any, tables: Mapping[str, Any]) -> str:
    """A pydantic error of a TOML file's models in words. tables: name of a table, or of one in it -> its model."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] in MEANT:
        return f"{where}: {error['input']!r}: write {MEANT[error['ctx']['pattern']]}"
    if error["type"] == "literal_error":
        known = re.findall(r"'([^']+)'", error["ctx"]["expected"])
        near = difflib.get_close_matches(str(error["input"]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it may be {', '.join(known)}"
        return f"{where}: {error['input']!r}: {hint}"
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}"
    *path, key = error["loc"]
    section: Any = root
    for part in path:
        if isinstance(part, str):
            section = tables.get(part, section)
    near = difflib.get_close_matches(str(key), section.model_fields, n=1)
    hint = (
        f": did you mean {near[0]}?" if near else f": it may be {', '.join(section.model_fields)}"
    )
    return f"unknown key {where}{hint}"


def _anchored(config: Config, folder: Path) -> Config:
    def section(model: Section) -> dict[str, Any]:
        return {key: anchored(getattr(model, key)) for key in type(model).model_fields}

    def anchored(value: Any) -> Any:
        if isinstance(value, Path):
            return folder / value
        return type(value)(**section(value)) if isinstance(value, Section) else value

    return Config(
        gateway=GatewayConfig(**section(config.gateway)),
        keys=KeysConfig(**section(config.keys)),
        hub=HubConfig(**section(config.hub)),
        epcis=EpcisConfig(**section(config.epcis)),
        metrics=config.metrics,
        web=anchored(config.web),
        reader=tuple(
            ReaderConfig(**section(each) | {"url": _anchored_url(each.url, folder)})
            for each in config.reader
        ),
    )


def _anchored_url(url: str, folder: Path) -> str:
    """The PEM files that an llrps:// URL names are looked for beside the configuration."""
    start, mark, query = url.partition("?")
    if not mark or not start.startswith("llrps:"):
        return url
    options = parse_qsl(query, keep_blank_values=True)
    return f"{start}?" + urlencode(
        [(key, str(folder / value) if key in _PEM and value else value) for key, value in options],
        safe="/,",
    )


_TABLES = {
    "gateway": GatewayConfig,
    "keys": KeysConfig,
    "hub": HubConfig,
    "epcis": EpcisConfig,
    "metrics": MetricsConfig,
    "web": WebConfig,
    "oidc": OidcConfig,
    "reader": ReaderConfig,
    "presence": PresenceConfig,
    "window": WindowConfig,
    "pallet": PalletConfig,
    "codes": CodesConfig,
}
