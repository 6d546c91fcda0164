"""What a stub is worth: stub bytes, the tag that they were read from, a trust list and the time make a Verdict.

The answers of stub.md, "Verdict", kept apart; one table turns them into a colour. Whatever a carrier holds,
the answer is a value.
"""

from edge import cose, envelope, gs1, mini, ndef, stub
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from edge.stub import Stub
    from edge.trust import Entry, TrustList

    Verifier = Callable[[bytes, bytes, bytes], bool]

# The first row whose conditions all hold gives the colour, and its reason. What no row foresees is red. One text, for
# as tuples it would take two kilobytes of a board's heap.
COLOURS = """\
red integrity=malformed: what stands there is no passport stub
red integrity=bad_signature: it was changed after it was signed, or is forged
red key=revoked: the signing key was revoked
red key=wrong_role: the signing key may not sign for this product
red binding=mismatch: it was written for another tag: a copy
red link=mismatch: the link beside it names another product
red chain=fork: two different stubs claim the same place in its history
amber integrity=unsigned: there is no signed stub
amber key=unknown: the signing key is not in the trust list
amber key=not_yet_valid: the signing key is not valid yet
amber key=expired: it was signed after the signing key had expired
amber key=expired_list: the trust list is out of date: fetch the newest
amber chain=behind: a later stub of this product was seen before
amber chain=gap: stubs between this one and the one before were never seen
amber binding=not_checked: the tag that it was written for was not asked
amber binding=not_bound read_from=tag: it stands on a tag, but was written for none
green integrity=valid key=trusted binding=match/not_bound chain=first/follows/not_checked link=match/not_checked\
: signed by a trusted key, unchanged, where it belongs
red: an answer that this table does not know
"""

_KEPT = 8
_judged_before: "dict[tuple[str, ...], tuple[str, str]]" = {}  # answers -> colour, reason

# Which of several stubs tells most, where none is valid.
_TELLING = ("unsigned", "malformed", "bad_signature", "not_checked", "valid")

# Which answer counts where a stub is held against several of its chain: the last.
_CHAIN_TELLING = ("not_checked", "first", "gap", "follows", "behind", "fork")


class Verdict:
    """The answers about one stub, each a word.

    integrity: valid, bad_signature, malformed, unsigned, or not_checked where no key with its kid is known;
    key: trusted, unknown, revoked, expired, not_yet_valid, wrong_role, expired_list;
    binding: match, mismatch, not_bound, not_checked; link: match, mismatch, not_checked;
    chain: first, follows, gap, fork, behind, not_checked;
    evidence: as claimed, or not_stated; read_from: "tag" where a UID or TID was at hand, else "code".
    """

    key = "unknown"
    binding = "not_checked"
    chain = "not_checked"
    evidence = "not_stated"
    link = "not_checked"

    def __init__(self, integrity: "str", read_from: "str") -> None:
        self.integrity = integrity
        self.read_from = read_from

    def as_dict(self) -> "dict[str, str]":
        """The answers by question, as commands and pages print them."""
        return {
            "integrity": self.integrity,
            "key": self.key,
            "binding": self.binding,
            "chain": self.chain,
            "evidence": self.evidence,
            "link": self.link,
        }

    def colour(self) -> "str":
        """ "green", "amber" or "red", by COLOURS."""
        return self._row()[0]

    def why(self) -> "str":
        """The reason for the colour, for people."""
        return self._row()[1]

    def is_green(self) -> "bool":
        return self.colour() == "green"

    def __repr__(self) -> "str":
        return f"Verdict({self.as_dict()!r})"

    def _row(self) -> "tuple[str, str]":
        """(colour, reason) of the first row that holds; kept, for most verdicts are alike."""
        answers = (self.integrity, self.key, self.binding, self.chain, self.link, self.read_from)
        found = _judged_before.get(answers)
        if found is None:
            for colour, asked, why in colours():
                if all([getattr(self, question) in words for question, words in asked]):
                    found = colour, why
                    break
            else:
                raise ValueError("the last row of COLOURS holds always")
            if len(_judged_before) == _KEPT:
                _judged_before.clear()
            _judged_before[answers] = found
        return found


def colours() -> "Iterator[tuple[str, list[tuple[str, list[str]]], str]]":
    """The rows of COLOURS: colour, each question with the answers that it asks for, reason."""
    at = 0
    while at < len(COLOURS):
        end = COLOURS.find("\n", at)
        conditions, _, why = COLOURS[at:end].partition(": ")
        words = conditions.split(" ")
        asked = [each.split("=") for each in words[1:]]
        yield words[0], [(each[0], each[1].split("/")) for each in asked], why
        at = end + 1


