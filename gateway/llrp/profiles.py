"""What readers of one maker do their own way, one row each; whatever is not here, the reader's capabilities tell.

Impinj: Octane LLRP (modes, search modes, FastID) and a Speedway R420's own capabilities. Zebra (Motorola): FX series.
"""

from dataclasses import dataclass

from gateway.llrp.vendors import IMPINJ, ZEBRA


@dataclass(frozen=True)
class Profile:
    """One maker's ways.

    extensions: must be enabled before the maker's own parameters are understood. modes: RF modes by preference, of
    which the first that the reader has is taken; none: the reader's own setting. search_mode: of Impinj; 2, dual
    target, reads tags again and again in any session. fast_id: the TID comes with the EPC, from chips that can.
    fine_rssi: in 1/100 dB. splits_block_writes: the reader cuts a long BlockWrite as the AccessSpec asks.
    read_words, write_words: of one OpSpec at most.
    """

    name: str
    maker: int  # Private Enterprise Number
    extensions: bool = False
    modes: tuple[int, ...] = ()
    search_mode: int | None = None
    fast_id: bool = False
    fine_rssi: bool = False
    splits_block_writes: bool = False
    read_words: int = 64
    write_words: int = 32


GENERIC = Profile("generic", 0)

PROFILES = (
    Profile(
        "Impinj",
        IMPINJ,
        extensions=True,
        modes=(1000, 1002, 1004, 2),  # AutoSet Dense Reader, then what follows it in other regions
        search_mode=2,
        fast_id=True,
        fine_rssi=True,
        splits_block_writes=True,
    ),
    Profile("Zebra", ZEBRA),
)


def of_maker(maker: int) -> Profile:
    """The profile of this Private Enterprise Number, else the generic one."""
    return next((each for each in PROFILES if each.maker == maker), GENERIC)
