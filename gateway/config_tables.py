"""The tables of the gateway's configuration: frozen models, one for each; an unknown key is refused."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
TomlPath = Annotated[Path, Field(strict=False)]
Number = Annotated[float, Field(strict=False, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=31_536_000, strict=False)]
CompanyPrefix = Annotated[str, Field(pattern=r"^[0-9]{6,12}$")]
Host = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$")]
NatsServer = Annotated[str, Field(pattern=r"^(nats|tls)://[^\s/?#@,]+$")]
Uri = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,512}$")]
Symbology = Literal["qr", "datamatrix", "code128", "ean13", "ean8", "upca", "upce"]
SYMBOLOGIES: tuple[Symbology, ...] = ("qr", "datamatrix", "code128", "ean13", "upca")
Role = Literal["operator", "lead", "engineer"]
Antenna = Annotated[str, Field(pattern=r"^([1-9][0-9]{0,2})$")]  # TOML has no keys but text

# What a pattern asks for, in words.
MEANT = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": "letters, digits, '.', '_' and '-', 63 at most",
    r"^[0-9]{6,12}$": "a GS1 company prefix of 6 to 12 digits",
    r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,512}$": "a URI, https://... mostly",
    r"^[a-z0-9][a-z0-9.-]{0,252}$": "a host's name in lower case, as id.example.com",
    r"^[a-z_]{1,40}$": "a business step of GS1's CBV, as packing",
    r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$": "a time zone, as Europe/Berlin",
    r"^([1-9][0-9]{0,2})$": "an antenna's number, from 1 on",
    r"^[!-~]{1,256}$": "visible ASCII characters, 256 at most",
    r"^[!-~]{1,128}$": "visible ASCII characters, 128 at most",
    r"^https://[^\s?#]+[^\s?#/]$": "https://HOST without a slash at the end",
    r"^[^\s:]+:[0-9]{1,5}$": "HOST:PORT",
    r"^(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):[0-9]{1,5}$": "HOST:PORT",
    r"^(nats|tls)://[^\s/?#@,]+$": "nats://HOST:PORT or tls://HOST:PORT, without user and password",
    r"^https?://[^\s/?#@]+$": "http://HOST:PORT",
    r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$": "https://HOST:PORT, without user and password",
    r"^https?://[^\s?#]+[^\s?#/]$": "https://HOST without a slash at the end",
    r"^([0-9a-f]{64}|[0-9a-f]{128})$": "a public key in lower-case hex, 64 or 128 digits",
}

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


class GatewayConfig(Section):
    """Who this gateway is, and where its journal lies. link: the https base that the tags' links begin with.

    captures_percent, telemetry_percent: of the journal, for what was read and for presence; the rest is the passports'.
    journal_keep_days: how long rows stay that the hub holds, while there is room.
    company_prefixes: GS1 company prefixes of the products, which an SGTIN-96 cannot be encoded without.
    link_hosts: hosts that links on carriers may name; none: any.
    """

    name: Name = "gateway"
    journal: TomlPath = Path("journal.db")
    journal_max_mb: Annotated[int, Field(ge=1)] = 2048
    captures_percent: Annotated[int, Field(ge=0, le=99)] = 60
    telemetry_percent: Annotated[int, Field(ge=0, le=99)] = 25
    journal_keep_days: Annotated[float, Field(ge=0, le=36_500, strict=False)] = 30.0
    link: Annotated[str, Field(pattern=r"^https://[^\s?#]+[^\s?#/]$")] = "https://id.example.com"
    record_type: Annotated[str, Field(pattern=r"^[!-~]{3,64}$")] = "tagwright.org:p"
    company_prefixes: tuple[CompanyPrefix, ...] = Field(default=(), strict=False)
    link_hosts: tuple[Host, ...] = Field(default=(), strict=False)


class KeysConfig(Section):
    """device: the key file that signs; trust: the signed trust list; root: the root's public key in hex."""

    device: TomlPath | None = None
    passphrase_file: TomlPath | None = None
    trust: TomlPath | None = None
    root: Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[0-9a-f]{128})$")] | None = None


