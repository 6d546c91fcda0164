"""The last tag for other programs. The .nfc file: flipperzero-firmware, NfcFileFormats.md, "NTAG/Ultralight"."""

import json

from scripted import LINK, UID, Bench, Tag, made

from reader import export, jobs


def read(tag):
    bench = Bench(tag)
    return bench.run(jobs.look(bench, tag.uid, jobs.Checks(bench.trust)))


def test_json_has_all_by_name():
    found = json.loads(export.as_json(read(Tag().commission(made(0, totals={10: 5, 41: 7})))))
    assert (found["uid"], found["chip"], found["state"]) == (UID.hex(), "NTAG215", "slots")
    assert (found["link"], found["slot"], found["colour"]) == (LINK, 0, "green")
    assert found["claims"]["product"] == [0, 9520123456788, "A1"]
    assert found["claims"]["carrier"] == [1, UID.hex()]
    assert found["claims"]["totals"] == {"10": 5, "41": 7}
    assert found["verdict"]["key"] == "trusted"
    assert found["pages"]["3"] == "e1103e00" and len(found["pages"]["0"]) == 8


def test_a_tag_that_is_not_ours_is_exported_too():
    found = json.loads(export.as_json(read(Tag("MF0UL21"))))
    assert (found["state"], found["claims"], found["verdict"]) == ("unformatted", None, None)
    assert found["faults"] and found["chip"] is None
    assert list(export.flipper(read(Tag("MF0UL21")))) == []


def test_lines_to_read():
    lines = list(export.lines(read(Tag().commission(made(0)))))
    assert lines[0] == "uid: " + UID.hex() and "claims.seq: 0" in lines
    assert "page   0: 04 a1 b2 88  ...." in lines
    assert "verdict.binding: match" in lines
    assert [line for line in lines if line.endswith("exam")]


def test_the_file_of_a_flipper():
    tag = Tag().commission(made(0))
    lines = list(export.flipper(read(tag)))
    assert lines[:8] == [
        "Filetype: Flipper NFC device",
        "Version: 4",
        "Device type: NTAG/Ultralight",
        "UID: 04 A1 B2 C3 D4 E5 F6",
        "ATQA: 00 44",
        "SAK: 00",
        "Data format version: 2",
        "NTAG/Ultralight type: NTAG215",
    ]
    assert lines[8] == "Signature:" + " 00" * 32
    assert lines[9] == "Mifare version: 00 04 04 02 01 00 11 03"
    assert "Tearing 2: 00" in lines and "Pages total: 135" in lines
    assert "Page 0: 04 A1 B2 88" in lines and "Page 134: 00 00 00 00" in lines
    assert lines[-1] == "Failed authentication attempts: 0"
    assert "Pages read: " + str(len(read(tag).image.pages())) in lines
