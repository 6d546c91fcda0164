"""A passport's document sorted for reading: which of its members belong together on the page, and what else there is.

The header of EN 18223 is known, and the words that passports use for name, maker, materials, repair and certificates,
of the top level or of `product`. What is not known, or not of the shape that is expected, goes to `more`, as it
stands: nothing that was published is left out. EN 18223's expanded form is read as its compressed one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from gateway.web.inert import inert
from gateway.web.variables import decimal, quantity

_LONGEST_URL = 2048  # characters
_MOST_MATERIALS = 500
_DEEPEST = 16  # levels of expanded elements

HEADER = (
    *("digitalProductPassportId", "uniqueProductIdentifier", "granularity", "dppSchemaVersion"),
    *("dppStatus", "lastUpdated", "economicOperatorId", "facilityId"),
    *("contentSpecificationId", "contentSpecificationIds"),
)
_HIDDEN = (*HEADER, "accessClasses", "withheld")
_NAMES = ("productName", "name", "model", "modelName")
_MAKERS = ("manufacturer", "manufacturerName", "brand", "maker", "producer")
_TITLES = ("name", "title", "type", "label")
_HREFS = ("url", "href", "uri", "link", "resourceURL", "documentURL")
_LISTS = ("materials", "billOfMaterials", "rawMaterials", "batteryMaterials")
_SECTIONS = {
    "care": (
        *("repair", "repairability", "repairInstructions", "maintenance", "spareParts", "disassembly"),
        *("dismantling", "recycling", "recyclingInstructions", "disposal", "endOfLife", "reuse"),
        *("C2.1", "takeBack", "instructions", "careInstructions", "safetyInstructions"),
    ),
    "certificates": (
        *("certificates", "certifications", "certification", "documents", "declarations", "labels"),
        *("declarationOfConformity", "conformity", "testReports", "resultOfTestReport"),
        *("certificationInfo", "thirdPartyAussurances", "supplyChainDueDiligenceReport"),
    ),
    "materials": (
        *("recycledContent", "substances", "substancesOfConcern", "hazardousSubstances", "svhc"),
        *("criticalRawMaterials", "batteryChemistry", "materialComposition"),
    ),
    "footprint": (
        *("carbonFootprint", "environmentalFootprint", "footprint", "energy"),
        *("carbonFootprintPerLifecycleStage", "carbonFootprintStudy", "batteryCarbonFootprint"),
    ),
    "life": ("lifetime", "durability", "warranty", "guarantee", "warrentyPeriod", "support"),
}  # fmt: skip
_SECTION_OF = {name: section for section, names in _SECTIONS.items() for name in names}
_ELEMENT = frozenset(
    ("elementId", "objectType", "value", "elements", "valueDataType", "dictionaryReference")
)
_MATERIAL = {
    "name": ("name", "material", "materialName", "batteryMaterialName", "substance"),
    "cas": ("cas", "casNumber", "batteryMaterialIdentifier"),
    "critical": ("critical", "isCritical", "isCriticalRawMaterial"),
    "svhc": ("svhc", "isSvhc", "isSVHC", "substanceOfConcern", "isSubstanceOfConcern"),
    "g": ("g", "grams", "mass_g", "massG"),
    "kg": ("kg", "mass_kg", "massKg"),
    "share": ("share", "massShare", "mass_share"),
    "recycled": ("recycledShare", "recycled_share", "recycledContent", "recycled"),
}
_MATERIAL_OF = {name: kind for kind, names in _MATERIAL.items() for name in names}


@dataclass(frozen=True, slots=True)
class Material:
    """One material. grams: of the product; share, recycled: from 0 to 1. more: what else its object has."""

    name: str
    grams: Decimal | None = None
    share: Decimal | None = None
    recycled: Decimal | None = None
    cas: str = ""
    is_critical: bool = False
    is_svhc: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate or another document that lies elsewhere. rest: what else is said of it."""

    name: Any
    href: str
    rest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A document, sorted. sections: "care", "certificates", ... and "more", each member -> its value as published."""

    name: str = ""
    maker: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)
    variables: object = None
    materials: tuple[Material, ...] = ()
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_partial: bool = False  # some of it is withheld from this reader


def sort(said: Mapping[str, Any], language: str) -> Document:
    """What a reader may see of a document, sorted. language: whose text is taken where there are several."""
    rest = {key: value for key, value in said.items() if key not in _HIDDEN}
    rest = _with_elements(rest)
    product = rest.pop("product", None)
    if isinstance(product, dict):
        left = dict(product)
        name, maker = _take(left, _NAMES, language), _take(left, _MAKERS, language)
        for key in ("gtin", "serial"):
            left.pop(key, None)
        if left:
            rest["product"] = left
    else:
        name = maker = ""
        if product is not None:
            rest["product"] = product
    name = name or _take(rest, _NAMES, language)
    maker = maker or _take(rest, _MAKERS, language)
    materials: tuple[Material, ...] = ()
    for key in _LISTS:
        found = _materials(rest.get(key), language)
        if found and not materials:
            materials = found
            del rest[key]
    sections: dict[str, dict[str, Any]] = {}
    variables = rest.pop("variables", None)
    for key, value in rest.items():
        sections.setdefault(_SECTION_OF.get(key, "more"), {})[key] = value
    header = {key: said[key] for key in HEADER if said.get(key) is not None}
    return Document(name, maker, header, variables, materials, sections, bool(said.get("withheld")))


def in_language(value: Any, language: str) -> Any:
    """Of a text in several languages, {"en": "...", "de": "..."}, the one that fits; any other value as it is."""
    if not isinstance(value, dict) or not value:
        return value
    for key, each in value.items():
        is_tag = key.isascii() and len(key.partition("-")[0]) == 2 and key[:2].islower()
        if not is_tag or not isinstance(each, str):
            return value
    near = [key for key in value if key.partition("-")[0] == language]
    return value[(near or [key for key in value if key.startswith("en")] or list(value))[0]]


def link(value: object) -> str | None:
    """A text as a link that may be followed: https, to a host in ASCII, without a user; else None."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return None
    if len(value) > _LONGEST_URL or inert(value, _LONGEST_URL) != value or " " in value:
        return None
    try:
        parts = urlsplit(value)
        host, has_user = parts.hostname, "@" in parts.netloc
        _ = parts.port
    except ValueError:
        return None
    return value if host and host.isascii() and "\\" not in value and not has_user else None