class HubConfig(Section):
    """Where the journal is synced to. url: without user and password, which a log would tell.

    nats: servers of a JetStream cluster, nats://HOST:PORT or tls://HOST:PORT; batches go that way where it stands.
    ca, cert, key: PEM files for HTTPS and tls:// with a private CA or client certificates. identity: the folder that
    `tagwright enrol` made, instead of these: its certificate, its CA, and over NATS its signature.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")] | None = None
    nats: tuple[NatsServer, ...] = Field(default=(), strict=False)
    token_file: TomlPath | None = None
    ca: TomlPath | None = None
    cert: TomlPath | None = None
    key: TomlPath | None = None
    identity: TomlPath | None = None


class SiteConfig(Section):
    """Where a gateway stands, in EPCIS events. location: a URI, best a Digital Link with the site's GLN (AI 414).

    read_points: reader or zone -> its URI; the others get the GLN with their name as its extension.
    biz_steps: reader -> the CBV step that its pallets are in: packing without a despatch advice, receiving with one.
    certification: URIs of the certificates under which is inspected here. presence: tell arrivals and departures.
    """

    location: Uri | None = None
    read_points: dict[Name, Uri] = {}
    biz_steps: dict[Name, Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]] = {}
    certification: tuple[Uri, ...] = Field(default=(), strict=False)
    presence: bool = False
    time_zone: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")] = "UTC"


class EpcisConfig(SiteConfig):
    """Another's EPCIS repository, to which the gateway's acts go as EPCIS 2.0 events.

    url: what /capture stands behind. ca, cert, key: as [hub] has them.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")] | None = None
    token_file: TomlPath | None = None
    ca: TomlPath | None = None
    cert: TomlPath | None = None
    key: TomlPath | None = None


class MetricsConfig(Section):
    """listen: HOST:PORT of the Prometheus page; left out, there is none."""

    listen: Annotated[str, Field(pattern=r"^[^\s:]+:[0-9]{1,5}$")] | None = None


class OidcConfig(Section):
    """Logging in by OpenID Connect. issuer: an https URL, as its metadata says it; http on this machine alone.

    client_secret_file: the secret on its first line; without it the client is public. role_claim: of the ID token, a
    text or a list of texts; roles: such a text -> the role here, the highest counts; whoever has none may not log in.
    scopes: asked for besides openid. redirect: where the page is reached, where that is not what the browser says.
    """

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")]
    client_id: Annotated[str, Field(pattern=r"^[!-~]{1,256}$")]
    client_secret_file: TomlPath | None = None
    role_claim: Annotated[str, Field(pattern=r"^[!-~]{1,256}$")] = "groups"
    roles: dict[str, Role] = {}
    scopes: tuple[Annotated[str, Field(pattern=r"^[!-~]{1,128}$")], ...] = Field(
        default=("profile",), strict=False
    )
    redirect: Annotated[str, Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$")] | None = None


class WebConfig(Section):
    """The station page. listen: HOST:PORT; the whole table left out, there is none.

    cert, key: PEM files, for HTTPS, without which it listens on this machine alone. accounts: the file of
    `tagwright account`. display: who has not logged in sees what operators see; so does everyone where neither accounts
    nor oidc are set, on this machine.
    """

    listen: Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):[0-9]{1,5}$")] = (
        "127.0.0.1:8480"
    )
    cert: TomlPath | None = None
    key: TomlPath | None = None
    accounts: TomlPath | None = None
    oidc: OidcConfig | None = None
    display: bool = False

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"{'https' if self.cert else 'http'}://{self.listen}"

    @property
    def keeps_accounts(self) -> bool:
        """Whether one can log in."""
        return self.accounts is not None or self.oidc is not None


class PresenceConfig(Section):
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


class WindowConfig(Section):
    """When to look for tags: while an input of the reader is high, a light barrier's mostly.

    debounce_s: a shorter pulse without a tag is noise; linger_s: the input must be low for so long to end a product.
    max_s: what stands there longer is closed.
    """

    gpi: Annotated[int, Field(ge=1, le=64)]
    debounce_s: Seconds = 0.02
    linger_s: Seconds = 0.25
    max_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 30.0


