"""What the owner of a handheld says of it: settings.json. A mistake in it never makes a dead device."""

import json

from reader import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "settings.json"


class Settings:
    """The defaults, and after `load` what stands in the file, by the same names."""

    board = ""  # the board_*.py to open; "": the one for this chip
    name = "handheld"
    bus = "uart"  # to the PN532: uart or spi
    rain = False  # whether there is an M100
    rain_region = ""  # its band; "": as it is
    rain_dbm = 0  # its power; 0: as it is
    wifi_ssid = ""
    wifi_password = ""
    gateway = ""  # HOST:PORT; "": USB alone
    secret = b""  # shared with the gateway, whose secret_file has the same text
    root = b""  # the trust list's root key, 32 bytes; hex in the file
    operator = ""
    repair_codes: "tuple[str, ...]" = ()
    duplicate_s = 5  # how long the same tag is told as such
    sleep_s = 120  # without a trigger until it sleeps; 0: never
    volume = 60  # percent
    outbox_kb = 256
    look_ms = 250  # between two looks for a tag
    trouble = ""  # what is wrong with the file; the defaults are used there


def load(folder: "str") -> "Settings":
    """The settings of `folder`; without a file, the defaults. Whatever is wrong is told by `trouble`."""
    settings = Settings()
    try:
        data = files.read(f"{folder}/{FILE}" if folder else FILE)
        if data:
            settings.trouble = "; ".join(_take(settings, data))
    except MemoryError:
        settings.trouble = FILE + " is too long"
    return settings


_NAMES = sorted([name for name in dir(Settings) if name[0] != "_" and name != "trouble"])
_LIMITS = {
    "rain_dbm": (0, 30),
    "duplicate_s": (0, 3600),
    "sleep_s": (0, 86400),
    "volume": (0, 100),
    "outbox_kb": (48, 65536),
    "look_ms": (0, 10000),
}
_REGIONS = (
    "",
    "cn",
    "us",
    "eu",
    "cn800",
    "kr",
)  # of edge.m100, which boards without one do not load
_CHOICES = {"bus": ("uart", "spi"), "rain_region": _REGIONS}
_SHORTEST_SECRET = 16
_LONGEST = 64  # characters of a text
_KINDS = {str: "a text of up to 64", bool: "true or false", tuple: "a list of texts"}


def _take(settings: "Settings", data: "bytes") -> "list[str]":
    """Set what the file says; the mistakes in it."""
    try:
        found = json.loads(data)
    except ValueError:
        return [f"{FILE} is no JSON"]
    if (
        type(found) is not dict or data.strip()[-1:] != b"}"
    ):  # MicroPython reads what is cut off, too
        return [f"{FILE} is no JSON object"]
    wrong = []
    for name in sorted(found):
        if name not in _NAMES:
            wrong.append(f"{name}: unknown, meant {_nearest(name)}?")
            continue
        value = _parsed(name, getattr(Settings, name), found[name])
        if value is None:
            wrong.append(f"{name}: must be {_wanted(name)}")
        else:
            setattr(settings, name, value)
    return wrong


def _parsed(name: "str", default: "Any", value: "Any") -> "Any":
    """The value as its attribute holds it, None where it is none for this name."""
    kind = type(default)
    if name == "secret" and type(value) is str:
        return value.encode() if not value or len(value) >= _SHORTEST_SECRET else None
    if name == "root" and type(value) is str:
        try:
            value = bytes.fromhex(value)
        except ValueError:
            return None
        return value if len(value) in (0, 32) else None
    if kind is tuple and type(value) is list:
        is_sound = all([type(each) is str and len(each) <= _LONGEST for each in value])
        return tuple(value) if is_sound else None
    if type(value) is not kind or value not in _CHOICES.get(name, (value,)):
        return None
    if kind is str and len(value) > _LONGEST:
        return None
    low, high = _LIMITS.get(name, (0, 0))
    return value if kind is not int or low <= value <= high else None


def _wanted(name: "str") -> "str":
    if name in _LIMITS:
        return "{} to {}".format(*_LIMITS[name])
    if name == "root":
        return "64 hex digits"
    if name == "secret":
        return "16 characters or more"
    if name in _CHOICES:
        return " or ".join([each for each in _CHOICES[name] if each])
    return _KINDS[type(getattr(Settings, name))]


def _nearest(name: "str") -> "str":
    return min([(_distance(name, each), each) for each in _NAMES])[1]


def _distance(a: "str", b: "str") -> "int":
    """How many letters to change, add or leave out (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i in range(len(a)):
        before, row[0] = i, i + 1
        for j in range(len(b)):
            best = min(before + (a[i] != b[j]), row[j] + 1, row[j + 1] + 1)
            before, row[j + 1] = row[j + 1], best
    return row[-1]
