"""The reader's talk: connection, versions, capabilities, configuration, events."""

from llrp_bench import Bench, ai_spec, rospec, status
from witness import vectors

from hwsim.llrp_bytes import Frame, make, message, message_body


def test_a_client_is_told_that_it_is_connected_and_a_second_that_there_is_one() -> None:
    bench = Bench()
    ((_, first),) = bench.take(bench.reader.connect(1.0))
    data = first.one("ReaderEventNotificationData")
    assert data.one("ConnectionAttemptEvent").number("Status") == 0
    assert data.one("UTCTimestamp").number("Microseconds") == 10**15 + 1_000_000
    ((_, second),) = bench.take(bench.reader.refuse(2.0))
    event = second.one("ReaderEventNotificationData").one("ConnectionAttemptEvent")
    assert event.number("Status") == 2  # client initiated connection already exists


def test_the_capabilities_are_those_that_an_r420_told() -> None:
    recorded = (vectors("llrp") / "GetReaderCapabilitiesResponse-000.bytes").read_bytes()
    bench = Bench().connect()
    sent = bench.reader.receive(message(1, 7, b"\0"), 0.0)
    assert sent == message(11, 7, recorded)


def test_one_part_of_the_capabilities_can_be_asked_for() -> None:
    bench = Bench().connect()
    names = ["GeneralDeviceCapabilities", "LLRPCapabilities", "RegulatoryCapabilities"]
    for number, name in enumerate([*names, "C1G2LLRPCapabilities"], 1):
        answer = bench.do("GET_READER_CAPABILITIES", RequestedData=number)
        assert [each.name for each in answer.children] == ["LLRPStatus", name]
    assert status(bench.ask("GET_READER_CAPABILITIES", RequestedData=5))[0] == 101


def test_the_configuration_has_the_shape_that_an_r420_gave_it() -> None:
    recorded = (vectors("llrp") / "GetReaderConfigResponse-000.bytes").read_bytes()
    real = message_body(Frame(1, 12, 0, recorded))
    ours = Bench().connect().do("GET_READER_CONFIG")
    for name in ("AntennaConfiguration", "ReaderEventNotificationSpec", "ROReportSpec"):
        assert ours.all(name) == real.all(name)
    assert {each.name for each in ours.children} == {each.name for each in real.children}


def test_settings_are_kept_and_forgotten_on_a_reset() -> None:
    bench = Bench().connect()
    bench.do(
        "SET_READER_CONFIG",
        make(
            "AntennaConfiguration",
            make("RFTransmitter", HopTableID=1, TransmitPower=41),
            AntennaID=2,
        ),
        make("GPOWriteData", GPOPortNumber=3, GPOData=1),
        make("EventsAndReports", HoldEventsAndReportsUponReconnect=1),
    )
    second = bench.do("GET_READER_CONFIG", RequestedData=3, AntennaID=2).one("AntennaConfiguration")
    assert second.one("RFTransmitter").number("TransmitPower") == 41
    assert second.find("C1G2InventoryCommand") is not None
    assert bench.reader.config.gpos == [False, False, True, False]
    bench.do("SET_READER_CONFIG", ResetToFactoryDefault=1)
    assert bench.reader.config.gpos == [False] * 4
    assert not bench.reader.config.hold


def test_what_there_is_not_is_refused_and_nothing_changes() -> None:
    bench = Bench().connect()
    good = make("GPOWriteData", GPOPortNumber=1, GPOData=1)
    for wrong in (
        make("GPOWriteData", GPOPortNumber=5),
        make("GPIPortCurrentState", GPIPortNum=0),
        make("AntennaConfiguration", AntennaID=5),
        make("AntennaConfiguration", make("RFTransmitter", HopTableID=1, TransmitPower=82)),
        make("AntennaConfiguration", make("RFTransmitter", HopTableID=9, TransmitPower=1)),
    ):
        assert status(bench.ask("SET_READER_CONFIG", good, wrong))[0] == 101
    assert bench.reader.config.gpos == [False] * 4


def test_version_1_1_is_negotiated() -> None:
    bench = Bench().connect()
    bench.version = 2
    answer = bench.do("GET_SUPPORTED_VERSION")
    assert (answer.number("CurrentVersion"), answer.number("SupportedVersion")) == (1, 2)
    assert status(bench.ask("GET_ROSPECS"))[0] == 110
    bench.do("SET_PROTOCOL_VERSION", ProtocolVersion=2)
    bench.do("GET_ROSPECS")
    general = bench.do("GET_READER_CAPABILITIES").one("GeneralDeviceCapabilities")
    assert general.find("MaximumReceiveSensitivity") is not None
    bench.version = 1
    assert status(bench.ask("GET_ROSPECS"))[0] == 110


def test_an_old_reader_knows_no_version_but_its_own() -> None:
    bench = Bench(newest=1).connect()
    bench.version = 2
    assert status(bench.ask("GET_SUPPORTED_VERSION"))[0] == 110
    bench.version = 1
    assert status(bench.ask("GET_SUPPORTED_VERSION"))[0] == 109


