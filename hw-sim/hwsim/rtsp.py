"""A camera's pictures over RTSP 1.0 (RFC 2326): one stream of RTP/JPEG, interleaved with the answers on TCP."""

import asyncio
import re
import struct
import time
from collections.abc import Callable
from contextlib import aclosing
from random import Random

from hwsim.camera import Camera, Shot
from hwsim.camera_port import Connection
from hwsim.rtpjpeg import CLOCK_HZ, PAYLOAD_TYPE, Stream

PATH = "/stream"
_TRACK = "track1"
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN"
_LONGEST_BODY = 8192  # octets
_TIMEOUT_S = 60  # RFC 2326, "Session"; told, not kept: the connection is the session
_REPORT_S = 5.0  # RFC 3550, "RTCP Transmission Interval"
_INTERLEAVED = re.compile(r"RTP/AVP/TCP(?:;[^,]*?)?;interleaved=(\d{1,3})-(\d{1,3})", re.IGNORECASE)
_ANY_TCP = re.compile(r"RTP/AVP/TCP\b", re.IGNORECASE)


class _Wrong(Exception):
    """A request gets this status."""


async def serve(line: Connection, camera: Camera) -> None:
    """Answer the requests on a connection until it ends."""
    session = _Session(line, camera)
    try:
        while not session.is_over:
            first = await line.reader.readexactly(1)
            if first == b"$":  # a receiver report
                (length,) = struct.unpack(">xH", await line.reader.readexactly(3))
                await line.reader.readexactly(length)
            else:
                head = first + await line.reader.readuntil(b"\r\n\r\n")
                await session.request(head.decode("latin-1"))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        session.end()


