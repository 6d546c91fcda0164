"""What a real reader told of itself: a Speedway R420, recorded by EdgeX device-rfid-llrp-go (Apache-2.0)."""

import pytest
from witness import vectors

from edge.errors import Malformed
from gateway.llrp import capabilities, codec
from gateway.llrp.capabilities import Capabilities
from gateway.llrp.message import Message, Parameter
from gateway.model import CannotDo


@pytest.fixture(scope="module")
def r420() -> Capabilities:
    body = (vectors("llrp") / "GetReaderCapabilitiesResponse-000.bytes").read_bytes()
    return capabilities.read(codec.decode_body(11, 1, 1, body))


def test_a_speedway_is_known_by_what_it_told(r420: Capabilities) -> None:
    assert r420.name == "Impinj 2001002, firmware 5.14.0.240"
    assert (r420.antennas, r420.gpis, r420.gpos) == (4, 4, 4)
    assert (r420.ops, r420.access_specs, r420.filters) == (8, 1508, 2)
    assert (r420.block_write, r420.block_permalock, r420.holds_reports) == (True, False, True)
    assert r420.power_dbm == (10.0, 30.0)
    assert r420.mode == 1000


@pytest.mark.parametrize(
    ("dbm", "index"), [(10.0, 1), (20.0, 41), (20.24, 41), (20.25, 42), (30.0, 81)]
)
def test_a_power_between_two_steps_is_the_lower_one(
    r420: Capabilities, dbm: float, index: int
) -> None:
    assert r420.power_index(dbm) == index


@pytest.mark.parametrize("dbm", [9.9, 30.1])
def test_a_power_outside_of_the_table_is_refused_with_what_there_is(
    r420: Capabilities, dbm: float
) -> None:
    with pytest.raises(CannotDo, match=f"cannot send at {dbm:g} dBm: it has 10 to 30 dBm"):
        r420.power_index(dbm)


def test_the_hop_table_and_channel_are_those_that_the_reader_uses(r420: Capabilities) -> None:
    body = (vectors("llrp") / "GetReaderConfigResponse-000.bytes").read_bytes()
    found = r420.with_channel(codec.decode_body(12, 1, 1, body))
    assert (found.hop_table, found.channel) == (1, 0)
    other = Message(
        "GET_READER_CONFIG_RESPONSE",
        Parameter("LLRPStatus"),
        Parameter("AntennaConfiguration", Parameter("RFTransmitter", HopTableID=3, ChannelIndex=5)),
    )
    found = r420.with_channel(other)
    assert (found.hop_table, found.channel) == (3, 5)


def test_a_reader_that_tells_no_table_of_powers_cannot_be_told_one() -> None:
    with pytest.raises(CannotDo, match="no table of powers"):
        Capabilities(0, 0, "", 1).power_index(20)


def test_a_response_without_capabilities_is_a_peers_fault() -> None:
    response = codec.decode(
        codec.encode(Message("GET_READER_CAPABILITIES_RESPONSE", Parameter("LLRPStatus")))
    )
    with pytest.raises(Malformed, match="GET_READER_CAPABILITIES_RESPONSE has no General"):
        capabilities.read(response)
