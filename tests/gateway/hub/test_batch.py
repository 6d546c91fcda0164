"""The decoder of batches: what it accepts is what a gateway said, and everything else is Malformed."""

import asyncio
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from batches import AT_NS, JOURNAL, UID, batch, cbor, gap, rows, withheld
from hypothesis import given, settings
from hypothesis import strategies as some

from edge.errors import Malformed
from gateway.hub.batch import CEILING, Withheld, content, decode
from gateway.journal import Journal
from gateway.records import Gap, Row

GOOD = rows(5)
OLDER = bytes(range(16, 32))


@pytest.mark.parametrize("version", [1, 2])
def test_rows_come_out_as_they_were_said(version: int) -> None:
    found = decode(batch(GOOD, version=version, gateway="Werk 1 \u00e4"))
    assert found.rows == tuple(Row(*each) for each in GOOD)
    assert (found.gateway, found.journal, found.before) == ("Werk 1 \u00e4", JOURNAL, JOURNAL)
    assert (found.first, found.last, found.key) == (1, 5, f"{JOURNAL.hex()}/1-5")
    assert (found.hash, found.origin, found.odd) == (GOOD[4][-1], None, frozenset())


def test_bytes_written_by_hand_are_read() -> None:
    """Worked out from RFC 8949 and the batch's form; the hash by xxd and sha256sum."""
    hash = "4a1f0398b5a7fd5a05c966d72f51e82018f720a7ac0221fa4fb48bda4faa5f72"
    data = bytes.fromhex(
        "a7 0101 02626777 0350000102030405060708090a0b0c0d0e0f 0401 0501"
        f"0681 88 01 00 6176 6173 40 60 41a0 5820{hash}"
        "0750000102030405060708090a0b0c0d0e0f"
    )
    (row,) = decode(data).rows
    assert row == Row(1, 0, "v", "s", b"", "", b"\xa0", bytes.fromhex(hash))


def test_withheld_rows_gaps_and_an_origin_are_read() -> None:
    made = rows(10, first=101, before=bytes(32))
    items = [made[0], withheld(made[1]), gap(made[2:8]), made[8], made[9]]
    found = decode(batch(items, bytes(32), origin=(OLDER, 100)))
    assert found.rows == (
        Row(*made[0]),
        Withheld(102, made[1][-1]),
        Gap(103, 108, "dropped", made[7][-1]),
        Row(*made[8]),
        Row(*made[9]),
    )
    assert (found.first, found.last, found.origin) == (101, 110, (OLDER, 100))
    assert decode(batch([gap(made)], bytes(32))).last == 110


@pytest.mark.parametrize(
    "columns",
    [
        {"uid": b""},
        {"uid": bytes(64)},
        {"product": ""},
        {"product": "\u00e4" * 512},
        {"station": "s" * 23},
        {"station": "s" * 24},
        {"at_ns": 0},
        {"at_ns": 23},
        {"at_ns": 255},
        {"at_ns": 256},
        {"at_ns": 65536},
        {"at_ns": (1 << 32) - 1},
        {"at_ns": 1 << 32},
        {"at_ns": -1},
        {"body": {}},
        {"body": {"x": bytes(20)}},
        {"body": {"x": bytes(250)}},
        {"body": {"x": bytes(70_000)}},
    ],
)
def test_columns_of_every_width_are_read(columns: dict[str, Any]) -> None:
    made = rows(2, **columns)
    found = decode(batch(made))
    assert (found.rows, found.odd) == (tuple(Row(*each) for each in made), frozenset())


def test_a_journal_that_continues_another_from_its_start_begins_with_the_id_of_the_first() -> None:
    made = rows(2, before=OLDER)
    assert decode(batch(made, OLDER, origin=(bytes(16), 0))).before == OLDER
    with pytest.raises(Malformed, match="key 7"):
        decode(batch(made, OLDER))


