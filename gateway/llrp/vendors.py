"""Vendors' messages and parameters that a gateway has a use for; all others are carried as they came.

Rows as in gateway/llrp/tables.py, the subtype in the type's place, by Private Enterprise Number. Impinj: Octane LLRP,
names as in the LLRP Toolkit's Impinj extensions. Zebra (Motorola): as an FX9600 with firmware 3.32.37 sends them, for
the printed guide (72E-131718) counts more reserved bits than the wire has; capability flags without a checked name are
one byte. A parameter that does not fit its row, to the bit, is another firmware's, and carried as a Custom.
"""

IMPINJ = 25882
ZEBRA = 161

MESSAGES = {
    IMPINJ: """
21 IMPINJ_ENABLE_EXTENSIONS | -32 | Custom*
22 IMPINJ_ENABLE_EXTENSIONS_RESPONSE | | LLRPStatus Custom*
23 IMPINJ_SAVE_SETTINGS | SaveConfiguration:u1 -7 | Custom*
24 IMPINJ_SAVE_SETTINGS_RESPONSE | | LLRPStatus Custom*
""",
}

PARAMETERS = {
    IMPINJ: """
21 ImpinjRequestedData | RequestedData:u32 | Custom*
22 ImpinjSubRegulatoryRegion | RegulatoryRegion:u16 | Custom*
23 ImpinjInventorySearchMode | InventorySearchMode:u16 | Custom*
26 ImpinjFixedFrequencyList | FixedFrequencyMode:u16 -16 ChannelList:u16s | Custom*
27 ImpinjReducedPowerFrequencyList | ReducedPowerMode:u16 -16 ChannelList:u16s | Custom*
28 ImpinjLowDutyCycle | LowDutyCycleMode:u16 EmptyFieldTimeout:u16 FieldPingInterval:u16 | Custom*
29 ImpinjDetailedVersion | ModelName:text SerialNumber:text SoftwareVersion:text FirmwareVersion:text FPGAVersion:text
  PCBAVersion:text | Custom*
30 ImpinjFrequencyCapabilities | FrequencyList:u32s | Custom*
36 ImpinjGPIDebounceConfiguration | GPIPortNum:u16 GPIDebounceTimerMSec:u32 | Custom*
37 ImpinjReaderTemperature | Temperature:s16 | Custom*
38 ImpinjLinkMonitorConfiguration | LinkMonitorMode:u16 LinkDownThreshold:u16 | Custom*
39 ImpinjReportBufferConfiguration | ReportBufferMode:u16 | Custom*
40 ImpinjAccessSpecConfiguration | | ImpinjBlockWriteWordCount? ImpinjOpSpecRetryCount?
  ImpinjAccessSpecOrdering? Custom*
41 ImpinjBlockWriteWordCount | WordCount:u16 | Custom*
50 ImpinjTagReportContentSelector | | ImpinjEnableSerializedTID? ImpinjEnableRFPhaseAngle? ImpinjEnablePeakRSSI?
  ImpinjEnableGPSCoordinates? ImpinjEnableOptimizedRead? ImpinjEnableRFDopplerFrequency? Custom*
51 ImpinjEnableSerializedTID | SerializedTIDMode:u16 | Custom*
52 ImpinjEnableRFPhaseAngle | RFPhaseAngleMode:u16 | Custom*
53 ImpinjEnablePeakRSSI | PeakRSSIMode:u16 | Custom*
54 ImpinjEnableGPSCoordinates | GPSCoordinatesMode:u16 | Custom*
55 ImpinjSerializedTID | TID:words | Custom*
56 ImpinjRFPhaseAngle | PhaseAngle:u16 | Custom*
57 ImpinjPeakRSSI | RSSI:s16 | Custom*
58 ImpinjGPSCoordinates | Latitude:s32 Longitude:s32 | Custom*
63 ImpinjOpSpecRetryCount | RetryCount:u16 | Custom*
64 ImpinjAdvancedGPOConfiguration | GPOPortNum:u16 GPOMode:u16 GPOPulseDurationMSec:u32 | Custom*
65 ImpinjEnableOptimizedRead | OptimizedReadMode:u16 | C1G2Read* Custom*
66 ImpinjAccessSpecOrdering | OrderingMode:u16 | Custom*
67 ImpinjEnableRFDopplerFrequency | RFDopplerFrequencyMode:u16 | Custom*
68 ImpinjRFDopplerFrequency | DopplerFrequency:s16 | Custom*
1538 ImpinjHubConfiguration | HubID:u16 Connected:u16 Fault:u16 | Custom*
""",
    ZEBRA: """
1 MotoGeneralCapabilities | Version:u32 Flags:u8 |
100 MotoAutonomousCapabilities | Version:u32 Flags:u8 |
110 MotoAdvancedCapabilities | Version:u32 Flags:u8 |
120 MotoTagEventsGenerationCapabilities | Version:u32 Flags:u8 |
200 MotoFilterCapabilities | Version:u32 Flags:u8 |
300 MotoPersistenceCapabilities | Version:u32 Flags:u8 |
400 MotoC1G2LLRPCapabilities | Version:u32 Flags:u8 |
500 MotoRadioPowerState | PowerState:u1 -7 |
708 MotoTagReportContentSelector | EnableZoneID:u1 EnableZoneName:u1 EnableAntennaPhysicalPortConfig:u1 EnablePhase:u1
  EnableGPS:u1 EnableMLTReport:u1 -26 |
709 MotoTagPhase | Phase:s16 |
""",
}
