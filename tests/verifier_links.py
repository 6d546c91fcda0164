"""Products, and links that name them, nearly do, or are made to mislead; texts spelled wrong."""

from random import Random
from typing import Any

from edge import gs1, stub

GTINS = (9520123456788, 9506000134352, 40170725, 4012345123456, 31)
_SERIALS = ("A1", "A1", "a/b?c", "%41", "x" * 20, "..", "1=2;3&4", '"', "A.b-_")
_URLS = ("https://a.b/c", "http://a?b#c", "HTTPS://[::1]:8/")
_BASES = (
    *("https://a.b", "https://a.b", "https://A.b:8/q/r", "http://a", "HTTPS://a//", "https://x@a"),
    *("hTTps://a", "https:///", "https://" + "a/" * 1010 + "a"),
)
_QUERIES = (
    *("", "", "", "?", "#x", "?17=270101", "?17=1;17=2", "?10=x", "?linkType=gs1:pip&x=%"),
    *("?%31%30=2", "?=1&17", "?11=", "?3103=00+1#21", "?1%zz=1", "?%u0031=1", "?1=%u0031"),
    *("?" + "&".join(f"{n}=1" for n in range(30, end)) for end in (61, 62, 63, 64)),
)


def product(random: Random) -> list[Any]:
    """A claim, mostly of GS1's."""
    gtin, serial = random.choice(GTINS), random.choice(_SERIALS)
    batched = [stub.GS1, gtin, random.choice(("B1", "b+c")), serial]
    others = (
        [stub.WEB_LINK, random.choice(_URLS)],
        [stub.DID, "did:example:1"],
        [stub.ISO15459, "LEABC/1,2"],
    )
    return random.choice((*([stub.GS1, gtin, serial],) * 4, *(batched,) * 2, *others))


def link(random: Random, product: list[Any]) -> str:
    """A link that names the product, or does not."""
    if product[0] != stub.GS1:
        base = random.choice((product[1], product[1], "https://a/b"))
        return base + random.choice(("", "", "#", "#x", "?", "/"))
    gtin = gs1.gtin14(random.choice((product[1], product[1], product[1], GTINS[0])))
    batch = product[2] if len(product) == 4 else "B1"
    pairs = [("01", gtin)]
    ais = (("22", "V1"), ("10", batch), ("21", product[-1]), ("235", "T1"), ("01", gtin))
    for ai, value in ais:
        if random.getrandbits(3) < {"21": 7, "10": 3}.get(ai, 1):
            pairs.append((ai, random.choice((value, value, value, "A1", "x" * 21, "", "."))))
    if not random.getrandbits(3):
        random.shuffle(pairs)
    path = "".join(f"/{ai}/{_escaped(random, value)}" for ai, value in pairs)
    text = random.choice(_BASES) + path + random.choice(_QUERIES)
    if random.getrandbits(1):
        return misspelled(random, text, "%/?#&;=+A1 .~é\n\ud800\U0001f4a9")
    return text


def misspelled(random: Random, text: str, letters: str) -> str:
    """With up to two places where letters are missing, doubled or others."""
    for _ in range(random.randrange(3)):
        at = random.randrange(len(text) + 1)
        end = at + random.choice((0, 1, 1, 1, 4, 9999))
        text = text[:at] + random.choice(letters) * random.getrandbits(1) + text[end:]
    return text


def _escaped(random: Random, value: str) -> str:
    """A value as it stands in a path, with more or fewer percent signs than it needs."""
    if not random.getrandbits(2):
        return gs1.percent_encoded(value)
    share = random.random() / 3
    return "".join(
        f"%{ord(char):02{random.choice('xX')}}" if random.random() < share else char
        for char in value
    )
