"""Reader URLs, as cli.md writes them."""

import asyncio
import re
import sys
from collections.abc import Callable

import pytest

from gateway.config import ConfigProblem
from gateway.model import by_tid
from gateway.readers.handheld import Where
from gateway.readers.rain import RainReader
from gateway.readers.registry import UsageProblem, open_code_reader, open_handhelds, open_reader


def test_a_pn532_url_opens_that_line(bench) -> None:
    async def main() -> None:
        bench.arrive()
        async with open_reader(f"pn532:{bench.path}?baud=230400") as reader:
            assert reader.name == f"pn532:{bench.path}?baud=230400"
            assert bench.port.chip.baud == 230400
            assert await reader.target(1) is not None

    asyncio.run(main())


def test_a_reader_bears_the_name_that_the_operator_gave_it(bench) -> None:
    assert open_reader(f"pn532:{bench.path}", "dock 1").name == "dock 1"


@pytest.mark.parametrize("url", ["pcsc:ACS ACR1252", "x:y"])
def test_a_scheme_that_is_not_built_names_those_that_are(url: str) -> None:
    with pytest.raises(UsageProblem, match="this version knows llrp, llrps, m100, nfcpy, pn532"):
        open_reader(url)


@pytest.mark.parametrize("open_it", [open_reader, open_code_reader])
@pytest.mark.parametrize("scheme", ["camera:http", "rtsp", "kamera:rtsp", "llrp", "llrps"])
def test_a_password_is_not_told(open_it: Callable[[str], object], scheme: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        open_it(f"{scheme}://me:hush@cam.local:port/v.mjpg")
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "pn532", "pn532:", "/dev/ttyUSB0"])
def test_what_is_no_url_is_told_how_one_looks(url: str) -> None:
    with pytest.raises(UsageProblem, match="write pn532:/dev/ttyUSB0"):
        open_reader(url)


@pytest.mark.parametrize("query", ["?baud=fast", "?baud=1200", "?speed=9600", "?baud="])
def test_an_option_that_is_none_is_refused(query: str) -> None:
    with pytest.raises(UsageProblem, match="pn532:/dev/null"):
        open_reader(f"pn532:/dev/null{query}")


def test_a_missing_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "gateway.readers.nfcpy", None)
    with pytest.raises(UsageProblem, match=r"install tagwright\[nfcpy\]"):
        open_reader("nfcpy:usb:072f:2200")


def test_a_usage_problem_ends_a_command_as_wrong_configuration_does() -> None:
    assert issubclass(UsageProblem, ConfigProblem)


@pytest.mark.parametrize(
    "url",
    [
        "llrp://192.0.2.7",
        "llrp://[2001:db8::7]:15084?antenna=1,2&power_dbm=20.5&rssi_dbm=-60&session=2",
        "llrps://reader.example?tid=E280115020000000000000AA",
        "m100:/dev/ttyUSB1?power_dbm=20&baud=57600",
    ],
)
def test_a_rain_url_names_a_reader_of_many_tags(url: str) -> None:
    reader = open_reader(url, "dock 1")
    assert isinstance(reader, RainReader)
    assert (reader.name, reader.is_open) == ("dock 1", False)


def test_the_options_of_a_rain_url_say_how_to_look() -> None:
    reader = open_reader("llrp://host?antenna=2,4&power_dbm=20.5&session=1&tid=E28011AA")
    assert isinstance(reader, RainReader)
    want = reader.want
    assert (want.antennas, want.power_dbm, want.session) == ((2, 4), 20.5, 1)
    assert want.select == by_tid(bytes.fromhex("e28011aa"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("llrp://host?power=20", "no option 'power': write antenna=1,2, power_dbm=20"),
        ("llrp://host?ca=root.pem", "no option 'ca'"),
        ("llrp://host:99999", "out of range"),
        ("llrp://", "llrp://HOST"),
        ("llrp:host", "llrp://HOST"),
        ("llrp://host/path", "llrp://HOST:5084"),
        ("llrps://host/path", "llrps://HOST:5085"),
        ("llrp://host?antenna=0", "numbered from 1"),
        ("llrp://host?antenna=one", "antenna: 'one' is no whole number"),
        ("llrp://host?session=4", "0 to 3"),
        ("llrp://host?power_dbm=much", "power_dbm: 'much' is no number of dBm: write power_dbm=20"),
        ("llrp://host?power_dbm=nan", "power_dbm: 'nan' is no number of dBm"),
        ("m100:/dev/null?power_dbm=inf", "power_dbm: 'inf' is no number of dBm"),
        ("llrp://host?rssi_dbm=near", "rssi_dbm: 'near' is no number of dBm: write rssi_dbm=-60"),
        ("llrp://host?tid=xyz", "tid: 'xyz' is not hex: write its digits, tid=E280..."),
        ("llrp://host?tid=E280AA", "whole number of words"),
        ("llrps://host?ca=/nowhere/ca.pem", "ca"),
        ("m100:?baud=1", "write m100:PATH"),
        ("m100:/dev/null?baud=fast", "baud"),
        ("m100:/dev/null?key=k.pem", "no option 'key'"),
    ],
)
def test_a_rain_url_that_is_none_is_told_why(url: str, words: str) -> None:
    with pytest.raises(ConfigProblem, match=re.escape(words)):
        open_reader(url)


def test_a_handhelds_url_is_a_port_or_where_to_listen() -> None:
    assert open_handhelds("handheld:/dev/ttyACM0?baud=921600", "a").where == Where(
        "/dev/ttyACM0", baud=921600
    )
    assert open_handhelds("handheld:tcp://0.0.0.0:8478", "a").where == Where("", "0.0.0.0", 8478)
    assert open_handhelds("handheld:tcp://[::1]:8478", "a").where.host == "::1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("handheld:", "write handheld:/dev/ttyACM0"),
        ("handheld:ttyACM0", "write handheld:/dev/ttyACM0"),
        ("handheld:/dev/ttyACM0?speed=1", "no option 'speed': write baud=115200"),
        ("handheld:/dev/ttyACM0?baud=fast", "no whole number"),
        ("handheld:tcp://0.0.0.0", "where the gateway listens"),
        ("handheld:tcp://0.0.0.0:99999", "Port out of range"),
        ("handheld:tcp://me@0.0.0.0:1", "where the gateway listens"),
        ("handheld:tcp://0.0.0.0:1?baud=1", "no option 'baud'"),
    ],
)
def test_a_handhelds_url_that_is_none_is_told_why(url: str, words: str) -> None:
    with pytest.raises(UsageProblem, match=re.escape(words)):
        open_handhelds(url, "a")


def test_a_handheld_is_no_reader_for_one_command() -> None:
    with pytest.raises(UsageProblem, match="`tagwright run` collects"):
        open_reader("handheld:/dev/ttyACM0")
