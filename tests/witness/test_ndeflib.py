"""ndeflib reads the messages that we write, and we read those that ndeflib writes."""

from importlib.util import find_spec

import pytest
import witness
from hypothesis import given, settings
from hypothesis import strategies as st
from tags import KID, UID, delivered, link, signed, write

from edge import chips, mini, plan, slots, type2
from edge import ndef as ours
from edge.type2 import Image

pytestmark = pytest.mark.witness

names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def _ndeflib() -> None:
    witness.require(find_spec("ndef"), "ndeflib")


def message_on(memory: Image) -> bytes:
    found = type2.message_span(memory)
    assert found is not None
    return bytes(type2.area(memory)[found[1] : found[2]])


@pytest.mark.parametrize("length", range(20, 121))
def test_ndeflib_finds_the_link_first_and_then_our_record(length: int) -> None:
    import ndef

    for name in ("ntag215", "ntag216"):
        memory = delivered(name)
        chip = chips.by_name(name)
        memory = write(memory, plan.commission(chip, memory, link(length), signed(0)))
        layout = slots.layout_of(memory)
        assert layout is not None and layout.slot_count == 2
        uri, record = ndef.message_decoder(message_on(memory))
        assert (uri.type, uri.iri) == ("urn:nfc:wkt:U", link(length))
        assert record.type == "urn:nfc:ext:tagwright.org:p"
        assert len(record.data) == 12 + 2 * layout.room
        assert record.data[:4] == b"TW\x01\x02"
        assert record.data[12:].startswith(signed(0))
        assert not any(record.data[12 + layout.room :])


def test_ndeflib_finds_the_same_link_after_an_update() -> None:
    import ndef

    memory = delivered("ntag215")
    memory = write(
        memory, plan.commission(chips.by_name("ntag215"), memory, link(54), signed(0, 180))
    )
    layout = slots.layout_of(memory)
    assert layout is not None
    for page, data in plan.update(layout, memory, 1, signed(1, 200), 1):
        memory.put(page, data)
        uri, record = ndef.message_decoder(message_on(memory))
        assert uri.iri == link(54)
        assert record.data[12 : 12 + 180] == signed(0, 180)
    assert record.data[12 + 204 : 12 + 204 + 200] == signed(1, 200)


def test_ndeflib_reads_a_mini_tag() -> None:
    import ndef

    memory = delivered("ntag213")
    signature = mini.record(mini.uri_record(link(39)), 1, UID, -19, KID, lambda _: bytes(64))
    made = plan.commission_mini(chips.by_name("ntag213"), memory, link(39), signature.payload)
    uri, record = ndef.message_decoder(message_on(write(memory, made)))
    assert (uri.iri, record.type) == (link(39), "urn:nfc:ext:tagwright.org:p")
    assert record.data == signature.payload


@pytest.mark.parametrize("code", range(1, 36))
def test_each_abbreviation_is_ndeflibs(code: int) -> None:
    import ndef

    uri = ours.uri_of(ours.Record(1, b"U", b"", bytes((code,)) + b"example"))
    assert uri is not None
    (theirs,) = ndef.message_decoder(ours.encode([ours.uri_record(uri)]))
    assert theirs.iri == uri
    written = b"".join(ndef.message_encoder([ndef.UriRecord(uri)]))
    (record,) = ours.decode(written)
    assert ours.uri_of(record) == uri


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            names,
            st.sampled_from(("urn:nfc:wkt:", "urn:nfc:ext:example.com:", "application/")),
            names | st.just(""),
            st.binary(max_size=300),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_messages_are_the_same_both_ways(content: list[tuple[str, str, str, bytes]]) -> None:
    import ndef

    theirs = [ndef.Record(space + name, id, data) for name, space, id, data in content]
    tnf = {"urn:nfc:wkt:": 1, "application/": 2, "urn:nfc:ext:example.com:": 4}
    prefix = {"urn:nfc:wkt:": "", "application/": "application/"}
    mine = [
        ours.Record(
            tnf[space], (prefix.get(space, "example.com:") + name).encode(), id.encode(), data
        )
        for name, space, id, data in content
    ]
    written = b"".join(ndef.message_encoder(theirs))
    assert ours.encode(mine) == written
    assert ours.decode(written) == mine
    assert list(ndef.message_decoder(ours.encode(mine), known_types={})) == theirs


@settings(deadline=None, max_examples=300)
@given(st.binary(min_size=1, max_size=60))
def test_what_we_read_ndeflib_reads_too(message: bytes) -> None:
    import ndef

    from edge.errors import Malformed

    try:
        mine = ours.decode(message)
    except Malformed:
        return
    theirs = list(ndef.message_decoder(message, errors="relax", known_types={}))
    assert [record.payload for record in mine] == [record.data for record in theirs]
