"""AccessSpecs at work: every operation on a tag, its result codes in 1.0.1 and 1.1, and what it costs."""

import json

import pytest
from llrp_bench import Bench, access_spec, epc_of, pattern, results, rospec, selector, status

from hwsim.air import floor_us
from hwsim.gen2tag import RESERVED, TID, USER, undump
from hwsim.llrp_bytes import Bits, Node, custom, encode, make
from hwsim.llrp_models import MODES

PASSWORD = 0x12345678
READ = make("C1G2Read", OpSpecID=1, MB=USER, WordCount=4)
PRIVILEGES = {"lock": 0, "permalock": 1, "permaunlock": 2, "unlock": 3}


def write(data: bytes, at: int = 0, bank: int = USER, password: int = 0, id: int = 1) -> Node:
    return make(
        "C1G2Write", OpSpecID=id, MB=bank, WordPointer=at, WriteData=data, AccessPassword=password
    )


def block_write(data: bytes, at: int = 0) -> Node:
    return make("C1G2BlockWrite", OpSpecID=1, MB=USER, WordPointer=at, WriteData=data)


def lock(*fields: tuple[str, int], password: int = 0) -> Node:
    payloads = [
        make("C1G2LockPayload", Privilege=PRIVILEGES[how], DataField=field) for how, field in fields
    ]
    return make("C1G2Lock", *payloads, OpSpecID=1, AccessPassword=password)


def bench(*chips: str, version: int = 1, model: str = "impinj", password: int = 0) -> Bench:
    made = Bench(*(chips or ("monzax8k",)), model=model).connect()
    if version > 1:
        made.version = 2
        made.do("SET_PROTOCOL_VERSION", ProtocolVersion=2)
    for tag in made.tags:
        tag.banks[RESERVED][4:8] = password.to_bytes(4, "big")
    return made.start(rospec())


def code(made: Bench, *operations: Node) -> list[int]:
    return [each.number("Result") for each in made.access(*operations)]


# -- reads and writes --


def test_a_write_is_read_back() -> None:
    made = bench()
    wrote, read = made.access(
        write(b"\xca\xfe\xba\xbe", 1), make("C1G2Read", OpSpecID=2, MB=3, WordCount=4)
    )
    assert (wrote.number("Result"), wrote.number("NumWordsWritten")) == (0, 2)
    assert (read.number("OpSpecID"), read.raw("ReadData").hex()) == (2, "0000cafebabe0000")
    assert made.tags[0].banks[USER][2:6] == b"\xca\xfe\xba\xbe"


def test_a_read_without_a_count_goes_to_the_end_of_the_bank_in_as_many_reads_as_it_needs() -> None:
    made = bench()
    (tid,) = made.access(make("C1G2Read", OpSpecID=1, MB=TID))
    assert tid.raw("ReadData") == made.tags[0].tid
    made.tags[0].banks[USER][1000:1002] = b"\x12\x34"
    (long,) = made.access(make("C1G2Read", OpSpecID=1, MB=USER, WordPointer=2, WordCount=510))
    assert long.raw("ReadData") == bytes(made.tags[0].banks[USER][4:])


@pytest.mark.parametrize(("version", "expected"), [(1, [1]), (2, [4])])
def test_a_read_beyond_the_bank(version: int, expected: list[int]) -> None:
    beyond = make("C1G2Read", OpSpecID=1, MB=USER, WordPointer=510, WordCount=4)
    assert code(bench(version=version), beyond) == expected


def test_a_block_write_goes_out_in_blocks_and_takes_less_air() -> None:
    data = bytes(range(100, 117)) + b"\0"
    made = bench()
    (result,) = made.access(block_write(data, 3))
    assert (result.number("Result"), result.number("NumWordsWritten")) == (0, 9)
    assert made.tags[0].banks[USER][6:24] == data
    by_words = bench()
    by_words.access(write(data, 3))
    ratio = by_words.reader.tally.air_us["write"] / made.reader.tally.air_us["block_write"]
    assert 1.5 < ratio < 2.5


def test_impinjs_word_count_says_how_long_a_block_write_is() -> None:
    words = encode(custom(25882, 41, b"\0\1"))
    made = bench()
    spec = access_spec(block_write(bytes(8)))
    spec.children.append(custom(25882, 40, words))
    made.do("ADD_ACCESSSPEC", spec)
    made.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
    one = made.reader.tally.air_us["block_write"]
    made.access(block_write(bytes(8)))
    assert made.reader.tally.air_us["block_write"] - one < one
    made.do("SET_READER_CONFIG", custom(25882, 40, words))
    assert made.reader.config.block_write_words == 1


