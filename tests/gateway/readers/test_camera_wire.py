import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Malformed
from gateway.model import CodeRead, Look, Quality, Wanted
from gateway.readers.camera_wire import LONGEST, Asked, Keep, Kept, Spec, Told, line, parse
from gateway.readers.codeport import DeviceState

READ = CodeRead(
    "cam",
    b"\x00\xff\x1d",
    "]d2",
    "DataMatrix",
    1790000000.25,
    ((1, 2), (3, 2), (3, 4), (1, 4)),
    90.5,
    7.25,
    Quality(0.5, None, 2.5),
    "zxing",
    2,
    ("dmtx",),
    7,
)
MESSAGES = [
    Spec("cam", "http://u:p@h/", ("qr", "ean13"), 2, 1, "", 256, 77),
    Asked(trigger=Wanted(2, (b"\x80", b""), True)),
    Asked(release=True),
    Asked(keep=Keep(1, "no_read")),
    Told(),
    Told(state=DeviceState("gone", "away")),
    Told(look=Look(1790000000.25, (READ, READ), unreadable=1, frame=7)),
    Told(kept=Kept(1, None)),
    Told(bad="why"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_a_message_is_one_line_and_comes_back(message: Spec | Asked | Told) -> None:
    data = line(message)
    assert data.count(b"\n") == 1 and data.endswith(b"\n")
    assert parse(type(message), data) == message


def test_bytes_go_as_hex() -> None:
    assert b'"00ff1d"' in line(MESSAGES[6])


@given(st.binary(max_size=60) | st.sampled_from([line(each) for each in MESSAGES]))
def test_any_other_line_is_malformed(data: bytes) -> None:
    for shape in (Spec, Asked, Told):
        try:
            found = parse(shape, data)
        except Malformed:
            continue
        assert isinstance(found, shape)


def test_a_line_without_end_is_malformed() -> None:
    with pytest.raises(Malformed, match="at most"):
        parse(Told, b" " * LONGEST + line(Told()))
