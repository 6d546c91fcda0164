"""A tag as an option of the command line names it: CHIP[:UID]."""

from hwsim.chips import CHIPS
from hwsim.field import Field
from hwsim.ntag import Tag


def tag_named(text: str, field: Field) -> Tag:
    """That tag; one that the field knows is that very one. ValueError where there is none of this kind."""
    name, _, uid = text.partition(":")
    if name not in CHIPS:
        raise ValueError(f"no chip {name!r}: known are {', '.join(CHIPS)}")
    try:
        raw = bytes.fromhex(uid) if uid else field.faults.make_uid()
    except ValueError:
        raise ValueError(f"tag {text!r}: {uid!r} is no hex") from None
    return field.known.get(raw) or Tag(CHIPS[name], raw)
