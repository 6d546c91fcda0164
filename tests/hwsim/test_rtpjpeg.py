"""RTP/JPEG: the fields of RFC 3550 and RFC 2435 where they stand, whole pictures from packets, cuts anywhere."""

import struct

import cv2
import numpy as np
import pytest

from hwsim import jpegs
from hwsim.rtpjpeg import Stream, picture

SIZE = (64, 96)  # rows, columns
GRAY = np.random.default_rng(0).integers(0, 255, SIZE, np.uint8)
JPEG = jpegs.encode(GRAY)


def fields(packet: bytes) -> dict[str, int]:
    first, second, sequence, timestamp, ssrc, offset, kind, q, width, height = struct.unpack_from(
        ">BBHIIIBBBB", packet
    )
    return {
        "first": first,
        "marker": second >> 7,
        "payload_type": second & 0x7F,
        "sequence": sequence,
        "timestamp": timestamp,
        "ssrc": ssrc,
        "specific": offset >> 24,
        "offset": offset & 0xFFFFFF,
        "type": kind,
        "q": q,
        "width": width,
        "height": height,
    }


def test_the_first_packet_has_the_fields_of_the_standard_and_the_tables() -> None:
    first = Stream(0x11223344, 65535).packets(JPEG, 90_000)[0]
    assert fields(first) == {
        "first": 0x80,
        "marker": 0,
        "payload_type": 26,
        "sequence": 65535,
        "timestamp": 90_000,
        "ssrc": 0x11223344,
        "specific": 0,
        "offset": 0,
        "type": 0,
        "q": 255,
        "width": 12,
        "height": 8,
    }
    assert first[20:24] == bytes((0, 0, 0, 128))
    dqt = [at for at in range(len(JPEG)) if JPEG[at : at + 4] == b"\xff\xdb\x00\x43"]
    assert first[24:152] == b"".join([JPEG[at + 5 : at + 69] for at in dqt])


def test_the_scan_comes_in_order_and_the_last_packet_is_marked() -> None:
    packets = Stream(1, 65534).packets(JPEG, 0)
    told = [fields(each) for each in packets]
    assert len(packets) > 2 and max(map(len, packets)) <= 1500 - 40 - 4
    assert [each["marker"] for each in told] == [0] * (len(packets) - 1) + [1]
    assert [each["sequence"] for each in told] == [
        (65534 + number) & 0xFFFF for number in range(len(packets))
    ]
    scan = b""
    for packet, each in zip(packets, told, strict=True):
        assert each["offset"] == len(scan)
        scan += packet[20:] if scan else packet[152:]
    assert JPEG.endswith(scan + b"\xff\xd9")


@pytest.mark.parametrize(
    ("factor", "kind"),
    [(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, 0), (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, 1)],
)
def test_the_type_says_the_sampling_and_restart_markers(factor: int, kind: int) -> None:
    colours = cv2.cvtColor(GRAY, cv2.COLOR_GRAY2BGR)
    settings = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
    marked = Stream(1).packets(cv2.imencode(".jpg", colours, settings)[1].tobytes(), 0)
    assert {fields(each)["type"] for each in marked} == {64 + kind}
    assert marked[0][20:24] == marked[-1][20:24] == bytes((0, 2, 0xFF, 0xFF))
    plain = cv2.imencode(".jpg", colours, settings[:2])[1].tobytes()
    assert {fields(each)["type"] for each in Stream(1).packets(plain, 0)} == {kind}


def test_a_sender_report_says_the_moment_and_what_was_sent() -> None:
    stream = Stream(7)
    octets = sum(len(each) - 12 for each in stream.packets(JPEG, 5))
    report = stream.report(5, 0.5)
    version, kind, length, ssrc, ntp, timestamp, packets, sent = struct.unpack(">BBHIQIII", report)
    assert (version, kind, length, ssrc, timestamp) == (0x80, 200, len(report) // 4 - 1, 7, 5)
    assert ntp == (2_208_988_800 << 32) + (1 << 31)
    assert (packets, sent) == (len(Stream(7).packets(JPEG, 5)), octets)


@pytest.mark.parametrize(
    "jpeg",
    [
        b"",
        b"GIF89a",
        cv2.imencode(".jpg", GRAY)[1].tobytes(),
        jpegs.encode(np.zeros((60, 100), np.uint8)),
        jpegs.encode(np.zeros((8, 2048), np.uint8)),
        jpegs.huge(1),
    ],
    ids=["nothing", "gif", "one component", "no multiple of 8", "too wide", "huge"],
)
def test_what_rtp_has_no_type_for_is_refused(jpeg: bytes) -> None:
    with pytest.raises(ValueError, match=r"JPEG"):
        picture(jpeg)


def test_a_jpeg_cut_anywhere_is_refused_or_has_a_shorter_scan() -> None:
    whole = picture(JPEG)
    begin = len(JPEG) - 2 - len(whole.scan)
    for length in range(len(JPEG)):
        if length < begin:
            with pytest.raises(ValueError, match="JPEG"):
                picture(JPEG[:length])
        else:
            assert whole.scan.startswith(picture(JPEG[:length]).scan[:-1])


def test_a_huge_picture_is_a_right_jpeg_of_its_size() -> None:
    shown = cv2.imdecode(np.frombuffer(jpegs.huge(1.0), np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown.size == pytest.approx(1e6, rel=0.05) and shown.min() == shown.max() == 128
    assert len(jpegs.huge(100)) < 1_300_000
