"""LLRP's codes by name: status codes, and the results of access operations.

LLRP 1.1, "Errors" and the "OpSpecResult" parameters of "C1G2 Specific Parameters"; names as in the LLRP Toolkit.
"""

STATUS = {
    0: "M_Success",
    100: "M_ParameterError",
    101: "M_FieldError",
    102: "M_UnexpectedParameter",
    103: "M_MissingParameter",
    104: "M_DuplicateParameter",
    105: "M_OverflowParameter",
    106: "M_OverflowField",
    107: "M_UnknownParameter",
    108: "M_UnknownField",
    109: "M_UnsupportedMessage",
    110: "M_UnsupportedVersion",
    111: "M_UnsupportedParameter",
    112: "M_UnexpectedMessage",
    200: "P_ParameterError",
    201: "P_FieldError",
    202: "P_UnexpectedParameter",
    203: "P_MissingParameter",
    204: "P_DuplicateParameter",
    205: "P_OverflowParameter",
    206: "P_OverflowField",
    207: "P_UnknownParameter",
    208: "P_UnknownField",
    209: "P_UnsupportedParameter",
    300: "A_Invalid",
    301: "A_OutOfRange",
    401: "R_DeviceError",
}

SUCCESS = "Success"
OVERRUN = "Tag_Memory_Overrun_Error"
LOCKED = "Tag_Memory_Locked_Error"
NO_POWER = "Insufficient_Power"
TAG_ERROR = "Nonspecific_Tag_Error"
NO_RESPONSE = "No_Response_From_Tag"
READER_ERROR = "Nonspecific_Reader_Error"
PASSWORD = "Incorrect_Password_Error"
ZERO_KILL = "Zero_Kill_Password_Error"

_WRITE = (SUCCESS, OVERRUN, LOCKED, NO_POWER, TAG_ERROR, NO_RESPONSE, READER_ERROR, PASSWORD)
_LOCK = (SUCCESS, NO_POWER, TAG_ERROR, NO_RESPONSE, READER_ERROR, PASSWORD, OVERRUN)
_KILL = (SUCCESS, ZERO_KILL, NO_POWER, TAG_ERROR, NO_RESPONSE, READER_ERROR, PASSWORD)

# By operation, in the order of the codes from 0; those at the end are of 1.1.
RESULTS = {
    "Read": (SUCCESS, TAG_ERROR, NO_RESPONSE, READER_ERROR, OVERRUN, LOCKED, PASSWORD),
    "Write": _WRITE,
    "Kill": _KILL,
    "Recommission": _KILL,
    "Lock": (*_LOCK, LOCKED),
    "BlockErase": _WRITE,
    "BlockWrite": _WRITE,
    "BlockPermalock": _LOCK,
    "GetBlockPermalockStatus": (SUCCESS, TAG_ERROR, NO_RESPONSE, READER_ERROR, PASSWORD, OVERRUN),
}


def status_name(code: int) -> str:
    """The name of a StatusCode, or the number where the standard has none."""
    return STATUS.get(code, f"status {code}")


def result_name(kind: str, code: int) -> str:
    """The name of an operation's result code; kind: as in RESULTS ("Read", "BlockWrite", ...)."""
    names = RESULTS.get(kind, ())
    return names[code] if code < len(names) else f"result {code}"
