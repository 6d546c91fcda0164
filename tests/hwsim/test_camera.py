"""The simulated camera as a process: pictures over HTTP, its faults, its log; judged by curl, ffprobe and OpenCV."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import zxingcpp
from camera_sim import CameraSim, camera_sim
from click.testing import CliRunner
from witness import require

from hwsim.__main__ import main

SMALL = ("--size", "640x480", "--fps", "50")
LINK = "https://id.example.com/01/09506000134352/21/1"
NO_FAULT_S = 20


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameraSim]:
    """One process for the tests that leave it as it was."""
    log = tmp_path_factory.mktemp("camera") / "log"
    with camera_sim(*SMALL, "--code", f"qr:{LINK}", "--log", str(log)) as sim:
        sim.ready["log"] = str(log)
        yield sim


@pytest.fixture
def faulty(camera: CameraSim) -> Iterator[CameraSim]:
    """The same; afterwards all is well, and before it what was there at the start."""
    yield camera
    camera.tell("clear_faults")
    camera.tell("show", codes=[f"qr:{LINK}"])


def get(url: str, head: str = "") -> bytes:
    """Everything that a GET brings until the camera closes."""
    with closing(connect(url, head)) as line:
        return b"".join(iter(lambda: line.recv(65536), b""))


def connect(url: str, head: str = "") -> socket.socket:
    at = urlsplit(url)
    line = socket.create_connection((at.hostname, at.port or 0), NO_FAULT_S)
    line.sendall(f"GET {at.path} HTTP/1.1\r\nHost: camera\r\n{head}\r\n".encode())
    return line


def body(answer: bytes) -> bytes:
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(rest)}".encode() in head, head
    return rest


def seen(jpeg: bytes) -> set[bytes]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None and picture.shape == (480, 640)
    return {each.bytes for each in zxingcpp.read_barcodes(picture)}


def video(url: str) -> cv2.VideoCapture:
    waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 10_000]
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, waits)


@pytest.mark.witness
def test_curl_gets_a_snapshot_with_the_code(camera: CameraSim, tmp_path: Path) -> None:
    require(shutil.which("curl"), "curl")
    path = tmp_path / "snapshot.jpg"
    said = subprocess.run(
        ["curl", "-sS", "-o", path, "-w", "%{http_code} %{content_type}", camera.url("snapshot")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "200 image/jpeg"
    assert seen(path.read_bytes()) == {LINK.encode()}


@pytest.mark.witness
def test_ffprobe_knows_the_stream(camera: CameraSim) -> None:
    require(shutil.which("ffprobe"), "ffprobe (Debian: ffmpeg)")
    shown = ["-show_entries", "stream=codec_name,width,height,pix_fmt", "-of", "json"]
    told = subprocess.run(
        ["ffprobe", "-v", "warning", *shown, camera.url()], capture_output=True, check=True
    )
    assert told.stderr == b""
    (stream,) = json.loads(told.stdout)["streams"]
    assert stream == {"codec_name": "mjpeg", "width": 640, "height": 480, "pix_fmt": "yuvj422p"}


def test_opencv_reads_the_video_and_each_picture_is_in_the_log(camera: CameraSim) -> None:
    capture = video(camera.url())
    pictures = [capture.read() for _ in range(5)]
    capture.release()
    for is_there, picture in pictures:
        assert is_there
        assert {each.bytes for each in zxingcpp.read_barcodes(picture)} == {LINK.encode()}
    lines = [json.loads(line) for line in Path(camera.ready["log"]).read_text().splitlines()]
    sent = [line for line in lines if line["by"] == "mjpeg"]
    assert len(sent) >= 5
    assert all(line["taken_ns"] <= line["sent_ns"] for line in sent)


def test_two_who_look_get_the_same_pictures_and_nobody_none() -> None:
    with camera_sim(*SMALL, "--numbered", "--noise", "0") as sim:
        assert sim.tell("stats")["stats"]["taken"] == 0
        captures = [video(sim.url()), video(sim.url())]
        numbers: list[list[int]] = [[], []]
        while not set(numbers[0]) & set(numbers[1]):
            for capture, got in zip(captures, numbers, strict=True):
                is_there, picture = capture.read()
                assert is_there
                got += [int(each.text) for each in zxingcpp.read_barcodes(picture)]
        assert all(got == sorted(set(got)) for got in numbers)
        for capture in captures:
            capture.release()


def test_show_and_clear_take_a_picture_at_once_and_say_its_number(faulty: CameraSim) -> None:
    frame = faulty.tell("show", codes=["datamatrix:NEW", "qr:TOO"])["frame"]
    assert seen(body(get(faulty.url("snapshot")))) == {b"NEW", b"TOO"}
    assert faulty.tell("clear")["frame"] > frame
    assert seen(body(get(faulty.url("snapshot")))) == set()
    assert faulty.tell("stats")["stats"]["seen"] == []


@pytest.mark.parametrize(
    ("deed", "more", "words"),
    [
        ("jump", {}, "known are show, clear"),
        ("show", {}, "codes is no list"),
        ("show", {"codes": ["x:1"]}, "code 'x:1'"),
        ("show", {"codes": ["qr:1"] * 65}, "64 have room"),
        ("fault", {"name": "x"}, "known are dropout"),
        ("fault", {"name": "stall", "args": {"x": 1}}, "stall has no 'x'"),
        ("fault", {"name": "slow", "args": {"bytes_s": 0}}, "bytes_s > 0"),
        ("fault", {"name": "slow", "args": 3}, "args is no object"),
    ],
)
def test_a_command_that_is_wrong_is_answered_with_why(
    camera: CameraSim, deed: str, more: dict[str, object], words: str
) -> None:
    assert words in camera.tell(deed, **more)["error"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /nothing HTTP/1.1\r\n\r\n", b"404"),
        ("POST /snapshot.jpg HTTP/1.1\r\n\r\n", b"405"),
        ("GET /snapshot.jpg?size=1 HTTP/1.1\r\n\r\n", b"200"),
        ("nonsense\r\n\r\n", b"405"),
    ],
)
def test_other_requests_get_their_status(camera: CameraSim, request_: str, status: bytes) -> None:
    at = urlsplit(camera.url())
    with socket.create_connection((at.hostname, at.port or 0), NO_FAULT_S) as line:
        line.sendall(request_.encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 " + status)


def test_a_request_without_end_is_not_read_for_ever(camera: CameraSim) -> None:
    at = urlsplit(camera.url())
    with socket.create_connection((at.hostname, at.port or 0), NO_FAULT_S) as line:
        line.sendall(b"GET /" + b"x" * 20_000)
        try:
            assert line.recv(100) == b""
        except ConnectionResetError:
            pass
    assert seen(body(get(camera.url("snapshot")))) == {LINK.encode()}


def test_a_password_is_asked_for_by_basic(faulty: CameraSim) -> None:
    faulty.fault("unauthorized", user="u", password="p")
    refused = get(faulty.url("snapshot"))
    assert refused.startswith(b"HTTP/1.1 401") and b"WWW-Authenticate: Basic" in refused
    assert seen(body(get(faulty.url("snapshot"), "Authorization: Basic dTpw\r\n")))  # u:p
    assert not video(faulty.url()).isOpened() and video(faulty.url(login="u:p@")).isOpened()
    faulty.fault("unauthorized")
    assert get(faulty.url("snapshot"), "Authorization: Basic dTpw\r\n").startswith(b"HTTP/1.1 401")


def test_a_truncated_and_a_corrupt_picture_end_neither_the_video_nor_the_camera(
    faulty: CameraSim,
) -> None:
    faulty.fault("truncated", at=2)
    faulty.fault("corrupt", at=3)
    pictures = [body(get(faulty.url("snapshot"))) for _ in range(4)]
    whole, cut, corrupt, last = pictures
    assert len(cut) < 0.6 * len(whole) and not cut.endswith(b"\xff\xd9")
    assert whole.endswith(b"\xff\xd9") and corrupt.endswith(b"\xff\xd9")
    assert seen(whole) == seen(last) == {LINK.encode()}


def test_a_huge_picture_says_so_in_its_header(faulty: CameraSim) -> None:
    faulty.fault("huge", megapixels=100)
    jpeg = body(get(faulty.url("snapshot")))
    frame = jpeg.index(b"\xff\xc0") + 5
    rows, columns = (int.from_bytes(jpeg[frame + at : frame + at + 2]) for at in (0, 2))
    assert 99e6 < rows * columns < 101e6


def test_a_dropout_breaks_every_connection_in_the_middle_of_a_picture(faulty: CameraSim) -> None:
    with closing(connect(faulty.url())) as one, closing(connect(faulty.url())) as other:
        assert one.recv(1) and other.recv(1)
        faulty.fault("dropout", away_s=3600)
        for line in (one, other):
            while line.recv(65536):
                pass
    with closing(connect(faulty.url())) as late:
        try:
            assert late.recv(1) == b""
        except ConnectionResetError:
            pass
    faulty.tell("clear_faults")
    assert seen(body(get(faulty.url("snapshot")))) == {LINK.encode()}


def test_a_stall_sends_nothing_until_it_is_over(faulty: CameraSim) -> None:
    faulty.fault("stall", s=3600)
    with closing(connect(faulty.url("snapshot"))) as line:
        line.setblocking(False)
        assert faulty.tell("stats")["stats"]["watching"] == 0
        with pytest.raises(BlockingIOError):
            line.recv(1)
        line.settimeout(NO_FAULT_S)
        faulty.tell("clear_faults")
        assert line.recv(1) == b"H"


def test_a_slow_picture_trickles_and_the_next_does_not(faulty: CameraSim) -> None:
    faulty.fault("slow", bytes_s=20, pictures=1)
    with closing(connect(faulty.url("snapshot"))) as line:
        assert 0 < len(line.recv(1 << 20)) < 1000
    assert seen(body(get(faulty.url("snapshot")))) == {LINK.encode()}


def test_a_late_camera_answers_when_it_is_told_that_all_is_well(faulty: CameraSim) -> None:
    faulty.fault("late", s=3600)
    with closing(connect(faulty.url("snapshot"))) as line:
        faulty.tell("clear_faults")
        assert line.recv(1) == b"H"


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "hwsim", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_a_scenario_shows_codes_and_arms_faults(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(
        '[camera]\nsize = "640x480"\nfps = 50\ncode = ["qr:first"]\n'
        '[[event]]\nafter_s = 0.01\ndo = "fault"\nname = "unauthorized"\n'
        '[[event]]\nafter_s = 0.01\ndo = "show"\ncodes = ["qr:second"]\n'
    )
    with running("up", str(path)) as process:
        snapshot = line_of(process)["snapshot"]
        while not get(snapshot).startswith(b"HTTP/1.1 401"):
            pass
        process.send_signal(signal.SIGTERM)
        assert line_of(process)["stats"]["seen"][0] in ("first", "second")
        assert process.wait(NO_FAULT_S) == 0
    path.write_text('[camera]\n[[event]]\ndo = "jump"\n')
    result = CliRunner().invoke(main, ["up", str(path)])
    assert result.exit_code == 2 and "event 1: no command 'jump'" in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None])
def test_it_says_at_its_end_what_it_did(number: signal.Signals | None) -> None:
    with (
        running("camera", "--size", "64x64", "--control") as process,
        closing(connect(line_of(process)["mjpeg"])) as line,  # who looks does not keep it
    ):
        assert line.recv(1)
        if number is None:
            assert process.stdin is not None
            process.stdin.close()
        else:
            process.send_signal(number)
        assert line_of(process)["stats"]["sent"]["mjpeg"] > 0
        assert process.wait(NO_FAULT_S) == 0


def test_options_that_cannot_be_are_refused_in_one_line(tmp_path: Path) -> None:
    def refused(*options: str) -> str:
        result = CliRunner().invoke(main, ["camera", *options])
        assert result.exit_code == 2
        return result.output

    assert "write 1920x1080" in refused("--size", "large")
    assert "64 to 8192" in refused("--size", "10x10")
    assert "code 'x'" in refused("--code", "x")
    assert "known are dropout" in refused("--fault", "x")
    assert "steps of 8" in refused("--size", "644x480", "--rtsp-port", "0")
    assert "there is no picture" in refused("--photos", str(tmp_path))
    assert "the number takes" in refused("--size", "64x64", "--numbered")
    assert "one of --code" in refused("--photos", str(tmp_path), "--code", "qr:1")


def test_a_port_that_is_taken_is_status_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["camera", "--size", "64x64", "--port", port])
    assert result.exit_code == 3 and f"127.0.0.1:{port}: " in result.output