def test_a_reader_of_no_such_habit_sends_a_block_write_as_it_is_and_the_chip_may_refuse_it() -> (
    None
):
    assert code(bench(model="generic"), block_write(bytes(4))) == [0]
    assert code(bench(model="generic"), block_write(bytes(8))) == [4]
    assert code(bench("fram4k", model="generic"), block_write(bytes(128))) == [0]


@pytest.mark.parametrize("version", [1, 2])
def test_writes_say_what_was_wrong(version: int) -> None:
    assert code(bench(version=version), write(bytes(4), 511)) == [1]
    assert code(bench(version=version), write(bytes(2), 0, TID)) == [2]
    weak = bench(version=version)
    weak.faults.add("weak", {})
    assert code(weak, write(bytes(2))) == [3]
    none = bench("m730", version=version)
    assert code(none, write(bytes(2))) == [1]


@pytest.mark.parametrize(("version", "expected"), [(1, [5]), (2, [7])])
def test_a_wrong_password_has_a_code_of_its_own_in_1_1_alone(
    version: int, expected: list[int]
) -> None:
    made = bench(version=version, password=PASSWORD)
    assert code(made, write(bytes(2), password=1)) == expected
    assert code(made, write(bytes(2), password=PASSWORD)) == [0]
    assert made.reader.tally.air_us["access"] > 0


def test_a_tag_that_leaves_before_its_password_is_no_wrong_password() -> None:
    made = bench(version=2, password=PASSWORD)
    made.faults.add("tag_leaves", {})
    assert code(made, write(bytes(2), password=PASSWORD)) == [5]


def test_after_an_operation_that_failed_none_follows() -> None:
    made = bench()
    answers = made.access(write(bytes(4), 511, id=1), write(b"\1\2", 0, id=2))
    assert [each.number("OpSpecID") for each in answers] == [1]
    assert made.tags[0].banks[USER][:2] == bytes(2)


def test_a_tag_that_leaves_in_a_write_does_not_answer_and_keeps_what_it_has() -> None:
    made = bench()
    made.faults.add("tag_leaves", {"after": 3})
    (result,) = made.access(write(b"\xff" * 20))
    assert (result.number("Result"), result.number("NumWordsWritten")) == (5, 3)
    assert made.tags[0].banks[USER][:8] == b"\xff" * 6 + bytes(2)
    assert not made.field.present


def test_a_torn_word_is_the_last() -> None:
    made = bench()
    made.faults.add("tear", {"at": 2, "bits": "ff00", "back": 1})
    (result,) = made.access(write(b"\xff" * 6))
    assert (result.number("Result"), result.number("NumWordsWritten")) == (5, 1)
    assert made.tags[0].banks[USER][:6] == b"\xff\xff\xff\0\0\0"
    made.do("GET_ROSPECS")  # a command later it is back
    assert code(made, write(b"\xff" * 6)) == [0]


# -- locks, kill, permalock --


def test_a_locked_bank_needs_the_password() -> None:
    made = bench(version=2, password=PASSWORD)
    assert code(made, lock(("lock", 4), password=PASSWORD)) == [0]
    assert code(made, write(bytes(2))) == [2]
    assert code(made, write(bytes(2), password=PASSWORD)) == [0]
    assert code(made, lock(("permalock", 4), ("lock", 1), password=PASSWORD)) == [0]
    assert code(made, write(bytes(2), password=PASSWORD)) == [2]
    assert code(made, lock(("unlock", 4), password=PASSWORD)) == [7]
    assert code(made, make("C1G2Read", OpSpecID=1, MB=RESERVED, WordPointer=2, WordCount=2)) == [5]
    assert made.reader.tally.air_us["lock"] > 0


def test_a_lock_needs_a_tag_that_is_secured() -> None:
    made = bench(version=2, password=PASSWORD)
    assert code(made, lock(("lock", 2))) == [3]
    assert code(made, lock(("lock", 2), password=1)) == [5]


