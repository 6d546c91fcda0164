"""Numbers as people of a language read them: grams, years, shares; the profile's integers come in, words go out."""

from decimal import ROUND_HALF_EVEN, Decimal

from gateway.web.words import Words

_GRAMS = ((Decimal(1_000_000), "t"), (Decimal(1000), "kg"), (Decimal(1), "g"))
_FIGURES = 3  # significant ones, of what is not whole
_NARROW = "\u202f"  # no-break space between thousands
_COMMA = ("de", "fr", "nl")
_LARGEST = Decimal(10) ** 18


def number(value: Decimal, language: str) -> str:
    """A number with the language's decimal mark, and thousands apart from five digits on."""
    if abs(value) >= _LARGEST:
        return f"{value:.3e}"
    whole, _, rest = f"{value:f}".partition(".")
    digits = whole.lstrip("-")
    if len(digits) > 4:
        whole = ("-" if value < 0 else "") + f"{int(digits):,}".replace(",", _NARROW)
    rest = rest.rstrip("0")
    return whole + ((("," if language in _COMMA else ".") + rest) if rest else "")


def grams(value: Decimal, t: Words) -> str:
    """A mass: 850 g, 1.24 kg, 3.5 t; below a gram in mg."""
    if value and abs(value) < 1:
        return _with("mg", value * 1000, t)
    for size, unit in _GRAMS:
        if abs(value) >= size:
            return _with(unit, value / size, t)
    return _with("g", value, t)


def years(tenths: Decimal, t: Words) -> str:
    """A duration, from tenths of years: 1 year, 2.5 years."""
    value = tenths / 10
    return t(f"passport.unit.{'year' if value == 1 else 'years'}", n=number(value, t.language))


def percent(ratio: Decimal, t: Words) -> str:
    """A share, from 0 to 1: 12 %, 0.4 %."""
    value = ratio * 100
    places = Decimal(1) if abs(value) >= 10 else Decimal("0.1")
    return t(
        "passport.unit.percent",
        n=number(value.quantize(places, ROUND_HALF_EVEN), t.language),
    )


def _with(unit: str, value: Decimal, t: Words) -> str:
    return t(f"passport.unit.{unit}", n=number(_rounded(value), t.language))


def _rounded(value: Decimal) -> Decimal:
    """To three significant figures, whole from 100 on."""
    places = Decimal(1).scaleb(max(value.adjusted() - _FIGURES + 1, -_FIGURES)) if value else 1
    return value.quantize(min(Decimal(places), Decimal(1)), ROUND_HALF_EVEN)
