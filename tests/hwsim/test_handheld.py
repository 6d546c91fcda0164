"""The simulated board, as a small firmware on it sees it: pins, ports, display, flash and power."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.handheld_sim import BOARD_FIRMWARE, HandheldSim, handheld

UID = "04a1b2c3d4e5f6"
FIRMWARE = ("--firmware", str(BOARD_FIRMWARE))

WAKE = "5555555555" + "0000ff03fdd414011700"  # SAMConfiguration after five rising edges
VERSION = "0000ff02fed4022a00"  # UM0701-02, GetFirmwareVersion
VERSION_ANSWER = "0000ff00ff00" + "0000ff06fad50332010607e800"
SAM_ANSWER = "0000ff00ff00" + "0000ff02fed5151600"


@pytest.fixture(scope="module")
def shared() -> Iterator[HandheldSim]:
    with handheld(*FIRMWARE, "--tag", f"ntag215:{UID}", "--rain-tag", "monzax8k") as sim:
        sim.read_until(b"\n")
        sim.ask("uart = machine.UART(1, 115200, tx=Pin(17), rx=Pin(18), txbuf=512, rxbuf=1024)")
        sim.ask("reset = Pin(16, Pin.OUT, value=1)")
        yield sim


@pytest.fixture
def board(shared: HandheldSim) -> HandheldSim:
    """With nothing left over from another test."""
    shared.events.clear()
    shared.do("tones")
    shared.ask("uart.read() and None")
    return shared


def exchange(board: HandheldSim, command: str, size: int, uart: str = "uart") -> str:
    """What comes back on the UART, which the board waits for."""
    board.ask(f"{uart}.write(bytes.fromhex('{command}'))")
    board.ask("got = b''")
    while True:
        board.ask(f"got += {uart}.read() or b''")
        answer = board.ask("got.hex()")
        if len(answer) >= 2 * size:
            assert isinstance(answer, str)
            return answer


def test_it_says_where_it_is_and_which_tags_are_there(board: HandheldSim) -> None:
    assert board.ready["ready"] == "handheld" and board.ready["path"].startswith("/dev/pts/")
    assert board.ready["tags"] == [UID] and len(board.ready["epcs"]) == 1


def test_the_reader_chip_answers_on_its_uart_and_is_silent_while_reset(board: HandheldSim) -> None:
    assert exchange(board, WAKE, 15) == SAM_ANSWER
    assert exchange(board, VERSION, 19) == VERSION_ANSWER
    board.ask("reset(0)")
    board.ask(f"uart.write(bytes.fromhex('{VERSION}'))")
    assert board.ask("uart.any()") == 0
    board.ask("reset(1)")
    assert exchange(board, WAKE, 15) == SAM_ANSWER  # it sleeps after a reset
    assert exchange(board, VERSION, 19) == VERSION_ANSWER


def test_the_rain_module_answers_on_its_own_uart(board: HandheldSim) -> None:
    board.ask("rain = machine.UART(2, 115200, tx=Pin(6), rx=Pin(7))")
    answer = exchange(board, "bb00030001000 47e".replace(" ", ""), 17, "rain")
    assert bytes.fromhex(answer[10:]).startswith(b"\0M100 V1")  # its own name, manual 2.1


def test_a_uart_on_other_pins_or_at_another_speed_hears_nothing(board: HandheldSim) -> None:
    board.ask("other = machine.UART(1, 115200, tx=Pin(40), rx=Pin(41))")
    assert board.ask("other.write(b'abc'), other.any(), other.read()") == [3, 0, None]
    board.ask("uart.init(9600)")
    board.ask(f"uart.write(bytes.fromhex('{WAKE}'))")
    board.ask("time.sleep_ms(30)")
    assert board.ask("uart.any()") == 0
    board.ask("uart.init(115200)")
    assert exchange(board, WAKE, 15) == SAM_ANSWER


def test_buttons_pull_their_pin_low_and_interrupt(board: HandheldSim) -> None:
    board.ask("presses = []")
    board.ask("trigger = Pin(4, Pin.IN, Pin.PULL_UP)")
    board.ask("trigger.irq(lambda pin: presses.append(pin.id), Pin.IRQ_FALLING)")
    assert board.ask("trigger.value()") == 1
    board.do("hold", button="trigger")
    assert board.ask("trigger(), presses") == [0, [4]]
    board.do("release")
    assert board.ask("trigger(), presses") == [1, [4]]
    for _ in range(2):
        board.do("hold")
        board.do("release")
    assert board.ask("presses") == [4, 4, 4]  # a short press is not lost
    board.do("press", button="menu", ms=1)
    assert board.ask("presses") == [4, 4, 4]


def test_tones_are_noted_with_pitch_and_length(board: HandheldSim) -> None:
    board.ask("buzzer = machine.PWM(Pin(14), freq=1000, duty_u16=0)")
    assert board.do("tones") == {"tones": []}
    board.ask("buzzer.freq(2000), buzzer.duty_u16(32768)")
    board.ask("time.sleep_ms(30)")
    board.ask("buzzer.freq(500)")
    board.ask("buzzer.duty_u16(0)")
    first, second = board.do("tones")["tones"]
    assert first[0] == 2000 and 30 <= first[1] < 500 and second[0] == 500
    assert board.do("tones") == {"tones": []}
    assert board.event("tone")["freq_hz"] == 2000


def test_the_led_shows_what_was_last_written(board: HandheldSim) -> None:
    board.ask("from neopixel import NeoPixel")
    board.ask("light = NeoPixel(Pin(48, Pin.OUT), 1)")
    board.ask("light[0] = (9, 200, 3)")
    assert board.do("led") == {"led": [0, 0, 0]}
    board.ask("light.write()")
    assert board.do("led") == {"led": [9, 200, 3]} and board.ask("light[0]") == [9, 200, 3]
    assert board.event("led")["rgb"] == [9, 200, 3]


def test_the_battery_is_measured_behind_a_divider(board: HandheldSim) -> None:
    board.ask("cell = machine.ADC(Pin(1), atten=machine.ADC.ATTN_11DB)")
    board.do("battery", mv=3600)
    assert board.ask("cell.read_uv()") == 1_800_000
    assert board.ask("cell.read_u16()") == pytest.approx(1.8 / 3.3 * 65535, rel=0.01)


def test_what_the_display_shows_can_be_read_and_saved(board: HandheldSim, tmp_path: Path) -> None:
    board.ask("bus = machine.I2C(0, scl=Pin(9), sda=Pin(8), freq=400_000)")
    assert board.ask("bus.scan()") == [0x3C]
    board.ask("bus.writeto(0x3c, b'\\x00\\xa1\\xc8\\x8d\\x14\\xaf')")
    board.ask("rows = memoryview(bytearray(b'\\x01\\x03\\x80'))")
    board.ask("bus.writevto(0x3c, (b'\\x40', rows))")
    shown = board.do("screen")
    assert shown["lit"] == 4 and len(shown["lines"]) == 64
    assert shown["lines"][0].startswith("##.") and shown["lines"][7].startswith("..#")
    board.event("screen")
    path = tmp_path / "screen.png"
    assert board.do("png", path=str(path)) == {"path": str(path)}
    picture = cv2.imread(str(path))
    assert picture is not None and picture.shape == (256, 512, 3)
    assert picture[2, 2, 0] > 128 > picture[2, 30, 0]


def test_nobody_answers_at_another_address_of_the_bus(board: HandheldSim) -> None:
    board.ask("bus = machine.I2C(0, scl=Pin(9), sda=Pin(8), freq=400_000)")
    assert board.ask("bus.writeto(0x27, b'x')") == "! OSError(19,)"
    assert board.ask("machine.SoftI2C(Pin(30), Pin(31)).scan()") == []


def test_the_usb_port_carries_any_byte_and_what_nobody_reads_is_lost(board: HandheldSim) -> None:
    board.ask("import sys")
    board.write(b"sys.stdout.buffer.write(bytes(range(256))) and None\n")
    assert board.read_until(b"null\n") == bytes(range(256)) + b"null\n"
    board.ask("got = bytearray()")
    board.write(b"while len(got) < 256: got += sys.stdin.buffer.read(1)\n" + bytes(range(256)))
    assert board.read_until(b"null\n") == b"null\n"
    assert board.ask("got == bytes(range(256))") is True
    board.ask("from neopixel import NeoPixel")
    board.ask("light = NeoPixel(Pin(48, Pin.OUT), 1)")
    board.ask("light[0] = (1, 1, len(got) & 7)")
    board.ask("menu = Pin(5, Pin.IN, Pin.PULL_UP)")
    board.write(b"while menu(): time.sleep_ms(1)\nprint('lost')\nlight.write()\n")
    board.close_port()
    board.do("hold", button="menu")
    board.event("led")
    board.do("release", button="menu")
    board.open_port()
    board.write(b"'here' + ' again'\n")
    assert b"lost" not in board.read_until(b'"here again"\n')


def test_wifi_joins_the_hosts_network_while_it_is_in_the_air(board: HandheldSim) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(100))
                connection.sendall(b"welcome")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        board.ask("import network, socket")
        board.ask("wlan = network.WLAN(network.WLAN.IF_STA)")
        board.ask("wlan.active(True), wlan.connect('net', 'secret')")
        assert board.ask("wlan.isconnected()") is True
        board.ask("line = socket.socket()")
        port = server.getsockname()[1]
        board.ask(f"line.connect(socket.getaddrinfo('127.0.0.1', {port})[0][-1])")
        board.ask("line.send(b'hello')")
        assert board.ask("line.recv(100).decode()") == "welcome"
        board.ask("line.close()")
        thread.join()
    assert heard == [b"hello"]
    board.do("wifi", on=False)
    assert board.ask("wlan.isconnected()") is False
    board.do("wifi", on=True)


def test_the_heap_is_a_hard_limit_of_which_the_board_itself_takes_little(
    board: HandheldSim,
) -> None:
    assert board.ask("bytearray(70000) and None").startswith("! MemoryError")
    stats = board.do("stats")["stats"]
    assert 0 < stats["heap_at_start"] < 6000
    board.ask("import gc")
    board.do("watch_heap")
    board.ask("Pin(0).value()")
    peak = board.do("stats")["stats"]["heap_peak"]
    assert stats["heap_at_start"] < peak < 30_000
    board.do("watch_heap", on=False)
    assert board.ask("shim") < 5600


def test_deeds_on_the_tags_are_those_of_the_readers(board: HandheldSim) -> None:
    assert board.do("tags") == {"tags": [UID]}
    assert board.do("leave") == {"left": [UID]}
    assert board.do("arrive", uid=UID) == {"uid": UID, "tag": "ntag215"}
    assert len(board.do("rain_tags")["tags"]) == 1
    assert board.do("rain_leave")["left"] == board.ready["epcs"]


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ({"name": "dance"}, "known are press"),
        ({"name": "press", "button": "power"}, "there are trigger, menu"),
        ({"name": "press", "ms": -1}, "no number from 0"),
        ({"name": "battery", "mv": "full"}, "no number from 0"),
        ({"name": "png", "path": "/nowhere/x.png"}, "/nowhere/x.png"),
        ({"name": "rain_dance"}, "known are arrive"),
        ({"name": "fault", "args": {"write": "soon"}}, "soon"),
    ],
)
def test_a_wrong_deed_is_refused_in_a_line(
    board: HandheldSim, deed: dict[str, object], says: str
) -> None:
    name = str(deed.pop("name"))
    extra = {"name": "power"} if name == "fault" else {}
    reply = board.process and board.do(name, **deed, **extra)
    assert says in reply["error"]
