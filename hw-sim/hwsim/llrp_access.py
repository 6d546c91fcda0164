"""AccessSpecs: which tags they are for (LLRP "Access operation", "C1G2TagSpec")."""

from dataclasses import dataclass

from hwsim.air import Profile as Mode
from hwsim.gen2tag import EPC, RainTag
from hwsim.llrp_bytes import Node
from hwsim.llrp_ops import OPERATIONS


@dataclass
class AccessSpec:
    """One AccessSpec of the reader."""

    node: Node
    enabled: bool = False
    left: int = 0  # operations until it is deleted; 0: without end

    @property
    def id(self) -> int:
        return self.node.number("AccessSpecID")

    @property
    def operations(self) -> list[Node]:
        return self.node.one("AccessCommand").all(*OPERATIONS)

    def is_for(self, rospec_id: int, antenna: int) -> bool:
        """0 stands for any."""
        return (
            self.enabled
            and self.node.number("AntennaID") in (0, antenna)
            and self.node.number("ROSpecID") in (0, rospec_id)
        )

    def matches(self, tag: RainTag) -> bool:
        """Does the tag have all patterns of the TagSpec?"""
        return all(_has(tag, each) == bool(each.number("Match")) for each in self.patterns)

    @property
    def patterns(self) -> list[Node]:
        return self.node.one("AccessCommand").one("C1G2TagSpec").all("C1G2TargetTag")

    def match_us(self, mode: Mode) -> float:
        """What it takes to read what the patterns ask of other banks than EPC, which the tag has told."""
        total_us = 0.0
        for each in self.patterns:
            bits, pointer = each.bits("TagMask").length, each.number("Pointer")
            if bits and each.number("MB") != EPC:
                words = (pointer + bits + 15) // 16 - pointer // 16
                total_us += mode.read_us(words, pointer // 16)
        return total_us


def _has(tag: RainTag, pattern: Node) -> bool:
    """Does the bank have the pattern's data wherever its mask is set?"""
    mask, data = pattern.bits("TagMask"), pattern.bits("TagData")
    bank, pointer = pattern.number("MB"), pattern.number("Pointer")
    ones = int.from_bytes(mask.data, "big") >> 8 * len(mask.data) - mask.length
    wanted = int.from_bytes(data.data, "big") >> 8 * len(data.data) - data.length
    if data.length < mask.length:
        wanted <<= mask.length - data.length
    at = 0
    while at < mask.length:
        if not ones >> mask.length - 1 - at & 1:
            at += 1
            continue
        end = at
        while end < mask.length and ones >> mask.length - 1 - end & 1:
            end += 1
        bits = end - at
        run = (wanted >> mask.length - end & (1 << bits) - 1) << -bits % 8
        if not tag.matches(bank, pointer + at, bits, run.to_bytes((bits + 7) // 8, "big")):
            return False
        at = end
    return True
