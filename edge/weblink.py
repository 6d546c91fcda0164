"""Web links on products: RFC 3986 strictly, IEC 61406-1 (Identification Link), and the pre-flight of one."""

from edge import gs1
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LONGEST = 2048  # characters of a link, its fragment aside
LONGEST_IDENTIFICATION_LINK = 255  # characters; IEC 61406-1, ILS-5 "String length"

_HEX = "0123456789abcdefABCDEF"
_SUB_DELIMS = "!$&'()*+,;="
_PATH = gs1.UNRESERVED + _SUB_DELIMS + ":@/%"  # RFC 3986, section 3.3
_QUERY = _PATH + "?"  # sections 3.4 and 3.5
_LABEL = "0123456789abcdefghijklmnopqrstuvwxyz-"
_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253  # characters; RFC 1035, section 2.3.4, without the root's dot
_LONGEST_LABEL = 63
_MODEL, _BATCH, _ITEM = 0, 1, 2  # granularity, as in a stub


class WebLink:
    """A link in its parts, percent signs kept. host: lower case. port: as written, None where it is not."""

    def __init__(
        self,
        scheme: "str",
        host: "str",
        port: "int | None",
        path: "str",
        query: "str",
        fragment: "str",
    ) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.query = query
        self.fragment = fragment

    @property
    def is_default_port(self) -> "bool":
        return self.port in (None, _PORTS[self.scheme])


def parse(uri: "str") -> "WebLink":
    """The parts of an http or https link.

    Raises Malformed for other schemes, what is no ASCII, user-info, and whatever else RFC 3986 has not there.
    """
    for char in uri:
        if not 0x20 < ord(char) < 0x7F:
            raise Malformed(f"link: U+{ord(char):04X} must be written as percent or punycode")
    whole, _, fragment = uri.partition("#")
    if len(whole) > LONGEST:
        raise Malformed(f"link: {len(whole)} characters, {LONGEST} at most")
    scheme, mark, rest = whole.partition("://")
    scheme = scheme.lower()
    if not mark or scheme not in _PORTS:
        raise Malformed("link: must be https://host...")
    front, _, query = rest.partition("?")
    authority, slash, path = front.partition("/")
    if "@" in authority:
        raise Malformed("link: user-info before the host: what stands there is no host")
    host, port = _host_and_port(authority.lower())
    for part, allowed in ((path, _PATH), (query, _QUERY), (fragment, _QUERY)):
        _check(part, allowed)
    return WebLink(scheme, host, port, slash + path, query, fragment)


def faults(
    link: "str",
    hosts: "Sequence[str]" = (),
    granularity: "int | None" = None,
    product: "Sequence[Any] | None" = None,
) -> "list[str]":
    """The pre-flight of a link before it goes on a product: why it should not, one sentence each; empty: it may.

    hosts: those allowed, all where none is given. granularity: of the stub (0 model, 1 batch, 2 item): a GS1 Digital
    Link must be as fine, not finer. product: claim 1 of the stub, which the link must not contradict.
    """
    try:
        found = parse(link)
    except Malformed as why:
        return [str(why)]
    said = []
    if found.scheme != "https":
        said.append("link: must be https, for http can be changed on the way")
    said += suspicions(found, hosts)
    if hosts and found.host not in [host.lower() for host in hosts]:
        said.append(f"link: host {found.host} is not one of {', '.join(hosts)}")
    if found.fragment:
        said.append("link: must have no fragment: the stub goes there")
    if granularity is not None:
        said += _granularity_faults(link, granularity)
    if product is not None and gs1.link_names(link, product) is False:
        said.append("link: names another product than the stub")
    return said


def is_digital_link(link: "WebLink") -> "bool":
    """Whether the path holds AI 01 and digits as a GS1 Digital Link does, right or wrong."""
    parts = link.path.split("/")
    for at in range(len(parts) - 1):
        if parts[at] == "01" and len(parts[at + 1]) > 7 and not parts[at + 1].strip("0123456789"):
            return True
    return False


def attributes(link: "WebLink") -> "list[tuple[str, str]]":
    """[(AI, value)] of a GS1 Digital Link's query, decoded; names with other characters than digits are no AIs.

    Raises Malformed for an AI that occurs twice.
    """
    found: "list[tuple[str, str]]" = []
    for part in link.query.replace(";", "&").split("&"):
        ai, _, value = part.partition("=")
        if not ai or ai.strip("0123456789"):
            continue
        if ai in [said for said, _ in found]:
            raise Malformed(f"link: AI {ai[:8]} occurs twice")
        found.append((ai, gs1.percent_decoded(value)))
    return found


def suspicions(link: "WebLink", hosts: "Sequence[str]" = ()) -> "list[str]":
    """What a link that was found may be refused for, though it is one: a strange port, a look-alike host."""
    said = []
    if not link.is_default_port:
        said.append(f"link: port {link.port} is not the default of {link.scheme}")
    if "xn--" in link.host and link.host not in hosts:
        said.append(f"link: host {link.host} is punycode, and may look like another one")
    return said


def _granularity_faults(link: "str", granularity: "int") -> "list[str]":
    try:
        _, batch, serial = gs1.parse_link(link)
    except Malformed:
        return []
    if granularity == _ITEM and serial is None:
        return ["link: names no serial (AI 21), but the stub is one item's"]
    if granularity == _BATCH and (batch is None or serial is not None):
        return ["link: must name a batch (AI 10) and no serial, as the stub is a batch's"]
    if granularity == _MODEL and (batch is not None or serial is not None):
        return ["link: names a batch or serial, but the stub is the model's"]
    return []


def _host_and_port(authority: "str") -> "tuple[str, int | None]":
    host, mark, port = authority, "", ""
    if ":" in authority and not authority.endswith("]"):
        at = authority.rfind(":")
        host, mark, port = authority[:at], ":", authority[at + 1 :]
    if mark and (not 0 < len(port) <= 5 or port.strip("0123456789") or not 0 < int(port) < 65536):
        raise Malformed(f"link: port {port[:8]!r} must be 1 to 65535")
    if not host.startswith("["):
        labels = host.split(".")
        if len(host) > _LONGEST_HOST or not all([_is_label(label) for label in labels]):
            raise Malformed(f"link: {host[:80]!r} is no host name")
    elif not host.endswith("]") or host[1:-1].strip("0123456789abcdef:.") or host.count(":") < 2:
        raise Malformed(f"link: {host[:80]!r} is no host name")
    return host, int(port) if mark else None


def _is_label(label: "str") -> "bool":
    return (
        0 < len(label) <= _LONGEST_LABEL
        and not label.strip(_LABEL)
        and not label.startswith("-")
        and not label.endswith("-")
    )


def _check(part: "str", allowed: "str") -> None:
    """Only these characters, and two hex digits behind each percent sign."""
    for char in part:
        if char not in allowed:
            raise Malformed(f"link: {char!r} must be written as percent")
    for piece in part.split("%")[1:]:
        if len(piece) < 2 or piece[0] not in _HEX or piece[1] not in _HEX:
            raise Malformed("link: a percent sign without two hex digits")
