from gateway.readers.camera_health import Health
from gateway.readers.codeport import DeviceState

OPEN = DeviceState("open")


def open_health(is_still: bool = False) -> Health:
    health = Health("cam.local", is_still)
    health.source(OPEN)
    return health


def test_one_bad_picture_is_not_a_lost_camera() -> None:
    health = open_health()
    assert health.bad(10.0, "cut") is None
    assert health.good() is None
    assert health.bad(20.0, "cut") is None
    assert health.state == OPEN


def test_bad_pictures_alone_are_a_stalled_camera_until_a_good_one() -> None:
    health = open_health()
    states = [health.bad(at / 10, "cut") for at in range(30)]
    told = [state for state in states if state]
    assert [each.word for each in told] == ["stalled"]
    assert "cam.local" in told[0].text and "cut" in told[0].text
    assert health.good() == OPEN


def test_a_folder_with_bad_pictures_is_no_stalled_camera() -> None:
    health = open_health(is_still=True)
    assert [health.bad(at / 10, "cut") for at in range(90)] == [None] * 90


def test_a_camera_that_comes_back_has_its_time_again() -> None:
    health = open_health()
    health.bad(0.0, "cut")
    health.source(DeviceState("gone", "away"))
    health.source(OPEN)
    assert health.bad(100.0, "cut") is None


def test_a_picture_from_before_the_camera_was_lost_does_not_open_it() -> None:
    health = open_health()
    gone = health.source(DeviceState("gone", "away"))
    assert health.good() is None
    assert [health.bad(at, "cut") for at in (0.0, 9.0)] == [None, None]
    assert health.state == gone


def test_the_operator_hears_of_bad_pictures_once_in_ten_seconds() -> None:
    health = open_health()
    assert [at for at in range(25) if health.shall_tell(float(at))] == [0, 10, 20]
