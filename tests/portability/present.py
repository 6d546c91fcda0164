"""What MicroPython has, and what it lacks: test_rules.py compares these tables with Debian's MicroPython 1.25."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# By module: the names that every board has; None: not looked into.
MODULES: dict[str, frozenset[str] | None] = {
    "edge": None,
    "reader": None,
    "array": _words("array"),
    "binascii": _words("a2b_base64 b2a_base64 crc32 hexlify unhexlify"),
    "collections": _words("OrderedDict deque namedtuple"),
    "deflate": _words("AUTO DeflateIO GZIP RAW ZLIB"),
    "errno": _words(
        "EAGAIN ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EINPROGRESS EINVAL EIO EISDIR ENODEV"
        " ENOENT ENOMEM ENOTCONN ETIMEDOUT"
    ),
    "framebuf": _words("FrameBuffer GS8 MONO_HLSB MONO_HMSB MONO_VLSB RGB565"),
    "gc": _words("collect disable enable isenabled mem_alloc mem_free threshold"),
    "hashlib": _words("sha256"),
    "io": _words("BytesIO IOBase StringIO"),
    "json": _words("dump dumps load loads"),
    "micropython": _words(
        "const heap_lock heap_unlock kbd_intr mem_info native opt_level schedule viper"
    ),
    "os": _words("chdir getcwd ilistdir listdir mkdir remove rename rmdir stat statvfs urandom"),
    "random": _words("getrandbits randrange"),
    "select": _words("POLLERR POLLHUP POLLIN POLLOUT poll"),
    "socket": _words("AF_INET SOCK_STREAM SOL_SOCKET SO_REUSEADDR getaddrinfo socket"),
    "struct": _words("calcsize pack pack_into unpack unpack_from"),
    "sys": _words(
        "byteorder exit implementation maxsize modules path platform print_exception stderr stdin"
        " stdout version"
    ),
    "time": _words(
        "gmtime localtime mktime sleep_ms sleep_us ticks_add ticks_diff ticks_ms ticks_us time"
    ),
    "uctypes": _words("addressof bytearray_at bytes_at"),
    "vfs": _words("VfsLfs2 mount umount"),
    "esp32": None,
    "machine": None,
    "neopixel": None,
    "network": None,
    "rp2": None,
    "tagwright_ed25519": None,  # a board's own, where it was built in
}

# Of the builtin names that CPython has.
ABSENT_BUILTINS = _words(
    "BaseExceptionGroup BlockingIOError BrokenPipeError BufferError ChildProcessError"
    " ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError"
    " EnvironmentError ExceptionGroup FileExistsError FileNotFoundError FloatingPointError"
    " IOError InterruptedError IsADirectoryError ModuleNotFoundError NotADirectoryError"
    " PermissionError ProcessLookupError RecursionError ReferenceError SystemError TabError"
    " TimeoutError UnboundLocalError UnicodeDecodeError UnicodeEncodeError"
    " UnicodeTranslateError Warning DeprecationWarning RuntimeWarning UserWarning"
    " __debug__ __doc__ __package__ __spec__ aiter anext ascii breakpoint exit format quit vars"
)

# By type: methods and attributes that CPython's has.
ABSENT_METHODS = {
    "int": _words(
        "as_integer_ratio bit_count bit_length conjugate denominator imag numerator real"
    ),
    "str": _words(
        "capitalize casefold expandtabs format_map isalnum isascii isdecimal isidentifier"
        " isnumeric isprintable istitle ljust maketrans removeprefix removesuffix rjust swapcase"
        " title translate zfill"
    ),
    "memoryview": _words(
        "cast itemsize nbytes readonly release shape strides tobytes tolist toreadonly"
    ),
    "hash": _words("hexdigest digest_size block_size"),
    "function": _words("__doc__ __annotations__ __code__ __defaults__ __wrapped__"),
    "generator": _words("gi_frame gi_running gi_code"),
    "exception": _words("__cause__ __context__ __traceback__ add_note with_traceback"),
}
BYTEARRAY_LACKS = _words("clear copy insert pop remove reverse")

# Methods of classes that nothing calls.
NEVER_CALLED = _words(
    "__bytes__ __class_getitem__ __del__ __format__ __index__ __init_subclass__ __set_name__"
    " __setattr__"
)

# By function or method: the keywords that it does not take ("*": none at all).
WITHOUT_KEYWORDS = {
    "decode": "*",
    "deque": "*",
    "encode": "*",
    "from_bytes": "*",
    "hex": "*",
    "int": "*",
    "namedtuple": "*",
    "pow": "*",
    "replace": "*",
    "round": "*",
    "rsplit": "*",
    "split": "*",
    "sum": "*",
    "to_bytes": "*",
    "zip": "*",
    "dump": "indent sort_keys default cls",
    "dumps": "indent sort_keys default cls",
}
