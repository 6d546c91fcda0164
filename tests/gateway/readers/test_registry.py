"""Reader URLs, as cli.md writes them."""

import asyncio
import sys

import pytest

from gateway.config import ConfigProblem
from gateway.readers.registry import UsageProblem, open_reader


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


@pytest.mark.parametrize("url", ["pcsc:ACS ACR1252", "camera:0", "x:y"])
def test_a_scheme_that_is_not_built_names_those_that_are(url: str) -> None:
    with pytest.raises(UsageProblem, match="this version knows llrp, llrps, m100, nfcpy, pn532"):
        open_reader(url)


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