def paper(said: Any) -> Paper | None:
    """An object with a name and a link that may be followed; None where it is none."""
    if not isinstance(said, dict):
        return None
    names = [key for key in _TITLES if isinstance(said.get(key), str | dict) and said[key]]
    hrefs = [key for key in _HREFS if link(said.get(key))]
    if not names or not hrefs:
        return None
    rest = {key: value for key, value in said.items() if key not in (names[0], hrefs[0])}
    return Paper(said[names[0]], said[hrefs[0]], rest)


def _take(said: dict[str, Any], names: tuple[str, ...], language: str) -> str:
    """The first of these members that is a text, taken out of `said`; a maker's object gives its name alone."""
    for key in names:
        value = in_language(said.get(key), language)
        if isinstance(value, str) and value.strip():
            del said[key]
            return value
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            return str(value["name"])  # the rest of it is shown below
    return ""


def _with_elements(said: dict[str, Any]) -> dict[str, Any]:
    """The document with its expanded `elements` as members, where each can be one."""
    held = said.get("elements")
    found = _compressed(held, _DEEPEST)
    if not isinstance(held, list) or not isinstance(found, dict) or set(found) & set(said):
        return said
    return {key: value for key, value in said.items() if key != "elements"} | found


def _compressed(held: Any, levels: int) -> Any:
    """A list of expanded elements as an object; what is none, as it is."""
    if not isinstance(held, list) or not held or not levels:
        return held
    found: dict[str, Any] = {}
    for each in held:
        if not isinstance(each, dict) or set(each) - _ELEMENT:
            return held
        name, has_value = each.get("elementId"), "value" in each
        if not isinstance(name, str) or name in found or has_value == ("elements" in each):
            return held
        found[name] = each["value"] if has_value else _compressed(each["elements"], levels - 1)
    return found


def _materials(said: Any, language: str) -> tuple[Material, ...]:
    """A list of materials; nothing where any item is none."""
    if not isinstance(said, list) or not 0 < len(said) <= _MOST_MATERIALS:
        return ()
    found = [_material(each, language) for each in said]
    return tuple(each for each in found if each is not None) if all(found) else ()


def _material(said: Any, language: str) -> Material | None:
    if not isinstance(said, dict):
        return None
    read: dict[str, Any] = {}
    more = {}
    for key, value in said.items():
        kind = _MATERIAL_OF.get(key)
        understood = None if kind is None or kind in read else _read(kind, value, language)
        if understood is None:
            more[key] = value
        else:
            read[str(kind)] = understood
    if "name" not in read:
        return None
    if "g" in read and "kg" in read:
        return None  # they might differ: shown as it stands
    return Material(
        read["name"],
        read.get("g", read.get("kg")),
        read.get("share"),
        read.get("recycled"),
        read.get("cas", ""),
        read.get("critical", False),
        read.get("svhc", False),
        more,
    )


def _read(kind: str, value: Any, language: str) -> Any:
    """A material's member as its kind has it; None where it is not so."""
    if kind in ("name", "cas"):
        text = in_language(value, language)
        return text if isinstance(text, str) and text.strip() else None
    if kind in ("critical", "svhc"):
        return value if isinstance(value, bool) else None
    if kind in ("g", "kg"):
        return quantity(value, kind, "grams")
    ratio = decimal(value)
    return ratio if ratio is not None and 0 <= ratio <= 1 else None
