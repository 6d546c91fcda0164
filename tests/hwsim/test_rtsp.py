"""The simulated camera over RTSP: request by request on a plain socket, and as FFmpeg and OpenCV see it."""

import re
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import zxingcpp
from camera_sim import CameraSim, camera_sim
from witness import require

ROWS, COLUMNS = 480, 640
LINK = "https://id.example.com/01/09506000134352/21/1"
_ANSWER_S = 20
_RAW = ("-f", "rawvideo", "-pix_fmt", "gray", "-")


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraSim]:
    """Without noise: each picture is the same."""
    options = ("--size", f"{COLUMNS}x{ROWS}", "--fps", "50", "--noise", "0", "--rtsp-port", "0")
    with camera_sim(*options, "--code", f"qr:{LINK}") as sim:
        yield sim


class Peer:
    """A client that speaks RTSP by hand; `packets` are those that came before an answer."""

    def __init__(self, line: socket.socket, url: str) -> None:
        self.url = url
        self.packets: list[tuple[int, bytes]] = []
        self._line = line
        self._file = line.makefile("rb")
        self._asked = 0

    def ask(self, method: str, path: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Send a request; status, headers and body of its answer."""
        self._asked += 1
        lines = [f"{method} {self.url}{path} RTSP/1.0", f"CSeq: {self._asked}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return self.answer("\r\n".join(lines) + "\r\n\r\n")

    def answer(self, request: str) -> tuple[int, dict[str, str], str]:
        self._line.sendall(request.encode())
        while (first := self._file.read(1)) == b"$":
            self.packets.append(self._packet())
        status = (first + self._file.readline()).decode()
        assert status.startswith("RTSP/1.0 "), status
        headers = {}
        while (line := self._file.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            headers[name] = value
        body = self._file.read(int(headers.get("Content-Length", "0"))).decode()
        assert headers["CSeq"] == str(self._asked)
        return int(status.split()[1]), headers, body

    def packet(self) -> tuple[int, bytes]:
        assert self._file.read(1) == b"$"
        return self._packet()

    def ended(self) -> bool:
        return self._file.read(1) == b""

    def play(self) -> None:
        assert (
            self.ask("SETUP", "/track1", Transport="RTP/AVP/TCP;unicast;interleaved=4-5")[0] == 200
        )
        assert self.ask("PLAY")[0] == 200

    def _packet(self) -> tuple[int, bytes]:
        channel, length = struct.unpack(">BH", self._file.read(3))
        return channel, self._file.read(length)


@contextmanager
def peer(camera: CameraSim) -> Iterator[Peer]:
    at = urlsplit(camera.url("rtsp"))
    with socket.create_connection((at.hostname, at.port or 0), _ANSWER_S) as line:
        yield Peer(line, camera.url("rtsp"))


def test_a_client_is_told_what_there_is_and_gets_it(camera: CameraSim) -> None:
    with peer(camera) as client:
        status, headers, _ = client.ask("OPTIONS")
        assert status == 200 and {"DESCRIBE", "SETUP", "PLAY"} <= set(headers["Public"].split(", "))
        status, headers, sdp = client.ask("DESCRIBE", Accept="application/sdp")
        assert status == 200 and headers["Content-Type"] == "application/sdp"
        assert headers["Content-Base"] == client.url + "/"
        assert "m=video 0 RTP/AVP 26\r\n" in sdp and "a=control:track1\r\n" in sdp
        status, headers, _ = client.ask(
            "SETUP", "/track1", Transport="RTP/AVP/TCP;unicast;interleaved=4-5"
        )
        assert status == 200 and "interleaved=4-5" in headers["Transport"]
        session = headers["Session"].partition(";")[0]
        status, headers, _ = client.ask("PLAY", Session=session)
        told = re.search(r"seq=(\d+);rtptime=(\d+)", headers["RTP-Info"])
        assert status == 200 and told is not None
        channel, report = client.packet()
        assert (channel, report[1]) == (5, 200)
        channel, first = client.packet()
        assert (channel, first[1] & 0x7F) == (4, 26)
        assert struct.unpack_from(">H", first, 2)[0] == int(told[1])
        assert report[4:8] == first[8:12] and report[16:20] == first[4:8]  # SSRC, timestamp


def test_answers_come_between_packets_and_the_session_can_end(camera: CameraSim) -> None:
    with peer(camera) as client:
        client.play()
        while not any(packet[1] >> 7 for _, packet in client.packets[-1:]):
            client.packets.append(client.packet())
        assert client.ask("GET_PARAMETER")[0] == 200
        assert client.ask("PAUSE")[0] == 200
        sequences = [
            struct.unpack_from(">H", packet, 2)[0]
            for channel, packet in client.packets
            if channel == 4
        ]
        assert sequences == [(sequences[0] + at) & 0xFFFF for at in range(len(sequences))]
        client.packets.clear()
        assert client.ask("GET_PARAMETER")[0] == 200 and client.packets == []
        assert client.ask("TEARDOWN")[0] == 200
        assert client.ended()


def test_a_receiver_report_is_read_and_a_body_too(camera: CameraSim) -> None:
    with peer(camera) as client:
        client.play()
        client._line.sendall(b"$\x05\x00\x08\x80\xc9\x00\x01\x00\x00\x00\x01")
        client._asked += 1
        request = f"GET_PARAMETER {client.url} RTSP/1.0\r\nCSeq: {client._asked}\r\n"
        assert client.answer(request + "Content-Length: 4\r\n\r\nabcd")[0] == 200
        assert client.ask("GET_PARAMETER")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("DESCRIBE", "/other", {}, 404),
        ("RECORD", "", {}, 501),
        ("PLAY", "", {}, 455),
        ("PLAY", "", {"Session": "nobody"}, 454),
        ("SETUP", "/track1", {"Transport": "RTP/AVP;unicast;client_port=5000-5001"}, 461),
        ("SETUP", "/track1", {"Transport": "RTP/AVP/TCP;interleaved=300-301"}, 461),
    ],
)
def test_a_request_that_cannot_be_gets_its_status(
    camera: CameraSim, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    with peer(camera) as client:
        assert client.ask(method, path, **headers)[0] == status


@pytest.mark.parametrize(
    "request_",
    [b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999\r\n\r\n", b"x" * 20_000, b"$\x00\x00"],
    ids=["a large body", "no end", "half a packet"],
)
def test_what_is_no_request_ends_the_connection(camera: CameraSim, request_: bytes) -> None:
    at = urlsplit(camera.url("rtsp"))
    with socket.create_connection((at.hostname, at.port or 0), _ANSWER_S) as line:
        line.sendall(request_)
        line.shutdown(socket.SHUT_WR)
        try:
            assert line.recv(100) == b""
        except ConnectionResetError:
            pass


def decoded(*source: str, pictures: int = 1) -> np.ndarray:
    """Pictures as FFmpeg decodes them: number, rows, columns."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", *source, "-frames:v", str(pictures), *_RAW],
        capture_output=True,
        check=True,
    )
    return np.frombuffer(raw.stdout, np.uint8).reshape(-1, ROWS, COLUMNS)


