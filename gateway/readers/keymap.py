"""Key codes of a keyboard scanner to bytes: the US layout, keypad and Alt codes, Ctrl letters as control characters.

Key codes: <linux/input-event-codes.h>. The scanner must be set to the US layout, whatever this computer's own is.
Control characters come as Ctrl and a key, or as Alt and three or four digits of the keypad, by the scanner's setting.
"""

ENTER, KEYPAD_ENTER, TAB = 28, 96, 15
LEFT_CTRL, RIGHT_CTRL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT, RIGHT_ALT = 29, 97, 42, 54, 56, 100
CAPS_LOCK = 58
_CTRL = (LEFT_CTRL, RIGHT_CTRL)
_SHIFT = (LEFT_SHIFT, RIGHT_SHIFT)
_ALT = (LEFT_ALT, RIGHT_ALT)
_HELD = (*_CTRL, *_SHIFT, *_ALT)
_ENDS = (ENTER, KEYPAD_ENTER, TAB)
_LONGEST_ALT = 4  # digits

_ROWS = (  # the code of the first key, the row, and with Shift
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
_KEYS = {
    first + place: (plain, shifted)
    for first, row, with_shift in _ROWS
    for place, (plain, shifted) in enumerate(zip(row, with_shift, strict=True))
}
_KEYPAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
_KEYPAD_SIGNS = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/", 121: ","}


class Keys:
    """What is held down. Enter and Tab, which end a message, become CR."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._caps = False
        self._alt = ""  # digits typed while Alt is held

    def press(self, code: int) -> bytes:
        """The bytes that a key brings."""
        if code in _HELD:
            self._held.add(code)
            return b""
        if code == CAPS_LOCK:
            self._caps = not self._caps
            return b""
        if code in _ENDS:
            return b"\r"
        if code in _KEYPAD:
            if self._is_held(_ALT):
                self._alt = (self._alt + _KEYPAD[code])[-_LONGEST_ALT:]
                return b""
            return _KEYPAD[code].encode()
        if code in _KEYPAD_SIGNS:
            return _KEYPAD_SIGNS[code].encode()
        if code not in _KEYS:
            return b""
        plain, shifted = _KEYS[code]
        shift = self._is_held(_SHIFT)
        character = shifted if shift != (self._caps and plain.isalpha()) else plain
        if self._is_held(_CTRL):
            return _control(shifted if not plain.isalpha() and shift else plain)
        return character.encode()

    def release(self, code: int) -> bytes:
        """The byte of an Alt code, where Alt is let go."""
        self._held.discard(code)
        if code not in _ALT or not self._alt:
            return b""
        number, self._alt = int(self._alt), ""
        return bytes((number,)) if number <= 0xFF else b""

    def _is_held(self, keys: tuple[int, ...]) -> bool:
        return any(key in self._held for key in keys)


def _control(character: str) -> bytes:
    """Ctrl+A is 01, Ctrl+] is 1D: the lower five bits, of those that have a control character."""
    upper = character.upper()
    return bytes((ord(upper) & 0x1F,)) if "@" <= upper <= "_" else b""
