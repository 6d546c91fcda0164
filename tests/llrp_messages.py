"""One LLRP message of each type, and in them every parameter of the tables: for witnesses, fuzzing and round trips."""

from gateway.llrp.layout import Bits, Value
from gateway.llrp.message import VERSION_1_1, Message, Parameter
from gateway.llrp.rows import MESSAGE_BY_NAME

EPC = bytes.fromhex("3066c4409047e140075bcd15")
TID = bytes.fromhex("e2801150200012345678abcd")
LONG_EPC = Bits(198, bytes.fromhex("3666c4409047e159b2c2bf10") + bytes(13))
ODD_MASK = Bits(13, b"\xff\xf8")
UTC_US = 1594174805140192
SEEN = ("FirstSeenTimestampUTC", "LastSeenTimestampUTC")
UPTIME = ("FirstSeenTimestampUptime", "LastSeenTimestampUptime")


def par(name: str, *inner: Parameter, **fields: Value) -> Parameter:
    return Parameter(name, *inner, **fields)


def custom() -> Parameter:
    """Of a vendor that has no row."""
    return par("Custom", VendorIdentifier=3778, ParameterSubtype=7, Data=b"\x00\x01\x02")


def status(code: int = 0, text: str = "", *inner: Parameter) -> Parameter:
    return par("LLRPStatus", *inner, StatusCode=code, ErrorDescription=text)


def gpi_trigger() -> Parameter:
    return par("GPITriggerValue", GPIPortNum=1, GPIEvent=True, Timeout=500)


def inventory_command() -> Parameter:
    aware = par("C1G2TagInventoryStateAwareFilterAction", Target=1, Action=3)
    unaware = par("C1G2TagInventoryStateUnawareFilterAction", Action=2)
    by_epc = par("C1G2TagInventoryMask", MB=1, Pointer=0x20, TagMask=EPC)
    by_tid = par("C1G2TagInventoryMask", MB=2, Pointer=0, TagMask=ODD_MASK)
    action = par("C1G2TagInventoryStateAwareSingulationAction", I=True, S=True, S_All=True)
    return par(
        "C1G2InventoryCommand",
        par("C1G2Filter", by_epc, aware, T=1),
        par("C1G2Filter", by_tid, unaware, T=2),
        par("C1G2RFControl", ModeIndex=1000, Tari=6250),
        par("C1G2SingulationControl", action, Session=2, TagPopulation=32, TagTransitTime=100),
        par("ImpinjInventorySearchMode", InventorySearchMode=2),
        par("ImpinjFixedFrequencyList", FixedFrequencyMode=2, ChannelList=(1, 7)),
        par("ImpinjReducedPowerFrequencyList", ReducedPowerMode=1, ChannelList=(3,)),
        par("ImpinjLowDutyCycle", LowDutyCycleMode=1, EmptyFieldTimeout=2, FieldPingInterval=3),
        TagInventoryStateAware=True,
    )


def antenna_configuration() -> Parameter:
    return par(
        "AntennaConfiguration",
        par("RFReceiver", ReceiverSensitivity=1),
        par("RFTransmitter", HopTableID=1, ChannelIndex=0, TransmitPower=81),
        inventory_command(),
        custom(),
        AntennaID=1,
    )


def report_spec() -> Parameter:
    read = par("C1G2Read", OpSpecID=9, AccessPassword=0x1234, MB=2, WordPointer=0, WordCount=6)
    impinj = par(
        "ImpinjTagReportContentSelector",
        par("ImpinjEnableSerializedTID", SerializedTIDMode=1),
        par("ImpinjEnableRFPhaseAngle", RFPhaseAngleMode=1),
        par("ImpinjEnablePeakRSSI", PeakRSSIMode=1),
        par("ImpinjEnableGPSCoordinates", GPSCoordinatesMode=1),
        par("ImpinjEnableOptimizedRead", read, OptimizedReadMode=1),
        par("ImpinjEnableRFDopplerFrequency", RFDopplerFrequencyMode=1),
    )
    selector = par(
        "TagReportContentSelector",
        par("C1G2EPCMemorySelector", EnableCRC=True, EnablePCBits=True, EnableXPCBits=True),
        EnableROSpecID=True,
        EnableAntennaID=True,
        EnablePeakRSSI=True,
        EnableLastSeenTimestamp=True,
        EnableAccessSpecID=True,
    )
    zebra = par("MotoTagReportContentSelector", EnablePhase=True)
    return par("ROReportSpec", selector, impinj, zebra, ROReportTrigger=2, N=1)


