"""What a case file needs instead of pytest."""


def raises(error: "type", call: "object", *arguments: "object") -> "str":
    """Call it; the text of the `error` that it must raise. Any other exception passes through."""
    try:
        call(*arguments)  # type: ignore[operator]
    except error as raised:
        return str(raised)
    raise AssertionError(f"{error.__name__} was not raised")
