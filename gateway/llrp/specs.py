"""What we ask of a reader, as LLRP's parameters: ROSpecs, AccessSpecs and settings, by what the reader can do.

LLRP 1.1, "ROSpec", "AccessSpec" and "C1G2 Specific Parameters". Pure: a request becomes parameters, or CannotDo.
"""

from collections.abc import Sequence

from edge import gen2
from gateway.llrp.access import Span
from gateway.llrp.capabilities import Capabilities
from gateway.llrp.message import Parameter
from gateway.llrp.message import Parameter as P
from gateway.model import CannotDo, Inventory, Select

RO_SPEC = 1  # the only ROSpec: an R420 takes one at a time

_GEN2 = 1  # ProtocolID
_ALL = 0  # antennas, AccessSpecs, ROSpecs

_START_NULL, _START_GPI = 0, 3
_STOP_NULL, _STOP_DURATION, _STOP_GPI = 0, 1, 2
_AFTER_N_TAGS = 2  # ROReportTrigger: N tags, or the ROSpec's end
_WITH_RO_REPORT = 0  # AccessReportTrigger
_ONCE = 1  # AccessSpecStopTrigger: after so many executions
_SELECT_MATCHING = (
    0  # C1G2TagInventoryStateUnawareFilterAction: select what matches, unselect the rest
)
_DO_NOT_TRUNCATE = 1
_PERIODIC = 1  # KeepaliveTriggerType
_ON = 1  # of ImpinjEnableSerializedTID and its like
_UNKNOWN = 2  # GPIPortCurrentState: what a setting says of the level

# EventType of EventNotificationState.
_EVENTS = (1, 2, 3, 4, 8)  # GPI, ROSpec, report buffer, reader exception, antenna
_SILENT = (0, 5, 6, 7)  # hopping, RF survey, AISpec

# Gen2 Lock's pair of bits (password needed, for ever) to LLRP's C1G2LockPrivilege.
_PRIVILEGE = {0b10: 0, 0b11: 1, 0b01: 2, 0b00: 3}
_BLOCKS_A_MASK = 16  # BlockPointer counts in these
_LOCKABLE = 5  # kill password, access password, EPC, TID, USER, as in both


def inventory(can: Capabilities, want: Inventory, duration_s: float | None = None) -> Parameter:
    """The ROSpec that looks for tags as `want` asks: until it is stopped, or for so long. CannotDo.

    Reads of TID and USER words are an AccessSpec's business (`reading`), unless the reader tells the TID by itself.
    """
    antennas = _antennas(can, want)
    return P(
        "ROSpec",
        _boundary(can, want, duration_s),
        P(
            "AISpec",
            P("AISpecStopTrigger", AISpecStopTriggerType=_STOP_NULL, DurationTrigger=0),
            P(
                "InventoryParameterSpec",
                P(
                    "AntennaConfiguration",
                    *_transmitter(can, want),
                    _command(can, want),
                    AntennaID=_ALL,
                ),
                InventoryParameterSpecID=1,
                ProtocolID=_GEN2,
            ),
            AntennaIDs=antennas,
        ),
        _report(can, want),
        ROSpecID=RO_SPEC,
    )


def access(
    can: Capabilities,
    id: int,
    select: Select | None,
    ops: Sequence[Parameter],
    block_words: int = 0,
    once: bool = True,
) -> Parameter:
    """The AccessSpec that does `ops` on the tags that `select` means: on one of them, else on each that is seen.

    block_words: in which the reader is to cut BlockWrites, where it does that; 0: not said.
    """
    custom = []
    if block_words and can.profile.splits_block_writes:
        count = P("ImpinjBlockWriteWordCount", WordCount=block_words)
        custom = [P("ImpinjAccessSpecConfiguration", count)]
    return P(
        "AccessSpec",
        P(
            "AccessSpecStopTrigger",
            AccessSpecStopTrigger=_ONCE if once else 0,
            OperationCountValue=1 if once else 0,
        ),
        P("AccessCommand", P("C1G2TagSpec", _target(select)), *ops, *custom),
        P("AccessReportSpec", AccessReportTrigger=_WITH_RO_REPORT),
        AccessSpecID=id,
        AntennaID=_ALL,
        ProtocolID=_GEN2,
        ROSpecID=RO_SPEC,
    )