def rospec() -> Parameter:
    periodic = par("PeriodicTriggerValue", par("UTCTimestamp", Microseconds=UTC_US), Period=1000)
    boundary = par(
        "ROBoundarySpec",
        par("ROSpecStartTrigger", periodic, gpi_trigger(), ROSpecStartTriggerType=2),
        par("ROSpecStopTrigger", gpi_trigger(), ROSpecStopTriggerType=1, DurationTriggerValue=9),
    )
    observation = par(
        "TagObservationTrigger",
        TriggerType=1,
        NumberOfTags=500,
        NumberOfAttempts=3,
        T=200,
        Timeout=5000,
    )
    inventory = par(
        "AISpec",
        par("AISpecStopTrigger", gpi_trigger(), observation, AISpecStopTriggerType=3),
        par(
            "InventoryParameterSpec",
            antenna_configuration(),
            InventoryParameterSpecID=1,
            ProtocolID=1,
        ),
        custom(),
        AntennaIDs=(1, 2, 4),
    )
    survey = par(
        "RFSurveySpec",
        par("RFSurveySpecStopTrigger", StopTriggerType=2, DurationPeriod=0, N=3),
        AntennaID=1,
        StartFrequency=865000,
        EndFrequency=868000,
    )
    loop = par("LoopSpec", LoopCount=2)
    return par("ROSpec", boundary, inventory, survey, loop, report_spec(), ROSpecID=1, Priority=1)


def op_specs() -> list[Parameter]:
    access: dict[str, Value] = {"OpSpecID": 3, "AccessPassword": 0xCAFEF00D}
    place: dict[str, Value] = {**access, "MB": 3, "WordPointer": 4}
    block: dict[str, Value] = {**access, "MB": 3, "BlockPointer": 0}
    payload = par("C1G2LockPayload", Privilege=1, DataField=4)
    return [
        par("C1G2Read", **place, WordCount=6),
        par("C1G2Write", **place, WriteData=b"\x12\x34\x56\x78"),
        par("C1G2Kill", OpSpecID=5, KillPassword=0xDEADBEEF),
        par("C1G2Recommission", OpSpecID=6, KillPassword=0xDEADBEEF, BIT_3SB=True, BIT_LSB=True),
        par("C1G2Lock", payload, payload, **access),
        par("C1G2BlockErase", **place, WordCount=2),
        par("C1G2BlockWrite", **place, WriteData=bytes(64)),
        par("C1G2BlockPermalock", **block, BlockMask=b"\x80\x00"),
        par("C1G2GetBlockPermalockStatus", **block, BlockRange=1),
        par("ClientRequestOpSpec", OpSpecID=11),
    ]


def access_spec() -> Parameter:
    tag = par("C1G2TargetTag", MB=2, Match=True, Pointer=0, TagMask=b"\xff" * 12, TagData=TID)
    impinj = par(
        "ImpinjAccessSpecConfiguration",
        par("ImpinjBlockWriteWordCount", WordCount=2),
        par("ImpinjOpSpecRetryCount", RetryCount=3),
        par("ImpinjAccessSpecOrdering", OrderingMode=1),
    )
    command = par("AccessCommand", par("C1G2TagSpec", tag, tag), *op_specs(), impinj)
    return par(
        "AccessSpec",
        par("AccessSpecStopTrigger", AccessSpecStopTrigger=1, OperationCountValue=1),
        command,
        par("AccessReportSpec", AccessReportTrigger=1),
        AccessSpecID=7,
        ProtocolID=1,
        ROSpecID=1,
    )


