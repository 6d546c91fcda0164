"""The decoders of the gateway: files of the operator, what gateway and hub send each other, and what readers send."""

import hashlib
import tempfile
from pathlib import Path
from random import Random

import cbor2

from edge import stub
from edge.errors import Malformed
from gateway import config
from gateway.hub import batch as hub_batch
from gateway.hub import settings
from gateway.records import Chain, Gap, Row
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.resultfile import ResultFile
from gateway.sync import answer
from gateway.sync import batch as sync_batch
from tests.bench import (
    handheld_decoders,
    llrp_decoders,
    mutations,
    optics_decoders,
    scanner_decoders,
)
from tests.bench.decoder import Decoder, Run
from tests.bench.demo import generated
from tests.bench.line import UID
from tests.bench.passports import NOW, Issuer


def decoders(folder: Path) -> list[Decoder]:
    """All of them; folder: for the one that reads a file."""
    stubs = Issuer().chain(3)
    return [
        Decoder("CSV orders", _orders, (OrderError,), _order_examples(folder), mutations.text, 0.3),
        Decoder("result file", _result(folder), (OrderError,), [_RESULT], mutations.text, 0.05),
        Decoder("TOML", config.parse, (config.ConfigProblem,), [_TOML], mutations.toml_text, 0.3),
        Decoder(
            "hub TOML",
            settings.parse,
            (config.ConfigProblem,),
            [_HUB_TOML],
            mutations.toml_text,
            0.3,
        ),
        Decoder("receipt", _receipt, (), [_RECEIPT], mutations.json_text, 0.5),
        Decoder("hub batch", _batch, (Malformed,), [_batch_example(stubs)], _batch_input, 0.5),
        *llrp_decoders.decoders(),
        *optics_decoders.decoders(),
        *scanner_decoders.decoders(),
        *handheld_decoders.decoders(folder),
    ]


def _orders(data: bytes) -> None:
    for item in orders(data, "https://id.example.com"):
        if isinstance(item, Order):
            stub.check({**item.claims, stub.VERSION: 1, stub.ISSUED_AT: 0, stub.SEQ: 0})


def _order_examples(folder: Path) -> list[bytes]:
    digest = hashlib.sha256(b"").hexdigest()
    own = (
        "gtin,serial,digest,batch,link,total_41\n"
        f"09520123456788,A1,{digest},,,1000\n"
        f'9520123456788,"A,2",{digest},LOT1,https://id.example.com/x,\n'
    )
    return [own.encode(), generated(folder / "products.csv", 3, 1).read_bytes()]


_RESULT = (
    b"row,gtin,serial,uid,outcome,column,reason,seq,slot,digest,at\n"
    b"1,,,,refused,gwp_manufacturing_ratio,empty,,,,2026-11-22T20:34:14.812Z\n"
    b"2,09520123456788,A1,04a1b2c3d4e5f6,commissioned,,,0,0,00,2026-11-22T20:34:14.848Z\n"
)


def _result(folder: Path) -> Run:
    def run(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".result.csv") as file:
            file.write(data)
            file.flush()
            with ResultFile(Path(file.name)):
                pass

    return run


_TOML = b"""[gateway]
name = "line-3"
journal = "journal.db"
journal_max_mb = 512
link = "https://id.example.com"
[keys]
device = "device.key"
root = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
[hub]
url = "https://hub.example.com"
[metrics]
listen = "127.0.0.1:9100"
[[reader]]
name = "gate"
url = "pn532:/dev/ttyUSB0"
job = "verify"
dedupe_s = 1.5
[[reader]]
name = "end"
url = "pn532:/dev/ttyUSB1"
job = "update"
step = "inspected"
"""


_HUB_TOML = b"""listen = "127.0.0.1:8470"
database = "hub.db"
token_file = "token"
cert = "hub.pem"
key = "hub.key"
"""
_RECEIPT = (
    b'{"journal": "00000000000000000000000000000000", "watermark": 3, "conflicts": [2], "hash": "",'
    b' "stored": 1, "duplicates": 0, "missing": [[4, 5]], "forked": true, "refused": null}'
)


def _receipt(data: bytes) -> None:
    sent = sync_batch.Batch(bytes(16), 1, 3, b"", 3)
    for status in (200, 422):
        answer.judge(sent, answer.Answer(status, data))


def _batch(data: bytes) -> None:
    found = hub_batch.decode(data)
    for row in found.rows:
        if isinstance(row, Row):
            hub_batch.content(row.body)


def _batch_example(stubs: list[bytes]) -> bytes:
    journal, chain, rows = bytes(16), Chain(bytes(16)), []
    for seq, raw in enumerate(stubs, 1):
        body = cbor2.dumps({"stub": raw, "gtin": "09520123456788", "serial": "A1", "seq": seq - 1})
        content = (NOW * 10**9, "result", "station", UID, "09520123456788/A1", body)
        rows.append(Row(seq, *content, chain.follow(seq, *content)))
    gap = Gap(len(rows) + 1, 9, "dropped", bytes(32))
    branch = sync_batch.Branch(journal, 0, None, (bytes(16), 0))
    return sync_batch.encode("line-3", branch, journal, [*rows, gap], {2}).data


def _batch_input(examples: list[bytes], random: Random) -> bytes:
    """Changed anywhere; or one row's body is, and its hash is right all the same."""
    if random.getrandbits(1):
        return mutations.changed(examples, random)
    body = mutations.cbor(random) if random.getrandbits(1) else _tagged(random)
    content = (1, "result", "s", UID, "p", body)
    chain = Chain(bytes(16))
    row = Row(1, *content, chain.follow(1, *content))
    branch = sync_batch.Branch(bytes(16), 0, None, None)
    return sync_batch.encode("g", branch, bytes(16), [row], ()).data


def _tagged(random: Random) -> bytes:
    """A tag that cbor2 knows, around anything: dates, fractions, regular expressions, shared values, sets."""
    number = random.choice(
        (0, 1, 2, 3, 4, 5, 22, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004)
    )
    return b"\xa1\x61a" + cbor2.dumps(cbor2.CBORTag(number, 0))[:-1] + mutations.cbor(random)
