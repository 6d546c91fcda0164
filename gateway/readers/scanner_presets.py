"""What makers' scanners are told and what they reply: a row for each, from their manuals.

generic    no trigger; CR, LF or CR LF; no no-read: noread= names one; AIM identifiers.
cognex     DataMan: DMCC, its replies silent or extended (base64). Cognex, "DataMan Communications and Programming
           Guide", "DMCC Overview", "Reader Response". The no-read string is a setting of the reader: those below are
           common; where it is another one, set noread=. AIM identifiers where its formatting puts them.
keyence    SR: LON, LOFF; OK,LON or ER,LON,ee where its setting sends them; ERROR after LOFF. CR or STX ETX. No
           identifiers. Keyence, "SR-750 Series User's Manual", 8-1, 8-2; "N-410 User's Manual", "Error Code Settings";
           error codes: "SR-1000 Series User's Manual".
datalogic  PowerScan, Gryphon: T and X pull and release the trigger. AIM identifiers, or label IDs of the EU set.
           Datalogic, "PowerScan Product Reference Guide", appendix E "Host Commands"; "PowerScan D8330 Reference
           Manual", "Code Identifier Table". No source was found for a no-read string: set noread=.
honeywell  SYN T CR, SYN U CR; NR where No Read is on. AIM identifiers, or Code IDs. Honeywell, "N86 Series User's
           Guide", "Trigger Commands"; "2020 User's Guide", "No Read"; "3820 User's Guide", appendix A.
omron      V430, MicroHAWK, Microscan: < > starts a cycle; NOREAD; CR LF. Omron, "V430-F Series User Manual for
           Communication Settings", "Behavior of the Host Protocol"; Microscan, "MS-9 User's Manual", "Noread Message".
zebra      SSI packets, each acknowledged; trigger mode "host"; NR where it is on. See scanner_ssi.

No source was found for the strings that trigger Datalogic's fixed Matrix readers, Zebra's FS and others: generic, with
on=, off= and noread=, does them. silent_s= with alive= (a heartbeat that the scanner sends) or with ping= (a command
that it answers) finds out a scanner that is gone behind a serial server that is not; TCP's own keep-alive is always on.
"""

import base64
import binascii
import re

from gateway.readers.scanner_lines import FRAMINGS
from gateway.readers.scanner_ssi import START_SESSION, STOP_SESSION
from gateway.readers.scanner_talk import Code, Preset, Said

_DMCC = re.compile(rb"\|\|([0-9]?)(:?[0-9:]*)\[([0-9]{1,3})\](.*)", re.DOTALL)
_DMCC_FAULTS = {
    b"100": "unidentified error",
    b"101": "command invalid",
    b"102": "parameter invalid",
    b"103": "checksum incorrect",
    b"104": "rejected in the state that it is in",
    b"105": "reader unavailable: is it online?",
}
_READ_STRING = b"1"  # status: what the reader sends by itself

_KEYENCE = re.compile(rb"(OK|ER),(LON[0-9]{0,2}|LOFF|KEYENCE)(?:,(.*))?", re.DOTALL)
_KEYENCE_FAULTS = {
    b"00": "undefined command",
    b"01": "mismatched command format",
    b"20": "not executable in its current state: a cycle runs, or it is being set up",
    b"21": "its buffer has overflowed",
    b"22": "its parameters cannot be loaded",
    b"23": "AutoID Network Navigator is connected: close that",
    b"99": "it may be faulty",
}


def _cognex(message: bytes) -> Said | None:
    """An extended response; None for a line in silent mode, which is what was read."""
    found = _DMCC.fullmatch(message)
    if found is None:
        return None
    _, id, status, content = found.groups()
    if status == b"0" and (id or not content):  # our triggers have no command id
        return Said("alive")
    if status in (b"0", _READ_STRING):
        try:
            return Said("read", (Code(base64.b64decode(content, validate=True)),))
        except binascii.Error:
            return Said("lost", text="an extended response that is no base64")
    return Said("refused", text=f"DMCC {_DMCC_FAULTS.get(status, status.decode('ascii'))}")


def _keyence(message: bytes) -> Said | None:
    """A reply to a command. That LOFF is refused after a cycle that has ended by itself is of no interest."""
    found = _KEYENCE.fullmatch(message)
    if found is None:
        return None
    word, command, fault = found.groups()
    if word == b"OK" or not command.startswith(b"LON"):
        return Said("alive")
    why = _KEYENCE_FAULTS.get(fault or b"", "an error code that this version does not know")
    return Said("refused", text=f"{message[:32].decode('ascii', 'replace')}: {why}")


_DATALOGIC_IDS = {
    b"A": ("]E4", "EAN8"),
    b"B": ("]E0", "EAN13"),
    b"C": ("]E0", "UPCA"),
    b"D": ("", "UPCE"),
    b"N": ("]I0", "ITF"),
    b"R": ("]F0", "Codabar"),
    b"T": ("]C0", "Code128"),
    b"U": ("]G0", "Code93"),
    b"V": ("]A0", "Code39"),
    b"k": ("]C1", "Code128"),
    b"t": ("]e0", "DataBar"),
    b"u": ("]e0", "DataBar"),
    b"v": ("]e0", "DataBar"),
}
_HONEYWELL_IDS = {
    b"D": ("]E4", "EAN8"),
    b"E": ("", "UPCE"),
    b"I": ("]C1", "Code128"),
    b"a": ("]F0", "Codabar"),
    b"b": ("]A0", "Code39"),
    b"c": ("]E0", "UPCA"),
    b"d": ("]E0", "EAN13"),
    b"e": ("]I0", "ITF"),
    b"i": ("]G0", "Code93"),
    b"j": ("]C0", "Code128"),
    b"r": ("", "PDF417"),
    b"s": ("", "QRCode"),
    b"w": ("", "DataMatrix"),
    b"z": ("", "Aztec"),
}
CODE_IDS = {"datalogic": _DATALOGIC_IDS, "honeywell": _HONEYWELL_IDS}
"""By the name that an operator writes: codeid=honeywell."""

PRESETS = {
    "generic": Preset(FRAMINGS["any"]),
    "cognex": Preset(
        FRAMINGS["any"],
        on=b"||>TRIGGER ON\r\n",
        off=b"||>TRIGGER OFF\r\n",
        no_read=(b"NOREAD", b"NO-READ", b"NO READ", b"No Read"),
        reply=_cognex,
        late=True,
    ),
    "keyence": Preset(
        FRAMINGS["either"],
        on=b"LON\r",
        off=b"LOFF\r",
        no_read=(b"ERROR",),
        reply=_keyence,
        late=True,
        ping=b"KEYENCE\r",
    ),
    "datalogic": Preset(FRAMINGS["any"], on=b"T", off=b"X"),
    "honeywell": Preset(
        FRAMINGS["any"], on=b"\x16T\r", off=b"\x16U\r", no_read=(b"NR",), late=True
    ),
    "omron": Preset(FRAMINGS["any"], on=b"< >", no_read=(b"NOREAD",)),
    "zebra": Preset(FRAMINGS["any"], on=START_SESSION, off=STOP_SESSION, late=True, packets=True),
}
"""By the name that an operator writes: preset=keyence."""
