"""Settings, the state of a device and its key: what is damaged never makes a dead device."""

from expect import folder, raises

from edge import cose, ed25519, m100
from reader import files, settings
from reader.errors import DeviceTrouble
from reader.keys import DeviceKey
from reader.state import State

SEED = bytes(range(32))


def loaded(text):
    data = folder()
    files.write(data + "/settings.json", (text.encode(),))
    return settings.load(data)


def test_without_a_file_the_defaults_hold():
    found = settings.load(folder())
    assert (found.name, found.bus, found.rain, found.root) == ("handheld", "uart", False, b"")
    assert found.trouble == ""


def test_what_is_set_holds():
    found = loaded(
        '{"name": "dock 3", "bus": "spi", "rain": true, "gateway": "10.0.0.2:7070", "volume": 0,'
        '"secret": "correct horse battery", "root": "'
        + "ab" * 32
        + '", "repair_codes": ["R1", "R2"]}'
    )
    assert (found.name, found.bus, found.rain) == ("dock 3", "spi", True)
    assert (found.secret, found.root) == (b"correct horse battery", b"\xab" * 32)
    assert (found.volume, found.repair_codes, found.trouble) == (0, ("R1", "R2"), "")


def test_a_file_or_a_text_that_is_too_long_leaves_the_defaults():
    assert loaded('{"name": "' + "x" * 65 + '"}').trouble == "name: must be a text of up to 64"
    data = folder()
    pieces = [b'{"name": "'] + [b"x" * 1000] * 40 + [b'"}']
    files.write(data + "/settings.json", pieces)
    found = settings.load(data)
    assert found.trouble and found.name == "handheld"


def test_each_mistake_is_named_and_the_rest_holds():
    found = loaded(
        '{"nmae": 1, "rain": 1, "volume": true, "root": "ab", "secret": "x", "bus": "i2c",'
        '"sleep_s": -1, "repair_codes": [1], "operator": "ACME", "rain_region": "de", "rain_dbm": 31}'
    )
    assert found.operator == "ACME" and found.rain is False and found.volume == 60
    for said in (
        "nmae: unknown, meant name?",
        "rain: must be true or false",
        "volume: must be 0 to 100",
        "root: must be 64 hex digits",
        "secret: must be 16 characters or more",
        "bus: must be uart or spi",
        "sleep_s: must be 0 to 86400",
        "repair_codes: must be a list of texts",
        "rain_region: must be cn or us or eu or cn800 or kr",
        "rain_dbm: must be 0 to 30",
    ):
        assert said in found.trouble.split("; "), said
    assert "texts" in loaded('{"repair_codes": ["' + "R" * 65 + '"]}').trouble
    found = loaded('{"rain_region": "eu", "rain_dbm": 20}')
    assert (found.rain_region, found.rain_dbm, found.trouble) == ("eu", 20, "")
    for each in m100.REGIONS:
        assert loaded('{"rain_region": "' + each + '"}').trouble == ""
    for text in ("{", "[]", '"name"', "\x00"):
        assert loaded(text).trouble and loaded(text).name == "handheld"


def test_the_state_before_stands_where_a_write_was_torn():
    data = folder()
    state = State(data)
    for boot in range(1, 6):
        state.set("boot", boot)
        state.put({"trust": 10 * boot, "orders": 1})
        again = State(data)
        assert (again.get("boot"), again.get("trust"), again.get("none")) == (boot, 10 * boot, 0)
    for name in ("/state.a", "/state.b"):
        kept = files.read(data + name)
        for torn in (b"", kept[:-1], kept[:3], b"\xff" + kept[1:]):
            files.write(data + name, (torn,))
            assert State(data).get("boot") == 5 and State(data).get("trust") in (40, 50)
        files.write(data + name, (kept,))


def test_a_key_is_made_once_and_signs():
    data = folder()
    key = DeviceKey(data, lambda count: SEED[:count], "ACME")
    assert key.public == ed25519.public_key(SEED) and key.kid == cose.kid(key.public)
    steps = key.signing(b"stub")
    try:
        while True:
            assert next(steps) == 0
    except StopIteration as end:
        assert ed25519.verify(key.public, b"stub", end.value)
    assert DeviceKey(data, lambda count: b"").kid == key.kid
    kept = files.read(data + "/key")
    files.write(data + "/key", (kept[:5] + b"?" + kept[6:],))
    raises(DeviceTrouble, DeviceKey, data, lambda count: SEED)
    files.write(data + "/key", (kept[:40],))
    assert DeviceKey(data, lambda count: SEED).kid == key.kid
