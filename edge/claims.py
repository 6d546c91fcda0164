"""Claims as people and scripts write them: JSON names (cli.md, "claims.json") to and from integer keys.

Unknown claims stand under their number. In sector fields and unknown claims, what JSON has no word for is said
so: {"hex": "00ff"} is bytes, {"1": ...} a map with integer keys, {"map": [[key, value], ...]} any other map,
{"tag": n, "value": ...} a tagged item.
"""

from edge import cbor, gs1, stub
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Row = tuple[Callable[[str, Any], Any], Callable[[Any], Any]]

GRANULARITIES = ("model", "batch", "item")
STATUSES = ("active", "inactive", "recycled", "replaced")
# fmt: off
STEPS = (
    "commissioned", "inspected", "shipped", "received", "repaired", "remanufactured", "transferred",
    "decommissioned",
)
# fmt: on
CARRIERS = {"nfc": stub.NFC, "rain": stub.RAIN}

# Scheme: claim value, and the name of its one text. GS1 has more and stands apart.
_SCHEMES = {
    "url": (stub.WEB_LINK, "url"),
    "did": (stub.DID, "did"),
    "iso15459": (stub.ISO15459, "id"),
}
_OF_THE_STUB = (stub.VERSION, stub.PRODUCT, stub.ISSUED_AT, stub.SEQ, stub.PREV, stub.CARRIER)
_LARGEST = (1 << 53) - 1  # what JSON readers keep exactly (RFC 8259 section 6)
_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"


def from_names(obj: "Any") -> "dict[int, Any]":
    """The claims that a parsed JSON object names; version, issued_at, seq and prev may be left to the caller.

    Raises Malformed with the path of what is wrong: "totals.41: ...".
    """
    claims = _keyed(obj)
    stub.check(_filled(claims))
    return claims


def changes_from_names(obj: "Any") -> "dict[int, Any]":
    """What a parsed JSON object changes in a stub that stands: any claims but those that make it that stub.

    Raises Malformed with the path of what is wrong.
    """
    claims = _keyed(obj)
    for key in _OF_THE_STUB:
        if key in claims:
            raise Malformed(f"{stub.NAMES[key]}: an update cannot change it")
    whole = dict(claims)
    whole[stub.PRODUCT] = [stub.DID, "did:example:any"]
    stub.check(_filled(whole))
    return claims


def to_names(claims: "Mapping[int, Any]") -> "dict[str, Any]":
    """The JSON object that names `claims`, from which `from_names` makes the same claims again."""
    names: "dict[str, Any]" = {}
    for key in sorted(claims):
        if key < len(_ROWS):
            names[stub.NAMES[key]] = _ROWS[key][1](claims[key])
        else:
            names[str(key)] = _named(claims[key])
    return names


def _keyed(obj: "Any") -> "dict[int, Any]":
    claims: "dict[int, Any]" = {}
    for name, value in _object("claims", obj, ()).items():  # portable: into a dict
        if name in stub.NAMES:
            key = stub.NAMES.index(name)
            claims[key] = _ROWS[key][0](name, value)
        elif _is_unknown(name):
            claims[int(name)] = _value(name, value, cbor.DEPTH - 1)
        else:
            raise Malformed(f"{name}: no such claim; there are {', '.join(stub.NAMES)}, 16 to 63")
    return claims


def _filled(claims: "dict[int, Any]") -> "dict[int, Any]":
    """`claims` with something in place of what the caller will fill in."""
    filled: "dict[int, Any]" = {stub.VERSION: 1, stub.ISSUED_AT: 0}
    filled[stub.SEQ] = 1 if stub.PREV in claims else 0
    filled.update(claims)
    if filled[stub.SEQ] and stub.PREV not in claims:
        filled[stub.PREV] = bytes(16)
    return filled


def _is_unknown(name: "str") -> "bool":
    return len(name) == 2 and not name.strip(_DIGITS) and len(_ROWS) <= int(name) < 64


def _object(path: "str", value: "Any", names: "tuple[str, ...]") -> "dict[str, Any]":
    """`value` as a JSON object, with each of `names` in it."""
    if type(value) is not dict:
        raise Malformed(f"{path}: must be an object")
    for name in names:
        if name not in value:
            raise Malformed(f"{path}.{name}: is missing")
    return value


def _only(path: "str", value: "dict[str, Any]", names: "tuple[str, ...]") -> None:
    for name in value:  # portable: any is named
        if name not in names:
            raise Malformed(f"{path}.{name}: no such name; there are {', '.join(names)}")


