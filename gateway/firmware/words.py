"""Words that a board's MicroPython knows already: a short name that is one of them costs no memory."""

import builtins
import hashlib
import io
import select
import socket

_STATIC = """
    ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis Exception GeneratorExit
    ImportError IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError
    NoneType NotImplementedError OSError OverflowError RuntimeError StopIteration SyntaxError SystemExit
    TypeError ValueError ZeroDivisionError abs all any append args bool builtins bytearray bytecode bytes
    callable chr classmethod clear close const copy count dict dir divmod end endswith eval exec extend find
    format from_bytes get getattr globals hasattr hash id index insert int isalpha isdigit isinstance islower
    isspace issubclass isupper items iter join key keys len list little locals lower lstrip main map
    micropython next object open ord pop popitem pow print range read readinto readline remove replace repr
    reverse rfind rindex round rsplit rstrip self send sep set setattr setdefault sort sorted split start
    startswith staticmethod step stop str strip sum super throw to_bytes tuple type update upper value values
    write zip
"""

STATIC = frozenset(_STATIC.split())
"""In every build, with the same number: MicroPython, tools/mpy-tool.py and py/makeqstrdata.py, `static_qstr_list`,
whose order is part of the .mpy format, version 6. Without what begins with an underscore."""

BUILTINS = frozenset(dir(builtins)) | {"const"}
"""No global name of ours may hide one that is used; mpy-cross itself reads const()."""


def _of_objects() -> frozenset[str]:
    kinds = [
        *(each for each in vars(builtins).values() if isinstance(each, type)),
        *(io.FileIO, io.BytesIO, io.StringIO, io.TextIOWrapper, socket.socket),
        *(type((lambda: (yield))()), type(hashlib.sha256()), type(select.poll())),
    ]
    return frozenset(name for kind in kinds for name in dir(kind))


OF_OBJECTS = _of_objects() | {"ioctl", "mount", "umount", "stat", "ilistdir", "readblocks"}
"""Attributes of objects that are not ours, and those that MicroPython itself asks ours for."""
