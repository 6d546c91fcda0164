"""A ROSpec at work: its AISpecs one after another, round by round, antenna by antenna.

LLRP "Reader operation" and "Antenna inventory". A round hears its tags when it begins and reports each at the moment
that it has been singulated, at the rate of the mode on the air. AccessSpecs run when their tag is singulated: paced,
its turn comes like any other's and real time goes by; else it comes first and only virtual time is counted.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hwsim.air import Profile as Mode
from hwsim.gen2chips import WORD
from hwsim.gen2tag import EPC, KILLED, OFF, USER, RainTag
from hwsim.llrp_access import AccessSpec
from hwsim.llrp_antenna import Antenna
from hwsim.llrp_bytes import Node, encode, make
from hwsim.llrp_config import AISPEC, LOOP, SINGULATION, access_spec_words
from hwsim.llrp_ops import Access
from hwsim.llrp_report import Content, Place, Seen, Template, vendor_fields
from hwsim.rainfield import Heard

if TYPE_CHECKING:
    from hwsim.llrp_reader import LlrpReader

DISABLED, INACTIVE, ACTIVE = range(3)

_NEVER_S = float("inf")
_SHORTEST_LOOP_S = 0.001
_EMPTY_S, _IDLE_S = 0.002, 0.01  # a round that hears nothing; the last of them on all antennas


class RoSpec:
    """One ROSpec of the reader."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.state = DISABLED
        self.next_start_s = _NEVER_S  # of a periodic one

    @property
    def id(self) -> int:
        return self.node.number("ROSpecID")

    @property
    def start(self) -> Node:
        return self.node.one("ROBoundarySpec").one("ROSpecStartTrigger")

    @property
    def stop(self) -> Node:
        return self.node.one("ROBoundarySpec").one("ROSpecStopTrigger")