def _integer(path: "str", value: "Any") -> "int":
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise Malformed(f"{path}: must be an integer of 0 to {_LARGEST}")
    return value


def _text(path: "str", value: "Any") -> "str":
    if type(value) is not str:
        raise Malformed(f"{path}: must be text")
    for char in value:
        if 0xD800 <= ord(char) < 0xE000:
            raise Malformed(f"{path}: must have no lone surrogates")
    return value


def _octets(path: "str", value: "Any") -> "bytes":
    if type(value) is not str or len(value) % 2 or value.strip(_HEX):
        raise Malformed(f"{path}: must be hex digits, two a byte")
    return bytes.fromhex(value)


def _word(path: "str", value: "Any", words: "tuple[str, ...]") -> "int":
    if value not in words:
        raise Malformed(f"{path}: must be one of {', '.join(words)}")
    return words.index(value)


def _product(path: "str", value: "Any") -> "list[Any]":
    given = _object(path, value, ("scheme",))
    scheme = given["scheme"]
    if scheme == "gs1":
        _object(path, value, ("gtin", "serial"))
        _only(path, given, ("scheme", "gtin", "serial", "batch"))
        try:
            gtin = gs1.gtin(_text(f"{path}.gtin", given["gtin"]))
        except Malformed as why:
            raise Malformed(f"{path}.gtin: {why}")
        claim: "list[Any]" = [stub.GS1, gtin]
        for name in ("batch", "serial"):
            if name in given:
                if type(given[name]) is not str or not gs1.is_serial(given[name]):
                    raise Malformed(f"{path}.{name}: must be 1 to 20 characters of GS1's set 82")
                claim.append(given[name])
        return claim
    if type(scheme) is not str or scheme not in _SCHEMES:
        raise Malformed(f"{path}.scheme: must be one of gs1, {', '.join(sorted(_SCHEMES))}")
    number, name = _SCHEMES[scheme]
    _object(path, value, (name,))
    _only(path, given, ("scheme", name))
    return [number, _text(f"{path}.{name}", given[name])]


def _product_named(claim: "list[Any]") -> "dict[str, Any]":
    if claim[0] == stub.GS1:
        names = {"scheme": "gs1", "gtin": gs1.gtin14(claim[1]), "serial": claim[-1]}
        if len(claim) == 4:
            names["batch"] = claim[2]
        return names
    for scheme, (number, name) in _SCHEMES.items():  # portable: one fits
        if number == claim[0]:
            return {"scheme": scheme, name: claim[1]}
    raise ValueError(f"no product scheme {claim[0]!r}")


def _carrier(path: "str", value: "Any") -> "list[Any]":
    given = _object(path, value, ("kind", "id"))
    _only(path, given, ("kind", "id"))
    if type(given["kind"]) is not str or given["kind"] not in CARRIERS:
        raise Malformed(f"{path}.kind: must be one of {', '.join(sorted(CARRIERS))}")
    return [CARRIERS[given["kind"]], _octets(f"{path}.id", given["id"])]


def _carrier_named(claim: "list[Any]") -> "dict[str, str]":
    for kind, number in CARRIERS.items():  # portable: one fits
        if number == claim[0]:
            return {"kind": kind, "id": claim[1].hex()}
    raise ValueError(f"no carrier kind {claim[0]!r}")


def _totals(path: "str", value: "Any") -> "dict[int, int]":
    claim = {}
    for name, total in _object(path, value, ()).items():  # portable: into a dict
        if name.strip(_DIGITS) or len(name) != 2 or int(name) not in stub.TOTAL_CODES:
            codes = ", ".join([str(code) for code in sorted(stub.TOTAL_CODES)])
            raise Malformed(f"{path}.{name}: no such total; there are {codes}")
        claim[int(name)] = _integer(f"{path}.{name}", total)
    return claim


def _totals_named(claim: "dict[int, int]") -> "dict[str, int]":
    return {str(code): claim[code] for code in sorted(claim)}


def _sector(path: "str", value: "Any") -> "list[Any]":
    given = _object(path, value, ("profile", "fields"))
    _only(path, given, ("profile", "fields"))
    fields = {}
    # portable: into a dict
    for name, field in _object(f"{path}.fields", given["fields"], ()).items():
        at = f"{path}.fields.{name}"
        fields[_key(at, name)] = _value(at, field, cbor.DEPTH - 3)
    return [_integer(f"{path}.profile", given["profile"]), fields]


def _sector_named(claim: "list[Any]") -> "dict[str, Any]":
    fields = {str(key): _named(claim[1][key]) for key in sorted(claim[1])}
    return {"profile": claim[0], "fields": fields}


