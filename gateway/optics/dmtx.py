"""libdmtx: a second engine of Data Matrix, where it is installed. It loses FNC1: no GS1 content is taken from it."""

from types import ModuleType
from warnings import catch_warnings, simplefilter

from gateway.optics.found import Gray


def available() -> str:
    """ "" where the library is there, else what is missing and what to do."""
    if _library():
        return ""
    return "libdmtx is missing: pip install 'tagwright[dmtx]' and apt install libdmtx0b"


def read(image: Gray, timeout_ms: int = 200, most: int = 1) -> list[bytes]:
    """The messages of up to `most` symbols; it takes the whole `timeout_ms` where there are fewer."""
    library = _library()
    if library is None:
        return []
    return [bytes(each.data) for each in library.decode(image, timeout=timeout_ms, max_count=most)]


def _library() -> ModuleType | None:
    try:
        with catch_warnings():  # it compares versions by what distutils had for it
            simplefilter("ignore", DeprecationWarning)
            from pylibdmtx import pylibdmtx
    except (ImportError, OSError):
        return None
    module: ModuleType = pylibdmtx
    return module
