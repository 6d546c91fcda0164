"""What a case file needs instead of pytest."""


def raises(error: "type", call: "object", *arguments: "object") -> "str":
    """Call it; the text of the `error` that it must raise. Any other exception passes through."""
    try:
        call(*arguments)  # type: ignore[operator]
    except error as raised:
        return str(raised)
    raise AssertionError(f"{error.__name__} was not raised")


def folder() -> "str":
    """A new empty folder to write in, without a slash at its end; it goes with the process.

    On the 32-bit MicroPython it lies on LittleFS, in a flash of 1 MB outside the heap: as on a
    handheld, what was written is lost where the file is not closed.
    """
    import case_folders  # here: most cases write nothing, and a heap of 64 kB is small

    return case_folders.new()
