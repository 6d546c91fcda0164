"""The tables hold together, and agree with figures named elsewhere; tests/witness compares them with Wireshark's."""

import pytest

from gateway.llrp import codes, rows, tables, vendors
from gateway.llrp.message import Element
from tests.llrp_messages import MESSAGES


def test_every_parameter_that_a_row_names_has_a_row() -> None:
    named = {
        name
        for row in (*rows.MESSAGE_BY_NAME.values(), *rows.PARAMETER_BY_NAME.values())
        for place in row.places
        for name in place.names
    }
    assert named <= rows.PARAMETER_BY_NAME.keys()


def test_no_number_and_no_name_stands_twice() -> None:
    assert len(rows.MESSAGE_BY_TYPE) == heads(tables.MESSAGES)
    assert len(rows.TV_BY_TYPE) == heads(tables.TV_PARAMETERS)
    assert len(rows.TLV_BY_TYPE) == heads(tables.TLV_PARAMETERS)
    customs = sum(map(heads, vendors.PARAMETERS.values()))
    assert len(rows.CUSTOM_PARAMETERS) == customs
    assert len(rows.PARAMETER_BY_NAME) == 1 + customs + sum(
        map(heads, (tables.TV_PARAMETERS, tables.TLV_PARAMETERS))
    )


def heads(table: str) -> int:
    return sum(not line.startswith(" ") for line in table.strip().splitlines())


def test_the_samples_hold_every_message_and_every_parameter() -> None:
    assert {each.name for each in MESSAGES} == rows.MESSAGE_BY_NAME.keys() - {"UNKNOWN_MESSAGE"}
    held = {name for each in MESSAGES for name in names(each)}
    assert held == rows.PARAMETER_BY_NAME.keys() - {"Unknown"}


def names(element: Element) -> set[str]:
    inner = [names(each) for each in element.parameters]
    return {each.name for each in element.parameters}.union(*inner)


@pytest.mark.parametrize(
    ("request_name", "response"),
    [
        ("GET_READER_CAPABILITIES", 11),
        ("SET_READER_CONFIG", 13),
        ("CLOSE_CONNECTION", 4),
        ("ADD_ROSPEC", 30),
        ("GET_ACCESSSPECS", 54),
        ("GET_SUPPORTED_VERSION", 56),
        ("CUSTOM_MESSAGE", 1023),
    ],
)
def test_a_request_knows_the_type_of_its_response(request_name: str, response: int) -> None:
    assert rows.RESPONSE[rows.MESSAGE_BY_NAME[request_name].type] == response


@pytest.mark.parametrize("name", ["KEEPALIVE_ACK", "ENABLE_EVENTS_AND_REPORTS", "GET_REPORT"])
def test_some_messages_have_no_response(name: str) -> None:
    assert rows.MESSAGE_BY_NAME[name].type not in rows.RESPONSE


def test_codes_have_the_standards_names() -> None:
    assert codes.status_name(109) == "M_UnsupportedMessage"
    assert codes.status_name(77) == "status 77"
    assert codes.result_name("Read", 5) == codes.LOCKED
    assert codes.result_name("BlockWrite", 1) == codes.OVERRUN
    assert codes.result_name("Kill", 1) == codes.ZERO_KILL
    assert codes.result_name("Lock", 5) == codes.PASSWORD
    assert codes.result_name("Read", 200) == codes.result_name("Juggle", 200) == "result 200"
