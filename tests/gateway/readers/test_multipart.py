import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Malformed
from gateway.readers.multipart import Multipart, boundary

LARGEST = 1000
JPEG = b"\xff\xd8 a picture \xff\xd9"
OTHER = b"\xff\xd8 another --one \xff\xd9"


def part(body: bytes, length: int | None = None, name: bytes = b"--frame") -> bytes:
    head = b"" if length is None else b"Content-Length: %d\r\n" % length
    return name + b"\r\nContent-Type: image/jpeg\r\n" + head + b"\r\n" + body + b"\r\n"


# RFC 2046, "Multipart Media Type", and what cameras make of it
STREAMS = {
    "with lengths": part(JPEG, len(JPEG)) + part(OTHER, len(OTHER)) + b"--frame--\r\n",
    "without": part(JPEG) + part(OTHER) + b"--frame--\r\n",
    "preamble": b"hello\r\n\r\n" + part(JPEG, len(JPEG)) + part(OTHER, len(OTHER)),
    "bare line feeds": (part(JPEG, len(JPEG)) + part(OTHER, len(OTHER))).replace(b"\r\n", b"\n"),
    "dashes too many": part(JPEG, len(JPEG), b"----frame") + part(OTHER, None, b"----frame"),
    "lower case": (part(JPEG, len(JPEG)) + part(OTHER, len(OTHER))).replace(
        b"Content-L", b"content-l"
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_parts_come_out_whole_and_byte_by_byte(name: str) -> None:
    stream = STREAMS[name]
    assert Multipart(b"frame", LARGEST).receive(stream) == [JPEG, OTHER]
    parts = Multipart(b"frame", LARGEST)
    assert [each for at in range(len(stream)) for each in parts.receive(stream[at : at + 1])] == [
        JPEG,
        OTHER,
    ]


def test_a_jpeg_without_a_length_is_there_when_it_ends() -> None:
    assert Multipart(b"frame", LARGEST).receive(part(JPEG)) == [JPEG]


@pytest.mark.parametrize("length", [LARGEST + 1, None], ids=["stated", "not stated"])
def test_a_part_that_is_too_large_is_skipped_and_held_by_nobody(length: int | None) -> None:
    parts = Multipart(b"frame", LARGEST)
    stream = part(b"x" * (LARGEST + 1), length) + part(JPEG, len(JPEG))
    found, most = [], 0
    for at in range(0, len(stream), 50):
        found += parts.receive(stream[at : at + 50])
        most = max(most, parts.held)
    assert (found, parts.skipped) == ([JPEG], 1)
    assert most <= LARGEST + 50


def test_a_stated_length_without_end_is_passed_over_as_it_comes() -> None:
    parts = Multipart(b"frame", LARGEST)
    parts.receive(b"--frame\r\nContent-Length: 999999999999\r\n\r\n")
    for _ in range(1000):
        assert parts.receive(b"x" * 1000) == []
    assert (parts.held, parts.skipped) == (0, 1)


def test_headers_without_end_are_no_part() -> None:
    parts = Multipart(b"frame", LARGEST)
    assert parts.receive(b"--frame\r\n" + b"X: y\r\n" * 5000) == []
    assert parts.held < 10_000
    assert parts.receive(part(JPEG, len(JPEG))) == [JPEG]


@given(
    st.lists(
        st.sampled_from(
            [b"--frame", b"\r\n", b"Content-Length: 7", b"\xff\xd9", b"abc", b"\r\n\r\n"]
        )
    )
)
def test_what_is_no_stream_breaks_nothing_and_is_not_held(pieces: list[bytes]) -> None:
    parts = Multipart(b"frame", LARGEST)
    for piece in pieces * 9:
        assert all(len(each) <= LARGEST for each in parts.receive(piece))
        assert parts.held <= 9000


@pytest.mark.parametrize(
    ("kind", "is_"),
    [
        ("multipart/x-mixed-replace; boundary=frame", b"frame"),
        ("multipart/x-mixed-replace;boundary=--myboundary", b"myboundary"),
        ('multipart/x-mixed-replace; BOUNDARY="a b"; x=y', b"a b"),
    ],
)
def test_the_boundary_is_named_by_the_content_type(kind: str, is_: bytes) -> None:
    assert boundary(kind) == is_


@pytest.mark.parametrize(
    "kind", ["multipart/x-mixed-replace", "a; boundary=", "a; boundary=--", "a; boundary=\xe4"]
)
def test_a_stream_without_a_boundary_is_refused(kind: str) -> None:
    with pytest.raises(Malformed, match="boundary"):
        boundary(kind)
