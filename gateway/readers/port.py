"""What every reader of Type 2 tags can do: a blocking port, used from the reader's own thread alone."""

from typing import Protocol

from gateway.model import Target


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