def capabilities() -> list[Parameter]:
    general = par(
        "GeneralDeviceCapabilities",
        par("ReceiveSensitivityTableEntry", Index=1, ReceiveSensitivityValue=-80),
        par("PerAntennaReceiveSensitivityRange", AntennaID=1, ReceiveSensitivityIndexMax=1),
        par("GPIOCapabilities", NumGPIs=4, NumGPOs=4),
        par("PerAntennaAirProtocol", AntennaID=1, ProtocolID=b"\x01"),
        par("MaximumReceiveSensitivity", MaximumSensitivityValue=-80),
        MaxNumberOfAntennaSupported=4,
        HasUTCClockCapability=True,
        DeviceManufacturerName=25882,
        ModelName=2001002,
        ReaderFirmwareVersion="5.14.0.240",
    )
    llrp = par("LLRPCapabilities", SupportsEventAndReportHolding=True, MaxNumAccessSpecs=1508)
    mode = par("UHFC1G2RFModeTableEntry", ModeIdentifier=1000, DRValue=True, BDRValue=640000)
    band = par(
        "UHFBandCapabilities",
        par("TransmitPowerLevelTableEntry", Index=1, TransmitPowerValue=-1000),
        par(
            "FrequencyInformation",
            par("FrequencyHopTable", HopTableID=1, Frequency=(902750, 903250)),
            par("FixedFrequencyTable", Frequency=(865700,)),
            Hopping=True,
        ),
        par("UHFC1G2RFModeTable", mode, mode),
        par("RFSurveyFrequencyCapabilities", MinimumFrequency=1, MaximumFrequency=2),
    )
    regulatory = par("RegulatoryCapabilities", band, custom(), CountryCode=840)
    c1g2 = par(
        "C1G2LLRPCapabilities",
        CanSupportBlockWrite=True,
        CanSupportXPC=True,
        MaxNumSelectFiltersPerQuery=2,
    )
    version = par("ImpinjDetailedVersion", ModelName="R420", PCBAVersion="320-004-000")
    frequencies = par("ImpinjFrequencyCapabilities", FrequencyList=(902750,))
    moto = [
        par(f"Moto{name}Capabilities", Version=1, Flags=0x96)
        for name in ("General", "Autonomous", "Advanced", "TagEventsGeneration", "Filter")
    ]
    moto += [
        par(f"Moto{name}Capabilities", Version=1, Flags=0xE0)
        for name in ("Persistence", "C1G2LLRP")
    ]
    return [general, llrp, regulatory, c1g2, version, frequencies, *moto]


