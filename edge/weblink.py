"""Web links on products: RFC 3986 strictly, IEC 61406-1 (Identification Link), and the pre-flight of one."""

from edge import gs1
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LONGEST = 2048  # characters of a link, its fragment aside
LONGEST_IDENTIFICATION_LINK = 255  # characters; IEC 61406-1, ILS-5 "String length"
_LONGEST_FRAGMENT = 8192  # characters; a stub's has 6556 at most

_VISIBLE = gs1.UNRESERVED + "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}"
_HEX = "0123456789abcdefABCDEF"
_SUB_DELIMS = "!$&'()*+,;="
_PATH = gs1.UNRESERVED + _SUB_DELIMS + ":@/%"  # RFC 3986, section 3.3
_QUERY = _PATH + "?"  # sections 3.4 and 3.5
_LABEL = "0123456789abcdefghijklmnopqrstuvwxyz-"
_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253  # characters; RFC 1035, section 2.3.4, without the root's dot
_LONGEST_LABEL = 63
_BATCH, _ITEM = 1, 2  # granularity, as in a stub
_WEB_LINK = 1  # product scheme, as in a stub


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


def parse(uri: "str") -> "WebLink":
    """The parts of an http or https link.

    Raises Malformed for other schemes, what is no ASCII, user-info, and whatever else RFC 3986 has not there.
    """
    whole, _, fragment = uri.partition("#")
    if len(whole) > LONGEST or len(fragment) > _LONGEST_FRAGMENT:
        raise Malformed(f"link: {len(uri)} characters, {LONGEST} at most before the fragment")
    foreign = uri.strip(_VISIBLE)
    if foreign and ord(foreign[0]) > 0x7F:
        raise Malformed(f"link: U+{ord(foreign[0]):04X} is not ASCII, and may look like what is")
    if foreign:
        raise Malformed(f"link: a space or control character, {ord(foreign[0]):#04x}")
    scheme, mark, rest = whole.partition("://")
    scheme = scheme.lower()  # portable: ASCII, as just seen
    if not mark or scheme not in _PORTS:
        raise Malformed("link: must be https://host...")
    front, _, query = rest.partition("?")
    authority, slash, path = front.partition("/")
    if "@" in authority:
        raise Malformed("link: user-info before the host: what stands there is no host")
    host, port = _host_and_port(authority.lower())  # portable: ASCII, as just seen
    for part, allowed in ((path, _PATH), (query, _QUERY), (fragment, _QUERY)):
        _check(part, allowed)
    for segment in path.lower().split("/"):  # portable: ASCII, as just seen
        if segment.replace("%2e", ".") in (".", ".."):
            raise Malformed("link: a segment of dots, which a browser leaves out")
    return WebLink(scheme, host, port, slash + path, query, fragment)


def faults(
    link: "str",
    hosts: "Sequence[str]" = (),
    granularity: "int | None" = None,
    product: "Sequence[Any] | None" = None,
) -> "list[str]":
    """The pre-flight of a link before it goes on a product: why it should not, one sentence each; empty: it may.

    hosts: "host" or "host:port" of those allowed, any where none is given. granularity: of the stub (0 model, 1 batch,
    2 item): a GS1 Digital Link must be as fine. product: claim 1 of the stub, which the link must not contradict.
    """
    try:
        found = parse(link)
    except Malformed as why:
        return [str(why)]
    said = []
    if found.scheme != "https":
        said.append("link: must be https: what comes by http can be changed on its way")
    said += suspicions(found, hosts)
    if hosts and not _is_among(found, hosts):
        said.append(f"link: host {found.host} is not one of {', '.join(hosts)}")
    if "#" in link:
        said.append("link: must have no fragment: a stub goes there")
    if is_digital_link(found):
        said += _digital_link_faults(link, granularity)
    if product is not None and gs1.link_names(link, product) is False:
        said.append("link: names another product than the stub")
    if product is not None and product[0] == _WEB_LINK:
        said += identification_link_faults(link)
    return said


def identification_link_faults(link: "str") -> "list[str]":
    """What keeps a link from being an Identification Link of IEC 61406-1, where the link itself is the identifier.

    Its string has at most 255 characters (ILS-5), none but RFC 3986's (ILS-7), which leaves no percent signs, and
    scheme and host in lower case (ILS-8). What is in the path is the issuer's affair.
    """
    said = []
    if len(link) > LONGEST_IDENTIFICATION_LINK:
        most = LONGEST_IDENTIFICATION_LINK
        said.append(f"link: {len(link)} characters; an Identification Link has {most} at most")
    if "%" in link:
        said.append("link: an Identification Link has no percent signs")
    front = "/".join(link.split("/")[:3])
    if front != front.lower():  # portable: a link of parse() is ASCII
        said.append("link: scheme and host of an Identification Link are lower case")
    return said


def suspicions(link: "WebLink", hosts: "Sequence[str]" = ()) -> "list[str]":
    """Why a link that was read is refused, though it is one: a strange port, a host that is no plain name.

    hosts: as for `faults`; those named there are trusted.
    """
    said = []
    if link.port not in (None, _PORTS[link.scheme]) and f"{link.host}:{link.port}" not in hosts:
        said.append(f"link: port {link.port} is not the default of {link.scheme}")
    if _is_among(link, hosts):
        return said
    if "xn--" in link.host:
        said.append(f"link: host {link.host} is punycode, and may look like another one")
    last = link.host.split(".")[-1]
    if link.host.startswith("[") or _is_number(last) or last.startswith("0x"):
        said.append(f"link: host {link.host} is an address, not a name")
    return said


def is_digital_link(link: "WebLink") -> "bool":
    """Whether the path is meant as a GS1 Digital Link's with AI 01, right or wrong: /01/ and 12 to 14 digits.

    Written as percent they count, too: a resolver may decode before it looks.
    """
    parts = gs1.percent_decoded(link.path).split("/")
    for at in range(len(parts) - 1):
        if parts[at] == "01" and 12 <= len(parts[at + 1]) <= 14 and _is_number(parts[at + 1]):
            return True
    return False


def _digital_link_faults(link: "str", granularity: "int | None") -> "list[str]":
    try:
        _, batch, serial = gs1.parse_link(link)
    except Malformed as why:
        return [f"link: {why}"]
    if granularity == _ITEM and serial is None:
        return ["link: names no serial (AI 21), but the stub is of one item"]
    if granularity == _BATCH and batch is None:
        return ["link: names no batch (AI 10), but the stub is of a batch"]
    return []


def _is_among(link: "WebLink", hosts: "Sequence[str]") -> "bool":
    return link.host in hosts or f"{link.host}:{link.port}" in hosts


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


def _is_number(text: "str") -> "bool":
    return text != "" and not text.strip("0123456789")


def _is_label(label: "str") -> "bool":
    return (
        0 < len(label) <= _LONGEST_LABEL
        and not label.strip(_LABEL)
        and not label.startswith("-")
        and not label.endswith("-")
    )


def _check(part: "str", allowed: "str") -> None:
    """Only these characters, and two hex digits behind each percent sign."""
    rest = part.strip(allowed)
    if rest:
        raise Malformed(f"link: {rest[0]!r} must be written as percent")
    for piece in part.split("%")[1:]:
        if len(piece) < 2 or piece[0] not in _HEX or piece[1] not in _HEX:
            raise Malformed("link: a percent sign without two hex digits")
