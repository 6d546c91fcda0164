"""The gateway's TOML: what is read, and how what is wrong is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, ConfigProblem, load, parse, password, secret


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
        ("[gateway]\ncaptures_percent=75\n", "captures_percent and telemetry_percent make 100"),
        ("[gateway]\njournal_keep_days=-1\n", "gateway.journal_keep_days"),
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
        ("[gateway]\nlink_hosts=['Example.com']\n", "a host's name in lower case"),
        ("[[reader]]\nname='a'\nurl='camera:0'\njob='update'\nstep='inspected'\n", "a camera may"),
        ("[[reader]]\nname='a'\nurl='pn532:x'\n[reader.codes]\n", "for cameras and scanners"),
        ("[[reader]]\nname='a'\nurl='scanner:x'\njob='print'\norders='o'\n", "needs a camera"),
        ("[[reader]]\nname='a'\nurl='camera:0'\njob='print'\n", "job print needs orders"),
        ("[[reader]]\nname='a'\nurl='pn532:x'\njob='bind'\n", "beside is missing"),
        ("[[reader]]\nname='a'\nurl='pn532:x'\njob='bind'\nbeside='c'\n", "is called 'c'"),
        ("[[reader]]\nname='a'\nurl='pn532:x'\nbeside='a'\n", "and this is job verify"),
        (
            "[[reader]]\nname='a'\nurl='pn532:x'\njob='bind'\nbeside='c'\n"
            "[[reader]]\nname='c'\nurl='camera:x'\njob='print'\norders='o.csv'\n",
            "c reads labels",
        ),
        (
            "[[reader]]\nname='a'\nurl='camera:x'\n[reader.codes]\nplc='0.0.0.0:70000'\n",
            "codes.plc: no port 70000",
        ),
        (
            "".join(
                f"[[reader]]\nname='{n}'\nurl='camera:{n}'\n[reader.codes]\nplc='h:9100'\n"
                for n in "ab"
            ),
            "codes.plc: h:9100 stands twice",
        ),
        (
            "[[reader]]\nname='c'\nurl='camera:0'\n"
            + "".join(
                f"[[reader]]\nname='{n}'\nurl='pn532:{n}'\njob='bind'\nbeside='c'\n" for n in "ab"
            ),
            "c stands beside two readers",
        ),
        ("[[reader]]\nname='a'\nurl='camera:0'\n[reader.codes]\ntriger='x'\n", "mean trigger?"),
        ("[[reader]]\nname='a'\nurl='camera:0'\ncodes={trigger='single'}\n", "nothing triggers it"),
        (
            "[[reader]]\nname='a'\nurl='camera:0'\ncodes={count=3,most=2}\n",
            "no cycle would be good",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_path_and_the_nearest_right_key(
    text: str, says: str
) -> None:
    with pytest.raises(ConfigProblem, match="line.toml") as caught:
        parse(text.encode(), "line.toml")
    assert says in str(caught.value)


def test_no_password_of_a_url_is_told() -> None:
    with pytest.raises(ConfigProblem, match="write https://HOST:PORT") as caught:
        parse(b"[hub]\nurl = 'https://line1:hu/sh@hub.example.com'\n", "line.toml")
    assert "hu" not in str(caught.value).replace("hub", "")


PRESENCE = "[[reader]]\nname='north'\nurl='llrp://10.0.0.9'\njob='presence'\n"
PALLET = "[[reader]]\nname='dock'\nurl='llrp://10.0.0.9'\njob='pallet'\n"


def test_the_tables_of_a_portal_are_read() -> None:
    found = parse(
        (
            "[gateway]\ncompany_prefixes=['9520123']\n"
            + PRESENCE
            + "[reader.presence]\nzones={1='dock', 2='dock'}\nmove_offset_db=4\ndepart_s=5.5\n"
            + "[reader.window]\ngpi=1\nmax_s=8\n"
        ).encode()
    )
    assert found.gateway.company_prefixes == ("9520123",)
    presence, window = found.reader[0].presence, found.reader[0].window
    assert presence is not None and window is not None
    assert presence.zones == {"1": "dock", "2": "dock"}
    assert (presence.move_offset_db, presence.depart_s, presence.hold_off_s) == (4.0, 5.5, 0.5)
    assert (window.gpi, window.max_s) == (1, 8.0)


def test_every_file_of_a_reader_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    url = "llrps://10.0.0.9:5085?antenna=1,2&ca=ca.pem&key=/etc/key.pem&power_dbm=20"
    found = parse(
        (
            f"[[reader]]\nname='a'\nurl='{url}'\njob='pallet'\naccess_password_file='pw'\n"
            "[reader.pallet]\nexpected='advice.csv'\n"
        ).encode(),
        folder=tmp_path,
    ).reader[0]
    assert found.pallet is not None
    assert found.pallet.expected == tmp_path / "advice.csv"
    assert found.access_password_file == tmp_path / "pw"
    assert found.url == (
        f"llrps://10.0.0.9:5085?antenna=1,2&ca={tmp_path}/ca.pem&key=/etc/key.pem&power_dbm=20"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            PRESENCE + "[reader.presence]\nhold_of_s=1\n",
            "unknown key reader.0.presence.hold_of_s: did you mean hold_off_s?",
        ),
        (PRESENCE + "[reader.window]\ngpo=1\n", "did you mean gpi?"),
        (PRESENCE + "[reader.window]\nmax_s=1\n", "reader.0.window.gpi: Field required"),
        (PRESENCE + "[reader.presence]\nzones={0='x'}\n", "reader.0.presence.zones.0"),
        (PRESENCE + "[reader.presence]\nzones={1='a/b'}\n", "reader.0.presence.zones.1"),
        (
            PRESENCE + "[reader.presence]\nzones={1='the door'}\n",
            "'the door': write letters, digits",
        ),
        ("[gateway]\ncompany_prefixes=['12']\n", "'12': write a GS1 company prefix of 6 to 12"),
        ("[[reader]]\nname='a'\nurl='b:c'\njob='presense'\n", "did you mean presence?"),
        ("[[reader]]\nname='a'\nurl='b:c'\njob='x'\n", "it may be read, verify"),
        (PRESENCE + "[reader.presence]\nsmooth_s=0\n", "reader.0.presence.smooth_s"),
        (PRESENCE + "[reader.presence]\nfloor_dbm=nan\n", "reader.0.presence.floor_dbm"),
        (PRESENCE + "[reader.pallet]\n", "pallet is for job pallet, and this is job presence"),
        (PRESENCE.replace("llrp:", "pn532:"), "job presence needs a RAIN reader"),
        (PALLET.replace("llrp:", "m100:") + "[reader.window]\ngpi=1\n", "a reader with inputs"),
        ("[[reader]]\nname='a'\nurl='llrp://h'\n[reader.window]\ngpi=1\n", "window is for"),
        (
            "[[reader]]\nname='a'\nurl='pn532:x'\naccess_password_file='p'\n",
            "access_password_file is for RAIN readers",
        ),
        ("[gateway]\ncompany_prefixes=['95']\n", "gateway.company_prefixes.0"),
        (
            PRESENCE
            + "[reader.presence]\nzones={1='hall'}\n"
            + PRESENCE.replace("north", "south")
            + "[reader.presence]\nzones={1='hall'}\ndepart_s=9\n",
            "reader south: presence.depart_s: zone 'hall' is also watched by north",
        ),
    ],
)
def test_what_is_wrong_with_a_portal_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        parse(text.encode(), "line.toml")
    assert says in str(caught.value)


def test_a_password_is_8_hex_digits_and_never_told(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("0badF00d\nmore\n")
    assert password(file, "reader.access_password_file") == 0x0BADF00D
    file.write_text("0badf00")
    with pytest.raises(ConfigProblem, match="8 hex digits") as caught:
        password(file, "reader.access_password_file")
    assert "0badf00" not in str(caught.value).replace(str(file), "")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="No such file"):
        load(tmp_path / "none.toml")


@given(st.one_of(st.binary(max_size=200), st.text("[]{}=\"'\n.a1#", max_size=80).map(str.encode)))
def test_any_bytes_are_read_or_refused_with_our_own_error(raw: bytes) -> None:
    try:
        parse(raw)
    except ConfigProblem:
        pass


HAND = "[[reader]]\nname='hand'\nurl='handheld:/dev/ttyACM0'\n"


def test_a_handhelds_job_is_to_be_collected_from(tmp_path: Path) -> None:
    file = tmp_path / "line.toml"
    file.write_text(HAND + "secret_file='s'\norders='o.csv'\nupdate='u'\n")
    (found,) = load(file).reader
    assert found.job == "collect"
    assert (found.secret_file, found.orders, found.update) == (
        tmp_path / "s",
        tmp_path / "o.csv",
        tmp_path / "u",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HAND + "job='verify'\n", "a handheld does its jobs by itself: leave job out"),
        (HAND + "lock=true\n", "lock is not for handhelds"),
        (HAND + "step='received'\n", "step is not for handhelds"),
        (HAND + "secret='x'\n", "did you mean secret_file?"),
        ("[[reader]]\nname='a'\nurl='pn532:x'\njob='collect'\n", "job collect is for handhelds"),
        ("[[reader]]\nname='a'\nurl='pn532:x'\nupdate='u'\n", "are for handhelds"),
        (HAND + "orders='o'\n" + HAND.replace("hand'", "b'") + "orders='o'\n", "two readers share"),
    ],
)
def test_what_a_handheld_is_not_asked_for_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        parse(text.encode(), "line.toml")
    assert says in str(caught.value)


def test_a_secret_is_long_and_never_told(tmp_path: Path) -> None:
    file = tmp_path / "s"
    file.write_text("0123456789abcdef\n")
    assert secret(file, "reader.secret_file") == b"0123456789abcdef"
    file.write_text("hunter2\n")
    with pytest.raises(ConfigProblem, match="16 characters") as caught:
        secret(file, "reader.secret_file")
    assert "hunter2" not in str(caught.value)
