import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from gateway.config import CodesConfig
from gateway.model import Look, ReaderGone, Wanted
from gateway.readers.camera import Camera, open_camera
from gateway.readers.camera_source import jpeg
from tests.camera_sim import CODE, CameraSim

LONG_S = 30.0
PARENT = """
import asyncio, sys
from gateway.config import CodesConfig
from gateway.readers.camera import Camera
async def main():
    camera = Camera("cam", sys.argv[1], CodesConfig())
    await camera.open()
    print(camera.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@asynccontextmanager
async def opened(camera: Camera) -> AsyncIterator[AsyncIterator[Look]]:
    """Its looks; it is closed in the end, and none of this takes for ever."""
    try:
        async with asyncio.timeout(LONG_S), aclosing(camera.looks()) as looks:
            yield looks
    finally:
        await camera.close()
        assert (camera.state.word, camera.pid) == ("closed", None)


async def with_code(looks: AsyncIterator[Look]) -> Look:
    return await anext(look async for look in looks if look.codes)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_a_camera_is_read_through_faults_and_a_hung_process(
    camera_simulator: CameraSim, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sim = camera_simulator

    async def run() -> None:
        codes = CodesConfig(archive=tmp_path)
        camera = Camera("cam", sim.url("mjpeg", "me:hush@"), codes, silent_s=1.0)
        await camera.open()
        assert camera.is_open
        async with opened(camera) as looks:
            (read,) = (await with_code(looks)).codes
            assert (read.data, read.reader, read.symbology) == (CODE, "cam", "QRCode")
            await camera.trigger(Wanted(confirm=True))
            while not (read := (await with_code(looks)).codes[0]).confirmed_by:
                pass
            assert read.confirmed_by == ("opencv",)
            name = await camera.keep("no_match")
            assert name is not None and (tmp_path / name).read_bytes()[:2] == b"\xff\xd8"
            await camera.release()
            sim.fault("huge", every=2)
            await until(lambda: "megapixels" in caplog.text)
            await with_code(looks)
            sim.tell("clear_faults")
            sim.fault("dropout")
            await until(lambda: camera.state.word == "gone")
            await until(lambda: camera.is_open)
            first = camera.pid
            assert first is not None
            os.kill(first, signal.SIGSTOP)  # as a C call that keeps all threads
            await until(lambda: not camera.is_open)
            assert (camera.state.word, "hangs" in camera.state.text) == ("stalled", True)
            with pytest.raises(ReaderGone, match="hangs"):
                await camera.trigger(Wanted())
            assert await camera.keep("no_read") is None
            await until(lambda: camera.is_open)
            assert camera.pid not in (None, first)
        await camera.close()

    asyncio.run(run())
    assert "the camera is back" in caplog.text
    assert "hush" not in caplog.text


def test_a_camera_that_is_away_is_there_when_it_appears_and_gone_when_it_goes(
    tmp_path: Path,
) -> None:
    by_id = tmp_path / "usb-Maker_Camera_0001"
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "1.jpg").write_bytes(jpeg(np.zeros((48, 64), np.uint8)))

    async def run() -> None:
        camera = open_camera(str(by_id), "cam", CodesConfig())
        with pytest.raises(ReaderGone, match="is not there"):
            await camera.open()
        assert camera.pid is None
        async with opened(camera) as looks:
            first = asyncio.ensure_future(anext(looks))
            await until(lambda: camera.state.word == "gone")
            by_id.symlink_to(pictures)
            assert (await first).frame == 1
            assert camera.is_open
            by_id.unlink()
            await until(lambda: camera.state.word == "gone")
            with pytest.raises(ReaderGone, match="is not there"):
                await camera.trigger(Wanted())
            by_id.symlink_to(pictures)
            assert (await anext(looks)).frame == 2

    asyncio.run(run())


def test_a_process_ends_with_its_parent_even_where_it_hangs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        there = os.pidfd_open(child)
        os.kill(child, signal.SIGSTOP)
        parent.kill()
    try:
        assert select.select([there], [], [], LONG_S)[0] == [there]
    finally:
        os.close(there)


def test_a_camera_nobody_opened_may_be_closed() -> None:
    asyncio.run(Camera("cam", "0", CodesConfig()).close())
