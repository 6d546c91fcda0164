"""A product's page over the whole hub: the verdict on what is held, what a reader may see, and the trust list."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub_register import GTIN, START_S, UID, Source
from hub_rooms import HTML, passport

from edge import stub, trust
from edge.trust import TrustList
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import Hub, opened
from gateway.hub.settings import HubSettings, ResolverTable, TrustTable
from gateway.keys import DeviceKey, KeyProblem, TrustStore, verifier

NOW = START_S + 1000
ROOT = "https://id.example.org"
EVIL = "<script>alert(1)</script>\u202egnp.exe\u200b\"'><img src=x onerror=alert(2)>"


@dataclass
class Scene:
    """A hub, a client whom nobody knows and the manager; the keys and the trust list of what it holds."""

    hub: Hub
    public: httpx2.AsyncClient
    manager: httpx2.AsyncClient
    source: Source
    store: TrustStore
    root: DeviceKey
    key: DeviceKey
    revoked: DeviceKey

    def stub(self, serial: str, key: DeviceKey | None = None, seq: int = 0, **more: Any) -> bytes:
        """A signed stub, bound to UID. more: prev, and claims by their number with a "c" before it."""
        claims: dict[int, Any] = {
            stub.VERSION: 1,
            stub.PRODUCT: [stub.GS1, int(GTIN), serial],
            stub.ISSUED_AT: START_S,
            stub.SEQ: seq,
            stub.CARRIER: [stub.NFC, UID],
            stub.TOTALS: {41: 5000},
            stub.EVIDENCE: 2,
        }
        claims |= {int(name[1:]): said for name, said in more.items()}
        signer = key or self.key
        return stub.encode(claims, signer.alg, signer.kid, signer.sign)

    async def told(self) -> None:
        """Have what the source tells registered."""
        await self.source.send(self.hub.ledger)
        await self.hub.clerk.settled()

    async def page(self, serial: str, **headers: str) -> str:
        answer = await self.public.get(f"/01/{GTIN}/21/{serial}", headers=HTML | headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def verdict(self, serial: str) -> tuple[str, str]:
        """(colour, row)."""
        found = re.search('data-state="(.*?)" data-row="(.*?)"', await self.page(serial))
        assert found is not None
        return found[1], found[2]

    async def data(self, serial: str) -> Any:
        raw = re.search('id="passport-data">(.*?)</script>', await self.page(serial))
        assert raw is not None
        return json.loads(raw[1])


def play(
    folder: Path, scene: Callable[[Scene], Awaitable[None]], has_list: bool = True, age: int = 0
) -> None:
    """The scene at a hub with a trust list; age: seconds since that ended."""

    async def whole() -> None:
        key, revoked, root = (DeviceKey.generate(operator=name) for name in ("maker", "x", "root"))
        store = TrustStore(folder / "trust.cbor")
        entries = (key.card.entry(START_S), revoked.card.entry(START_S, revoked_since=START_S))
        store.save(TrustList(3, START_S, NOW + 5000 - age, entries), root)
        (folder / "token").write_text("secret")
        said = HubSettings(
            database=str(folder / "hub.db"),
            token_file=folder / "token",
            access=AccessTable(audit_key=folder / "audit.key"),
            resolver=ResolverTable(root=ROOT),
            trust=TrustTable(list=store.path) if has_list else TrustTable(),
        )
        async with opened(said, lambda: NOW * 10**9) as hub:

            def client(**headers: str) -> httpx2.AsyncClient:
                transport = httpx2.ASGITransport(app=hub.app)
                return httpx2.AsyncClient(transport=transport, base_url=ROOT, headers=headers)

            async with client() as public, client(Authorization="Bearer secret") as manager:
                source = Source("gw")
                await scene(Scene(hub, public, manager, source, store, root, key, revoked))

    asyncio.run(whole())


def test_the_verdict_is_the_tables_and_nothing_of_a_bad_record_is_shown(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        stranger = DeviceKey.generate()
        first = at.stub("GOOD")
        tampered = bytearray(at.stub("FORGED"))
        tampered[-1] ^= 1
        for raw, serial in (
            (first, "GOOD"),
            (at.stub("GOOD", seq=1, c6=stub.link16(first)), "GOOD"),
            (bytes(tampered), "FORGED"),
            (at.stub("STRANGE", stranger), "STRANGE"),
            (at.stub("STOLEN", at.revoked), "STOLEN"),
            (at.stub("FORK"), "FORK"),
            (at.stub("FORK", c4=START_S + 1), "FORK"),
        ):
            at.source.wrote(raw, serial=serial)
        await at.told()
        for serial, expected in (
            ("GOOD", ("amber", "binding=not_checked")),  # nobody read a tag
            ("FORGED", ("red", "integrity=bad_signature")),
            ("STRANGE", ("amber", "key=unknown")),
            ("STOLEN", ("red", "key=revoked")),
            ("FORK", ("red", "chain=fork")),
        ):
            assert await at.verdict(serial) == expected
            page = await at.page(serial)
            assert ("5 kg" in page) is (expected[0] != "red")
            assert ("<dd>An independent auditor" in page) is (expected[0] != "red")
            assert UID.hex() not in page
        assert (await at.data("GOOD"))["knownSeq"] == 1
        assert (await at.data("FORGED"))["knownSeq"] is None
        answers = re.findall('data-question="(.*?)" data-mark="(.*?)"', await at.page("GOOD"))
        assert dict(answers) == {
            "integrity": "yes",
            "key": "yes",
            "binding": "open",
            "chain": "yes",
            "link": "yes",
            "evidence": "yes",
        }

    play(tmp_path, scene)


def test_an_old_list_is_said_to_be_old(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        at.source.wrote(at.stub("A1"))
        await at.told()
        assert await at.verdict("A1") == ("amber", "key=expired_list")

    play(tmp_path, scene, age=9000)


def test_without_a_list_or_a_stub_it_says_so(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        at.source.wrote(at.stub("A1"))
        at.source.wrote(b"mini", serial="MINI")
        at.source.tell("refused", product=f"{GTIN}/SEEN", gtin=GTIN, serial="SEEN")
        await at.told()
        for serial, sentence in (
            ("A1", "has no trust list"),
            ("MINI", "no signed record"),
            ("SEEN", "no signed record"),
        ):
            page = await at.page(serial)
            assert 'data-state="none"' in page
            assert sentence in page or "short signature" in page
        assert (await at.data("A1"))["trust"] is None
        answer = await at.public.get("/v1/trust")
        assert (answer.status_code, list(answer.json())) == (404, ["error"])

    play(tmp_path, scene, has_list=False)


def test_the_page_says_whether_it_shows_the_passport_that_was_signed(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        for serial in ("SAME", "OTHER"):
            said = passport(f"{ROOT}/01/{GTIN}/21/{serial}")
            answer = await at.manager.post("/v1/dpps", json=said)
            digest = bytes.fromhex(answer.json()["payload"]["sha256"])
            digest = digest if serial == "SAME" else sha256(digest).digest()
            at.source.wrote(at.stub(serial, c3=digest), serial=serial)
        await at.told()
        assert "byte for byte" in await at.page("SAME")
        assert "was changed after that" in await at.page("OTHER")

    play(tmp_path, scene)


def test_a_large_passports_page_leaves_others_their_turn(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        said = passport(f"{ROOT}/01/{GTIN}/21/A1", many=[1] * 50_000)
        assert (await at.manager.post("/v1/dpps", json=said)).status_code == 201
        begun = last = time.perf_counter()
        longest = 0.0
        page = asyncio.create_task(at.page("A1"))
        while not page.done():
            await asyncio.sleep(0.002)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        assert len(await page) > 250_000
        assert longest < (last - begun) / 2

    play(tmp_path, scene)


def test_a_serial_that_nobody_knows_is_said_to_be_unknown(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        model = passport(f"{ROOT}/01/{GTIN}", granularity="model", dppStatus="archived")
        assert (await at.manager.post("/v1/dpps", json=model)).status_code == 201
        at.source.wrote(at.stub("GONE", c9=2), serial="GONE")
        await at.told()
        unknown = await at.page("NEVER")
        assert "This serial number is not known here" in unknown
        assert "not for this single item" in unknown
        gone = await at.page("GONE")
        assert "This serial number is not known" not in gone
        assert 'class="status recycled"' in gone
        whole = await at.public.get(f"/01/{GTIN}", headers=HTML)
        assert "names a model" in whole.text
        assert 'class="status inactive"' in whole.text

    play(tmp_path, scene)


def test_what_gateways_tell_is_inert_and_for_who_may_read_it(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        at.source.wrote(at.stub("A1"), act=EVIL, reason=EVIL, zone=EVIL, station=EVIL)
        await at.told()
        path = f"/01/{GTIN}/21/A1"
        assert "alert(" not in await at.page("A1")
        for shown in (path, "/"):
            page = (await at.manager.get(shown, headers=HTML)).text
            assert "&lt;script&gt;alert" in page
            assert "<script>" not in page
            assert "<img" not in page
            assert not {"\u202e", "\u200b"} & set(page)
        page = (await at.manager.get(path, headers=HTML)).text
        assert UID.hex() in page
        answer = await at.manager.get(path, headers=HTML)
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-" in policy
        assert "unsafe" not in policy

    play(tmp_path, scene)


def test_the_trust_list_is_given_out_as_it_was_signed(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        at.source.wrote(at.stub("A1"))
        await at.told()
        root = bytes.fromhex((await at.data("A1"))["root"])
        assert root == at.root.public
        answer = await at.public.get("/v1/trust")
        assert answer.headers["content-type"] == "application/cose"
        assert trust.decode(answer.content, root, verifier).number == 3
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await at.public.get("/v1/trust", headers=known)).status_code == 304
        others = [each for each in at.store.load().entries if each.kid != at.key.kid]
        at.store.save(TrustList(4, START_S, NOW + 9000, tuple(others)), at.root)
        assert await at.verdict("A1") == ("amber", "key=unknown")
        answer = await at.public.get("/v1/trust", headers=known)
        assert trust.decode(answer.content, root, verifier).number == 4
        at.store.path.write_bytes(b"no list")  # the one before stays in force
        again = await at.public.get("/v1/trust")
        assert again.content == answer.content

    play(tmp_path, scene)


def test_a_list_whose_root_nobody_names_is_refused_at_the_start(tmp_path: Path) -> None:
    async def scene(at: Scene) -> None:
        at.store.path.with_name("trust.cbor.pin").unlink()
        with pytest.raises(KeyProblem, match="no root key"):
            Hub(at.hub.database, at.hub.entrance, HubSettings(trust=TrustTable(list=at.store.path)))

    play(tmp_path, scene)
