"""The charts page's pictures: answers by time as columns, and by what they were as bars."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from gateway.web.charts import Bar, Column, bars, columns
from gateway.web.quantities import number
from gateway.web.station.tally import COLOURS
from gateway.web.words import Words

_MOST = 12  # bars; the rest is one


def charts(
    found: Mapping[str, Any], t: Words, moment: Callable[[float], str]
) -> dict[str, Markup | str]:
    """`columns`, `bars` and the `summary` of Tally.throughput's answer. moment: Unix seconds as text."""
    parts = [
        Column(moment(bar["at"])[5:16], [(colour, bar[colour]) for colour in COLOURS])
        for bar in found["bars"]
    ]
    total = sum(int(each.height) for each in parts)
    said = [
        Bar(
            f"{t('station.colour.' + each['colour'])}: {_words(each, t)}",
            each["count"],
            str(each["count"]),
            each["colour"],
        )
        for each in found["outcomes"][:_MOST]
    ]
    rest = sum(each["count"] for each in found["outcomes"][_MOST:])
    if rest:
        said.append(Bar(t("station.charts.rest"), rest, str(rest)))
    takt = "–" if found["takt_s"] is None else number(Decimal(str(found["takt_s"])), t.language)
    desc = t("station.charts.summary", total=total, takt=takt)
    return {
        "columns": columns("throughput", t("station.charts.throughput"), desc, parts),
        "bars": bars("verdicts", t("station.charts.verdicts"), desc, said),
        "summary": desc,
    }


def _words(said: Mapping[str, Any], t: Words) -> str:
    row, outcome = f"verdict.row.{said['why']}.title", f"record.outcome.{said['outcome']}"
    if said["why"] and row in t and said["colour"] != "green":
        return t(row)
    return t(outcome) if outcome in t else str(said["outcome"])