class Running:
    """An active ROSpec. `advance` runs what is due; `next_s` is when there is more to do."""

    def __init__(self, reader: "LlrpReader", spec: RoSpec, at_s: float) -> None:
        self.reader = reader
        self.spec = spec
        self.ended = False
        self.started_s = at_s
        self.report = spec.node.find("ROReportSpec") or reader.config.report
        self.content = Content.of(self.report, reader.extended)
        self._loops = 0
        self._report_trigger = self.report.number("ROReportTrigger")
        self._report_n = self.report.number("N")
        self._report_tags = self._report_n if self._report_trigger in (1, 2) else 0
        self._reported_s = at_s
        self.stop_s = _ends_s(spec.stop, at_s)
        self._done: Callable[[], None] | None = None  # an AccessSpec that takes real time
        self._done_s = _NEVER_S
        self._loop_began_s = at_s
        self._begin(0, at_s)

    # -- the AISpecs --

    def _begin(self, index: int, at_s: float) -> None:
        """The AISpec of that index, from 0."""
        specs = self.spec.node.all("AISpec")
        if index >= len(specs):
            loop = self.spec.node.find("LoopSpec")
            self._loops += 1
            if loop is None or self._loops == loop.number("LoopCount"):
                self.ended = True
                return
            self.reader.event(
                LOOP, make("SpecLoopEvent", ROSpecID=self.spec.id, LoopCount=self._loops), at_s
            )
            index, at_s = 0, max(at_s, self._loop_began_s + _SHORTEST_LOOP_S)
        if not index:
            self._loop_began_s = at_s
        self.index = index
        node = specs[index]
        numbers = node.numbers("AntennaIDs")
        inventory = node.one("InventoryParameterSpec")
        self.antennas = [
            Antenna(self.reader, number, inventory)
            for number in (
                numbers if 0 not in numbers else range(1, self.reader.field.antennas + 1)
            )
        ]
        self.ai_stop = node.one("AISpecStopTrigger")
        self._ai_stop_s = _ends_s(self.ai_stop, at_s)
        by_tags = self.ai_stop.number("Type") == 3
        self._observation = self.ai_stop.find("TagObservationTrigger") if by_tags else None
        self._seen_tags: set[bytes] = set()
        self._seen_count = self._attempts = 0
        self._news_s = at_s
        self._turn = len(self.antennas) - 1
        self._quiet = 0
        self._heard: list[Heard] = []
        self._at = 0
        self._round_end_s = at_s

    def finish_access(self) -> None:
        """Paced: what an AccessSpec has done is reported, its time having passed or the ROSpec being over."""
        done, self._done = self._done, None
        self._done_s = _NEVER_S
        if done is not None:
            done()

    def end_ai(self, at_s: float) -> None:
        """This AISpec is over; the next begins, or the ROSpec ends."""
        if self._report_trigger in (1, 3, 5):
            self.reader.send_report()
        details = []
        if self.reader.config.events.get(SINGULATION):
            details = [make("C1G2SingulationDetails")]
        kind = SINGULATION if details else AISPEC
        self.reader.event(
            kind,
            make("AISpecEvent", *details, ROSpecID=self.spec.id, SpecIndex=self.index + 1),
            at_s,
        )
        self._begin(self.index + 1, at_s)

    @property
    def next_s(self) -> float:
        """When something is due."""
        due_s = self._due_s(self._at) if self._at < len(self._heard) else self._round_end_s
        if self._done is not None:
            return self._done_s
        return min(due_s, self.stop_s, self._ai_stop_s, self._report_s)

    @property
    def _report_s(self) -> float:
        """When a report by time is due (LLRP 1.1)."""
        if self._report_trigger < 3 or not self._report_n:
            return _NEVER_S
        return self._reported_s + self._report_n / (1 if self._report_trigger < 5 else 1e3)

    def advance(self, now_s: float) -> None:
        """Run what is due by now; `ended` says that it was the last."""
        singulated, mode = 0, self.antennas[self._turn].mode
        while not self.ended:
            if self._done is not None:
                if self._done_s > now_s:
                    break
                self.finish_access()
            stop_s = min(self.stop_s, self._ai_stop_s)
            tags_left = self._at < len(self._heard)
            due_s = self._due_s(self._at) if tags_left else self._round_end_s
            report_s = self._report_s
            if min(due_s, stop_s, report_s) > now_s:
                break
            if report_s <= min(due_s, stop_s):
                self._reported_s = report_s
                self.reader.send_report()
            elif stop_s < due_s:
                self._stop(stop_s)
            elif tags_left:
                self._at += 1
                singulated += 1
                self._sight(self._heard[self._at - 1], due_s)
            elif stop_s == due_s:
                self._stop(stop_s)
            else:
                self._round(due_s)
        if singulated:
            self.reader.tally.clock.singulations += singulated
            self.reader.tally.was_air("inventory", singulated * mode.singulation_us())

    def _stop(self, at_s: float) -> None:
        if at_s == self.stop_s:
            self.ended = True
        else:
            self.end_ai(at_s)

    # -- rounds --

    @property
    def antenna(self) -> Antenna:
        """The one whose turn it is."""
        return self.antennas[self._turn]

    def _round(self, at_s: float) -> None:
        """The next antenna listens."""
        self._turn = (self._turn + 1) % len(self.antennas)
        reader, antenna = self.reader, self.antenna
        reader.look_at_buffer()
        self._attempts += 1
        heard = self._listen()
        self._round_began_s = at_s
        self._interval_s = 1 / reader.rate if reader.rate else 1 / antenna.mode.tags_per_s()
        if len(heard) > 1:
            reader.field.faults.random.shuffle(heard)
        self._at = 0
        self._heard = heard
        self._quiet = 0 if heard else self._quiet + 1
        length_s = len(heard) * self._interval_s
        if not reader.rate:
            self._round_began_s += (antenna.mode.query_us() + antenna.select_us()) / 1e6
        if not heard:
            length_s = 0.0 if reader.rate else _EMPTY_S
            if self._quiet >= len(self.antennas):
                length_s = _IDLE_S
                self._quiet = 0
        self._round_end_s = self._round_began_s + length_s
        if reader.operations.access_specs and not reader.paced:
            self._access_first(at_s)
        self._check_observation(at_s)

    def _access_first(self, at_s: float) -> None:
        """Not paced: whoever an AccessSpec is for has its turn before the others."""
        left = []
        for heard in self._heard:
            spec = self._spec_for(heard.tag)
            if spec is None:
                left.append(heard)
            else:
                self._access(heard, spec, at_s)
        self._round_began_s += (len(self._heard) - len(left)) * self._interval_s
        self._heard = left

    def _due_s(self, number: int) -> float:
        return self._round_began_s + (number + 1) * self._interval_s

    def access_now(self, at_s: float) -> None:
        """Not paced: whoever an AccessSpec is for has a turn at once, at the first antenna that hears it."""
        turn, done = self._turn, set()
        for number in range(len(self.antennas)):
            self._turn = number
            for heard in self._listen():
                spec = self._spec_for(heard.tag) if heard.tag not in done else None
                if spec is not None:
                    done.add(heard.tag)
                    self._access(heard, spec, at_s)
        self._turn = turn

    def _listen(self) -> list[Heard]:
        """Who takes part in a round at this antenna."""
        antenna, reader = self.antenna, self.reader
        self.channel = 1 + reader.field.faults.random.randrange(reader.profile.channels)
        heard = reader.field.heard(antenna.number, antenna.power_dbm)
        return (
            [each for each in heard if antenna.takes_part(each.tag)] if antenna.filters else heard
        )

    def _sight(self, heard: Heard, at_s: float) -> None:
        tag = heard.tag
        if tag.state in (OFF, KILLED):
            return
        reader = self.reader
        if reader.operations.access_specs:
            spec = self._spec_for(tag)
            if spec is not None:
                self._access(heard, spec, at_s)
                return
        content = self.content
        more = b""
        if content.phase or content.fine_rssi:
            more = vendor_fields(content, heard, reader.field.faults.random.randrange(4096))
        if not reader.waiting.add(
            self._template(tag), round(heard.rssi_dbm), self.channel, reader.utc_us(at_s), more
        ):
            reader.lose(1)
        self._reported(tag, at_s)

    def _reported(self, tag: RainTag, at_s: float) -> None:
        if 0 < self._report_tags <= len(self.reader.waiting):
            self.reader.send_report()
        if self._observation is not None:
            self._seen_count += 1
            if tag.tid not in self._seen_tags:
                self._seen_tags.add(tag.tid)
                self._news_s = at_s
            self._check_observation(at_s)

    def _check_observation(self, at_s: float) -> None:
        """End the AISpec where its TagObservationTrigger says so."""
        trigger = self._observation
        if trigger is None or self._ai_stop_s <= at_s:
            return
        kind = trigger.number("TriggerType")
        quiet_s = trigger.number("T") / 1e3
        if (
            (kind == 0 and self._seen_count >= trigger.number("NumberOfTags"))
            or (kind == 3 and len(self._seen_tags) >= trigger.number("NumberOfTags"))
            or (kind in (1, 4) and at_s - self._news_s >= quiet_s)
            or (kind == 2 and self._attempts > trigger.number("NumberOfAttempts"))
        ):
            self._ai_stop_s = at_s

    def _template(self, tag: RainTag) -> Template:
        key = bytes(tag.banks[EPC]) + tag.banks[USER][:1] + bytes((tag.recommissioned,))
        known = self.antenna.templates.get(tag)
        if known is not None and known[0] == key:
            return known[1]
        template = self._new_template(tag, tag.pc.to_bytes(2, "big") + tag.epc)
        self.antenna.templates[tag] = key, template
        return template

    def _new_template(self, tag: RainTag, said: bytes) -> Template:
        place = Place(self.spec.id, self.index + 1, self.antenna.place, self.antenna.number)
        return Template(self.content, place, said, tag.crc, tag.tid[:12])

    # -- access --

    def _spec_for(self, tag: RainTag) -> AccessSpec | None:
        """The first AccessSpec for the tag: there is one in a singulation."""
        for spec in self.reader.operations.access_specs.values():
            if spec.is_for(self.spec.id, self.antenna.number) and spec.matches(tag):
                return spec
        return None

    def _access(self, heard: Heard, spec: AccessSpec, at_s: float) -> None:
        reader, tag, mode = self.reader, heard.tag, self.antenna.mode
        said = tag.singulate()
        if said is None:
            return
        before_us = reader.tally.clock.air_us
        reader.tally.clock.singulations += 1
        reader.tally.air("singulation", _alone_us(mode, len(said[2:]) // WORD))
        reader.tally.air("match", spec.match_us(mode))
        template = self._new_template(tag, said)
        words = access_spec_words(spec.node) or reader.config.block_write_words
        access = Access(reader.field, reader.tally, mode, reader.version, words, heard)
        results = b"".join(access.run(spec.operations))
        if self.content.access_spec_id:
            results = encode(make("AccessSpecID", AccessSpecID=spec.id)) + results
        if spec.left:
            spec.left -= 1
            if not spec.left:
                del reader.operations.access_specs[spec.id]
        seen = Seen(template, round(heard.rssi_dbm), self.channel, reader.utc_us(at_s), results)
        if not reader.paced:
            self._report_access(tag, spec, seen, at_s)
            return
        took_us = reader.tally.clock.air_us - before_us
        reader.ahead_us += took_us
        self._round_began_s += took_us / 1e6
        self._round_end_s += took_us / 1e6
        self._done_s = at_s + took_us / 1e6
        self._done = partial(self._report_access, tag, spec, seen, self._done_s)

    def _report_access(self, tag: RainTag, spec: AccessSpec, seen: Seen, at_s: float) -> None:
        reader = self.reader
        if not reader.waiting.append(seen):
            reader.lose(1)
        own = spec.node.find("AccessReportSpec")
        trigger = own.number("AccessReportTrigger") if own else reader.config.access_report
        if trigger:
            reader.send_report()
        self._reported(tag, at_s)


def _ends_s(trigger: Node, at_s: float) -> float:
    """When a stop trigger ends by time what began at `at_s`: a duration, or how long it waits for what shall end it."""
    kind = trigger.number("Type")
    if kind == 1:
        name = "DurationTrigger" if trigger.name == "AISpecStopTrigger" else "DurationTriggerValue"
        return at_s + trigger.number(name) / 1e3
    waits_for = trigger.find(("", "", "GPITriggerValue", "TagObservationTrigger")[kind])
    timeout_ms = waits_for.number("Timeout") if waits_for is not None else 0
    return at_s + timeout_ms / 1e3 if timeout_ms else _NEVER_S


def _alone_us(mode: Mode, epc_words: int) -> float:
    """A Query with one slot, the tag in it, and its handle."""
    first_us = mode.query_us() - mode.send_us(4)
    return first_us + mode.singulation_us(epc_words) + mode.req_rn_us()
