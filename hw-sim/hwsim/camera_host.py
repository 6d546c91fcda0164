"""A camera as `hwsim.cli_camera` is told to make it, in a process of its own."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import IO, Any

from hwsim import mjpeg, process, rtpjpeg, rtsp, script, stagefile
from hwsim.camera import Camera, CameraControl
from hwsim.camera_faults import CameraFaults
from hwsim.camera_port import CameraPort, Service
from hwsim.scene import Scene
from hwsim.stage import Numbered, Photographs, Sensor, Still, View, codes, laid_out

_BESIDE_NUMBER = 0.8  # of the picture's width


async def serve(options: dict[str, Any], log: IO[str] | None) -> dict[str, object]:
    """Run until SIGTERM, SIGINT or the end of the control commands; returns what it did.

    options: those of `hwsim.cli_camera`. camera_port.Taken where it cannot listen, ValueError where an option is wrong.
    """
    columns, rows = options["size"]
    faults = CameraFaults(options["seed"])
    for text in options["faults"]:
        faults.add(*process.fault(text))
    sensor = Sensor(rows, columns, options["noise"], options["seed"])
    taken = Camera(_view(options), sensor, faults, options["fps"], options["quality"], log)
    taken.view.picture(1, 0.0)  # or it cannot be, and that is said before anybody looks
    control = CameraControl(taken, lambda texts: _shown(options, texts))
    services: list[tuple[int, Service]] = [(options["port"], mjpeg.serve)]
    if options["rtsp_port"] is not None:
        rtpjpeg.check_size(columns, rows)
        services.append((options["rtsp_port"], rtsp.serve))
    scenario: Path | None = options["scenario"]
    events = script.load(scenario) if scenario is not None else []
    port = CameraPort(taken, control, services, options["host"], events)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, port.stop)

    def ready() -> None:
        http = f"http://{options['host']}:{port.ports[0]}"
        process.say(
            {
                "ready": "camera",
                "mjpeg": http + mjpeg.VIDEO,
                "snapshot": http + mjpeg.SNAPSHOT,
                "rtsp": f"rtsp://{options['host']}:{port.ports[1]}{rtsp.PATH}"
                if port.ports[1:]
                else None,
            }
        )
        if options["control"]:
            commands = process.Commands(control.do, port.stop)
            loop.add_reader(sys.stdin.fileno(), commands.read)

    await port.run(ready)
    return taken.stats()


def _view(options: dict[str, Any]) -> View:
    """What is before the camera at the start."""
    columns, rows = options["size"]
    sources = [each for each in ("texts", "scene", "photos") if options[each]]
    if len(sources) > 1:
        raise ValueError("one of --code, --scene and --photos says what is before the camera")
    if sources == ["scene"]:
        return _numbered(options, stagefile.view(options["scene"], rows, columns, options["seed"]))
    if sources == ["photos"]:
        return _numbered(options, Photographs(options["photos"], rows, columns))
    return _shown(options, list(options["texts"]))


def _shown(options: dict[str, Any], texts: list[str]) -> View:
    """A view of codes; with --numbered they leave room for the number."""
    columns, rows = options["size"]
    room = round(columns * _BESIDE_NUMBER) if options["numbered"] else columns
    labels = laid_out(codes(texts), rows, room)
    scene = Scene(labels, rows=rows, columns=columns)
    return _numbered(options, Still(scene, options["seed"]))


def _numbered(options: dict[str, Any], view: View) -> View:
    return Numbered(view) if options["numbered"] else view