class PalletConfig(Section):
    """A pallet's tags as one. expected: the despatch advice, a CSV that is read anew for each pallet.

    user_words: of the USER bank, read with each tag in the same round: 8, and what a stub takes in the first slot; 32
    for bare signatures. population: about how many tags. Without a window a pallet ends when no new tag came for
    idle_s, or after max_s; its tags begin another one when they were away for away_s. reread_s: for reading tags
    singly of which the round brought too little.
    """

    expected: TomlPath | None = None
    user_words: Annotated[int, Field(ge=0, le=4096)] = 128
    population: Annotated[int, Field(ge=1, le=100_000)] = 500
    idle_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 2.0
    max_s: Annotated[float, Field(gt=0, le=3600, strict=False)] = 60.0
    away_s: Seconds = 10.0
    reread_s: Seconds = 10.0


class CodesConfig(Section):
    """How a camera or scanner reads, and what its answers are.

    trigger: single: each trigger is one read cycle of timeout_s; level: as long as it is on; continuous: every new
    value; presentation: what comes into view, once until it has left. plc: HOST:PORT where triggers come from,
    a line each, and are answered.
    count: codes that make a cycle good, most: and no more than these (0: as count). partial: what fewer are.
    match: patterns (*, ?) of which each code's text must match one, none: all; match_file: values, a line each.
    duplicate_s: a value that comes again sooner is the same; in_trigger: it counts once in a cycle, however often read.
    agree: frames that must read the same 1D value. archive: folder for pictures of failed cycles, archive_mb its bound.
    confirm: a second engine looks at each code, too; job print: always. least_grade: of the process indicator, there.
    """

    symbologies: tuple[Symbology, ...] = Field(default=SYMBOLOGIES, strict=False)
    trigger: Literal["single", "level", "continuous", "presentation"] = "presentation"
    plc: Annotated[str, Field(pattern=r"^[^\s:]+:[0-9]{1,5}$")] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600, strict=False)] = 2.0
    count: Annotated[int, Field(ge=1, le=64)] = 1
    most: Annotated[int, Field(ge=0, le=64)] = 0
    partial: Literal["no_read", "partial"] = "no_read"
    match: tuple[str, ...] = Field(default=(), strict=False)
    match_file: TomlPath | None = None
    duplicate_s: Seconds = 2.0
    in_trigger: bool = True
    agree: Annotated[int, Field(ge=1, le=10)] = 2
    archive: TomlPath | None = None
    archive_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    confirm: bool = False
    least_grade: Literal["A", "B", "C", "D"] = "C"


class ReaderConfig(Section):
    """One reader and what its station does with each tag; dedupe_s: seconds in which a tag counts once.

    access_password_file: 8 hex digits, the access password of the tags (RAIN). codes: of cameras and scanners.
    beside: the camera or scanner that reads the item on which the tag is: job bind, and commission where the code
    picks the order. requires: codes that each product must carry before it is done.
    secret_file, update: of handhelds, whose job is "collect"; see gateway/readers/handheld.py.
    """

    name: Name
    url: str
    job: Literal[
        "read", "verify", "update", "commission", "presence", "pallet", "bind", "print", "collect"
    ] = "verify"
    orders: TomlPath | None = None  # the CSV of a commission, bind or print job, or for a handheld
    step: Step | None = None  # what an update job enters
    lock: bool = False
    dedupe_s: Annotated[float, Field(ge=0, le=3600, strict=False)] = 2.0
    access_password_file: TomlPath | None = None
    presence: PresenceConfig | None = None
    window: WindowConfig | None = None
    pallet: PalletConfig | None = None
    codes: CodesConfig | None = None
    beside: Name | None = None
    requires: tuple[Literal["qr", "datamatrix"], ...] = Field(default=(), strict=False)
    secret_file: TomlPath | None = None
    update: TomlPath | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_handheld(cls, said: object) -> object:
        """A handheld's job is to be collected from, said or not."""
        if isinstance(said, dict) and str(said.get("url", "")).startswith("handheld:"):
            return {"job": "collect"} | said
        return said


class Config(Section):
    """The whole file. Relative paths are taken from the file's own folder."""

    gateway: GatewayConfig = GatewayConfig()
    keys: KeysConfig = KeysConfig()
    hub: HubConfig = HubConfig()
    epcis: EpcisConfig = EpcisConfig()
    metrics: MetricsConfig = MetricsConfig()
    web: WebConfig | None = None
    reader: tuple[ReaderConfig, ...] = Field(default=(), strict=False)
