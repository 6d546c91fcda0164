"""ROSpecs and AccessSpecs of a reader: added, enabled, started by what they say, stopped, deleted.

LLRP "Reader operation" and "Access operation", the states of both. One ROSpec at a time is active; another starts
before its end only where its priority is higher, which is the smaller number.
"""

from typing import TYPE_CHECKING

from hwsim.llrp_access import AccessSpec
from hwsim.llrp_bytes import M_FIELD_ERROR, Malformed, Node, make
from hwsim.llrp_config import ROSPEC
from hwsim.llrp_rounds import ACTIVE, DISABLED, INACTIVE, RoSpec, Running
from hwsim.llrp_specs import check_access_spec, check_rospec

if TYPE_CHECKING:
    from hwsim.llrp_reader import LlrpReader

_STARTED, _ENDED, _PREEMPTED = range(3)  # ROSpecEvent
_NEVER_S = float("inf")
_RESTART_S = 0.001  # an immediate ROSpec that ends at once does not start again before


class Operations:
    """The specs of one reader. A method named for a message returns what its response has after the LLRPStatus."""

    def __init__(self, reader: "LlrpReader") -> None:
        self.reader = reader
        self.rospecs: dict[int, RoSpec] = {}
        self.access_specs: dict[int, AccessSpec] = {}
        self.running: Running | None = None
        self._enabled = False  # an AccessSpec, since the last look

    @property
    def wake_s(self) -> float:
        """When there is something to do next."""
        moments = [spec.next_start_s for spec in self.rospecs.values() if spec.state == INACTIVE]
        if self.running is not None:
            moments.append(self.running.next_s)
        return min(moments, default=_NEVER_S)

    def run(self, now_s: float) -> None:
        """All that is due until now."""
        while True:
            running = self.running
            if running is not None:
                if self._enabled and not self.reader.paced:
                    running.access_now(now_s)
                self._enabled = False
                running.advance(now_s)
                if not running.ended:
                    break
                self._finish(min(now_s, running.stop_s))
            due = [
                spec
                for spec in self.rospecs.values()
                if spec.state == INACTIVE and spec.next_start_s <= now_s
            ]
            if not due:
                break
            spec = min(due, key=lambda each: each.next_start_s)
            at_s, period = spec.next_start_s, spec.start.find("PeriodicTriggerValue")
            period_s = period.number("Period") / 1e3 if period is not None else 0.0
            spec.next_start_s = at_s + period_s if period_s else _NEVER_S
            self._start(spec, at_s)

    def gpi(self, port: int, level: bool, now_s: float) -> None:
        """An input has changed that ROSpecs may wait for."""

        def fires(trigger: Node, kind: int) -> bool:
            value = trigger.find("GPITriggerValue")
            return (
                trigger.number("Type") == kind
                and value is not None
                and value.number("GPIPortNum") == port
                and value.number("GPIEvent") == level
            )

        running = self.running
        if running is not None:
            if fires(running.spec.stop, 2):
                self._finish(now_s)
            elif fires(running.ai_stop, 2):
                running.end_ai(now_s)
        for spec in self.rospecs.values():
            if spec.state == INACTIVE and fires(spec.start, 3):
                self._start(spec, now_s)

    def clear(self) -> None:
        """No spec is left."""
        self._delete_rospecs(list(self.rospecs))
        self.access_specs.clear()

    # -- ROSpecs --

    def add_rospec(self, node: Node) -> list[Node]:
        spec = RoSpec(
            check_rospec(node.one("ROSpec"), self.reader.profile, self.reader.field.antennas)
        )
        if spec.id in self.rospecs:
            raise Malformed(M_FIELD_ERROR, f"ROSpec {spec.id} is there already")
        if len(self.rospecs) >= self.reader.profile.rospecs:
            raise Malformed(
                M_FIELD_ERROR, f"no room for more than {self.reader.profile.rospecs} ROSpec"
            )
        self.rospecs[spec.id] = spec
        return []

    def delete_rospec(self, node: Node) -> list[Node]:
        self._delete_rospecs([spec.id for spec in self._rospecs(node)])
        return []

    def _delete_rospecs(self, ids: list[int]) -> None:
        for id in ids:
            self._end_if_running(self.rospecs[id])
            del self.rospecs[id]

    def start_rospec(self, node: Node) -> list[Node]:
        (spec,) = self._rospecs(node, all_of_them=False)
        if spec.state == DISABLED:
            raise Malformed(M_FIELD_ERROR, f"ROSpec {spec.id} is disabled")
        if spec.state == INACTIVE and not self._start(spec, self.reader.now_s):
            raise Malformed(M_FIELD_ERROR, "another ROSpec of no less priority is active")
        return []

    def stop_rospec(self, node: Node) -> list[Node]:
        (spec,) = self._rospecs(node, all_of_them=False)
        if spec.state == DISABLED:
            raise Malformed(M_FIELD_ERROR, f"ROSpec {spec.id} is disabled")
        self._end_if_running(spec)
        return []

    def enable_rospec(self, node: Node) -> list[Node]:
        for spec in self._rospecs(node):
            if spec.state != DISABLED:
                continue
            spec.state = INACTIVE
            kind = spec.start.number("Type")
            period = spec.start.find("PeriodicTriggerValue")
            if kind == 1:
                self._start(spec, self.reader.now_s)
            elif kind == 2 and period is not None:
                spec.next_start_s = self.reader.now_s + period.number("Offset") / 1e3
        return []

    def disable_rospec(self, node: Node) -> list[Node]:
        for spec in self._rospecs(node):
            self._end_if_running(spec)
            spec.state = DISABLED
            spec.next_start_s = _NEVER_S
        return []

    def get_rospecs(self, node: Node) -> list[Node]:
        for spec in self.rospecs.values():
            spec.node.fields["CurrentState"] = spec.state
        return [spec.node for spec in self.rospecs.values()]

    def _rospecs(self, node: Node, all_of_them: bool = True) -> list[RoSpec]:
        """Those that the message names; 0 may stand for all."""
        id = node.number("ROSpecID")
        if not id and all_of_them:
            return list(self.rospecs.values())
        if id not in self.rospecs:
            raise Malformed(M_FIELD_ERROR, f"there is no ROSpec {id}", 0)
        return [self.rospecs[id]]

    def _start(self, spec: RoSpec, at_s: float) -> bool:
        """False where an active one stands before it."""
        running = self.running
        if running is not None:
            if running.spec.node.number("Priority") <= spec.node.number("Priority"):
                return False
            self._end(at_s, _PREEMPTED, spec.id)
        spec.state = ACTIVE
        self._enabled = False  # the first round asks for itself
        self._rospec_event(spec, _STARTED, at_s)
        self.running = Running(self.reader, spec, at_s)
        return True

    def _end_if_running(self, spec: RoSpec) -> None:
        if self.running is not None and self.running.spec is spec:
            self._end(self.reader.now_s, _ENDED)

    def _finish(self, at_s: float) -> None:
        """The active ROSpec has come to its end; one that starts at once starts again."""
        assert self.running is not None
        spec, began_s = self.running.spec, self.running.started_s
        self._end(at_s, _ENDED)
        if spec.start.number("Type") == 1:
            spec.next_start_s = max(at_s, began_s + _RESTART_S)

    def _end(self, at_s: float, how: int, preempting: int = 0) -> None:
        assert self.running is not None
        self.running.finish_access()
        spec, self.running = self.running.spec, None
        spec.state = INACTIVE
        report = spec.node.find("ROReportSpec") or self.reader.config.report
        if report.number("ROReportTrigger"):
            self.reader.send_report()
        self._rospec_event(spec, how, at_s, preempting)

    def _rospec_event(self, spec: RoSpec, how: int, at_s: float, preempting: int = 0) -> None:
        node = make("ROSpecEvent", EventType=how, ROSpecID=spec.id, PreemptingROSpecID=preempting)
        self.reader.event(ROSPEC, node, at_s)

    # -- AccessSpecs --

    def add_access_spec(self, node: Node) -> list[Node]:
        found = check_access_spec(
            node.one("AccessSpec"), self.reader.profile, self.reader.field.antennas
        )
        stop = found.one("AccessSpecStopTrigger")
        counted = stop.number("AccessSpecStopTrigger") == 1
        spec = AccessSpec(found, left=stop.number("OperationCountValue") if counted else 0)
        if spec.id in self.access_specs:
            raise Malformed(M_FIELD_ERROR, f"AccessSpec {spec.id} is there already")
        if len(self.access_specs) >= self.reader.profile.access_specs:
            raise Malformed(
                M_FIELD_ERROR,
                f"no room for more than {self.reader.profile.access_specs} AccessSpec",
            )
        self.access_specs[spec.id] = spec
        return []

    def delete_access_spec(self, node: Node) -> list[Node]:
        for spec in self._access_specs(node):
            del self.access_specs[spec.id]
        return []

    def enable_access_spec(self, node: Node) -> list[Node]:
        for spec in self._access_specs(node):
            spec.enabled = self._enabled = True
        return []

    def disable_access_spec(self, node: Node) -> list[Node]:
        for spec in self._access_specs(node):
            spec.enabled = False
        return []

    def get_access_specs(self, node: Node) -> list[Node]:
        for spec in self.access_specs.values():
            spec.node.fields["CurrentState"] = int(spec.enabled)
        return [spec.node for spec in self.access_specs.values()]

    def _access_specs(self, node: Node) -> list[AccessSpec]:
        """Those that the message names; 0 stands for all."""
        id = node.number("AccessSpecID")
        if not id:
            return list(self.access_specs.values())
        if id not in self.access_specs:
            raise Malformed(M_FIELD_ERROR, f"there is no AccessSpec {id}", 0)
        return [self.access_specs[id]]
