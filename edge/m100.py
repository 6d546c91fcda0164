"""MagicRF M100 and QM100 (modules YRM100, R200, M5Stack Unit RFID-UHF, E720): the host's frames and commands, as bytes.

"MagicRF M100 & QM100 firmware manual" V2.3; "Unit RFID-UHF protocol" is its English short form.

    BB | type | command | length, 2 bytes | parameters | sum | 7E

type: 00 command, 01 response, 02 notification; sum: of the bytes from the type on, its low byte. Nothing is stuffed:
a frame is read by its length, and BB or 7E may stand inside. What a command function returns is ready for the wire.
"""

from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND, RESPONSE, NOTIFICATION = 0, 1, 2  # types
LARGEST = 600  # bytes of parameters: PC, the longest EPC and 255 words need 576

INFO = 0x03
SET_REGION = 0x07
GET_REGION = 0x08
SET_SELECT = 0x0C
GET_QUERY = 0x0D
SET_QUERY = 0x0E
SET_SELECT_MODE = 0x12
SLEEP = 0x17
CONTROL_IO = 0x1A
SINGLE_POLL = 0x22
MULTI_POLL = 0x27
STOP_MULTI_POLL = 0x28
READ = 0x39
WRITE = 0x49
KILL = 0x65
LOCK = 0x82
SET_POWER = 0xB6
GET_POWER = 0xB7
BLOCK_PERMALOCK = 0xD3
ERROR = 0xFF  # the command of a response that says what went wrong

WRITE_WORDS = 32  # of one command at most

REGIONS = ("", "cn", "us", "eu", "cn800", "", "kr")  # bands, by their code

HARDWARE, SOFTWARE, MANUFACTURER = 0, 1, 2  # what INFO tells
ALWAYS, NEVER, BUT_POLLS = (
    0,
    1,
    2,
)  # Select modes: before which commands the module sends its Select

NOT_KILLED = 0x12
NO_TAG = 0x15
WRONG_PASSWORD = 0x16
BAD_COMMAND = 0x17
NO_CHANNEL = 0x20
GONE = (
    0x09,
    0x10,
    NOT_KILLED,
    0x13,
    0x14,
    NO_TAG,
)  # read, write, kill, lock, permalock, poll: no reply

OVERRUN, LOCKED, LOW_POWER = 0x03, 0x04, 0x0B  # Gen2 error codes

_ANSWERED_AS = {SET_SELECT_MODE: SET_SELECT, BLOCK_PERMALOCK: 0xD4, MULTI_POLL: SINGLE_POLL}
_HEADER, _END = 0xBB, 0x7E
_AROUND = 7  # bytes of a frame beside its parameters
_MORE = -1
_PASSWORD = (READ, WRITE, LOCK, KILL, BLOCK_PERMALOCK)  # begin with one

_ERRORS = {
    0x09: "no tag that is selected can be read",
    0x10: "no tag that is selected can be written",
    NOT_KILLED: "no tag that is selected was killed",
    0x13: "no tag that is selected was locked",
    0x14: "no tag that is selected was permalocked",
    NO_TAG: "no tag answers",
    WRONG_PASSWORD: "the tag does not accept the password",
    BAD_COMMAND: "the module does not accept the command",
    NO_CHANNEL: "all channels are taken by other readers",
}
_GEN2 = {
    0x00: "other error",
    OVERRUN: "memory overrun",
    LOCKED: "memory locked",
    LOW_POWER: "insufficient power",
    0x0F: "non-specific error",
}


class Frame:
    """type, command and the parameters between length and sum."""

    def __init__(self, type: "int", command: "int", params: "bytes") -> None:
        self.type = type
        self.command = command
        self.params = params

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Frame) and (self.type, self.command, self.params) == (
            other.type,
            other.command,
            other.params,
        )

    def __hash__(self) -> "int":
        return hash((self.type, self.command, self.params))

    def __repr__(self) -> "str":
        return f"Frame({self.type}, {self.command:#04x}, {len(self.params)} bytes)"

    def answers(self, command: "int") -> "bool":
        """Is it the response to `command`, or an error response?"""
        return self.type == RESPONSE and (
            self.command in (command, ERROR) or self.command == _ANSWERED_AS.get(command)
        )


class Seen:
    """A tag in a notification. epc: whole words; crc: 16 bits as the tag sent it."""

    def __init__(self, rssi_dbm: "int", pc: "int", epc: "bytes", crc: "int") -> None:
        self.rssi_dbm = rssi_dbm
        self.pc = pc
        self.epc = epc
        self.crc = crc


