"""Pallets in GS1's words: what lay together as an AggregationEvent, and what was found of each as ObjectEvents.

A pallet with a despatch advice was received, one without was packed, where its site does not say otherwise. The tag
with an SSCC among its tags, if it is the only one, is the pallet's own; without one nobody's children are seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.epcis.places import Places
from gateway.epcis.station_map import UNIT, disposition, finished, frame, identity, text
from gateway.epcis.vocabulary import BIZ_STEPS, NAMESPACE, PREFIX

MOST_EPCS = 500  # of one event; a repository's limit on a document is often 1 MB

_FROM_GOOD_TO_BAD = ("conformant", "unknown", "mismatch_instance", "non_conformant")
_LARGEST = 1 << 53  # of a count
_ACTIONS = {"packing": "ADD", "loading": "ADD", "unpacking": "DELETE", "unloading": "DELETE"}
_DISPOSITIONS = {"shipping": "in_transit", "loading": "in_transit", "departing": "in_transit"}


class Item(NamedTuple):
    """A thing on a pallet: its URI and what a verdict said of it."""

    epc: str
    disposition: str


def item(content: Mapping[str, Any], name: str) -> Item | None:
    """The item that a pallet's verdict row is about; None where that is not known."""
    epc = identity(content, name)
    return Item(epc, disposition(content)) if epc else None


def events(
    content: Mapping[str, Any],
    at_ns: int,
    gateway: str,
    station: str,
    items: Iterable[Item],
    places: Places,
    *,
    is_timed: bool = True,
) -> list[dict[str, Any]]:
    """The events of a pallet; content: of its row, {} where that never came: its items alone are told then."""
    found: dict[str, str] = {}
    for epc, word in items:  # of what was seen twice the worse counts
        found[epc] = max(found.get(epc, word), word, key=_FROM_GOOD_TO_BAD.index)
    site = places.of(gateway)
    made = []
    if content:
        made += _together(content, sorted(found), site.biz_steps.get(station, ""))
    made += _each(content, found, site.certification)
    return [
        finished(frame(said.pop("type"), at_ns, gateway, station, content, places) | said, is_timed)
        for said in made
    ]


def _together(content: Mapping[str, Any], epcs: list[str], biz_step: str) -> list[dict[str, Any]]:
    is_expected = "expected" in content
    step = biz_step if biz_step in BIZ_STEPS else "receiving" if is_expected else "packing"
    units = [epc for epc in epcs if epc.startswith(UNIT)]
    said: dict[str, Any] = {
        "type": "AggregationEvent",
        "action": _ACTIONS.get(step, "OBSERVE") if len(units) == 1 else "OBSERVE",
        "bizStep": step,
        "disposition": _DISPOSITIONS.get(step, "in_progress"),
    }
    if len(units) == 1:
        said["parentID"] = units[0]
        epcs = [epc for epc in epcs if epc != units[0]]
    if is_expected and not _is_complete(content):
        said["disposition"] = "mismatch_instance"
    for name in ("tags", "expected", "missing_count", "unexpected_count"):
        count = content.get(name)
        if type(count) is int and 0 <= count < _LARGEST:
            said[f"{PREFIX}:{_CAMEL[name]}"] = count
    digest = content.get("digest")
    if isinstance(digest, bytes):
        said[f"{PREFIX}:pallet"] = f"{NAMESPACE}pallet/{digest[:16].hex()}"
    return [said | {"childEPCs": some} for some in _some(epcs)]


def _each(
    content: Mapping[str, Any], items: Mapping[str, str], certification: Sequence[str]
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for word in sorted(set(items.values())):
        said: dict[str, Any] = {
            "type": "ObjectEvent",
            "action": "OBSERVE",
            "bizStep": "inspecting",
            "disposition": word,
        }
        if word == "conformant" and "expected" in content and _is_complete(content):
            said["persistentDisposition"] = {"set": ["completeness_verified"]}
        if certification:
            said["certificationInfo"] = list(certification)
        epcs = sorted(
            epc for epc, found in items.items() if found == word and not epc.startswith(UNIT)
        )
        made += [said | {"epcList": some} for some in _some(epcs)]
    return made


def _is_complete(content: Mapping[str, Any]) -> bool:
    """Whether all that was expected is there, and nothing else."""
    counts = (content.get("missing_count"), content.get("unexpected_count"), content.get("beyond"))
    return counts == (0, 0, 0) and text(content, "closed_by") not in ("reader", "stopped")


def _some(epcs: Sequence[str]) -> list[list[str]]:
    return [list(epcs[at : at + MOST_EPCS]) for at in range(0, len(epcs), MOST_EPCS)]


_CAMEL = {
    "tags": "tags",
    "expected": "expected",
    "missing_count": "missing",
    "unexpected_count": "unexpected",
}
