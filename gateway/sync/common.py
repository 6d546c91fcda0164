"""What a journal and the hub have in common: up to which row the hub holds the very same rows.

Each row's hash covers all rows before it, so two journals that go under one id agree up to the last row whose hash
is the same, and that is found by halving.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.records import Gap, Records
from gateway.sync.answer import Later
from gateway.sync.batch import Branch, branches
from gateway.sync.receipt import Receipt

Ask = Callable[[bytes, int | None], Awaitable[Receipt | Later]]


@dataclass(frozen=True, slots=True)
class Common:
    """The hub holds our rows up to `seq`, whose hash is `hash` (b"": not told).

    forked: behind it, the hub holds another journal's.
    """

    seq: int
    hash: bytes
    forked: bool


async def common(records: Records, ask: Ask) -> Common | Later:
    """Ask the hub how far it agrees, branch by branch."""
    found = Common(0, b"", False)
    for branch in branches(records):
        receipt = await ask(branch.id, branch.last)
        if isinstance(receipt, Later):
            return receipt
        if not agrees(records, branch, receipt):
            return await _fork(records, branch, min(receipt.watermark, records.head()), ask)
        if receipt.watermark > branch.after:
            found = Common(receipt.watermark, receipt.hash, False)
        if branch.last is not None and receipt.watermark < branch.last:
            break
    return found


def agrees(records: Records, branch: Branch, receipt: Receipt) -> bool:
    """Whether what the hub holds of this branch may be ours; a hash that either side does not know proves nothing."""
    if receipt.watermark <= branch.after or not receipt.hash:
        return receipt.watermark <= records.head()
    if receipt.watermark > records.head():
        return False
    own = own_hash(records, receipt.watermark)
    return own is None or own == receipt.hash


def own_hash(records: Records, seq: int) -> bytes | None:
    """The hash of our row, None where it does not stand here: inside a gap, or beyond the head."""
    try:
        return records.hash_at(seq)
    except LookupError:
        return None


async def _fork(records: Records, branch: Branch, high: int, ask: Ask) -> Common | Later:
    """The last row of `branch` that the hub holds as we do, where it does not agree at `high`."""
    low, found = branch.after, Common(branch.after, b"", True)
    while low < (high := _outside(records, high)):
        middle = place = _known(records, (low + high + 1) // 2)
        while True:
            receipt = await ask(branch.id, place)
            if isinstance(receipt, Later):
                return receipt
            seq = receipt.watermark
            if seq > place or (seq > branch.after and not receipt.hash):
                return Later("the hub's receipt does not say what it was asked for")
            gap = _inside(records, seq)
            if gap is None or gap.first - 1 <= low:
                break
            place = (
                gap.first - 1
            )  # what it has there says nothing to us, but what it has before the gap does
        if not agrees(records, branch, receipt):
            high = place - 1
            continue
        low = middle
        if seq > found.seq and gap is None:
            found = Common(seq, receipt.hash, True)
    return found


def _known(records: Records, seq: int) -> int:
    """The first row at or behind `seq` whose hash stands here: of a gap, its last."""
    gap = _inside(records, seq)
    return seq if gap is None else gap.last


def _outside(records: Records, seq: int) -> int:
    """The last row at or before `seq` whose hash stands here: of a gap that goes on, the row before it."""
    gap = _inside(records, seq)
    return seq if gap is None else gap.first - 1


def _inside(records: Records, seq: int) -> Gap | None:
    """The gap in which `seq` is, and not its last."""
    return next((each for each in records.gaps(seq, 1) if each.first <= seq), None)
