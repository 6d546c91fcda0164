"""Where a camera's pictures come from: by OpenCV V4L2 and RTSP, by other files HTTP and folders."""

import os
import socket
import stat
import time
from urllib.parse import urlsplit

import cv2
import numpy as np

from gateway.optics.found import Gray
from gateway.readers import camera_folder, camera_http
from gateway.readers.camera_address import Address
from gateway.readers.camera_feed import QUIET_S, Bad, Feed, Lost

_OPEN_S = 5.0
_MOST_FAILED = 5  # pictures one after the other: one that fails is not a lost camera
_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}  # IANA
_JPEG_QUALITY = 90


def pictures(at: Address) -> Feed:
    """The pictures at `at`, newest last; Lost at its end."""
    if at.kind == "http":
        return camera_http.pictures(at)
    if at.kind == "path":
        return camera_folder.pictures(at)
    return _rtsp(at) if at.kind == "rtsp" else _device(at)


def jpeg(image: Gray) -> bytes:
    """A picture as a JPEG file."""
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
    return data.tobytes()


def _device(at: Address) -> Feed:
    """V4L2. The path is looked for again at each call, so that a camera may come back as another /dev/video."""
    try:
        handle = os.open(at.where, os.O_RDWR | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Lost(
            "gone",
            f"{at.shown} is not there: plug the camera in, or name another of /dev/v4l/by-id",
        ) from None
    except PermissionError:
        raise Lost(
            "gone", f"{at.shown}: this user may not open it: add the user to its group (video)"
        ) from None
    except OSError as why:
        raise Lost("gone", f"{at.shown}: {why.strerror}") from None
    is_device = stat.S_ISCHR(os.fstat(handle).st_mode)
    os.close(handle)
    asked = [cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")]
    asked += [cv2.CAP_PROP_FRAME_WIDTH, at.width, cv2.CAP_PROP_FRAME_HEIGHT, at.height]
    asked += [cv2.CAP_PROP_FPS, at.fps] if at.fps else []
    camera = (
        cv2.VideoCapture(os.path.realpath(at.where), cv2.CAP_V4L2, asked) if is_device else None
    )
    if camera is None or not camera.isOpened():
        raise Lost(
            "gone", f"{at.shown} gives no video: it is no camera, or another program uses it"
        )
    yield from _captured(camera, at)


def _rtsp(at: Address) -> Feed:
    """RTSP over TCP. Whether somebody listens is asked before, since FFmpeg does not tell why it fails."""
    parts = urlsplit(at.where)
    try:
        port = parts.port or _RTSP_PORTS[parts.scheme.lower()]
        socket.create_connection((parts.hostname or "", port), QUIET_S).close()
    except TimeoutError:
        raise Lost("gone", f"{at.shown}: nobody answers for {QUIET_S:g} s") from None
    except OSError as why:
        raise Lost("gone", f"{at.shown}: {why.strerror or 'no such host'}") from None
    waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(_OPEN_S * 1000)]
    waits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(QUIET_S * 1000)]
    waits += [cv2.CAP_PROP_N_THREADS, 1]  # each more keeps a picture back
    began = time.monotonic()
    camera = cv2.VideoCapture(at.where, cv2.CAP_FFMPEG, waits)
    if not camera.isOpened():
        if time.monotonic() - began >= _OPEN_S:
            raise Lost("stalled", f"{at.shown}: the camera starts no stream within {_OPEN_S:g} s")
        raise Lost("gone", f"{at.shown} gives no stream: look at its path, user and password")
    yield from _captured(camera, at)


def _captured(camera: cv2.VideoCapture, at: Address) -> Feed:
    failed, since = 0, time.monotonic()
    try:
        while failed < _MOST_FAILED:
            is_there, picture = camera.read()
            now = time.monotonic()
            if is_there and picture is not None and picture.size:
                yield _gray(picture)
                failed = 0
            elif now - since >= QUIET_S:
                raise Lost("stalled", f"{at.shown}: the camera has sent nothing for {QUIET_S:g} s")
            else:
                failed += 1
                yield Bad("a picture that cannot be decoded")
            since = now
    finally:
        camera.release()
    raise Lost("gone", f"{at.shown}: the camera delivers no more")


def _gray(picture: np.ndarray) -> Gray:
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.ascontiguousarray(picture, dtype=np.uint8)
