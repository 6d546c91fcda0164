"""The print profile of the passport stub: a code holds the https link, and the stub in its fragment, `#s=...`.

base64url (RFC 4648, section 5) or base32 in upper case (section 6), both without padding. A stub begins with the bytes
D2 84, so base64url begins with "0" and base32 with "2": the first character tells which it is. There is one spelling
of the bytes in either form, and no other is accepted.
"""

from binascii import a2b_base64, b2a_base64

from edge.errors import DoesNotFit, Malformed

BASE64URL, BASE32 = "base64url", "base32"
FORMS = (BASE64URL, BASE32)

LARGEST = 4096  # bytes of a stub, envelope.CEILING: this module loads without those that verify one

_MARK = "s="
_STUB = b"\xd2\x84"  # tag 18, array of 4
_BITS_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BITS_64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LONGEST = (LARGEST * 8 + 4) // 5  # characters


def split(text: "str") -> "tuple[str, bytes | None]":
    """(link without its fragment, stub) of what a code holds; None where the fragment is none or not ours.

    The stub is only unpacked here. Raises Malformed where `#s=` is not one spelling of bytes that begin as a stub.
    """
    link, mark, fragment = text.partition("#")
    if not mark or not fragment.startswith(_MARK):
        return link, None
    spelled = fragment[len(_MARK) :]
    if len(spelled) > _LONGEST:
        raise Malformed(f"fragment: {len(spelled)} characters, {_LONGEST} at most")
    if spelled.startswith("0") and not spelled.strip(_BITS_64):
        stub, form = _from_base64url(spelled), BASE64URL
    elif spelled.startswith("2") and not spelled.strip(_BITS_32):
        stub, form = _from_base32(spelled), BASE32
    else:
        raise Malformed("fragment: #s= must be a stub in base64url or upper-case base32")
    if not stub.startswith(_STUB) or len(stub) > LARGEST or spell(stub, form) != spelled:
        raise Malformed("fragment: #s= is not the one spelling of a stub's bytes")
    return link, stub


def join(link: "str", stub: "bytes", form: "str") -> "str":
    """What a code holds: the link, and the stub spelled in `form` in its fragment.

    Raises Malformed for a link that has a fragment or a stub that does not begin as one, DoesNotFit beyond 4096 bytes.
    """
    if "#" in link:
        raise Malformed(f"link {link[:80]!r} must have no fragment: the stub goes there")
    if not stub.startswith(_STUB):
        raise Malformed("what goes into the fragment must be a stub, tag 18")
    if len(stub) > LARGEST:
        raise DoesNotFit("the stub is too large for any carrier", len(stub) - LARGEST)
    return link + "#" + _MARK + spell(stub, form)


def spell(data: "bytes", form: "str") -> "str":
    """Bytes in base64url or in upper-case base32, without padding."""
    if form == BASE64URL:
        text = b2a_base64(data).decode()
        return text.rstrip("\n=").replace("+", "-").replace("/", "_")
    if form != BASE32:
        raise ValueError(f"no form {form!r}: {', '.join(FORMS)}")
    out = []
    held = bits = 0
    for byte in data:
        held = held << 8 | byte
        bits += 8
        while bits >= 5:
            bits -= 5
            out.append(_BITS_32[held >> bits])
            held &= (1 << bits) - 1
    if bits:
        out.append(_BITS_32[held << 5 - bits])
    return "".join(out)


def _from_base64url(text: "str") -> "bytes":
    if len(text) % 4 == 1:
        raise Malformed("fragment: base64url ends in the middle of a byte")
    text = text.replace("-", "+").replace("_", "/")
    return a2b_base64((text + "=" * (-len(text) % 4)).encode())


def _from_base32(text: "str") -> "bytes":
    out = bytearray()
    held = bits = 0
    for char in text:
        held = held << 5 | _BITS_32.index(char)
        bits += 5
        if bits >= 8:
            bits -= 8
            out.append(held >> bits)  # portable: 8 bits are left
            held &= (1 << bits) - 1
    return bytes(out)