def test_a_killed_tag_is_heard_no_more() -> None:
    made = bench()
    made.tags[0].banks[RESERVED][:4] = PASSWORD.to_bytes(4, "big")
    assert code(made, kill(PASSWORD)) == [0]
    before = len(made.reports)
    made.wait(0.5)
    assert made.tags[0].killed
    assert len(made.reports) == before


def test_block_permalock_is_for_a_reader_that_can() -> None:
    permalock = make("C1G2BlockPermalock", OpSpecID=1, MB=USER, BlockMask=b"\xa0\0")
    ask = make("C1G2GetBlockPermalockStatus", OpSpecID=2, MB=USER, BlockRange=1)
    made = bench(model="generic", version=2)
    locked, found = made.access(permalock, ask)
    assert (locked.number("Result"), found.number("Result")) == (0, 0)
    assert found.raw("PermalockStatus") == b"\xa0\0"
    assert code(made, write(bytes(2), 0)) == [2]
    assert code(made, write(bytes(2), 14)) == [0]
    answer = bench().ask("ADD_ACCESSSPEC", access_spec(permalock))
    assert status(answer) == (111, "C1G2BlockPermalock: this reader cannot")


def test_block_erase_writes_zeros_where_the_chip_has_it() -> None:
    erase = make("C1G2BlockErase", OpSpecID=1, MB=USER, WordCount=3)
    made = bench("fram4k", model="generic")
    made.tags[0].banks[USER][:8] = b"\xff" * 8
    assert code(made, erase) == [0]
    assert made.tags[0].banks[USER][:8] == bytes(6) + b"\xff\xff"
    assert code(bench(model="generic"), erase) == [5]  # the chip has none and is silent
    assert status(bench().ask("ADD_ACCESSSPEC", access_spec(erase)))[0] == 111


def kill(password: int) -> Node:
    return make("C1G2Kill", OpSpecID=1, KillPassword=password)


def recommission(password: int, bits: int) -> Node:
    asserted = {"SB3": bits >> 2, "SB2": bits >> 1 & 1, "LSB": bits & 1}
    return make("C1G2Recommission", OpSpecID=1, KillPassword=password, **asserted)


def erase(at: int = 0, words: int = 1, bank: int = USER, password: int = 0) -> Node:
    fields = {"MB": bank, "WordPointer": at, "WordCount": words, "AccessPassword": password}
    return make("C1G2BlockErase", OpSpecID=1, **fields)


def permalock(at: int = 0, bank: int = USER, password: int = 0, mask: bytes = b"\x80\0") -> Node:
    fields = {"MB": bank, "BlockPointer": at, "AccessPassword": password}
    return make("C1G2BlockPermalock", OpSpecID=1, BlockMask=mask, **fields)


def permalocks(at: int = 0, ranges: int = 1, bank: int = USER, password: int = 0) -> Node:
    fields = {"MB": bank, "BlockPointer": at, "BlockRange": ranges, "AccessPassword": password}
    return make("C1G2GetBlockPermalockStatus", OpSpecID=1, **fields)