def settings() -> list[Parameter]:
    """What both SET_READER_CONFIG and GET_READER_CONFIG_RESPONSE take."""
    state = par("EventNotificationState", EventType=2, NotificationState=True)
    return [
        par("ReaderEventNotificationSpec", state, state),
        par("AntennaProperties", AntennaConnected=True, AntennaID=1, AntennaGain=-600),
        antenna_configuration(),
        report_spec(),
        par("AccessReportSpec", AccessReportTrigger=0),
        par("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=5000),
        par("GPOWriteData", GPOPortNumber=2, GPOData=True),
        par("GPIPortCurrentState", GPIPortNum=1, Config=True, State=1),
        par("EventsAndReports", HoldEventsAndReportsUponReconnect=True),
        par("ImpinjSubRegulatoryRegion", RegulatoryRegion=2),
        par("ImpinjGPIDebounceConfiguration", GPIPortNum=1, GPIDebounceTimerMSec=20),
        par("ImpinjReaderTemperature", Temperature=-5),
        par("ImpinjLinkMonitorConfiguration", LinkMonitorMode=1, LinkDownThreshold=3),
        par("ImpinjReportBufferConfiguration", ReportBufferMode=1),
        par("ImpinjAdvancedGPOConfiguration", GPOPortNum=1, GPOMode=1, GPOPulseDurationMSec=50),
        par("ImpinjHubConfiguration", HubID=1, Connected=2),
        par("MotoRadioPowerState", PowerState=True),
    ]


def op_results() -> list[Parameter]:
    return [
        par("C1G2ReadOpSpecResult", OpSpecID=1, ReadData=TID),
        par("C1G2WriteOpSpecResult", Result=2, OpSpecID=2, NumWordsWritten=1),
        par("C1G2KillOpSpecResult", Result=1, OpSpecID=3),
        par("C1G2RecommissionOpSpecResult", OpSpecID=4),
        par("C1G2LockOpSpecResult", OpSpecID=5),
        par("C1G2BlockEraseOpSpecResult", OpSpecID=6),
        par("C1G2BlockWriteOpSpecResult", OpSpecID=7, NumWordsWritten=32),
        par("C1G2BlockPermalockOpSpecResult", OpSpecID=8),
        par("C1G2GetBlockPermalockStatusOpSpecResult", OpSpecID=9, PermalockStatus=b"\x80\x00"),
        par("ClientRequestOpSpecResult", OpSpecID=10),
    ]


def tag_report(number: int = 1, epc: bytes | Bits = EPC, *inner: Parameter) -> Parameter:
    """As most readers send it."""
    named = par("EPC_96", EPC=epc) if isinstance(epc, bytes) else par("EPCData", EPC=epc)
    return par(
        "TagReportData",
        named,
        par("ROSpecID", ROSpecID=1),
        par("AntennaID", AntennaID=1 + number % 4),
        par("PeakRSSI", PeakRSSI=-30 - number % 50),
        *(par(name, Microseconds=UTC_US + number) for name in SEEN),
        par("TagSeenCount", TagCount=number),
        *inner,
    )


def full_report() -> Parameter:
    """Everything that a report can tell."""
    vendors = [
        par("ImpinjSerializedTID", TID=TID),
        par("ImpinjRFPhaseAngle", PhaseAngle=2048),
        par("ImpinjPeakRSSI", RSSI=-4850),
        par("ImpinjGPSCoordinates", Latitude=-1, Longitude=2),
        par("ImpinjRFDopplerFrequency", DopplerFrequency=-160),
        par("MotoTagPhase", Phase=-24364),
        custom(),
    ]
    return par(
        "TagReportData",
        par("EPCData", EPC=LONG_EPC),
        par("SpecIndex", SpecIndex=1),
        par("InventoryParameterSpecID", InventoryParameterSpecID=1),
        par("ChannelIndex", ChannelIndex=17),
        *(par(name, Microseconds=99) for name in UPTIME),
        par("C1G2_PC", PC_Bits=0x3000),
        par("C1G2_CRC", CRC=0xBEEF),
        par("C1G2_XPCW1", XPC_W1=1),
        par("C1G2_XPCW2", XPC_W2=2),
        par("AccessSpecID", AccessSpecID=7),
        *op_results(),
        *vendors,
    )


def survey_report() -> Parameter:
    level = par(
        "FrequencyRSSILevelEntry",
        par("Uptime", Microseconds=5),
        Frequency=865700,
        Bandwidth=200,
        AverageRSSI=-90,
        PeakRSSI=-60,
    )
    return par("RFSurveyReportData", par("ROSpecID", ROSpecID=1), level)


def events() -> list[Parameter]:
    singulation = par("C1G2SingulationDetails", NumCollisionSlots=3, NumEmptySlots=4)
    where = [
        par("ROSpecID", ROSpecID=1),
        par("SpecIndex", SpecIndex=1),
        par("InventoryParameterSpecID", InventoryParameterSpecID=1),
        par("AntennaID", AntennaID=2),
        par("AccessSpecID", AccessSpecID=7),
        par("OpSpecID", OpSpecID=3),
    ]
    return [
        par("HoppingEvent", HopTableID=1, NextChannelIndex=5),
        par("GPIEvent", GPIPortNumber=1, GPIEvent=True),
        par("ROSpecEvent", EventType=2, ROSpecID=1, PreemptingROSpecID=2),
        par("ReportBufferLevelWarningEvent", ReportBufferPercentageFull=90),
        par("ReportBufferOverflowErrorEvent"),
        par("ReaderExceptionEvent", *where, Message="antenna shorted: 12 Ω"),
        par("RFSurveyEvent", EventType=1, ROSpecID=1, SpecIndex=1),
        par("AISpecEvent", singulation, ROSpecID=1, SpecIndex=1),
        par("AntennaEvent", EventType=1, AntennaID=2),
        par("ConnectionAttemptEvent", Status=0),
        par("ConnectionCloseEvent"),
        par("SpecLoopEvent", ROSpecID=1, LoopCount=4),
        custom(),
    ]


def refused() -> Parameter:
    inner = par("FieldError", FieldNum=1, ErrorCode=301)
    outer = par("ParameterError", inner, ParameterType=177, ErrorCode=201)
    return status(100, "no such antenna", par("FieldError", FieldNum=2, ErrorCode=300), outer)


def _bodies() -> dict[str, tuple[list[Parameter], dict[str, Value]]]:
    """What the messages hold that are more than an id or a status."""
    seen = par("UTCTimestamp", Microseconds=UTC_US)
    answer = par("ClientRequestResponse", par("EPCData", EPC=EPC), *op_specs(), AccessSpecID=7)
    reports = [tag_report(), tag_report(2, LONG_EPC), full_report(), survey_report(), custom()]
    identity = par("Identification", IDType=0, ReaderID=bytes.fromhex("001625ffff1125d6"))
    state = par("LLRPConfigurationStateValue", LLRPConfigurationStateValue=0x7AA90CE6)
    asked = par("ImpinjRequestedData", RequestedData=2000)
    return {
        "GET_READER_CAPABILITIES": ([par("ImpinjRequestedData", RequestedData=1000)], {}),
        "GET_READER_CAPABILITIES_RESPONSE": ([status(), *capabilities()], {}),
        "GET_READER_CONFIG": ([asked], {"AntennaID": 1, "RequestedData": 3, "GPOPortNum": 2}),
        "GET_READER_CONFIG_RESPONSE": ([status(), identity, state, *settings()], {}),
        "SET_READER_CONFIG": (settings(), {"ResetToFactoryDefault": True}),
        "ADD_ROSPEC": ([rospec()], {}),
        "GET_ROSPECS_RESPONSE": ([status(), rospec(), rospec()], {}),
        "ADD_ACCESSSPEC": ([access_spec()], {}),
        "ADD_ACCESSSPEC_RESPONSE": ([refused()], {}),
        "GET_ACCESSSPECS_RESPONSE": ([status(), access_spec()], {}),
        "CLIENT_REQUEST_OP": ([tag_report()], {}),
        "CLIENT_REQUEST_OP_RESPONSE": ([answer], {}),
        "GET_SUPPORTED_VERSION_RESPONSE": (
            [status()],
            {"CurrentVersion": 1, "SupportedVersion": 2},
        ),
        "SET_PROTOCOL_VERSION": ([], {"ProtocolVersion": 2}),
        "RO_ACCESS_REPORT": (reports, {}),
        "READER_EVENT_NOTIFICATION": (
            [par("ReaderEventNotificationData", seen, *events())],
            {},
        ),
        "ERROR_MESSAGE": ([refused()], {}),
        "CUSTOM_MESSAGE": ([], {"VendorIdentifier": 3778, "MessageSubtype": 4, "Data": b"abc"}),
        "IMPINJ_SAVE_SETTINGS": ([], {"SaveConfiguration": True}),
    }


def _message(name: str, number: int) -> Message:
    parameters, fields = _bodies().get(name, ([], {}))
    if name.endswith("_RESPONSE") and not parameters:
        parameters = [status()]
    known = MESSAGE_BY_NAME[name].layout.complete({})
    ids: dict[str, Value] = {each: 7 for each in ("ROSpecID", "AccessSpecID") if each in known}
    return Message(name, *parameters, id=number, version=VERSION_1_1, **fields, **ids)


MESSAGES = [
    _message(name, number)
    for number, name in enumerate(MESSAGE_BY_NAME, 1)
    if name != "UNKNOWN_MESSAGE"
]
