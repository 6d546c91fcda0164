"""What is read of one RAIN tag in the field and written to it, over any RainPort, place by place (edge.gen2)."""

import logging
from collections.abc import Sequence

from edge import gen2, gen2chips, rain
from edge import tid as tids
from gateway.model import Select, TagRefused, TagTooSmall, by_epc, by_tid
from gateway.readers.rainfield import Present
from gateway.readers.rainport import RainPort

log = logging.getLogger(__name__)

_TID_WORDS = 6  # reach to the end of a serial of 48 bits behind an XTID, or of 64 bits without


async def read_tid(port: RainPort, tag: Present) -> bytes:
    """The TID as far as its serial, from the tag itself. TagGone."""
    select, raw = _select(tag), b""
    try:
        raw = await port.read(select, gen2.TID, 0, _TID_WORDS)
        missing = tids.Tid(raw).words - _TID_WORDS
        if missing > 0 and not tids.identity(raw):
            raw += await port.read(select, gen2.TID, _TID_WORDS, missing)
    except TagRefused as why:
        log.warning("%s: the TID cannot be read: %s", tag.epc.hex(), why)
    return raw


async def read_epc(port: RainPort, tag: Present) -> bytes:
    """What stands in the EPC bank now, as long as its PC word says; a torn one may name words that it lacks."""
    select, words = _select(tag), 1 + gen2.epc_words_of(tag.pc)
    data = await port.read(select, gen2.EPC, 1, words)
    tag.pc = int.from_bytes(data[:2], "big")
    missing = 1 + gen2.epc_words_of(tag.pc) - words
    if missing > 0:
        try:
            data += await port.read(select, gen2.EPC, 1 + words, missing)
        except TagTooSmall as why:
            log.warning("%s: %s", tag.tid.hex(), why)
    return data[2 : 2 + 2 * gen2.epc_words_of(tag.pc)]


async def read_image(port: RainPort, tag: Present, whole: bool) -> gen2.Image:
    """TID and EPC as they are known, the USER bank as far as the current stub needs it. TagGone, TagRefused."""
    image = gen2.Image()
    image.put(gen2.place(gen2.TID, 0), tag.tid)
    image.put(gen2.PC_PLACE, tag.pc.to_bytes(2, "big"))
    image.put(gen2.EPC_PLACE, tag.epc)
    most = port.limits.read_words
    while (step := rain.next_read(image, whole)) is not None:
        place, words = step[0], min(step[1], most)
        bank, word = gen2.bank_of(place), gen2.word_of(place)
        try:
            image.put(place, await port.read(_select(tag), bank, word, words))
        except TagTooSmall as why:  # than the table or its XTID says
            log.warning("%s: %s", tag.tid.hex(), why)
            break
    tag.tid = image.tid
    return image


async def write_plan(
    port: RainPort, tag: Present, plan: Sequence[tuple[int, bytes]], password: int
) -> int:
    """The places of `plan` in its order, neighbours in one access; returns how many words. TagGone, TagRefused."""
    words, chip = 0, gen2chips.by_tid(tag.tid)
    block_words = chip.block_write_words if chip is not None else None
    for place, data in _runs(plan):
        bank, word = gen2.bank_of(place), gen2.word_of(place)
        if bank == gen2.EPC:
            tag.is_changed = True
        await port.write(_select(tag), bank, word, data, password, block_words)
        if place == gen2.PC_PLACE:
            tag.pc = int.from_bytes(data[:2], "big")
        words += len(data) // gen2.WORD
    return words


async def lock_for_ever(port: RainPort, tag: Present, password: int) -> None:
    """EPC bank, and the USER bank where the chip has one. TagGone, TagRefused."""
    chip = gen2chips.by_tid(tag.tid)
    banks = {"epc": "permalock"}
    if chip is None or chip.user_words:
        banks["user"] = "permalock"
    mask, action = gen2.lock_payload(banks)
    await port.lock(_select(tag), mask, action, password)


def _select(tag: Present) -> Select:
    identity = tids.identity(tag.tid)
    return by_tid(identity) if identity else by_epc(tag.epc)


def _runs(plan: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The same writes, with what follows its neighbour in the same bank as one."""
    runs: list[tuple[int, bytes]] = []
    for place, data in plan:
        if runs and runs[-1][0] + len(runs[-1][1]) // gen2.WORD == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + data)
        else:
            runs.append((place, data))
    return runs
