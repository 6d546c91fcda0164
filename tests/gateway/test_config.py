"""The gateway's TOML: what is read, and how what is wrong is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, ConfigProblem, load, parse


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse(b"") == Config()


def test_relative_paths_are_taken_from_the_files_own_folder(tmp_path: Path) -> None:
    file = tmp_path / "line.toml"
    file.write_text('[gateway]\njournal = "j.db"\n[keys]\ndevice = "/etc/device.key"\n')
    found = load(file)
    assert found.gateway.journal == tmp_path / "j.db"
    assert found.keys.device == Path("/etc/device.key")


def test_readers_are_read_in_their_order() -> None:
    found = parse(
        b'[[reader]]\nname="a"\nurl="pn532:/dev/ttyUSB0"\n[[reader]]\nname="b"\nurl="x"\ndedupe_s=5\n'
    )
    assert [each.name for each in found.reader] == ["a", "b"]
    assert found.reader[1].dedupe_s == 5.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[gatway]\n", "unknown key gatway: did you mean gateway?"),
        ("[gateway]\njurnal='x'\n", "unknown key gateway.jurnal: did you mean journal?"),
        (
            "[[reader]]\nname='a'\nurl='b'\ndedup_s=1\n",
            "unknown key reader.0.dedup_s: did you mean dedupe_s?",
        ),
        ("[gateway]\nname=5\n", "gateway.name: Input should be a valid string"),
        ("[gateway]\nlink='http://id.example.com'\n", "gateway.link"),
        ("[hub]\nurl='https://user:word@hub.example.com'\n", "hub.url"),
        (
            "[keys]\ndevice='k'\n"
            + "".join(
                f"[[reader]]\nname='{n}'\nurl='x'\njob='commission'\norders='o'\n" for n in "ab"
            ),
            "two readers share o",
        ),
        ("[gateway\n", "Expected"),
        ("[metrics]\nlisten = '127.0.0.1:65536'\n", "no port 65536"),
        ("[[reader]]\nname='a'\nurl='b'\njob='commission'\n", "needs orders"),
        ("[[reader]]\nname='a'\nurl='b'\njob='update'\n", "needs step"),
        ("[[reader]]\nname='a'\nurl='b'\njob='update'\nstep='inspected'\n", "needs keys.device"),
        ("[[reader]]\nname='a'\nurl='b'\n[[reader]]\nname='a'\nurl='c'\n", "'a' stands twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_path_and_the_nearest_right_key(
    text: str, says: str
) -> None:
    with pytest.raises(ConfigProblem, match="line.toml") as caught:
        parse(text.encode(), "line.toml")
    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="No such file"):
        load(tmp_path / "none.toml")


@given(st.one_of(st.binary(max_size=200), st.text("[]{}=\"'\n.a1#", max_size=80).map(str.encode)))
def test_any_bytes_are_read_or_refused_with_our_own_error(raw: bytes) -> None:
    try:
        parse(raw)
    except ConfigProblem:
        pass
