"""What a PN532 says of an exchange that failed (NXP UM0701-02, table 15 "Error codes")."""

_STATUS = {
    0x01: "time out: the target has not answered",
    0x02: "CRC error",
    0x03: "parity error",
    0x04: "erroneous bit count in anticollision",
    0x05: "framing error",
    0x06: "abnormal bit collision in anticollision",
    0x07: "communication buffer too small",
    0x09: "RF buffer overflow",
    0x0A: "RF field not switched on in time",
    0x0B: "RF protocol error",
    0x0D: "antenna drivers overheated",
    0x0E: "internal buffer overflow",
    0x10: "invalid parameter",
    0x12: "DEP command not supported",
    0x13: "data format against the specification",
    0x14: "MIFARE authentication error",
    0x23: "UID check byte is wrong",
    0x25: "invalid device state",
    0x26: "operation not allowed in this configuration",
    0x27: "command not acceptable in this context",
    0x29: "released by the initiator",
    0x2A: "card ID does not match",
    0x2B: "card has disappeared",
    0x2C: "NFCID3 mismatch",
    0x2D: "over-current",
    0x2E: "NAD missing in DEP frame",
}


def status(byte: int) -> str:
    """What a status byte says; bits 6 and 7 are no part of it; "" for success."""
    code = byte & 0x3F
    return _STATUS.get(code, f"unknown status {code:02X}") if code else ""
