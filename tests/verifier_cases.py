"""Hostile questions to the verifier that the passport page runs, each with the answer of edge's.

Keys, stubs, trust lists, links and fragments are made from a seed: right ones, changed ones, and wrong ones that are
signed all the same.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import cbor, cose, gs1, printed, stub, trust
from edge.errors import Malformed
from edge.trust import Entry, TrustList
from edge.verify import verify, verify_best
from gateway.keys import DeviceKey, verifier
from tests.bench import mutations
from tests.signature_cases import unsound_keys
from tests.verifier_links import GTINS, misspelled
from tests.verifier_links import link as link_of
from tests.verifier_links import product as product_of
from tests.verifier_page import LAST, NOW, Case, listed, plain, told

_SHIFTS = (1, -1, -NOW, 1000, -1000, 10**9)  # of the clock, in seconds
UID, TID = bytes.fromhex("04a1b2c3d4e5f6"), bytes.fromhex("e28011052000001122334455")
_ODD: tuple[Any, ...] = (
    *(0, 1, 2, 3, 4, 7, 8, 23, 24, 255, 256, 31, 17, 2**16, 2**32, LAST, LAST + 1, 2**64 - 1),
    *(-1, -24, -25, -(2**53), -(2**64), True, False, None, b"", bytes(4), bytes(7), bytes(16)),
    *(bytes(32), bytes(64), bytes(65), "", "a", "did:", "did:x", "https://a/b", "http://", "ü"),
    *("x" * 20, "x" * 21, "x" * 255, "x" * 256, "ü" * 127, "ü" * 128, "\x7f", "\x1f", "a b"),
    *("\ufeff", "\u2028", "\U0001f4a9" * 63, "\U0001f4a9" * 64, 253402300799, 253402300800),
    *([], [1], [1, UID], [2, TID], [1, bytes(5)], [3, UID], [0, GTINS[0], "A1"], {}, {41: 1}),
    *(
        [1, {}],
        [1, {-1: [[[[[]]]]]}],
        [1, {1: [[[[[[]]]]]]}],
        [1, {"a": 1}],
        [LAST, {2**64 - 1: 1}],
    ),
    *({41: LAST}, {41: LAST + 1}, {55: 1}, {41: -1}, {"41": 1}, [0, bytes(16)], [1, bytes(16)]),
    *([[[[[[[]]]]]]], [[[[[[[[]]]]]]]], cbor.Tag(18, 1), cbor.Tag(2**64 - 1, [{b"": {"": None}}])),
)


def keys(random: Random) -> list[DeviceKey]:
    """Five Ed25519 keys and two of P-256."""
    seeds = [random.randbytes(32) for _ in range(5)]
    scalars = [random.randrange(1, 2**255) for _ in range(2)]
    return [DeviceKey(Ed25519PrivateKey.from_private_bytes(seed)) for seed in seeds] + [
        DeviceKey(ec.derive_private_key(each, ec.SECP256R1())) for each in scalars
    ]


class World:
    """Keys, histories and trust lists of one seed, and the questions about them. lists: by name, as edge reads them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.root, *self.keys = keys(self.random)
        self.twin = self.keys[0].kid  # that another key's stubs state too
        self.chains = [self._chain() for _ in range(24)]
        self.stubs = [each for chain in self.chains for each in chain]
        self.lists: dict[str | None, TrustList | None] = {None: None}
        self.payloads = [cbor.decode(trust._payload(self._list()), 1 << 20) for _ in range(12)]

    def trusts(self, count: int) -> Iterator[Case]:
        """Trust lists with what the page must say of them; those that hold are kept in `lists`."""
        for number in range(count):
            data, root = self._signed_list(number), self.root.public
            if number % 16 == 15:
                root = self.random.choice(
                    (self.keys[0].public, self.keys[-1].public, b"", b"\x01" * 33)
                )
            answer: Any = "malformed"
            try:
                found = trust.decode(data, root, verifier)
                answer = listed(found)
                self.lists[str(number)] = found
            except Malformed:
                pass
            yield (
                {"do": "trust", "name": str(number), "data": data.hex(), "root": root.hex()},
                answer,
            )

    def verdicts(self, count: int) -> Iterator[Case]:
        """Stubs, and sets of slots, with the verdicts on them."""
        names = list(self.lists)
        for number in range(count):
            name, now = self.random.choice(names), NOW + self.random.choice((*_SHIFTS, 0, 0, 0))
            raw, asked = self._stub(), self._asked(self.random.choice(self.stubs))
            if number % 2:
                raw = self.random.choice(self.stubs)
                name, asked = self.random.choice((name, "0")), self._asked(raw)
            where = {"trust": name, "now": now, **_hexed(asked)}
            of = (self.lists[name], verifier, now)
            if number % 5:
                answer = told(*verify(raw, *of, **asked))
                yield {"do": "verify", "stub": raw.hex(), **where}, answer
                continue
            others = self.random.choice(self.chains)
            choices = (raw, self.random.choice(others), self.random.choice(others), self._stub())
            slots = list(enumerate(self.random.choices(choices, k=self.random.randrange(4))))
            slot, *judged = verify_best(slots, *of, **asked)
            held = [[slot, raw.hex()] for slot, raw in slots]
            yield {"do": "best", "stubs": held, **where}, told(*judged, slot)

    def names(self, count: int) -> Iterator[Case]:
        """Links with products, and whether the one names the other."""
        for _ in range(count):
            product = product_of(self.random)
            link = link_of(self.random, product)
            answer = gs1.link_names(link, product)
            yield {"do": "names", "link": link, "product": product}, answer

    def fragments(self, count: int) -> Iterator[Case]:
        """Fragments with the stubs in them."""
        random = self.random
        for _ in range(count):
            raw = random.choice(
                (random.choice(self.stubs), b"\xd2\x84" + random.randbytes(random.randrange(12)))
            )
            text = "#s=" + printed.spell(raw, random.choice(printed.FORMS))
            if random.getrandbits(1):
                text = misspelled(self.random, text, "#s=AZaz09-_27+/ \n")
            if text[:1] == "#":
                try:
                    answer = plain(printed.split("https://a/" + text)[1])
                except Malformed:
                    answer = "malformed"
                yield {"do": "fragment", "text": text}, answer

    def items(self, count: int) -> Iterator[Case]:
        """CBOR, mostly deterministic, with its values."""
        for _ in range(count):
            data = mutations.cbor(self.random, 9)
            if not self.random.getrandbits(2):
                data = mutations.changed([data], self.random)
            try:
                answer = plain(cbor.decode(data))
            except Malformed:
                answer = "malformed"
            yield {"do": "cbor", "data": data.hex()}, answer

    def _chain(self) -> list[bytes]:
        """Stubs of one product: two that are the first, two that follow the same, and one after a gap."""
        random = self.random
        key = random.choice(self.keys)
        product = product_of(self.random)
        carrier = random.choice((None, [stub.NFC, UID], [stub.NFC, UID], [stub.RAIN, TID]))
        made: list[bytes] = []
        for seq in (0, 0, 1, 2, 2, 5):
            claims = self._claims(product, carrier, seq)
            if seq:
                claims[stub.PREV] = stub.link16(made[-1] if seq < 3 else made[0])
            kid = random.choice((key.kid, key.kid, key.kid, self.twin, bytes(8)))
            alg = cose.EDDSA if key.alg == cose.ED25519 and not random.getrandbits(2) else key.alg
            made.append(stub.encode(claims, alg, kid, key.sign))
        return made

    def _claims(self, product: list[Any], carrier: list[Any] | None, seq: int) -> dict[int, Any]:
        random = self.random
        claims: dict[int, Any] = {
            stub.VERSION: 1,
            stub.PRODUCT: product,
            stub.ISSUED_AT: NOW - random.choice((0, 1, 500, 1000, 1001, -5)),
            stub.SEQ: seq,
        }
        more = {
            stub.CARRIER: carrier,
            stub.DIGEST: random.randbytes(32),
            stub.OPERATOR: random.choice(("op", "ü" * 127)),
            stub.STATUS: 1 + random.randrange(3),
            stub.TOTALS: {41: random.getrandbits(53), 10: 5},
            stub.SECTOR: [7, {1: "a", 2**53: b"", -(2**64): [{"b": -1}]}],
            stub.PARTS: [3, bytes(16)],
            stub.EVIDENCE: random.randrange(3),
            random.randrange(16, 64): random.choice(_ODD[:40]),
        }
        chosen = {
            key: value
            for key, value in more.items()
            if key == stub.CARRIER or not random.getrandbits(2)
        }
        return claims | {
            key: value for key, value in chosen.items() if value is not None or key > 15
        }

    def _stub(self) -> bytes:
        """A stub as it is, changed at random, or of odd claims under a signature that holds."""
        random = self.random
        act = random.randrange(16)
        if act < 3:
            return random.choice(self.stubs)
        if act < 5:
            return mutations.changed(self.stubs, random)
        if act < 6:
            flipped = bytearray(random.choice(self.stubs))
            at = random.choice(
                (
                    random.randrange(len(flipped)),
                    random.randrange(20),
                    len(flipped) - 1 - random.randrange(64),
                )
            )
            flipped[at] ^= 1 << random.randrange(8)
            return bytes(flipped)
        if act == 6:
            return mutations.anything(random) if random.getrandbits(1) else b""
        claims = dict(stub.decode(random.choice(self.stubs)).claims)
        if act == 7:
            return mutations.sign1(
                mutations.claims(claims, random), random.choice(self.keys).kid, random
            )
        if act < 10:
            return self._enveloped(mutations.claims(claims, random))
        if act < 11:
            whole = cbor.encode(claims)
            return self._enveloped(mutations.changed([whole], random))
        if act < 15:
            for _ in range(1 + random.getrandbits(1)):
                key = random.choice(
                    (*range(16), *claims, 16, 23, 24, 63, 64, 255, -1, "a", "length", b"\x01")
                )
                claims[key] = random.choice(_ODD)
                if random.getrandbits(3) == 0:
                    del claims[key]
            return self._enveloped(_deep(claims))
        return self._enveloped(
            cbor.encode(claims | {40: bytes(random.choice((200, 3700, 3800, 4000)))})
        )

    def _enveloped(self, payload: bytes) -> bytes:
        """A signature that holds over a payload and headers, which mostly are as they should be."""
        random = self.random
        key = random.choice(self.keys)
        headers: dict[Any, Any] = {cose.ALG: key.alg, cose.KID: key.kid}
        tag, unprotected, aad = 18, {}, b""
        if not random.getrandbits(2):
            act = random.randrange(9)
            if act < 3:
                headers[cose.ALG] = random.choice(
                    (-19, -8, -9, -7, "EdDSA", None, True, -19 + 2**33)
                )
            elif act < 5:
                headers[cose.KID] = random.choice(
                    (b"", key.kid[:7], key.kid + b"\0", self.twin, "kid", 1)
                )
            elif act == 5:
                headers[random.choice((2, 3, "x"))] = random.choice(([1], [4], 0))
            elif act == 6:
                unprotected = {random.choice((1, 4, 5)): random.choice((b"", key.kid, -19))}
            elif act == 7:
                tag = random.choice((17, 19, 98))
            else:
                aad = b"\0"
        protected = cbor.encode(headers)
        signature = key.sign(cose.to_be_signed(protected, payload, aad))
        return cbor.encode(cbor.Tag(tag, [protected, unprotected, payload, signature]))

    def _asked(self, raw: bytes) -> dict[str, Any]:
        """The other arguments of verify, mostly as they are where this stub is read."""
        random = self.random
        of = stub.decode(raw)
        kind, id = of.carrier or random.choice(((None, None), (1, UID)))
        chain = next(each for each in self.chains if raw in each)
        asked = {
            "kind": kind,
            "id": id,
            "link": link_of(self.random, of.product),
            "previous": random.choice((None, *chain)),
            "known_seq": random.choice((None, None, None, 0, of.seq)),
        }
        odd = {
            "kind": random.choice((None, 1, 2, 0)),
            "id": random.choice((None, UID, TID, bytes(7), b"", UID + b"\0")),
            "link": random.choice((None, link_of(self.random, product_of(self.random)))),
            "previous": random.choice((random.choice(self.stubs), self._stub())),
            "known_seq": random.choice((1, 2, 6, LAST)),
        }
        return {name: asked[name] if random.random() < 0.85 else odd[name] for name in asked}

    def _entry(self, key: DeviceKey) -> Entry:
        random = self.random
        kid = random.choice((key.kid, key.kid, key.kid, self.twin))
        times = (None, None, None, NOW - 1000, NOW - 500, NOW, NOW + 500)
        return Entry(
            kid,
            key.public,
            random.choice(("", "op", "ü" * 255)),
            random.choice((("issuer",), ("issuer",), ("station",), ("station", "issuer"))),
            random.choice((0, 0, 0, NOW, NOW + 1, LAST)),
            random.choice(times),
            random.choice((*times, None, None)),
            random.choice(((), (), (), ("952",), ("0",), ("9506", "401234"), ("9520123456788",))),
            random.choice(("", "EU")),
        )

    def _list(self) -> TrustList:
        random = self.random
        entries = [self._entry(key) for key in self.keys if random.getrandbits(2)]
        not_after = random.choice((NOW + 10**6, NOW + 10**6, NOW, NOW - 1, LAST))
        return TrustList(random.randrange(9), NOW - 10**6, not_after, tuple(entries))

    def _signed_list(self, number: int) -> bytes:
        """A list as it should be, or an odd one that the root signed, or one that was changed after that."""
        random = self.random
        if not number:
            entries = tuple(key.card.entry(NOW - 10**5) for key in self.keys)
            whole = TrustList(1, NOW - 10**6, NOW + 10**6, entries)
            return trust.encode(whole, self.root.alg, self.root.kid, self.root.sign)
        if number % 4 == 0:
            return trust.encode(self._list(), self.root.alg, self.root.kid, self.root.sign)
        whole = cbor.decode(cbor.encode(random.choice(self.payloads)), 1 << 20)
        unsound = (
            *unsound_keys(),
            bytes(64),
            random.randbytes(32),
            random.randbytes(64),
            bytes(33),
        )
        rows = whole[3] or [[]]
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            act, row = random.randrange(8), random.choice(rows)
            if act < 4 and row:
                row[random.randrange(len(row))] = random.choice(
                    (
                        *_ODD,
                        "issuer",
                        ["issuer"],
                        ["issuer", "x"],
                        [""],
                        ["12"],
                        ["1", "x"],
                        "issuer" * 43,
                    )
                )
            elif act == 4 and len(row) > 1:
                row[1] = random.choice(unsound)
            elif act == 5:
                row.append(random.choice((None, "EU", "", 0)))
            elif act == 6:
                random.shuffle(rows)
            else:
                whole[random.randrange(4)] = random.choice(_ODD)
        payload = _deep(whole)
        if number % 4 == 1:
            payload = mutations.changed([payload], random)
        data = cose.sign1(
            payload, self.root.alg, random.choice((self.root.kid, b"", bytes(30))), self.root.sign
        )
        return (
            mutations.changed([data], random) if number % 4 == 2 and random.getrandbits(1) else data
        )


def _deep(value: Any) -> bytes:
    """CBOR, also where it is nested deeper than edge writes it."""
    out = bytearray()
    cbor._put(out, value, 16)
    return bytes(out)


def _hexed(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: each.hex() if isinstance(each, bytes) else each for name, each in asked.items()}
