"""The figures of a passport page, as they are read: materials, recycled share, lifetime, footprint by phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.web import quantities
from gateway.web.charts import Bar, bars
from gateway.web.passport_document import Document
from gateway.web.variables import PHASES, Variable, kind
from gateway.web.words import Words


@dataclass(frozen=True, slots=True)
class Figure:
    """A variable in words. said: with its unit; differs: what the tag says, if that is another; share: of the mass."""

    code: str
    said: str
    source: str
    differs: str | None
    share: str | None = None


def of(found: Mapping[str, Variable], codes: Sequence[str], t: Words) -> list[Figure]:
    """Those of `codes` that there are, in their order."""
    whole = found.get("mass") or found.get("A1.1")
    said = []
    for code in codes:
        each = found.get(code)
        if each is None:
            continue
        share = None
        if code in ("A1.1", "A1.2", "A1.3", "A1.4") and whole is not None and whole.value > 0:
            share = quantities.percent(each.value / whole.value, t)
        differs = None if each.on_tag is None else _said(code, each.on_tag, t)
        said.append(Figure(code, _said(code, each.value, t), each.source, differs, share))
    return said


def methods(found: Mapping[str, Variable]) -> list[tuple[list[str], str, str]]:
    """(variables, method, list version), the variables of one method together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for code, each in found.items():
        if each.method or each.list_version:
            alike.setdefault((each.method, each.list_version), []).append(code)
    return [(codes, method, version) for (method, version), codes in alike.items()]


def recycled(found: Mapping[str, Variable], t: Words) -> str | None:
    """The recycled share of the product's weight."""
    part, whole = found.get("A1.2"), found.get("mass") or found.get("A1.1")
    if part is None or whole is None or not 0 < whole.value >= part.value >= 0:
        return None
    return quantities.percent(part.value / whole.value, t)


def parts(document: Document, t: Words) -> list[dict[str, Any]]:
    """The list of materials as a table's cells."""
    return [
        {
            "name": each.name,
            "mass": "" if each.grams is None else quantities.grams(each.grams, t),
            "proportion": "" if each.share is None else quantities.percent(each.share, t),
            "recycled": "" if each.recycled is None else quantities.percent(each.recycled, t),
            "cas": each.cas,
            "critical": each.is_critical,
            "svhc": each.is_svhc,
            "more": each.more,
        }
        for each in document.materials
    ]


def footprint(found: Mapping[str, Variable], t: Words) -> dict[str, Any] | None:
    """The phases, their sum, and the chart; None where there are none."""
    phases = [found[code] for code in PHASES if code in found]
    if not phases:
        return None
    whole = sum((each.value for each in phases), Decimal(0))
    rows, drawn = [], []
    for each, figure in zip(phases, of(found, PHASES, t), strict=True):
        share = quantities.percent(each.value / whole, t) if whole > 0 else ""
        rows.append((figure, share))
        name = t(f"passport.variable.{each.code}")
        less = "less" if each.value < 0 else ""
        drawn.append(
            Bar(name, float(each.value), f"{figure.said} · {share}" if share else figure.said, less)
        )
    largest = max(phases, key=lambda each: each.value)
    described = t(
        "passport.footprint.described",
        phase=t(f"passport.variable.{largest.code}"),
        value=_said(largest.code, largest.value, t),
        share=quantities.percent(largest.value / whole, t) if whole > 0 else "",
    )
    span = found.get("B1")
    return {
        "rows": rows,
        "total": quantities.grams(whole, t),
        "chart": bars("footprint-chart", t("passport.footprint.chart"), described, drawn),
        "span": span and t("passport.footprint.span", years=quantities.years(span.value, t)),
    }


def _said(code: str, value: Decimal, t: Words) -> str:
    counted = kind(code)
    if counted == "tenths":
        return quantities.years(value, t)
    if counted == "plain":
        return quantities.number(value, t.language)
    return quantities.grams(value, t)
