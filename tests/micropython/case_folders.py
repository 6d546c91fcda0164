"""Folders that a case may write in: expect.folder()."""

import os

_made = []


def new() -> "str":
    if not _made:
        _made.append(_base())
    _made.append(f"{_made[0]}/{len(_made)}")
    os.mkdir(_made[-1])  # noqa: PTH102 (MicroPython has no pathlib)
    return _made[-1]


def _base() -> "str":
    try:
        import tempfile
    except ImportError:
        pass
    else:
        _held.append(tempfile.TemporaryDirectory())  # removed with the process
        return _held[0].name
    try:
        from ram_flash import mount
    except ImportError:  # no memory but the heap: all files of the wasm build lie in memory anyway
        os.mkdir("/flash")  # noqa: PTH102
    else:
        mount("/flash")
    return "/flash"


_held = []
