"""A hub on a real port with products, stubs and a trust list of its own, for a browser; it notes all that it is sent.

Of product A1 the gateway wrote seq 0 and 1 to the tag UID. Codes are printed stubs, bound to no tag, but for "behind",
which says what the tag said first. "label" was printed then.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import cose, mini, ndef, plan, printed, stub, type2
from edge.chips import by_name
from edge.trust import Entry, TrustList
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import Hub, opened
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings, TrustTable
from gateway.keys import DeviceKey, TrustStore
from tests import tags
from tests.hub_register import Source
from tests.hub_rooms import passport, raw

GTIN = "09520123456788"
UID = tags.UID
TOKEN = "secret"
_JSON = {"Content-Type": "application/json"}
MANAGER = {"Authorization": f"Bearer {TOKEN}"}
DAY = 86400  # seconds
EVIL_SERIAL = '"><img/src=x>'
EVIL = "<script>alert(1)</script>\u202egnp.exe\u200b\"'><img src=x onerror=alert(2)>"
GREEN_ROW = (
    "integrity=valid key=trusted binding=match/not_bound chain=first/follows/not_checked"
    " link=match/not_checked"
)
CODES = {
    "valid": ("green", GREEN_ROW),
    "tampered": ("red", "integrity=bad_signature"),
    "unknown": ("amber", "key=unknown"),
    "revoked": ("red", "key=revoked"),
    "label": ("green", GREEN_ROW),
    "behind": ("amber", "chain=behind"),
    "garbled": ("red", "integrity=malformed"),
    "elsewhere": ("red", "link=mismatch"),
}  # each with colour and row of its verdict


@dataclass
class Noted:
    """Every request as it came in, in bytes, around an application."""

    app: ASGIApp
    bytes: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [name + b": " + value for name, value in scope["headers"]]
            self.bytes += [scope["raw_path"], scope["query_string"], *headers]

        async def noted() -> Message:
            message = await receive()
            self.bytes.append(message.get("body", b""))
            return message

        await self.app(scope, noted, send)


@dataclass
class Clock:
    """The hub's wall clock in ns: the machine's, and so much ahead of it."""

    ahead_s: float = 0

    def __call__(self) -> int:
        return time.time_ns() + int(self.ahead_s * 1e9)


class Signers:
    """Keys, and the trust lists that they are in. now: Unix seconds."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.digest = bytes(32)  # of A1's passport
        self.root, self.maker = DeviceKey.generate(), DeviceKey.generate(operator="Example Works")
        self.thief, self.stranger = DeviceKey.generate(), DeviceKey.generate()

    def list(self, number: int, ends: int, more: Sequence[Entry] = ()) -> TrustList:
        """A list of three days ago that ends so many seconds from now."""
        stolen = self.thief.card.entry(self.now, revoked_since=self.now - DAY)
        entries = (self.maker.card.entry(self.now), stolen, *more)
        return TrustList(number, self.now - 3 * DAY, self.now + ends, entries)

    def stub(
        self, seq: int, before: bytes = b"", key: DeviceKey | None = None, **claims: Any
    ) -> bytes:
        """A stub of product A1. claims: by name; those left out have these values."""
        key = key or self.maker
        names = {name: number for number, name in enumerate(stub.NAMES)}
        said = {
            "version": 1,
            "product": [stub.GS1, int(GTIN), "A1"],
            "digest": self.digest,
            "issued_at": self.now - DAY + seq,
            "seq": seq,
            "totals": {10: 1240, 12: 434, 41: 162640, 43: 40660, 51: 75},
            "evidence": 2,
            **claims,
        }
        if seq:
            said["prev"] = stub.link16(before or bytes(32))
        return stub.encode(
            {names[name]: value for name, value in said.items()}, key.alg, key.kid, key.sign
        )

    def codes(self) -> dict[str, str]:
        """The fragments of CODES."""
        valid = self.stub(1)
        flipped = bytearray(valid)
        flipped[-20] ^= 0x10
        stubs = {
            "valid": valid,
            "tampered": bytes(flipped),
            "unknown": self.stub(1, key=self.stranger),
            "revoked": self.stub(1, key=self.thief),
            "label": self.stub(0, digest=bytes(32)),
            "behind": self.stub(0, carrier=[1, UID], digest=bytes(32)),
            "elsewhere": self.stub(1, product=[stub.GS1, int(GTIN), "B2"]),
        }
        said = {name: "#s=" + printed.spell(raw, printed.FORMS[0]) for name, raw in stubs.items()}
        return said | {"garbled": said["valid"][:-9]}


@dataclass
class PassportSite:
    """A hub that runs. codes: by state."""

    url: str
    hub: Hub
    clock: Clock
    noted: Noted
    signers: Signers
    store: TrustStore
    codes: Mapping[str, str]

    def page(self, state: str = "", serial: str = "A1") -> str:
        """The URL of a product's page; state: of the code that was scanned, none: a plain link."""
        return f"{self.url}/01/{GTIN}/21/{quote(serial, safe='')}" + self.codes.get(state, "")

    def publish(self, number: int, ends: int = 30 * DAY, more: Sequence[Entry] = ()) -> None:
        """Put a trust list in force; ends: seconds from now."""
        self.store.save(self.signers.list(number, ends, more), self.signers.root)


