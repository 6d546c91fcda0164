"""A camera's pictures over HTTP: /video.mjpg as multipart/x-mixed-replace, /snapshot.jpg one by one.

HTTP/1.1 (RFC 9112), one request a connection; the multipart type is Netscape's of 1995, as cameras speak it.
"""

import asyncio
from contextlib import aclosing

from hwsim.camera import Camera, Shot
from hwsim.camera_port import Connection

_BOUNDARY = b"hwsim-picture"
VIDEO, SNAPSHOT = "/video.mjpg", "/snapshot.jpg"


async def serve(line: Connection, camera: Camera) -> None:
    """Answer one request on a connection that has just been made."""
    try:
        head = await line.reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return
    await camera.faults.answer()
    request, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in _pairs(lines)}
    method, _, rest = request.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if not camera.faults.allows(headers.get("authorization")):
        await _say(line, "401 Unauthorized", b'WWW-Authenticate: Basic realm="camera"\r\n')
    elif method != "GET":
        await _say(line, "405 Method Not Allowed", b"Allow: GET\r\n")
    elif path == VIDEO:
        await _video(line, camera)
    elif path == SNAPSHOT:
        await _snapshot(line, camera)
    else:
        await _say(line, "404 Not Found")


async def _video(line: Connection, camera: Camera) -> None:
    line.write(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\n"
        b"Content-Type: multipart/x-mixed-replace; boundary=" + _BOUNDARY + b"\r\n\r\n"
    )
    async with aclosing(camera.shots()) as shots:
        async for shot in shots:
            await _picture(line, camera, shot, "mjpeg")


async def _snapshot(line: Connection, camera: Camera) -> None:
    await _picture(line, camera, camera.snapshot(), "snapshot")


async def _picture(line: Connection, camera: Camera, shot: Shot, way: str) -> None:
    leaving = await camera.faults.leaving(shot.jpeg)
    jpeg = leaving.jpeg
    head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
    if way == "mjpeg":
        head = b"--" + _BOUNDARY + b"\r\n" + head
        jpeg += b"\r\n"
    else:
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\n" + head
    camera.sending(shot, way)
    await line.send(head + jpeg, leaving)


async def _say(line: Connection, status: str, header: bytes = b"") -> None:
    text = f"{status}\n".encode()
    line.write(
        f"HTTP/1.1 {status}\r\nConnection: close\r\n".encode()
        + header
        + b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(text)
        + text
    )
    await line.drain()


def _pairs(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines if line]