def verify(
    stub_bytes: "bytes",
    trust: "TrustList | None",
    verifier: "Verifier",
    now: "int",
    kind: "int | None" = None,
    id: "bytes | None" = None,
    link: "str | None" = None,
    previous: "bytes | None" = None,
    known_seq: "int | None" = None,
) -> "tuple[Verdict, Stub | None]":
    """The verdict on one stub, and the stub where it can be decoded (be it forged).

    now: Unix seconds. kind, id: the carrier that it was read from (None: print). link: the link beside it.
    previous: the stub before it, as verified earlier; known_seq: the highest seq seen of this product.
    """
    verdict, found = _judged(stub_bytes, trust, verifier, now, kind, id, link)
    if found is not None and verdict.integrity == "valid":
        verdict.chain = _chain(found, _decoded(previous), known_seq)
    return verdict, found


def verify_best(
    stubs: "Sequence[tuple[int, bytes]]",
    trust: "TrustList | None",
    verifier: "Verifier",
    now: "int",
    kind: "int | None" = None,
    id: "bytes | None" = None,
    link: "str | None" = None,
    previous: "bytes | None" = None,
    known_seq: "int | None" = None,
) -> "tuple[int | None, Verdict, Stub | None]":
    """(slot, verdict, stub) of a carrier's current stub among its (slot, stub bytes) pairs.

    The current stub is the valid one with the highest seq; one written for another tag comes after all that
    are not. It is held against the other valid ones as against `previous`. Where none is valid, the most
    telling one is answered.
    """
    best: "tuple[Any, ...] | None" = None
    valid = []
    for slot, raw in stubs:
        verdict, found = _judged(raw, trust, verifier, now, kind, id, link)
        if found is not None and verdict.integrity == "valid":
            valid.append(found)
        rank = (
            _TELLING.index(verdict.integrity),
            verdict.binding != "mismatch",
            found.seq if found is not None else -1,
        )
        if best is None or rank > best[0]:
            best = (rank, slot, verdict, found)
    if best is None:
        return None, Verdict("unsigned", _read_from(kind)), None
    _, slot, verdict, found = best
    if found is not None and verdict.integrity == "valid":
        before = [_decoded(previous)] + valid
        answers = [_chain(found, other, known_seq) for other in before]
        verdict.chain = max(answers, key=_CHAIN_TELLING.index)
    return slot, verdict, found


def verify_mini(
    uri_record: "bytes",
    sign1_bytes: "bytes",
    kind: "int",
    id: "bytes",
    trust: "TrustList | None",
    verifier: "Verifier",
    now: "int",
) -> "Verdict":
    """The verdict on the mini profile: one signature over the link and the tag, so both match or it is bad.

    uri_record: the first NDEF record, as its bytes stand. With no issued_at at hand, a key is judged by `now`.
    """
    verdict = Verdict("malformed", "tag")
    try:
        sign1 = cose.parse(sign1_bytes)
        if sign1.tagged or sign1.payload is not None or sign1.unprotected:
            return verdict
        envelope.check_headers(sign1.headers)
    except Malformed:
        return verdict
    signed = cose.to_be_signed(sign1.protected, uri_record, mini.aad(kind, id))
    entries = trust.find(sign1.kid) if trust is not None else []
    signer = _signer(entries, sign1.alg, signed, sign1.signature, verifier)
    _judge_key(verdict, trust, entries, signer, _linked_product(uri_record), now, now)
    if verdict.integrity == "valid":
        verdict.binding = "match"
        verdict.link = "match"
    return verdict


def _judged(
    raw: "bytes",
    trust: "TrustList | None",
    verifier: "Verifier",
    now: "int",
    kind: "int | None",
    id: "bytes | None",
    link: "str | None",
) -> "tuple[Verdict, Stub | None]":
    """All answers but the chain's."""
    read_from = _read_from(kind)
    if not raw:
        return Verdict("unsigned", read_from), None
    try:
        found = stub.decode(raw)
    except Malformed:
        return Verdict("malformed", read_from), None
    verdict = Verdict("not_checked", read_from)
    raw, claims = found.raw, found.claims
    entries = trust.find(envelope.kid(raw)) if trust is not None else []
    signer = _signer(
        entries, envelope.alg(raw), envelope.to_be_signed(raw), found.signature, verifier
    )
    product = claims[stub.PRODUCT]
    _judge_key(verdict, trust, entries, signer, product, claims[stub.ISSUED_AT], now)
    verdict.binding = _binding(found, kind, id)
    names = gs1.link_names(link, product) if link is not None else None
    if names is not None:
        verdict.link = "match" if names else "mismatch"
    level = claims.get(stub.EVIDENCE)
    if level is not None:
        verdict.evidence = stub.EVIDENCE_LEVELS[level]
    return verdict, found