class _Session:
    def __init__(self, line: Connection, camera: Camera) -> None:
        random = Random()
        self.is_over = False
        self._line = line
        self._camera = camera
        self._id = f"{random.getrandbits(32):08X}"
        self._stream = Stream(random.getrandbits(32), random.getrandbits(16))
        self._first_timestamp = random.getrandbits(32)
        self._channels: tuple[int, int] | None = None
        self._playing: asyncio.Task[None] | None = None
        self._whole = asyncio.Lock()  # a packet, or an answer, without another within
        self._is_new = True
        self._reported_s = 0.0

    async def request(self, head: str) -> None:
        """Answer one request."""
        request, *lines = head.split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (_pair(each) for each in lines)
        }
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _LONGEST_BODY:
            self.is_over = True
            return
        await self._line.reader.readexactly(int(length))
        if self._is_new:
            self._is_new = False
            await self._camera.faults.answer()
        try:
            status, more, body = "200 OK", *self._answer(request, headers)
        except _Wrong as why:
            status, more, body = str(why), _challenge(str(why)), ""
        text = f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n{more}"
        if body:
            text += f"Content-Length: {len(body)}\r\n"
        async with self._whole:
            self._line.write((text + "\r\n" + body).encode())
            await self._line.drain()

    def end(self) -> None:
        """Send no more."""
        if self._playing is not None:
            self._playing.cancel()
            self._playing = None

    def _answer(self, request: str, headers: dict[str, str]) -> tuple[str, str]:
        """Further header lines and the body; _Wrong where another status is the answer."""
        method, _, rest = request.partition(" ")
        url, _, version = rest.partition(" ")
        if not version.startswith("RTSP/1."):
            raise _Wrong("505 RTSP Version not supported")
        if method == "OPTIONS":
            return f"Public: {_METHODS}\r\n", ""
        answers: dict[str, Callable[[str, dict[str, str]], tuple[str, str]]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._set_up,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "GET_PARAMETER": lambda *_: (self._session, ""),
            "TEARDOWN": self._tear_down,
        }
        if method not in answers:
            raise _Wrong("501 Not Implemented")
        if not self._camera.faults.allows(headers.get("authorization")):
            raise _Wrong("401 Unauthorized")
        if not re.match(rf"rtsp://[^/]+{PATH}(/({_TRACK})?)?(\?.*)?$", url):
            raise _Wrong("404 Not Found")
        named = headers.get("session", self._id).partition(";")[0]
        if named != self._id:
            raise _Wrong("454 Session Not Found")
        return answers[method](url, headers)

    @property
    def _session(self) -> str:
        return f"Session: {self._id};timeout={_TIMEOUT_S}\r\n"

    def _describe(self, url: str, headers: dict[str, str]) -> tuple[str, str]:
        base = url.partition("?")[0].removesuffix("/") + "/"
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=hwsim camera",
            "c=IN IP4 0.0.0.0",
            "t=0 0",
            "a=control:*",
            f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
            f"a=framerate:{self._camera.fps:g}",
            f"a=control:{_TRACK}",
        ]
        body = "".join(each + "\r\n" for each in lines)
        return f"Content-Type: application/sdp\r\nContent-Base: {base}\r\n", body

    def _set_up(self, url: str, headers: dict[str, str]) -> tuple[str, str]:
        if self._playing is not None:
            raise _Wrong("455 Method Not Valid in This State")
        asked = headers.get("transport", "")
        found = _INTERLEAVED.search(asked)
        if found is not None and max(map(int, found.groups())) < 256:
            self._channels = int(found[1]), int(found[2])
        elif found is None and _ANY_TCP.search(asked):
            self._channels = 0, 1
        else:
            raise _Wrong("461 Unsupported Transport")  # UDP: the client asks again, for TCP
        first, second = self._channels
        told = f"RTP/AVP/TCP;unicast;interleaved={first}-{second};ssrc={self._stream.ssrc:08X}"
        return f"Transport: {told}\r\n{self._session}", ""

    def _play(self, url: str, headers: dict[str, str]) -> tuple[str, str]:
        if self._channels is None:
            raise _Wrong("455 Method Not Valid in This State")
        if self._playing is None:
            self._playing = asyncio.create_task(self._deliver(*self._channels))
        track = f"{url.partition('?')[0].removesuffix('/')}/{_TRACK}"
        now = self._timestamp(time.monotonic_ns())
        told = f"url={track};seq={self._stream.sequence};rtptime={now}"
        return f"{self._session}Range: npt=0.000-\r\nRTP-Info: {told}\r\n", ""

    def _pause(self, url: str, headers: dict[str, str]) -> tuple[str, str]:
        self.end()
        return self._session, ""

    def _tear_down(self, url: str, headers: dict[str, str]) -> tuple[str, str]:
        self.end()
        self.is_over = True
        return "", ""

    async def _deliver(self, rtp: int, rtcp: int) -> None:
        try:
            async with aclosing(self._camera.shots()) as shots:
                async for shot in shots:
                    await self._picture(shot, rtp, rtcp)
        except ConnectionError:
            self._line.writer.close()

    async def _picture(self, shot: Shot, rtp: int, rtcp: int) -> None:
        leaving = await self._camera.faults.leaving(shot.jpeg)
        timestamp = self._timestamp(shot.taken_ns)
        try:
            packets = self._stream.packets(leaving.jpeg, timestamp)
        except ValueError:  # a fault made it such that RTP has no way to carry it
            return
        data = b"".join([_framed(rtp, each) for each in packets])
        now_s = time.monotonic()
        if now_s - self._reported_s >= _REPORT_S:
            self._reported_s = now_s
            age_s = (time.monotonic_ns() - shot.taken_ns) / 1e9
            data = _framed(rtcp, self._stream.report(timestamp, time.time() - age_s)) + data
        async with self._whole:
            self._camera.sending(shot, "rtsp")
            await self._line.send(data, leaving)

    def _timestamp(self, moment_ns: int) -> int:
        return (self._first_timestamp + moment_ns * CLOCK_HZ // 10**9) & 0xFFFFFFFF


def _framed(channel: int, packet: bytes) -> bytes:
    """RFC 2326, "Embedded (Interleaved) Binary Data"."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet


def _challenge(status: str) -> str:
    return 'WWW-Authenticate: Basic realm="camera"\r\n' if status.startswith("401") else ""


def _pair(line: str) -> tuple[str, str, str]:
    return line.partition(":")
