"""One antenna in an AISpec: its power and mode, and the C1G2Filters that choose who takes part (LLRP "C1G2Filter")."""

from typing import TYPE_CHECKING

from hwsim.gen2tag import RainTag
from hwsim.llrp_bytes import Node
from hwsim.llrp_report import Template

if TYPE_CHECKING:
    from hwsim.llrp_reader import LlrpReader

# C1G2TagInventoryStateUnawareFilterAction: what becomes of tags that match, and of the others; None: they stay
_ACTIONS: tuple[tuple[bool | None, bool | None], ...] = (
    (True, False),
    (True, None),
    (None, False),
    (False, None),
    (False, True),
    (None, True),
)


class Antenna:
    """How one antenna is used by an AISpec."""

    def __init__(self, reader: "LlrpReader", number: int, spec: Node) -> None:
        """spec: an InventoryParameterSpec; what it does not say, the reader's configuration does."""
        self.number = number
        self.place = spec.number("InventoryParameterSpecID")
        chain = [
            each
            for each in spec.all("AntennaConfiguration")
            if each.number("AntennaID") in (0, number)
        ]
        chain.append(reader.config.antennas[number])
        transmitters = [each.find("RFTransmitter") for each in chain]
        index = next(each.number("TransmitPower") for each in transmitters if each is not None)
        self.power_dbm = reader.profile.power_dbm(index)
        commands = [each for node in chain for each in node.all("C1G2InventoryCommand")]
        controls = [each.find("C1G2RFControl") for each in commands]
        mode = next(each.number("ModeIndex") for each in controls if each is not None)
        self.mode = reader.mode_of(mode)
        self.filters = commands[0].all("C1G2Filter")
        self.templates: dict[RainTag, tuple[bytes, Template]] = {}

    def takes_part(self, tag: RainTag) -> bool:
        """After the Selects of all filters."""
        selected: bool | None = None
        for each in self.filters:
            unaware = each.find("C1G2TagInventoryStateUnawareFilterAction")
            action = _ACTIONS[unaware.number("Action") if unaware is not None else 0]
            if selected is None:
                selected = True not in action
            mask = each.one("C1G2TagInventoryMask")
            bits = mask.bits("TagMask")
            found = tag.matches(mask.number("MB"), mask.number("Pointer"), bits.length, bits.data)
            becomes = action[0 if found else 1]
            selected = selected if becomes is None else becomes
        return selected is not False

    def select_us(self) -> float:
        """What the Selects take."""
        masks = [each.one("C1G2TagInventoryMask") for each in self.filters]
        return sum(
            self.mode.select_us(each.bits("TagMask").length, each.number("Pointer"))
            for each in masks
        )
