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
    assert found["pages"]["0"][:32] == "04a1b288c3d4e5f600480000e1103e00"


def test_a_tag_that_is_not_ours_is_exported_too():
    found = json.loads(export.as_json(read(Tag("MF0UL21"))))
    assert (found["state"], found["claims"], found["verdict"]) == ("unformatted", None, None)
    assert found["faults"] and found["chip"] is None
    assert list(export.flipper(read(Tag("MF0UL21")))) == []


def test_lines_to_read():
    wanted = ["uid: " + UID.hex(), "claims.seq: 0", "verdict.binding: match"]
    wanted.append("page   0: 04 a1 b2 88  ....")
    for line in export.lines(read(Tag().commission(made(0)))):
        if line in wanted:
            wanted.remove(line)
    assert not wanted


GOLDEN = """Filetype: Flipper NFC device
Version: 4
Device type: NTAG/Ultralight
UID: 04 A1 B2 C3 D4 E5 F6
ATQA: 00 44
SAK: 00
Data format version: 2
NTAG/Ultralight type: NTAG215
Signature: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
Mifare version: 00 04 04 02 01 00 11 03
Counter 0: 0
Tearing 0: 00
Counter 1: 0
Tearing 1: 00
Counter 2: 0
Tearing 2: 00
Pages total: 135
Pages read: 64
Page 0: 04 A1 B2 88
"""


def test_the_file_of_a_flipper():
    lines = export.flipper(read(Tag().commission(made(0))))
    for wanted in GOLDEN.split("\n")[:-1]:
        assert next(lines) == wanted, wanted
    for page in range(1, 135):
        assert next(lines).startswith(f"Page {page}: ")
    assert list(lines) == ["Failed authentication attempts: 0"]
