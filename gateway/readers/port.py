"""What a reader is to a station, on any medium; and the blocking port of those of Type 2 tags."""

from collections.abc import Sequence
from typing import Protocol

from edge import chips, gen2chips
from gateway.model import Capture, DeviceTrouble, Target


class SeveralTags(DeviceTrouble):
    """More tags than one are in the field, and nothing says which is meant; none was written."""


class TagReader(Protocol):
    """One call at a time. A cancelled call ends within the command under way; a write ends with its plan."""

    @property
    def name(self) -> str:
        """What the operator calls it."""

    @property
    def medium(self) -> str:
        """Of its Captures."""

    @property
    def is_open(self) -> bool:
        """Whether the device answered when it was last asked."""

    async def open(self) -> None:
        """ReaderGone or ReaderBusy at once; coming back later is target()'s business."""

    async def close(self) -> None:
        """Leave the device to others."""

    async def target(self, timeout_s: float | None = None) -> Target | None:
        """The next tag in the field; None after `timeout_s` (None: wait for ever).

        A reader that is gone is reopened, with back-off; ReaderGone or ReaderBusy where `timeout_s` ends first.
        DeviceTrouble where several tags are there and the reader cannot tell them apart.
        """

    async def read(self, target: Target, whole: bool = False) -> Capture:
        """The target's memory as far as its current stub needs it; whole: both slots. TagGone, TagRefused."""

    async def chip(self) -> chips.Chip | gen2chips.Chip | None:
        """The chip of the tag that target() gave, where its memory does not tell. TagGone."""

    async def single_out(self, target: Target) -> None:
        """To be called before a tag is written for the first time. SeveralTags where others may be meant."""

    async def write(self, plan: Sequence[tuple[int, bytes]], password: int = 0) -> int:
        """Carry out a plan on the tag that was read last, in its order; returns the pages or words written.

        TagGone or TagRefused name the page at which it ended: those before it stand as planned.
        """

    async def lock(self, capture: Capture, password: int = 0) -> int:
        """Make the tag that was read last read-only for ever; returns how many writes it took. Raises as write."""

    async def gone(self, target: Target) -> None:
        """Return when the next target() will not give `target` unless it was away. DeviceTrouble."""


class TagPort(Protocol):
    """One tag at a time. Any call but close() and stop() may raise ReaderGone: then close, and open again."""

    def open(self) -> None:
        """Find the reader and make it ready; ReaderGone, ReaderBusy. What was half open is closed again."""

    def close(self) -> None:
        """Leave the reader as others expect it. Never raises; closing twice is harmless."""

    def wait(self, timeout_s: float) -> Target | None:
        """Select the next tag, at once when one is there; None after `timeout_s` or stop()."""

    def read(self, first_page: int, count: int) -> bytes:
        """4 * count bytes of the selected tag, fewer where its memory ends.

        TagGone; TagRefused where not even the first page can be read.
        """

    def version(self) -> bytes:
        """What the selected tag answers to GET_VERSION (8 bytes), empty where it has no such command. TagGone."""

    def write(self, page: int, data: bytes) -> None:
        """One page (4 bytes) of the selected tag. TagGone or TagRefused: the page may hold old, new or torn bytes.

        DeviceTrouble before the first write where the reader sees a second tag in the field.
        """

    def present(self) -> bool:
        """Is the selected tag still there? DeviceTrouble where the reader sees another one with it."""

    def stop(self) -> None:
        """End a running wait(), or the next one; the only call that other threads may make."""
