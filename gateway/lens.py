"""The camera over a demo's line: a simulated one, over HTTP as a real one's pictures come, and what lies before it."""

from gateway.simulator import Simulator

_SIZE = "1280x720"


class Lens:
    """simulator: to be entered before any deed."""

    def __init__(self, inherit: tuple[int, ...] = ()) -> None:
        self.simulator = Simulator(
            "camera", "--port", "0", "--size", _SIZE, "--fps", "30", inherit=inherit
        )

    @property
    def url(self) -> str:
        """Of the camera, as a reader's (cli.md)."""
        return f"camera:{self.simulator.ready['mjpeg']}"

    async def show(self, text: str) -> None:
        """Lay a label before it, in place of what lay there."""
        await self.simulator.tell("show", codes=[f"qr:{text}"])

    async def clear(self) -> None:
        """Take everything away."""
        await self.simulator.tell("clear")