GONE, WEAK = ("tag_leaves", "weak")
RESULTS: list[tuple[str, Node, str, int, int]] = [
    # what; the operation; the fault on the way; its result in 1.0.1 and in 1.1
    ("erases", erase(), "", 0, 0),
    ("erases beyond", erase(1712), "", 1, 1),
    ("erases what is locked", erase(bank=TID), "", 2, 2),
    ("erases with little power", erase(), WEAK, 3, 3),
    ("erases nothing", erase(words=0), "", 4, 4),
    ("erases and it leaves", erase(), GONE, 5, 5),
    ("erases with a wrong password", erase(password=1), "", 5, 7),
    ("permalocks", permalock(password=PASSWORD), "", 0, 0),
    ("permalocks with little power", permalock(password=PASSWORD), WEAK, 1, 1),
    ("permalocks the EPC", permalock(bank=1, password=PASSWORD), "", 2, 2),
    ("permalocks no block", permalock(password=PASSWORD, mask=b""), "", 2, 2),
    ("permalocks and it leaves", permalock(password=PASSWORD), GONE, 3, 3),
    ("permalocks unsecured", permalock(), "", 3, 3),
    ("permalocks with a wrong password", permalock(password=1), "", 3, 5),
    ("permalocks beyond", permalock(107, password=PASSWORD), "", 2, 6),
    ("asks", permalocks(password=PASSWORD), "", 0, 0),
    ("asks of the TID", permalocks(bank=TID, password=PASSWORD), "", 1, 1),
    ("asks of no block", permalocks(ranges=0, password=PASSWORD), "", 1, 1),
    ("asks and it leaves", permalocks(password=PASSWORD), GONE, 2, 2),
    ("asks with a wrong password", permalocks(password=1), "", 2, 4),
    ("asks beyond", permalocks(107, password=PASSWORD), "", 1, 5),
    ("kills", kill(PASSWORD), "", 0, 0),
    ("kills with no password", kill(0), "", 1, 1),
    ("kills with little power", kill(PASSWORD), WEAK, 2, 2),
    ("kills and it leaves", kill(PASSWORD), GONE, 4, 4),
    ("kills with a wrong password", kill(1), "", 4, 6),
    ("recommissions", recommission(PASSWORD, 0b111), "", 0, 0),
    ("recommissions with no password", recommission(0, 1), "", 1, 1),
    ("recommissions with little power", recommission(PASSWORD, 1), WEAK, 2, 2),
    ("recommissions and it leaves", recommission(PASSWORD, 1), GONE, 4, 4),
    ("recommissions with a wrong password", recommission(1, 1), "", 4, 6),
]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("operation", "fault", "old", "new"),
    [each[1:] for each in RESULTS],
    ids=[each[0] for each in RESULTS],
)
def test_a_reader_with_all_operations_has_a_result_for_everything(
    operation: Node, fault: str, old: int, new: int, version: int
) -> None:
    made = bench("fram4k", version=version, model="generic", password=PASSWORD)
    made.tags[0].banks[RESERVED][:4] = PASSWORD.to_bytes(4, "big")
    before = made.tags[0].dump()
    if fault:
        made.faults.add(fault, {})
    (result,) = made.access(operation)
    expected = old if version == 1 else new
    assert (result.name, result.number("Result")) == (operation.name + "OpSpecResult", expected)
    changes = operation.name not in ("C1G2GetBlockPermalockStatus", "C1G2BlockErase")
    assert (made.tags[0].dump() != before) == (changes and not expected)


@pytest.mark.parametrize("operation", [kill(PASSWORD), recommission(PASSWORD, 1)])
def test_a_tag_without_a_kill_password_says_that_something_is_wrong(operation: Node) -> None:
    made = bench("fram4k", version=2, model="generic")
    assert code(made, operation) == [3]
    assert not made.tags[0].killed


# -- recommissioning --


def recommissioned(bits: int, chip: str = "fram4k") -> Bench:
    made = bench(chip, version=2, model="generic", password=PASSWORD)
    tag = made.tags[0]
    tag.banks[RESERVED][:4] = PASSWORD.to_bytes(4, "big")
    tag.banks[USER][:4] = b"\xd2\x54\x57\x11"
    assert code(made, permalock(password=PASSWORD, mask=b"\xc0\0")) == [0]
    assert code(made, lock(("permalock", 2), ("permalock", 0), password=PASSWORD)) == [0]
    assert code(made, recommission(PASSWORD, bits)) == [0]
    made.wait(0.5)
    return made


def test_without_a_bit_recommissioning_is_killing() -> None:
    assert recommissioned(0).tags[0].killed


def test_the_first_bit_ends_permalocks_for_ever_and_no_locks() -> None:
    made = recommissioned(0b001)
    assert code(made, write(bytes(2), 0)) == [0]
    assert code(made, permalock(password=PASSWORD)) == [3]  # the tag no longer knows the command
    assert code(made, permalocks(password=PASSWORD)) == [2]
    assert code(made, write(bytes(2), 2, bank=1, password=PASSWORD)) == [2]


def test_the_second_bit_takes_the_user_bank_away() -> None:
    made = recommissioned(0b010)
    assert code(made, READ) == [4]
    assert code(made, write(bytes(2), 100)) == [1]
    assert made.tags[0].pc & 0x0600 == 0
    assert accessed(made, everyone(pattern(b"\xd2", USER, 0))) == []
    assert code(made, permalocks(password=PASSWORD)) == [2]