def test_what_no_client_may_send_is_an_error_message() -> None:
    bench = Bench().connect()
    sent = bench.reader.receive(message(30, 1) + message(999, 2) + message(14, 3, b"x"), 0.0)
    found = [(number, each.name, status(each)[0]) for number, each in bench.take(sent)]
    assert found == [
        (1, "ERROR_MESSAGE", 112),
        (2, "ERROR_MESSAGE", 109),
        (3, "CLOSE_CONNECTION_RESPONSE", 100),
    ]
    assert not bench.reader.closing


def test_a_length_that_cannot_be_ends_the_connection() -> None:
    bench = Bench().connect()
    ((_, answer),) = bench.take(bench.reader.receive(b"\x04\x01\xff\xff\xff\xff" + bytes(4), 0.0))
    assert (answer.name, status(answer)[0]) == ("ERROR_MESSAGE", 106)
    assert bench.reader.closing


def test_a_close_is_answered_and_ends_the_connection() -> None:
    bench = Bench().connect()
    assert bench.do("CLOSE_CONNECTION").name == "CLOSE_CONNECTION_RESPONSE"
    assert bench.reader.closing


def test_keepalives_come_in_their_time() -> None:
    bench = Bench().connect()
    bench.do(
        "SET_READER_CONFIG", make("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=500)
    )
    assert bench.reader.wake_s == 0.5
    for _ in range(4):
        bench.wait(0.5)
        bench.send("KEEPALIVE_ACK")
    assert [each.name for each in bench.heard] == ["KEEPALIVE"] * 4
    bench.do("SET_READER_CONFIG", make("KeepaliveSpec"))
    bench.wait(2.0)
    assert len(bench.heard) == 4


def test_impinj_extensions_are_enabled_by_their_custom_message_and_others_are_unknown() -> None:
    bench = Bench().connect()
    enable = {"VendorIdentifier": 25882, "MessageSubtype": 21, "Data": bytes(4)}
    answer = bench.ask("CUSTOM_MESSAGE", **enable)
    assert (answer.number("VendorIdentifier"), answer.number("MessageSubtype")) == (25882, 22)
    assert answer.raw("Data") == bytes.fromhex("011f00080000 0000".replace(" ", ""))
    assert bench.ask("CUSTOM_MESSAGE", **{**enable, "MessageSubtype": 99}).name == "ERROR_MESSAGE"
    other = Bench(model="generic").connect()
    assert status(other.ask("CUSTOM_MESSAGE", **enable))[0] == 109


def test_events_and_reports_are_held_until_they_are_asked_for() -> None:
    bench = Bench("monzax8k").connect()
    bench.do("SET_READER_CONFIG", make("EventsAndReports", HoldEventsAndReportsUponReconnect=1))
    bench.reader.disconnect()
    bench.connect()
    bench.start(rospec())
    bench.wait(0.125)
    assert not bench.heard
    bench.send("ENABLE_EVENTS_AND_REPORTS")
    assert len(bench.reports) == 8
    bench.wait(0.125)
    assert len(bench.reports) == 16


def test_inputs_tell_of_their_changes_once_they_are_enabled() -> None:
    bench = Bench().connect()
    events = make(
        "ReaderEventNotificationSpec",
        make("EventNotificationState", EventType=1, NotificationState=1),
    )
    bench.do("SET_READER_CONFIG", events)
    bench.reader.set_gpi(1, True, 0.0)
    bench.take(bench.reader.advance(0.0))
    assert not bench.heard
    bench.do("SET_READER_CONFIG", make("GPIPortCurrentState", GPIPortNum=1, Config=1))
    bench.reader.set_gpi(1, False, 0.0)
    bench.heard += [each for _, each in bench.take(bench.reader.advance(0.0))]
    (event,) = bench.events("GPIEvent")
    assert (event.number("GPIPortNumber"), event.number("GPIEvent")) == (1, 0)
    (state,) = bench.do("GET_READER_CONFIG", RequestedData=9, GPIPortNum=1).all(
        "GPIPortCurrentState"
    )
    assert (state.number("Config"), state.number("State")) == (1, 0)


def test_what_runs_goes_on_without_a_client_and_is_there_for_the_next() -> None:
    bench = Bench("monzax8k").connect().start(rospec())
    bench.reader.disconnect()
    bench.wait(0.125)
    assert bench.reader.tally.lost == 8
    bench.connect()
    (spec,) = bench.do("GET_ROSPECS").all("ROSpec")
    assert spec.number("CurrentState") == 2
    bench.wait(0.125)
    assert len(bench.reports) == 8


def test_a_vendors_parameter_is_carried_back_as_it_was() -> None:
    vendor = make("Custom", VendorIdentifier=161, ParameterSubtype=77, Data=b"\1\2\3")
    bench = Bench().connect()
    spec = rospec(ai_spec(), vendor=vendor)
    bench.do("ADD_ROSPEC", spec)
    assert bench.do("GET_ROSPECS").one("ROSpec") == spec
