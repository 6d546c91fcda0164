"""What a reader checks before it takes a ROSpec or an AccessSpec; Malformed says what it cannot do."""

from hwsim.llrp_bytes import M_FIELD_ERROR, M_UNSUPPORTED_PARAMETER, Malformed, Node
from hwsim.llrp_config import check_antenna, check_antenna_configuration
from hwsim.llrp_models import Model
from hwsim.llrp_ops import OPERATIONS

_GEN2 = 1  # AirProtocols: EPCGlobalClass1Gen2
_MOST_PATTERNS = 2
_LARGEST = {"ROSpecStartTrigger": 3, "ROSpecStopTrigger": 2, "AISpecStopTrigger": 3}
_NEEDS = {
    ("ROSpecStartTrigger", 2): "PeriodicTriggerValue",
    ("ROSpecStartTrigger", 3): "GPITriggerValue",
    ("ROSpecStopTrigger", 2): "GPITriggerValue",
    ("AISpecStopTrigger", 2): "GPITriggerValue",
    ("AISpecStopTrigger", 3): "TagObservationTrigger",
}


def check_rospec(node: Node, profile: Model, antennas: int) -> Node:
    """The ROSpec itself."""
    if not node.number("ROSpecID"):
        raise Malformed(M_FIELD_ERROR, "ROSpecID 0 stands for all")
    if node.number("CurrentState"):
        raise Malformed(M_FIELD_ERROR, "a ROSpec is added in the disabled state")
    if node.number("Priority") >= profile.priorities:
        raise Malformed(
            M_FIELD_ERROR, f"Priority {node.number('Priority')}: {profile.priorities} levels"
        )
    if node.find("RFSurveySpec") is not None:
        raise Malformed(M_UNSUPPORTED_PARAMETER, "RFSurveySpec: this reader cannot")
    specs = node.all("AISpec")
    if not 1 <= len(specs) <= profile.specs_per_rospec:
        raise Malformed(M_FIELD_ERROR, f"{len(specs)} AISpecs: 1 to {profile.specs_per_rospec}")
    boundary = node.one("ROBoundarySpec")
    _check_trigger(boundary.one("ROSpecStartTrigger"), profile)
    _check_trigger(boundary.one("ROSpecStopTrigger"), profile)
    for spec in specs:
        _check_trigger(spec.one("AISpecStopTrigger"), profile)
        if not spec.numbers("AntennaIDs"):
            raise Malformed(M_FIELD_ERROR, "an AISpec without antennas")
        for number in spec.numbers("AntennaIDs"):
            check_antenna(number, antennas)
        inventories = spec.all("InventoryParameterSpec")
        if len(inventories) > 1:
            raise Malformed(M_FIELD_ERROR, f"{len(inventories)} InventoryParameterSpecs: at most 1")
        _check_protocol(inventories[0])
        for each in inventories[0].all("AntennaConfiguration"):
            check_antenna(each.number("AntennaID"), antennas)
            check_antenna_configuration(each, profile)
    return node


def check_access_spec(node: Node, profile: Model, antennas: int) -> Node:
    """The AccessSpec itself."""
    if not node.number("AccessSpecID"):
        raise Malformed(M_FIELD_ERROR, "AccessSpecID 0 stands for all")
    if node.number("CurrentState"):
        raise Malformed(M_FIELD_ERROR, "an AccessSpec is added in the disabled state")
    check_antenna(node.number("AntennaID"), antennas)
    _check_protocol(node)
    command = node.one("AccessCommand")
    patterns = command.one("C1G2TagSpec").all("C1G2TargetTag")
    if len(patterns) > _MOST_PATTERNS:
        raise Malformed(M_FIELD_ERROR, f"{len(patterns)} C1G2TargetTag: at most {_MOST_PATTERNS}")
    operations = [each for each in command.children if each.name not in ("C1G2TagSpec", "Custom")]
    if not 1 <= len(operations) <= profile.op_specs:
        raise Malformed(M_FIELD_ERROR, f"{len(operations)} OpSpecs: 1 to {profile.op_specs}")
    cannot = {
        "C1G2Recommission": not profile.recommissioning,
        "C1G2BlockErase": not profile.block_erase,
        "C1G2BlockWrite": not profile.block_write,
        "C1G2BlockPermalock": not profile.block_permalock,
        "C1G2GetBlockPermalockStatus": not profile.block_permalock,
    }
    for each in operations:
        if each.name not in OPERATIONS or cannot.get(each.name):
            raise Malformed(M_UNSUPPORTED_PARAMETER, f"{each.name}: this reader cannot")
        for payload in each.all("C1G2LockPayload"):
            if payload.number("Privilege") > 3 or payload.number("DataField") > 4:
                raise Malformed(M_FIELD_ERROR, "C1G2LockPayload: no such privilege or field")
    return node


def _check_trigger(node: Node, profile: Model) -> None:
    kind = node.number("Type")
    if kind > _LARGEST[node.name]:
        raise Malformed(M_FIELD_ERROR, f"{node.name} of type {kind}")
    needed = _NEEDS.get((node.name, kind))
    if needed is not None and node.find(needed) is None:
        raise Malformed(M_FIELD_ERROR, f"{node.name} of type {kind} without {needed}")
    value = node.find("GPITriggerValue")
    if value is not None and not 1 <= value.number("GPIPortNum") <= profile.gpis:
        raise Malformed(M_FIELD_ERROR, f"GPI {value.number('GPIPortNum')}: 1 to {profile.gpis}")


def _check_protocol(node: Node) -> None:
    if node.number("ProtocolID") not in (0, _GEN2):
        raise Malformed(M_FIELD_ERROR, f"ProtocolID {node.number('ProtocolID')}: Gen2 is 1")