def _signer(
    entries: "list[Entry]",
    alg: "int | str | None",
    signed: "bytes",
    signature: "bytes",
    verifier: "Verifier",
) -> "Entry | None":
    """The entry whose key made the signature; each key with the kid is tried, under its own algorithm."""
    for entry in entries:
        if cose.alg_allowed(alg, entry.key) and verifier(entry.key, signed, signature):
            return entry
    return None


def _judge_key(
    verdict: "Verdict",
    trust: "TrustList | None",
    entries: "list[Entry]",
    signer: "Entry | None",
    product: "Sequence[Any] | None",
    issued_at: "int",
    now: "int",
) -> None:
    if trust is None or not entries:
        verdict.integrity = "not_checked"
        return
    verdict.integrity = "valid" if signer is not None else "bad_signature"
    verdict.key = key_state(signer or entries[0], product, issued_at, now)
    if verdict.key == "trusted" and now > trust.not_after:
        verdict.key = "expired_list"


def key_state(
    entry: "Entry", product: "Sequence[Any] | None", issued_at: "int", now: "int"
) -> "str":
    """A key's state for one signature.

    A revoked key taints all that it ever signed: who stole it can write any date. One that merely expired
    stands for what it signed before, since a passport outlives its signer's key.
    """
    latest = now if now > issued_at else issued_at  # a handheld's clock may not be set
    if entry.revoked_since is not None and entry.revoked_since <= latest:
        return "revoked"
    if latest < entry.valid_from:
        return "not_yet_valid"
    if entry.valid_to is not None and issued_at > entry.valid_to:
        return "expired"
    if "issuer" not in entry.roles:
        return "wrong_role"
    if entry.gtin_prefixes and not covers(entry.gtin_prefixes, product):
        return "wrong_role"
    return "trusted"


def covers(prefixes: "tuple[str, ...]", product: "Sequence[Any] | None") -> "bool":
    if product is None or product[0] != stub.GS1:
        return False
    return gs1.gtin14(product[1])[1:].startswith(prefixes)


def _binding(found: "Stub", kind: "int | None", id: "bytes | None") -> "str":
    bound = found.claims.get(stub.CARRIER)
    if bound is None:
        return "not_bound"
    if kind is None or id is None:
        return "not_checked"
    return "match" if bound[0] == kind and bound[1] == id else "mismatch"


def _chain(found: "Stub", before: "Stub | None", known_seq: "int | None") -> "str":
    if known_seq is not None and found.seq < known_seq:
        return "behind"
    if before is None or before.raw == found.raw or not _is_same_chain(before, found):
        return "first" if found.seq == 0 else "not_checked"
    if found.seq < before.seq:
        return "behind"
    if found.seq > before.seq + 1:
        return "gap"
    if found.seq == before.seq or found.prev != stub.link16(before.raw):
        return "fork"
    return "follows"


def _is_same_chain(a: "Stub", b: "Stub") -> "bool":
    """Whether two stubs belong to one history: that of one product on one carrier."""
    return a.carrier == b.carrier and stub.is_same_product(a.product, b.product)


def _decoded(raw: "bytes | None") -> "Stub | None":
    try:
        return stub.decode(raw) if raw else None
    except Malformed:
        return None


def _linked_product(uri_record: "bytes") -> "list[Any] | None":
    """The product claim that the link of a URI record amounts to, None where it is no GS1 Digital Link."""
    try:
        message = bytes((uri_record[0] | ndef.ME,)) + uri_record[1:]
        uri = ndef.uri_of(ndef.decode(message)[0])
        gtin, _, serial = gs1.parse_link(uri or "")
    except (Malformed, IndexError):
        return None
    return [stub.GS1, gtin, serial]


def _read_from(kind: "int | None") -> "str":
    return "code" if kind is None else "tag"
