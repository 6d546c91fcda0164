"""Where gateways stand, in GS1's words: the readPoint and bizLocation of their stations, and their time zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from edge import gs1
from gateway.config import ConfigProblem
from gateway.config_tables import SiteConfig
from gateway.epcis.identifiers import key
from gateway.epcis.vocabulary import BIZ_STEPS

_LONGEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True)
class Site:
    """The site of one gateway. location: a URI, a Digital Link with a GLN (AI 414) mostly; "": not told.

    read_points: station or zone -> URI; the others have the location's GLN with their name as its extension (AI 254).
    biz_steps: station -> the CBV step that its pallets are in. presence: arrivals and departures are told.
    certification: URIs of the certificates under which is inspected here.
    """

    location: str = ""
    read_points: Mapping[str, str] = field(default_factory=dict)
    biz_steps: Mapping[str, str] = field(default_factory=dict)
    certification: tuple[str, ...] = ()
    presence: bool = False
    zone: tzinfo = UTC

    def read_point(self, station: str, zone: str = "") -> str:
        """The URI of a station, of a zone where that has its own; "" where nothing is known."""
        reader = station.partition("/")[0]  # a handheld's station is READER/NAME
        found = self.read_points.get(zone) or self.read_points.get(reader)
        if found or not self.location:
            return found or ""
        return _extended(self.location, station)

    def offset(self, at_ns: int) -> str:
        """ "+01:00": what the clocks there are ahead of UTC then."""
        if self.zone is UTC:
            return "+00:00"
        ahead = datetime.fromtimestamp(at_ns // 1_000_000_000, self.zone).utcoffset()
        minutes = round(min(abs(ahead or timedelta()), _LONGEST_ZONE) / timedelta(minutes=1))
        sign = "-" if ahead is not None and ahead < timedelta() else "+"
        return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def site(config: SiteConfig) -> Site:
    """The site that a table of the configuration describes. Raises ConfigProblem."""
    unknown = sorted(set(config.biz_steps.values()) - BIZ_STEPS)
    if unknown:
        raise ConfigProblem(f"epcis.biz_steps: {unknown[0]!r} is no step of the CBV, as packing is")
    try:
        zone = UTC if config.time_zone == "UTC" else ZoneInfo(config.time_zone)
    except (OSError, ValueError, KeyError) as why:  # ZoneInfoNotFoundError is a KeyError
        raise ConfigProblem(f"epcis.time_zone: no zone {config.time_zone} is known here") from why
    return Site(
        config.location or "",
        config.read_points,
        config.biz_steps,
        config.certification,
        config.presence,
        zone,
    )


@dataclass(frozen=True)
class Places:
    """The sites of all gateways; `default` is that of those not named."""

    default: Site = field(default_factory=Site)
    sites: Mapping[str, Site] = field(default_factory=dict)

    def of(self, gateway: str) -> Site:
        return self.sites.get(gateway, self.default)


@lru_cache(maxsize=1024)
def _extended(location: str, name: str) -> str:
    """A place within a location: its GLN with an extension (AI 254), where it has a GLN."""
    gln = key(location)
    if gln is None or gln.ai != "414" or gln.qualifier is not None or not gs1.is_serial(name):
        return location
    return f"{gln.link}/254/{gs1.percent_encoded(name)}"
