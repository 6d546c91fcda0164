"""The passports that the benches write and verify: one product, a chain of stubs, the key and the trust list."""

import hashlib
from typing import Any

from edge import gs1, stub
from edge.trust import Entry, TrustList
from gateway.keys import DeviceKey
from tests.bench.line import UID

NOW = 1_790_000_100
LINK = "https://id.example.com/01/09520123456788/21/A1B2C3D4E5"  # 54 characters
SERIAL = "A1B2C3D4E5"
PRODUCT = [stub.GS1, gs1.gtin("09520123456788"), SERIAL]
KIND = 1  # NFC


class Issuer:
    """A device key and the list that trusts it. curve: "ed25519" or "p256"."""

    def __init__(self, curve: str = "ed25519") -> None:
        self.key = DeviceKey.generate(curve, "bench")
        self.trust = TrustList(1, NOW - 86400, NOW + 86400, (Entry(self.key.kid, self.key.public),))

    def stub(self, seq: int, previous: bytes = b"", uid: bytes = UID, **extra: Any) -> bytes:
        """The signed stub `seq` of the chain, about 200 bytes long: two fit an NTAG215."""
        claims = {
            stub.VERSION: 1,
            stub.PRODUCT: PRODUCT,
            stub.DIGEST: hashlib.sha256(bytes([seq & 0xFF])).digest(),
            stub.ISSUED_AT: NOW - 1000 + seq,
            stub.SEQ: seq,
            stub.CARRIER: [KIND, uid],
            stub.TOTALS: {41: 310_500 + seq, 43: 61_200, 51: 40},
        }
        if seq:
            claims[stub.PREV] = stub.link16(previous)
            claims[stub.STEP] = seq % 8
        claims |= {getattr(stub, name.upper()): value for name, value in extra.items()}
        return stub.encode(claims, self.key.alg, self.key.kid, self.key.sign)

    def chain(self, count: int, uid: bytes = UID) -> list[bytes]:
        """The first `count` stubs."""
        made: list[bytes] = []
        for seq in range(count):
            made.append(self.stub(seq, made[-1] if made else b"", uid))
        return made


def message_of(size: int) -> str:
    """The link whose NDEF message, alone, is `size` bytes (up to 259): five of them are its header."""
    return "https://id.example.com/".ljust(8 + size - 5, "x")