def test_names_that_change_from_row_to_row_are_each_their_own() -> None:
    made = rows(1)
    for seq, kind, station in ((2, "intent", "a"), (3, "intent", "ab"), (4, "result", "ab")):
        made += rows(1, seq, made[-1][-1], kind=kind, station=station)
    found = decode(batch(made)).rows
    assert [(row.kind, row.station) for row in found if isinstance(row, Row)] == [
        ("verdict", "line1"),
        ("intent", "a"),
        ("intent", "ab"),
        ("result", "ab"),
    ]


@pytest.mark.parametrize(
    "columns",
    [
        {"product": "a\0b"},
        {"kind": "\0"},
        {"station": "x\0"},
        {"at_ns": 1 << 63},
        {"at_ns": (1 << 64) - 1},
        {"at_ns": -(1 << 64)},
    ],
)
def test_a_row_that_no_column_can_hold_is_read_and_marked(columns: dict[str, Any]) -> None:
    made = rows(1) + rows(1, 2, rows(1)[0][-1], **columns)
    made += rows(1, 3, made[-1][-1])
    found = decode(batch(made))
    assert (found.odd, found.rows[1]) == ({2}, Row(*made[1]))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends before"),
        (b"\xa0", "keys 1 to 7"),
        (b"\x80", "keys 1 to 7"),
        (batch(GOOD) + b"\x00", "1 bytes behind"),
        (batch(GOOD, version=3), "version 3 is not known"),
        (batch(GOOD, _1=True), "not of the type"),
        (batch(GOOD, _1=0), "version 0"),
        (batch(GOOD, version=1, origin=(OLDER, 0)), "version 1"),
        (batch(GOOD, _2=""), "key 2"),
        (batch(GOOD, _2="g" * 513), "key 2"),
        (batch(GOOD, _2="g\0"), "key 2"),
        (batch(GOOD, _2=b"gw"), "not of the type"),
        (batch(GOOD, _3=bytes(15)), "key 3"),
        (batch(GOOD, _4=0), "keys 4 and 5"),
        (batch(GOOD, _4=6), "keys 4 and 5"),
        (batch(GOOD, _5=1 << 63), "keys 4 and 5"),
        (batch(GOOD, _5=4), "rows 1 to 4"),
        (batch(GOOD, _5=6), "rows 1 to 6, but it ends at 5"),
        (batch(GOOD, _6=[]), "rows 1 to 5"),
        (batch(GOOD, _7=bytes(16)), "key 7"),
        (batch(rows(1, 2, bytes(32)), bytes(16)), "key 7"),
        (batch(GOOD, _8=[OLDER, 1]), "key 8"),
        (batch(GOOD, _8=[OLDER]), "key 8"),
        (batch(GOOD, _8=[bytes(15), 0]), "key 8"),
        (batch(GOOD, _9=1), "key 8"),
        (batch([GOOD[0], [*GOOD[1][:6], cbor({"n": 3}), GOOD[1][7]]]), "row 2 does not follow"),
        (batch([[*GOOD[0][:6], cbor({"n": 3}), GOOD[0][7]], GOOD[1]]), "row 1 does not follow"),
        (batch([GOOD[0], GOOD[0]], _5=2), "row 2 is not of the form"),
        (batch([GOOD[0], [2, b"short"]]), "row 2 is not of the form"),
        (batch([GOOD[0], [2, 3]]), "not of the type"),
        (batch([GOOD[0], "row"], _5=2), "row 2 is not of the form"),
        (batch([GOOD[0], gap(GOOD[1:])], version=1), "row 2 is not of the form"),
        (batch([GOOD[0], gap(GOOD[1:])], _5=4), "row 2 is not of the form"),
        (batch([GOOD[0], [2, 1, "dropped", bytes(32)]], _5=2), "row 2 is not of the form"),
        (batch([GOOD[0], [2, 3, "a b", bytes(32)]]), "row 2 is not of the form"),
        (batch(rows(1, uid=bytes(65))), "row 1 is not of the form"),
        (batch(rows(1, product="p" * 513)), "row 1 is not of the form"),
        (batch(rows(1, station="s" * 513)), "row 1 is not of the form"),
        (batch(rows(1, kind=7)), "not of the type"),
        (batch(rows(1, body=7)), "row 1: a body must be a map"),
        (batch([[1, AT_NS, "v", "s", UID, "p", b"", bytes(32)]]), "row 1: a body must be a map"),
    ],
)
def test_what_is_no_batch_is_refused_with_a_sentence(data: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        decode(data)


def test_bytes_that_are_not_deterministic_are_refused() -> None:
    good = batch(GOOD[:1])
    place = good.index(b"\x04\x01\x05\x01")
    for other in (b"\x04\x18\x01\x05\x01", b"\x04\x01\x05\x19\x00\x01", b"\x05\x01\x04\x01"):
        with pytest.raises(Malformed):
            decode(good[:place] + other + good[place + 4 :])
    with pytest.raises(Malformed):  # of indefinite length
        decode(good.replace(b"\x06\x81", b"\x06\x9f", 1))


def test_a_batch_that_is_cut_off_anywhere_is_malformed() -> None:
    whole = batch([*GOOD[:3], gap(GOOD[3:])], origin=(OLDER, 0))
    assert decode(whole).last == 5
    for cut in range(len(whole)):
        with pytest.raises(Malformed):
            decode(whole[:cut])


def test_a_text_that_is_not_utf_8_is_malformed() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        decode(batch(GOOD, gateway="ab").replace(b"\x62ab", b"\x62\xff\xfe", 1))


def test_a_batch_beyond_the_ceiling_is_not_looked_at() -> None:
    with pytest.raises(Malformed, match="send fewer rows"):
        decode(bytes(CEILING + 1))


@pytest.mark.parametrize(
    "place", ["02", "03", "06", "0681880100"], ids=["name", "journal", "items", "kind"]
)
def test_lengths_beyond_all_bounds_cost_no_memory(place: str) -> None:
    good = batch(rows(1, at_ns=0))
    at = good.index(bytes.fromhex(place)) + len(place) // 2
    tracemalloc.start()
    for head in (0x1B, 0x3B, 0x5B, 0x7B, 0x9B, 0xBB, 0xDB):
        with pytest.raises(Malformed):
            decode(good[:at] + bytes([head]) + b"\x7f" + bytes(7) + good[at:])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


@settings(max_examples=400)
@given(some.binary(max_size=200))
def test_noise_is_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode(data)


@settings(max_examples=600)
@given(some.data())
def test_a_damaged_batch_is_malformed_or_is_that_batch(data: some.DataObject) -> None:
    items = [GOOD[0], withheld(GOOD[1]), gap(GOOD[2:4]), GOOD[4]]
    good = batch(items, origin=(OLDER, 0))
    whole = bytearray(good)
    for _ in range(data.draw(some.integers(1, 3))):
        whole[data.draw(some.integers(0, len(whole) - 1))] = data.draw(some.integers(0, 255))
    try:
        found = decode(bytes(whole))
    except Malformed:
        return
    intact = decode(good).rows
    for row, was in zip(found.rows, intact, strict=True):
        if isinstance(row, Row) and found.rows[0].hash == intact[0].hash:
            assert row.hash != was.hash or row == was


@settings(max_examples=400)
@given(some.binary(max_size=60) | some.binary(max_size=30).map(lambda b: b"\xa1\x61x\xd8" + b))
def test_a_body_is_a_map_or_malformed(data: bytes) -> None:
    try:
        assert isinstance(content(data), dict)
    except Malformed:
        pass


def test_a_gateway_and_a_hub_agree_on_the_chain(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            made = [await journal.append("verdict", "line1", UID, "", {"x": n}) for n in range(3)]
            data = batch([list(row) for row in made], journal.id, journal.id)
            assert decode(data).rows == tuple(made)

    asyncio.run(play())
