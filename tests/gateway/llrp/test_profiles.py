"""What each maker's readers do their own way."""

import pytest

from gateway.llrp import profiles, vendors


@pytest.mark.parametrize("maker", [vendors.IMPINJ, vendors.ZEBRA])
def test_a_makers_readers_have_its_profile(maker: int) -> None:
    assert profiles.of_maker(maker).maker == maker


def test_any_other_reader_has_the_plain_profile() -> None:
    plain = profiles.of_maker(4711)
    assert plain is profiles.GENERIC
    assert not (plain.extensions or plain.fast_id or plain.fine_rssi or plain.splits_block_writes)
    assert plain.search_mode is None


def test_no_operation_is_longer_than_a_gen2_read() -> None:
    for each in (*profiles.PROFILES, profiles.GENERIC):
        assert 0 < each.write_words <= each.read_words <= 255
