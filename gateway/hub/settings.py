"""hub.toml: where the hub listens, where it keeps what it is sent, and who may send.

listen = "127.0.0.1:8470"    database = "hub.db"    token_file = "token"    cert = "hub.pem"    key = "hub.key"
[travel]    min_travel_s = 600    places = { line1 = [52.37, 4.90], "line2/gate" = [51.92, 4.48] }
[sites.line1]   location = "https://id.gs1.org/414/9520123000004"    (sites.default: of gateways that are not named)
[resolver]  root = "https://id.example.com"    name = "Example"
[passports] classes = { "/bill_of_materials" = "authorities" }
[trust]     list = "trust.cbor"    root = "HEX"
[nats]: see gateway/hub/nats_settings.py; [access], [ca]: gateway/hub/access_tables.py
"""

import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.errors import Malformed
from gateway.config import ConfigProblem, TomlPath, sentence, token
from gateway.config_tables import Section, SiteConfig
from gateway.epcis.places import Places, Site, site
from gateway.hub.access_tables import AccessTable, CaTable
from gateway.hub.classes import checked
from gateway.hub.clones import Travel
from gateway.hub.nats_settings import NatsSettings
from gateway.hub.open import SCHEMES
from gateway.hub.serve import Tls
from gateway.keys import TrustStore

_Table = TypeVar("_Table", bound=BaseModel)
_LARGEST = 64 << 10  # bytes

Latitude = Annotated[float, Field(ge=-90, le=90, strict=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, strict=False)]
Position = Annotated[tuple[Latitude, Longitude], Field(strict=False)]


class TravelTable(Section):
    """How fast a tag may travel; a copied tag is seen at two places sooner.

    places: gateway, or GATEWAY/STATION, -> [latitude, longitude] in degrees. min_travel_s: between two gateways of
    which one is not named there.
    """

    places: dict[str, Position] = {}
    min_travel_s: Annotated[float, Field(ge=0, strict=False)] = 0.0

    def travel(self) -> Travel:
        """The same, as the clerk asks it."""
        return Travel(dict(self.places), self.min_travel_s)


class ResolverTable(Section):
    """root: what the Digital Links of this hub begin with, as it was asked where it is left out. name: who runs it."""

    root: Annotated[str, Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$")] | None = None
    name: Annotated[str, Field(min_length=1, max_length=100)] = "Tagwright hub"


class PassportsTable(Section):
    """classes: JSON pointer -> class of data, for every passport here, beside its own accessClasses."""

    classes: dict[str, str] = {}

    @field_validator("classes")
    @classmethod
    def _sound(cls, said: dict[str, str]) -> dict[str, str]:
        try:
            return checked(said, "classes")
        except Malformed as e:
            raise ValueError(str(e)) from e


class TrustTable(Section):
    """The signed trust list that passport pages verify by; root: its root's public key in hex, or as pinned beside it.

    Where it is left out, that of [access] serves.
    """

    list: TomlPath | None = None
    root: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{128})$")] | None = None


class HubSettings(BaseModel):
    """listen: HOST:PORT, port 0 for a free one. database: a file, or postgresql://USER:PASSWORD@HOST/NAME.

    token_file: its first line is the bearer token of gateways and managers. cert, key: PEM files; with both, or with
    [ca], the hub speaks HTTPS.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    listen: Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):[0-9]{1,5}$")] = (
        "127.0.0.1:8470"
    )
    database: str = "hub.db"
    token_file: TomlPath | None = None
    cert: TomlPath | None = None
    key: TomlPath | None = None
    nats: NatsSettings | None = None
    travel: TravelTable = TravelTable()
    sites: dict[str, SiteConfig] = {}
    resolver: ResolverTable = ResolverTable()
    passports: PassportsTable = PassportsTable()
    trust: TrustTable = TrustTable()
    access: AccessTable = AccessTable()
    ca: CaTable | None = None

    def places(self) -> Places:
        """Where the gateways stand, for EPCIS events. Raises ConfigProblem."""
        found = {name: site(table) for name, table in self.sites.items()}
        return Places(found.pop("default", Site()), found)

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def is_exposed(self) -> bool:
        """Whether other machines reach a hub where everyone may do everything."""
        host = self.address[0]
        try:
            is_near = ip_address(host).is_loopback
        except ValueError:
            is_near = host == "localhost"
        return not (is_near or self.token_file or self.access.trust or self.ca)

    @property
    def tls(self) -> Tls | None:
        """The files of HTTPS, None for HTTP."""
        return Tls(self.cert, self.key) if self.cert and self.key else None

    def trusted(self) -> TrustStore | None:
        """The trust list for passport pages; None: there is none."""
        path, root = self.trust.list, self.trust.root
        if path is None:
            path, root = self.access.trust, self.access.root
        return None if path is None else TrustStore(path, bytes.fromhex(root) if root else None)

    def token(self) -> str | None:
        """The bearer token, None where none is asked for. Raises ConfigProblem."""
        if self.token_file is None:
            return None
        return token(self.token_file, "token_file")


_TABLES: dict[str, type[BaseModel]] = {
    "nats": NatsSettings,
    "travel": TravelTable,
    "sites": SiteConfig,
    "resolver": ResolverTable,
    "passports": PassportsTable,
    "trust": TrustTable,
    "access": AccessTable,
    "ca": CaTable,
}


def load(path: Path) -> HubSettings:
    """Read hub.toml; relative paths are taken from its own folder. Raises ConfigProblem."""
    try:
        raw = path.read_bytes()
    except OSError as e:
        raise ConfigProblem(f"cannot read {path}: {e.strerror}") from e
    return parse(raw, str(path), path.parent)


def parse(raw: bytes, name: str = "hub.toml", folder: Path = Path()) -> HubSettings:
    """The settings in `raw`. Raises ConfigProblem and nothing else."""
    if len(raw) > _LARGEST:
        raise ConfigProblem(f"{name}: larger than {_LARGEST} bytes")
    try:
        found = HubSettings.model_validate(tomllib.loads(raw.decode()))
    except UnicodeDecodeError as e:
        raise ConfigProblem(f"{name}: not UTF-8 at byte {e.start}") from e
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ConfigProblem(f"{name}: {e}") from e
    except ValidationError as e:
        first = e.errors()[0]
        raise ConfigProblem(f"{name}: {sentence(first, HubSettings, _TABLES)}") from e
    if found.address[1] > 0xFFFF:
        raise ConfigProblem(f"{name}: listen: {found.listen!r} has no port below 65536")
    if (found.cert is None) != (found.key is None):
        raise ConfigProblem(f"{name}: cert and key: HTTPS needs both")
    anchored = _anchored(found, folder)
    if found.database.startswith(SCHEMES):
        return anchored
    if "://" in found.database:
        raise ConfigProblem(f"{name}: database: a file, or postgresql://USER:PASSWORD@HOST/NAME")
    return anchored.model_copy(update={"database": str(folder / found.database)})


def _anchored(table: _Table, folder: Path) -> _Table:
    """The table with its relative paths, and those of the tables in it, joined to `folder`."""
    update: dict[str, Path | BaseModel] = {}
    for key, value in table:
        if isinstance(value, Path):
            update[key] = folder / value
        elif isinstance(value, BaseModel):
            update[key] = _anchored(value, folder)
    return table.model_copy(update=update)
