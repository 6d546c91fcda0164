"""The words for a PN532's status bytes."""

from gateway.readers.pn532status import status


def test_a_status_has_a_name_whatever_stands_in_bits_6_and_7() -> None:
    assert status(0x00) == ""
    assert status(0x01).startswith("time out")
    assert status(0xC1) == status(0x01)
    assert status(0x3F) == "unknown status 3F"
