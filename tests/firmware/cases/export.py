"""The last tag for other programs."""

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