def _parts(path: "str", value: "Any") -> "list[Any]":
    given = _object(path, value, ("count", "root"))
    _only(path, given, ("count", "root"))
    count = _integer(f"{path}.count", given["count"])
    return [count, _octets(f"{path}.root", given["root"])]


def _parts_named(claim: "list[Any]") -> "dict[str, Any]":
    return {"count": claim[0], "root": claim[1].hex()}


def _key(path: "str", name: "str") -> "int":
    digits = name[1:] if name.startswith("-") else name
    if not 0 < len(digits) <= 20 or digits.strip(_DIGITS) or str(int(name)) != name:
        raise Malformed(f"{path}: must have an integer as its name")
    return _bounded(path, int(name))


def _bounded(path: "str", value: "int") -> "int":
    if not -(1 << 64) <= value < 1 << 64:
        raise Malformed(f"{path}: must be an integer of 64 bits")
    return value


def _value(path: "str", value: "Any", levels: "int") -> "Any":  # portable: `levels` bounds it
    """Any CBOR value from its JSON; `levels` may still open."""
    if value is None or value is True or value is False:
        return value
    if type(value) is int:
        return _bounded(path, value)
    if type(value) is str:
        return _text(path, value)
    if type(value) is dict and len(value) == 1 and "hex" in value:
        return _octets(f"{path}.hex", value["hex"])
    if not levels:
        raise Malformed(f"{path}: nested deeper than {cbor.DEPTH} levels")
    levels -= 1
    if type(value) is list:
        return [_value(f"{path}.{at}", value[at], levels) for at in range(len(value))]
    if type(value) is not dict:
        raise Malformed(f"{path}: must be an integer, text, list or object")
    if len(value) == 1 and "map" in value:
        return _map(f"{path}.map", value["map"], levels)
    if len(value) == 2 and "tag" in value and "value" in value:
        tag = value["tag"]
        if type(tag) is not int or not 0 <= tag < 1 << 64:
            raise Malformed(f"{path}.tag: must be an integer of 64 bits")
        return cbor.Tag(tag, _value(f"{path}.value", value["value"], levels))
    return {
        _key(f"{path}.{name}", name): _value(f"{path}.{name}", inner, levels)
        for name, inner in value.items()
    }


def _map(path: "str", pairs: "Any", levels: "int") -> "dict[Any, Any]":
    found: "dict[Any, Any]" = {}
    if type(pairs) is not list:
        raise Malformed(f"{path}: must be a list of pairs")
    for at in range(len(pairs)):
        if type(pairs[at]) is not list or len(pairs[at]) != 2:
            raise Malformed(f"{path}.{at}: must be [key, value]")
        key = _value(f"{path}.{at}", pairs[at][0], 0)
        if type(key) not in (int, str, bytes) or key in found:
            raise Malformed(f"{path}.{at}: must have an integer, text or bytes as its key, once")
        found[key] = _value(f"{path}.{at}", pairs[at][1], levels)
    return found


def _named(value: "Any") -> "Any":  # portable: cbor.DEPTH levels
    """The JSON for any CBOR value."""
    if type(value) is bytes:
        return {"hex": value.hex()}
    if type(value) is cbor.Tag:
        return {"tag": value.number, "value": _named(value.value)}
    if type(value) is list:
        return [_named(inner) for inner in value]
    if type(value) is not dict:
        return value
    if all([type(key) is int for key in value]):
        return {str(key): _named(value[key]) for key in sorted(value)}
    keys = sorted([(cbor.encode(key), key) for key in value])
    return {"map": [[_named(key), _named(value[key])] for _, key in keys]}


def _words(words: "tuple[str, ...]") -> "Row":
    return (lambda path, value: _word(path, value, words)), (lambda claim: words[claim])


def _same(claim: "Any") -> "Any":
    return claim


_INTEGER: "Row" = (_integer, _same)
_OCTETS: "Row" = (_octets, lambda claim: claim.hex())

_ROWS: "tuple[Row, ...]" = (
    _INTEGER,  # version
    (_product, _product_named),
    _words(GRANULARITIES),
    _OCTETS,  # digest
    _INTEGER,  # issued_at
    _INTEGER,  # seq
    _OCTETS,  # prev
    (_carrier, _carrier_named),
    (_text, _same),  # operator
    _words(STATUSES),
    _words(STEPS),
    (_totals, _totals_named),
    (_sector, _sector_named),
    (_parts, _parts_named),
    _OCTETS,  # restricted
    _words(stub.EVIDENCE_LEVELS),
)  # by claim key: from JSON, to JSON