def settings(can: Capabilities, keepalive_ms: int) -> list[Parameter]:
    """Of SET_READER_CONFIG: keepalives, the events that we use, and no report held back."""
    events = [
        P("EventNotificationState", EventType=each, NotificationState=each in _EVENTS)
        for each in sorted(_EVENTS + _SILENT)
    ]
    found = [
        P("ReaderEventNotificationSpec", *events),
        P(
            "KeepaliveSpec",
            KeepaliveTriggerType=_PERIODIC,
            PeriodicTriggerValue=keepalive_ms,
        ),
    ]
    if can.holds_reports:
        found.append(P("EventsAndReports", HoldEventsAndReportsUponReconnect=False))
    return found


def reading(id: int, bank: int, words: int) -> Parameter:
    """The OpSpec that reads a bank's first words, of any tag."""
    return read(id, Span(0, words), bank, 0)


def read(id: int, span: Span, bank: int, password: int) -> Parameter:
    """C1G2Read."""
    return P(
        "C1G2Read",
        OpSpecID=id,
        AccessPassword=password,
        MB=bank,
        WordPointer=span.word,
        WordCount=span.words,
    )


def write(id: int, span: Span, bank: int, password: int, data: bytes, in_blocks: bool) -> Parameter:
    """C1G2Write, or C1G2BlockWrite: which sends the words as they are, not covered by a random number."""
    return P(
        "C1G2BlockWrite" if in_blocks else "C1G2Write",
        OpSpecID=id,
        AccessPassword=password,
        MB=bank,
        WordPointer=span.word,
        WriteData=data,
    )


def lock(id: int, password: int, mask: int, action: int) -> Parameter:
    """C1G2Lock of each field that Gen2's mask names; 10 bits each, as of edge.gen2.lock_payload."""
    payloads = []
    for field in range(_LOCKABLE):
        at = 2 * (_LOCKABLE - 1 - field)
        if mask >> at & 3:
            privilege = _PRIVILEGE[action >> at & 3]
            payloads.append(P("C1G2LockPayload", Privilege=privilege, DataField=field))
    return P("C1G2Lock", *payloads, OpSpecID=id, AccessPassword=password)


