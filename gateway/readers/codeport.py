"""What a camera or scanner is to a station: codes as they are seen, and a trigger."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from gateway.model import Look, Wanted


@dataclass(frozen=True)
class DeviceState:
    """How the device is. word: "closed", "connecting", "open", "stalled" or "gone"; text: why, for the operator."""

    word: str
    text: str = ""


class CodeReader(Protocol):
    """One user at a time. Trouble of the device mends itself, with back-off: it shows in `state` and in the log."""

    @property
    def name(self) -> str:
        """What the operator calls it."""

    @property
    def is_open(self) -> bool:
        """Whether the device delivers."""

    @property
    def state(self) -> DeviceState:
        """How it is now."""

    async def open(self) -> None:
        """Return when the device delivers; ReaderGone or ReaderBusy where it does not at once."""

    async def close(self) -> None:
        """Leave the device to others. Never raises; closing twice is harmless."""

    def looks(self) -> AsyncGenerator[Look, None]:
        """Everything that is seen from now on, until the generator is closed; a device that is gone is reopened.

        Looks that nobody takes are dropped, oldest first: the newest 64 wait.
        """

    async def trigger(self, want: Wanted) -> None:
        """Look hard from now on: a camera runs its full cascade on each picture, a scanner begins a read cycle.

        DeviceTrouble where the device is away.
        """

    async def release(self) -> None:
        """The trigger is over: back to looking lightly. Harmless without one."""

    async def keep(self, why: str) -> str | None:
        """Archive the last picture of this trigger; its file name, None where there is none to keep."""