@pytest.mark.witness
def test_ffmpeg_gets_by_rtsp_the_very_picture_of_the_snapshot(
    camera: CameraSim, tmp_path: Path
) -> None:
    require(shutil.which("ffmpeg"), "ffmpeg")
    over_rtp = decoded("-rtsp_transport", "tcp", "-i", camera.url("rtsp"), pictures=2)
    alone = decoded("-i", camera.url("snapshot"))
    assert len(over_rtp) == 2
    assert (over_rtp == alone).all()


def test_opencv_reads_the_stream_and_its_password(camera: CameraSim) -> None:
    waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 10_000]
    camera.fault("unauthorized", user="u", password="p")
    assert not cv2.VideoCapture(camera.url("rtsp"), cv2.CAP_FFMPEG, waits).isOpened()
    capture = cv2.VideoCapture(camera.url("rtsp", login="u:p@"), cv2.CAP_FFMPEG, waits)
    is_there, picture = capture.read()
    capture.release()
    camera.tell("clear_faults")
    assert is_there and {each.text for each in zxingcpp.read_barcodes(picture)} == {LINK}


def test_a_picture_that_rtp_cannot_carry_is_left_out_and_a_dropout_ends_the_line(
    camera: CameraSim,
) -> None:
    with peer(camera) as client:
        camera.fault("huge", at=1)
        camera.fault("dropout", at=3)
        client.play()
        marked = 0
        try:
            while True:
                marked += client.packet()[1][1] >> 7
        except (AssertionError, struct.error):
            pass
        assert marked >= 1
    camera.tell("clear_faults")