def permalock(
    can: Capabilities, id: int, password: int, word: int, count: int, block_words: int
) -> Parameter:
    """C1G2BlockPermalock of USER words. CannotDo; ValueError where they are no whole blocks."""
    if not can.block_permalock:
        raise CannotDo("this reader cannot lock blocks for ever: it has no BlockPermalock")
    if block_words < 1 or word % block_words or count % block_words or count < 1:
        raise ValueError(f"words {word} to {word + count - 1} are no whole blocks of {block_words}")
    first, blocks = word // block_words, count // block_words
    start = first // _BLOCKS_A_MASK
    skipped = first % _BLOCKS_A_MASK
    size = -(-(skipped + blocks) // _BLOCKS_A_MASK) * _BLOCKS_A_MASK
    mask = (1 << blocks) - 1 << size - skipped - blocks
    return P(
        "C1G2BlockPermalock",
        OpSpecID=id,
        AccessPassword=password,
        MB=gen2.USER,
        BlockPointer=start,
        BlockMask=mask.to_bytes(size // 8, "big"),
    )


def kill(id: int, password: int) -> Parameter:
    """C1G2Kill."""
    return P("C1G2Kill", OpSpecID=id, KillPassword=password)


def output(can: Capabilities, port: int, level: bool) -> Parameter:
    """GPOWriteData. CannotDo."""
    _check_port("output", port, can.gpos)
    return P("GPOWriteData", GPOPortNumber=port, GPOData=level)


def input_on(can: Capabilities, port: int) -> Parameter:
    """The setting that lets this input start ROSpecs and raise events. CannotDo."""
    _check_port("input", port, can.gpis)
    return P("GPIPortCurrentState", GPIPortNum=port, Config=True, State=_UNKNOWN)


def _boundary(can: Capabilities, want: Inventory, duration_s: float | None) -> Parameter:
    start = P("ROSpecStartTrigger", ROSpecStartTriggerType=_START_NULL)
    stop = P("ROSpecStopTrigger", ROSpecStopTriggerType=_STOP_NULL, DurationTriggerValue=0)
    if want.gpi is not None:
        _check_port("input", want.gpi, can.gpis)
        high = P("GPITriggerValue", GPIPortNum=want.gpi, GPIEvent=True, Timeout=0)
        low = P("GPITriggerValue", GPIPortNum=want.gpi, GPIEvent=False, Timeout=0)
        start = P("ROSpecStartTrigger", high, ROSpecStartTriggerType=_START_GPI)
        stop = P("ROSpecStopTrigger", low, ROSpecStopTriggerType=_STOP_GPI, DurationTriggerValue=0)
    elif duration_s is not None:
        stop = P(
            "ROSpecStopTrigger",
            ROSpecStopTriggerType=_STOP_DURATION,
            DurationTriggerValue=max(1, round(duration_s * 1000)),
        )
    return P("ROBoundarySpec", start, stop)


def _antennas(can: Capabilities, want: Inventory) -> tuple[int, ...]:
    for each in want.antennas:
        if not 1 <= each <= can.antennas:
            raise CannotDo(f"this reader has no antenna {each}: it has {_up_to(can.antennas)}")
    return want.antennas or (_ALL,)


def _transmitter(can: Capabilities, want: Inventory) -> list[Parameter]:
    if want.power_dbm is None:
        return []
    return [
        P(
            "RFTransmitter",
            HopTableID=can.hop_table,
            ChannelIndex=can.channel,
            TransmitPower=can.power_index(want.power_dbm),
        )
    ]


def _command(can: Capabilities, want: Inventory) -> Parameter:
    parts = []
    if want.select is not None:
        if not can.filters:
            raise CannotDo("this reader cannot look for some tags only: it has no filters")
        mask = P(
            "C1G2TagInventoryMask",
            MB=want.select.bank,
            Pointer=want.select.bit,
            TagMask=want.select.mask,
        )
        action = P("C1G2TagInventoryStateUnawareFilterAction", Action=_SELECT_MATCHING)
        parts.append(P("C1G2Filter", mask, action, T=_DO_NOT_TRUNCATE))
    mode = can.mode
    if mode is not None:
        parts.append(P("C1G2RFControl", ModeIndex=mode, Tari=0))
    parts.append(
        P(
            "C1G2SingulationControl",
            Session=want.session,
            TagPopulation=want.population,
            TagTransitTime=0,
        )
    )
    if can.profile.search_mode is not None:
        parts.append(P("ImpinjInventorySearchMode", InventorySearchMode=can.profile.search_mode))
    return P("C1G2InventoryCommand", *parts, TagInventoryStateAware=False)


def _report(can: Capabilities, want: Inventory) -> Parameter:
    selector = P(
        "TagReportContentSelector",
        P("C1G2EPCMemorySelector", EnablePCBits=True),
        EnableAntennaID=True,
        EnablePeakRSSI=True,
        EnableTagSeenCount=True,
        EnableAccessSpecID=True,
    )
    more = []
    if can.profile.fast_id and want.tid:
        more.append(P("ImpinjEnableSerializedTID", SerializedTIDMode=_ON))
    if can.profile.fine_rssi:
        more.append(P("ImpinjEnablePeakRSSI", PeakRSSIMode=_ON))
    custom = [P("ImpinjTagReportContentSelector", *more)] if more else []
    return P("ROReportSpec", selector, *custom, ROReportTrigger=_AFTER_N_TAGS, N=1)


def _target(select: Select | None) -> Parameter:
    """None: every tag, which an empty mask says."""
    bank, bit, mask = select or Select(gen2.EPC, 0x20, b"")
    ones = b"\xff" * len(mask)
    return P("C1G2TargetTag", MB=bank, Match=True, Pointer=bit, TagMask=ones, TagData=mask)


def _check_port(kind: str, port: int, count: int) -> None:
    if not 1 <= port <= count:
        raise CannotDo(f"this reader has no {kind} {port}: it has {_up_to(count)}")


def _up_to(count: int) -> str:
    return f"1 to {count}" if count > 1 else "only 1" if count else "none"