class Frames:
    """Bytes from the module to frames. Never raises: what is no frame is noise, and is skipped byte by byte.

    damaged: frames with a sound header and a wrong sum or end so far. Holds back at most one frame (607 bytes).
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._held = bytearray()

    @property
    def begun(self) -> "bool":
        """Does a frame wait for its rest?"""
        return len(self._held) > 0

    def receive(self, data: "bytes") -> "list[Frame]":
        """The frames that `data` completes, in order."""
        self._held.extend(data)
        return self._frames(False)

    def give_up(self) -> "list[Frame]":
        """Nothing more comes: the frames behind one that was begun and not ended; nothing is held after it."""
        return self._frames(True)

    def _frames(self, ended: "bool") -> "list[Frame]":
        held = self._held
        found: "list[Frame]" = []
        at = held.find(b"\xbb")
        while at >= 0:
            end = self._end(at)
            if end == _MORE and not ended:
                break
            if end > 0:
                params = bytes(held[at + 5 : end - 2])
                found.append(Frame(held[at + 1], held[at + 2], params))
                at = end - 1
            at = held.find(b"\xbb", at + 1)
        self._held = bytearray() if at < 0 else held[at:]
        return found

    def _end(self, at: "int") -> "int":
        """Where the frame ends that begins at `at`; 0: none begins there; _MORE: bytes are missing to tell."""
        held = self._held
        left = len(held) - at
        if left > 1 and held[at + 1] > NOTIFICATION:
            return 0
        if left < 5:
            return _MORE
        length = held[at + 3] << 8 | held[at + 4]
        if length > LARGEST:
            return 0
        if left < length + _AROUND:
            return _MORE
        end = at + length + _AROUND
        if held[end - 1] == _END and sum(held[at + 1 : end - 2]) & 0xFF == held[end - 2]:
            return end
        self.damaged += 1
        return 0


def frame(command: "int", params: "bytes" = b"") -> "bytes":
    """The command frame with these parameters."""
    if len(params) > LARGEST:
        raise ValueError(f"an M100 frame has at most {LARGEST} bytes of parameters")
    body = bytes((COMMAND, command, len(params) >> 8, len(params) & 0xFF)) + params
    return bytes((_HEADER,)) + body + bytes((sum(body) & 0xFF, _END))


def has_secret(wire: "bytes") -> "bool":
    """Does this command frame carry a password, or bring one back (the RESERVED bank holds them)?"""
    command = wire[2]
    if command not in _PASSWORD:
        return False
    return wire[5:9] != bytes(4) or (command in (READ, WRITE) and wire[9] == 0)


def info(which: "int") -> "bytes":
    """Answered by what parse_info() reads."""
    return frame(INFO, bytes((which,)))


def single_poll() -> "bytes":
    """One round: a notification for each tag, or the error NO_TAG; nothing tells where the round ends."""
    return frame(SINGLE_POLL)


def multi_poll(rounds: "int") -> "bytes":
    """rounds: 1 to 65535."""
    return frame(MULTI_POLL, b"\x22" + _two(rounds))


def stop_multi_poll() -> "bytes":
    return frame(STOP_MULTI_POLL)


def set_select(bank: "int", bit: "int", mask: "bytes", session: "int" = 0) -> "bytes":
    """Which tags are meant: those whose `bank` is `mask` (at most 31 bytes) from `bit` on; sets the mode BUT_POLLS.

    Those that match get the inventoried flag A of `session`, all others B (Gen2 Select, action 000).
    """
    if len(mask) > 31:
        raise ValueError("a Select mask has at most 31 bytes here")
    head = bytes((session << 5 | bank,)) + b"\x00\x00" + _two(bit)
    return frame(SET_SELECT, head + bytes((8 * len(mask), 0)) + mask)


def set_select_mode(mode: "int") -> "bytes":
    """ALWAYS, NEVER, BUT_POLLS."""
    return frame(SET_SELECT_MODE, bytes((mode,)))


def read(password: "int", bank: "int", word: "int", count: "int") -> "bytes":
    """Answered by what parse_access() reads; password 0: the tag is not asked for one."""
    return frame(READ, _four(password) + bytes((bank,)) + _two(word) + _two(count))


def write(password: "int", bank: "int", word: "int", data: "bytes") -> "bytes":
    """data: 1 to WRITE_WORDS whole words. Answered by what parse_access() reads."""
    words = len(data) // 2
    if not 0 < words <= WRITE_WORDS or len(data) % 2:
        raise ValueError(f"a write has 1 to {WRITE_WORDS} words, not {len(data)} bytes")
    return frame(WRITE, _four(password) + bytes((bank,)) + _two(word) + _two(words) + data)


def lock(password: "int", mask: "int", action: "int") -> "bytes":
    """mask, action: 10 bits each (edge.gen2.lock_payload)."""
    payload = mask << 10 | action
    return frame(LOCK, _four(password) + bytes((payload >> 16,)) + _two(payload & 0xFFFF))


def kill(password: "int") -> "bytes":
    """password: the kill password."""
    return frame(KILL, _four(password))


def block_permalock(password: "int", bank: "int", blocks: "Sequence[int]") -> "bytes":
    """Lock these blocks for ever. blocks: numbers, counted from the bank's start."""
    first = min(blocks) // 16
    ranges = max(blocks) // 16 - first + 1
    mask = 0
    for block in blocks:
        mask |= 1 << 16 * ranges - 1 - (block - 16 * first)
    head = _four(password) + bytes((1, bank)) + _two(first) + bytes((ranges,))
    return frame(BLOCK_PERMALOCK, head + mask.to_bytes(2 * ranges, "big"))