def test_the_third_bit_unlocks_and_hides_the_passwords() -> None:
    made = recommissioned(0b100)
    assert code(made, write(b"\xab\xcd", 9, bank=1)) == [0]
    assert code(made, write(bytes(2), 0)) == [2]  # a permalocked block stays
    reserved = make("C1G2Read", OpSpecID=1, MB=RESERVED, WordCount=2, AccessPassword=PASSWORD)
    assert code(made, reserved) == [5]
    assert code(made, write(bytes(2), 0, bank=RESERVED)) == [0]
    assert code(made, write(bytes(2), 0, bank=TID)) == [2]


def test_what_recommissioning_took_stays_taken_after_a_dump() -> None:
    made = recommissioned(0b110)
    again = undump(json.dumps(made.tags[0].dump()))
    assert again.recommissioned == 0b110
    made.field.leave()
    made.field.arrive(again, 1, -45.0)
    assert code(made, READ) == [4]


def test_a_chip_or_a_reader_that_cannot_recommission_says_so() -> None:
    made = bench("monzax8k", version=2, model="generic")
    made.tags[0].banks[RESERVED][:4] = PASSWORD.to_bytes(4, "big")
    assert code(made, recommission(PASSWORD, 1)) == [3]
    assert not made.tags[0].killed
    answer = bench(version=2).ask("ADD_ACCESSSPEC", access_spec(recommission(PASSWORD, 1)))
    assert status(answer) == (111, "C1G2Recommission: this reader cannot")


# -- which tag --


def everyone(*patterns: Node, count: int = 0, **fields: int) -> Node:
    spec = access_spec(READ, **fields)
    spec.children[0] = make(
        "AccessSpecStopTrigger", AccessSpecStopTrigger=int(bool(count)), OperationCountValue=count
    )
    spec.one("AccessCommand").children[0] = make("C1G2TagSpec", *patterns)
    return spec


def accessed(made: Bench, spec: Node) -> list[bytes]:
    before = len(made.reports)
    made.do("ADD_ACCESSSPEC", spec)
    made.do("ENABLE_ACCESSSPEC", AccessSpecID=spec.number("AccessSpecID"))
    made.do("DELETE_ACCESSSPEC", AccessSpecID=0)
    return [epc_of(each) for each in made.reports[before:] if results(each)]


def test_a_pattern_may_ask_for_any_bank_and_for_what_is_not_there() -> None:
    made = bench("monzax8k", "monzax8k")
    one, other = made.tags
    other.banks[USER][10:12] = b"\x55\xaa"
    nothing = Bits(0, b"")
    everything = make("C1G2TargetTag", MB=1, Match=1, TagMask=nothing, TagData=nothing)
    assert sorted(accessed(made, everyone(everything))) == sorted([one.epc, other.epc])
    assert accessed(made, everyone(pattern(one.tid, TID, 0))) == [one.epc]
    assert accessed(made, everyone(pattern(b"\x55\xaa", USER, 80))) == [other.epc]
    assert accessed(made, everyone(pattern(one.epc, match=0))) == [other.epc]
    both = (pattern(one.tid[:4], TID, 0), pattern(other.epc))
    assert accessed(made, everyone(*both)) == [other.epc]
    assert accessed(made, everyone(pattern(b"\x55\xaa", USER, 8191))) == []


def test_a_mask_may_have_holes() -> None:
    made = bench("monzax8k", "monzax8k")
    one, other = made.tags
    mask = bytearray(one.epc)
    mask[3] ^= 0xFF
    hole = make(
        "C1G2TargetTag",
        MB=1,
        Match=1,
        Pointer=32,
        TagMask=Bits(96, b"\xff\xff\xff\0" + b"\xff" * 7 + b"\xf8"),
        TagData=Bits(96, bytes(mask[:11]) + bytes((mask[11] ^ 7,))),
    )
    assert accessed(made, everyone(hole)) == [one.epc]
    assert other.epc != one.epc


def test_an_access_spec_is_for_its_antenna_and_its_rospec() -> None:
    made = bench()
    anything = pattern(b"")
    assert accessed(made, everyone(anything, AntennaID=2)) == []
    assert accessed(made, everyone(anything, ROSpecID=9)) == []
    assert accessed(made, everyone(anything, AntennaID=1, ROSpecID=1)) == [made.tags[0].epc]


