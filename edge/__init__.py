"""The portable core: bytes <-> meaning, on CPython and MicroPython, with no I/O and no clock."""