def get_power() -> "bytes":
    """Answered by what parse_power() reads."""
    return frame(GET_POWER)


def set_power(dbm: "float") -> "bytes":
    """dbm: taken in hundredths."""
    return frame(SET_POWER, _two(int(100 * dbm + 0.5)))  # portable: hundredths fit in 32 bits


def get_region() -> "bytes":
    """Answered by one byte, the number of one of REGIONS."""
    return frame(GET_REGION)


def set_region(region: "int") -> "bytes":
    """region: the number of one of REGIONS."""
    return frame(SET_REGION, bytes((region,)))


def get_query() -> "bytes":
    """Answered by two bytes: DR 1 bit, M 2, TRext 1, Sel 2, Session 2, Target 1, Q 4."""
    return frame(GET_QUERY)


def set_query(session: "int", q: "int") -> "bytes":
    """DR 8, FM0 and the pilot tone, which are all that the module has; all tags whose flag is A; 2 ** q slots."""
    return frame(SET_QUERY, _two(0x1000 | session << 8 | q << 3))


def set_output(port: "int") -> "bytes":
    """Make IO `port`, 1 to 4, an output."""
    return frame(CONTROL_IO, bytes((0, port, 1)))


def set_level(port: "int", level: "bool") -> "bytes":
    """Switch IO `port`."""
    return frame(CONTROL_IO, bytes((1, port, 1 if level else 0)))


def sleep() -> "bytes":
    """The first byte to a module that sleeps wakes it and is lost; its Select is forgotten."""
    return frame(SLEEP)


def parse_info(params: "bytes") -> "str":
    """The text behind the byte that says which; what is no ASCII as '?'."""
    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in params[1:]])


def parse_seen(params: "bytes") -> "Seen":
    """A notification of a poll: RSSI, PC, EPC, CRC. Raises Truncated, Malformed where the EPC is no whole words."""
    if len(params) < 5:
        raise Truncated(f"M100 notification: {len(params)} bytes, needs 5")
    if len(params) % 2 == 0:
        raise Malformed(f"M100 notification: an EPC of {len(params) - 5} bytes")
    rssi = params[0] - 256 if params[0] > 127 else params[0]
    crc = params[-2] << 8 | params[-1]
    return Seen(rssi, params[1] << 8 | params[2], params[3:-2], crc)


def parse_access(params: "bytes") -> "tuple[bytes, bytes]":
    """(EPC of the tag, what follows) of a response to an access: the words read, or 00. Truncated, Malformed."""
    end = 1 + params[0] if params else 3
    if len(params) < end:
        raise Truncated(f"M100 response: {len(params)} bytes, needs {end}")
    if end < 3:
        raise Malformed(f"M100 response: PC and EPC of {end - 1} bytes")
    return params[3:end], params[end:]


def parse_power(params: "bytes") -> "float":
    """dBm; Truncated."""
    if len(params) < 2:
        raise Truncated("M100 power: needs 2 bytes")
    value = params[0] << 8 | params[1]
    return (value - 65536 if value > 32767 else value) / 100  # portable: hundredths fit in 32 bits


def gen2_error(code: "int") -> "int | None":
    """The tag's own error code (OVERRUN ..) in a module's error code; None where it is the module's."""
    return code & 0x0F if code >> 4 in (0xA, 0xB, 0xC, 0xD, 0xE) else None


def error(code: "int") -> "str":
    """What an error response's first byte says."""
    tags = gen2_error(code)
    if tags is None:
        return _ERRORS.get(code, f"unknown error {code:02X}")
    return "the tag refuses: " + _GEN2.get(tags, f"unknown error {tags:X}")


def _two(value: "int") -> "bytes":
    return bytes((value >> 8, value & 0xFF))


def _four(value: "int") -> "bytes":
    return _two(value >> 16) + _two(value & 0xFFFF)
