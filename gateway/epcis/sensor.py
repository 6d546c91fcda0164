"""Measured values as EPCIS sensor elements: a tag's signal at an antenna, and what a battery's management tells.

GS1 EPCIS 2.0, "SensorElement"; units by UN/ECE Recommendation 20.
"""

from collections.abc import Mapping
from typing import Any

from gateway.epcis.vocabulary import PREFIX

BATTERY = {  # what a battery management system tells -> (GS1 measurement type, unit)
    "voltage_v": ("Voltage", "VLT"),
    "current_a": ("ElectricCurrent", "AMP"),
    "temperature_c": ("Temperature", "CEL"),
    "energy_wh": ("Energy", "WHR"),
    "power_w": ("Power", "WTT"),
    "charge_ah": ("ElectricCharge", "AMH"),
    "charge_share": ("Dimensionless", "P1"),  # state of charge, percent
    "health_share": ("Dimensionless", "P1"),  # state of health, percent
    "cycles": ("Count", "C62"),
}


def signal(rssi_dbm: float, reads: int) -> dict[str, Any]:
    """How strongly a tag was heard, and how often."""
    return {
        "sensorReport": [
            {"type": "Power", "value": rssi_dbm, "uom": "DBM"},
            {"type": "Count", "value": reads, "uom": "C62"},
        ]
    }


def battery(readings: Mapping[str, float], time: str, device: str = "") -> dict[str, Any]:
    """Readings of a battery management system, by the names in BATTERY; KeyError for another name.

    time: of the readings, a date-time. device: URI of the system, a Digital Link with its GIAI (AI 8004).
    """
    metadata = {"time": time} | ({"deviceID": device} if device else {})
    return {
        "sensorMetadata": metadata,
        "sensorReport": [_report(name, value) for name, value in readings.items()],
    }


def _report(name: str, value: float) -> dict[str, Any]:
    kind, unit = BATTERY[name]
    found: dict[str, Any] = {"type": kind, "value": value, "uom": unit}
    if kind in ("Dimensionless", "Count"):
        found[f"{PREFIX}:of"] = name
    return found