@asynccontextmanager
async def passport_site(folder: Path) -> AsyncIterator[PassportSite]:
    """A site with its database in `folder`."""
    signers = Signers(int(time.time()))
    store = TrustStore(folder / "trust.cbor", signers.root.public)
    store.save(signers.list(7, 30 * DAY), signers.root)
    (folder / "token").write_text(TOKEN)
    settings = HubSettings(
        token_file=folder / "token",
        database=str(folder / "hub.db"),
        access=AccessTable(audit_key=folder / "audit.key"),
        trust=TrustTable(list=store.path, root=signers.root.public.hex()),
    )
    clock = Clock()
    async with opened(settings, clock) as hub:
        noted = Noted(hub.app)
        async with running(noted, http="h11") as url:
            async with httpx2.AsyncClient(base_url=url, headers=MANAGER, trust_env=False) as client:
                for each in documents(url):
                    answer = await client.post("/v1/dpps", content=raw(each), headers=_JSON)
                    assert answer.status_code == 201, answer.text
            signers.digest = sha256(raw(documents(url)[0])).digest()
            await _tell(hub, signers)
            yield PassportSite(url, hub, clock, noted, signers, store, signers.codes())


async def _tell(hub: Hub, signers: Signers) -> None:
    """What a gateway tells of: the tag of A1, and a product whose every text is hostile."""
    source = Source("gw")
    first = signers.stub(0, carrier=[1, UID])
    source.wrote(first)
    source.wrote(signers.stub(1, first, carrier=[1, UID], step=1), act="updated")
    source.wrote(b"mini", serial=EVIL_SERIAL, reason=EVIL, act=EVIL)
    await source.send(hub.ledger)
    await hub.clerk.settled()


def documents(root: str) -> list[dict[str, Any]]:
    """The passports of a plain product and of a hostile one."""
    evil = {
        "product": {"name": EVIL, "manufacturer": EVIL, EVIL: EVIL},
        "repair": {"guide": EVIL, "url": "javascript:alert(3)"},
        "materials": [{"name": EVIL, "mass_g": 1, "note": EVIL}],
        "certificates": [{"title": EVIL, "url": "data:text/html,<script>alert(4)</script>"}],
    }
    return [
        passport(f"{root}/01/{GTIN}/21/A1") | _DETAILS,
        passport(f"{root}/01/{GTIN}/21/{quote(EVIL_SERIAL, safe='')}") | evil,
    ]


def _figure(value: float, unit: str = "g") -> dict[str, Any]:
    return {"value": value, "unit": unit, "method": "ISO 14067:2018", "list_version": "2026-01"}


_DETAILS: dict[str, Any] = {
    "product": {
        "name": "Cordless drill D18",
        "manufacturer": {"name": "Example Works", "city": "Utrecht", "country": "NL"},
        "model": "D18-2026",
    },
    "variables": {
        "mass": _figure(1240),
        "A1.2": _figure(434),
        "A1.3": _figure(31),
        "A1.4": _figure(2),
        "B1": _figure(75, "0.1 a"),
        "B1.1": _figure(162640),
        "B1.2": _figure(5210),
        "B1.3": _figure(40660),
        "B1.4": _figure(-2140),
        "C1.1": _figure(75, "0.1 a"),
        "C1.2": _figure(30, "0.1 a"),
        "C1.3": _figure(100, "0.1 a"),
    },
    "materials": [
        {"name": "Steel", "mass_g": 520, "recycled_share": 0.4},
        {"name": "Cobalt", "mass_g": 31, "critical": True, "cas": "7440-48-4"},
    ],
    "repair": {"spareParts": "https://example.com/parts", "instructions": "Four screws, T20."},
    "certificates": [{"title": "CE declaration", "url": "https://example.com/ce.pdf"}],
}


def tag_with(signed: Sequence[bytes], link: str, type: bytes = mini.DEFAULT_TYPE) -> list[Any]:
    """The NDEF records of an NTAG216 with these stubs, as a browser hands them to a page."""
    chip = by_name("NTAG216")
    memory = tags.delivered("NTAG216")
    memory = tags.write(memory, plan.commission(chip, memory, link, signed[0], type))
    for slot, each in enumerate(signed[1:], 1):
        layout = tags.look(memory, whole=True).layout
        assert layout is not None
        seq = stub.decode(each).seq
        memory = tags.write(memory, plan.update(layout, memory, slot, each, seq))
    return _records(memory)


def tag_with_mini(signers: Signers, link: str) -> list[Any]:
    """As tag_with, with the mini profile."""
    chip, key = by_name("NTAG216"), signers.maker
    memory = tags.delivered("NTAG216")
    signed = cose.sign1_detached(
        mini.uri_record(link), key.alg, key.kid, key.sign, mini.aad(1, UID)
    )
    return _records(tags.write(memory, plan.commission_mini(chip, memory, link, signed)))


def _records(memory: type2.Image) -> list[Any]:
    found = type2.message_span(memory)
    assert found is not None
    said = []
    for each in ndef.decode(bytes(type2.area(memory)[found[1] : found[2]])):
        uri = ndef.uri_of(each)
        kind = {ndef.MIME: "mime", ndef.EXTERNAL: each.type.decode()}.get(each.tnf, "url")
        payload = each.payload if uri is None else uri.encode()
        said.append({"recordType": kind, "mediaType": each.type.decode(), "data": payload.hex()})
    return said