def test_an_access_spec_ends_after_its_count_and_there_is_one_in_a_singulation() -> None:
    made = bench("monzax8k", "monzax8k", "monzax8k")
    for id, count in ((1, 2), (2, 1)):
        made.do("ADD_ACCESSSPEC", everyone(pattern(b""), count=count, AccessSpecID=id))
    made.do("ENABLE_ACCESSSPEC", AccessSpecID=0)
    ran = [epc_of(each) for each in made.reports if results(each)]
    assert sorted(ran) == sorted(tag.epc for tag in made.tags)  # each had one of the two
    assert not made.do("GET_ACCESSSPECS").all("AccessSpec")


def test_the_states_of_an_access_spec() -> None:
    made = bench()
    made.do("ADD_ACCESSSPEC", access_spec(READ, AccessSpecID=7))
    assert status(made.ask("ADD_ACCESSSPEC", access_spec(READ, AccessSpecID=7)))[0] == 101
    assert status(made.ask("ADD_ACCESSSPEC", access_spec(READ, AccessSpecID=0)))[0] == 101
    assert status(made.ask("ADD_ACCESSSPEC", access_spec(*[READ] * 9, AccessSpecID=8)))[0] == 101
    assert status(made.ask("ENABLE_ACCESSSPEC", AccessSpecID=8))[0] == 101
    made.wait(0.5)
    assert not any(results(each) for each in made.reports)
    assert made.do("GET_ACCESSSPECS").one("AccessSpec").number("CurrentState") == 0
    made.do("ENABLE_ACCESSSPEC", AccessSpecID=7)
    made.do("DISABLE_ACCESSSPEC", AccessSpecID=0)
    assert len([each for each in made.reports if results(each)]) == 1


def test_results_come_with_the_report_of_the_rospec_where_that_is_asked_for() -> None:
    made = Bench("monzax8k").connect()
    made.do("SET_READER_CONFIG", make("AccessReportSpec", AccessReportTrigger=0))
    made.start(rospec(every=0, content=selector(EnableAccessSpecID=1)))
    made.do("ADD_ACCESSSPEC", access_spec(READ, epc=made.tags[0].epc, AccessSpecID=5))
    made.do("ENABLE_ACCESSSPEC", AccessSpecID=5)
    assert not made.reports
    made.do("STOP_ROSPEC", ROSpecID=1)
    (report,) = [each for each in made.reports if results(each)]
    assert report.one("AccessSpecID").number("AccessSpecID") == 5


# -- time --


def test_a_stub_is_written_near_the_floor_of_the_air() -> None:
    made = bench()
    made.reader.tally.reset()
    size = 300
    made.access(
        block_write(bytes(size)), make("C1G2Read", OpSpecID=2, MB=USER, WordCount=size // 2)
    )
    spent = made.reader.tally.air_us
    total = sum(us for kind, us in spent.items() if kind != "inventory")
    floor = floor_us(MODES["m4"], made.tags[0].chip, size // 2, size // 2)
    assert 0.999 * floor < total < 1.01 * floor
    assert made.reader.tally.stats()["words_written"] == size // 2


def test_operations_wait_for_nothing_unless_the_reader_is_paced() -> None:
    at_once = bench()
    at_once.do("ADD_ACCESSSPEC", access_spec(block_write(bytes(512))))
    at_once.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
    assert results(at_once.reports[-1])
    paced = Bench("monzax8k", paced=True).connect().start(rospec())
    paced.do("ADD_ACCESSSPEC", access_spec(block_write(bytes(512))))
    paced.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
    assert not paced.reports
    paced.wait(1 / 64)
    took_s = paced.clock.air_us / 1e6
    assert took_s > 0.4
    paced.wait(took_s - 0.01)
    assert not paced.reports
    assert paced.reader.wake_s == pytest.approx(1 / 64 + took_s, abs=0.01)
    paced.wait(0.01)
    assert [len(results(each)) for each in paced.reports] == [1]
    paced.wait(0.1)
    assert len(paced.reports) > 1
    assert paced.clock.now_us == pytest.approx(1e6 * paced.now_s, rel=0.05)


def test_what_a_paced_reader_has_done_is_reported_when_its_rospec_is_stopped_before() -> None:
    paced = Bench("monzax8k", paced=True).connect().start(rospec())
    paced.do("ADD_ACCESSSPEC", access_spec(block_write(bytes(512))))
    paced.do("ENABLE_ACCESSSPEC", AccessSpecID=1)
    paced.wait(1 / 64)
    assert not paced.reports
    paced.do("STOP_ROSPEC", ROSpecID=1)
    assert [len(results(each)) for each in paced.reports] == [1]
