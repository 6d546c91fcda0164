"""Many tags, one after the other, as a job (reader.jobs)."""

from reader import ui
from reader.dedupe import Recent
from reader.errors import ReaderGone, TagTrouble
from reader.jobs import Checks, look, tell
from reader.power import Duty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reader.jobs import Job
    from reader.station import Kit

_AGAIN_MS = 1000  # until a reader that is silent is asked again


def batch(kit: "Kit") -> "Job":
    """Verify one tag after the other, and record each; one that was there a short while ago has its own tone.

    A reader that fails is told, and asked again: only the user ends a batch.
    """
    recent = Recent(kit.settings.duplicate_s * 1000)
    duty = Duty(kit.settings.look_ms)
    resting = None
    count = 0
    while True:
        try:
            uid = yield ("target",)
        except ReaderGone as why:
            yield ("show", ui.of_trouble(str(why)))
            yield ("wait", _AGAIN_MS)
            continue
        if uid is None or uid == resting:
            if uid is not None:
                recent.has(uid, kit.clock.ms())  # its window begins when it leaves
            resting = uid
            yield ("wait", duty.rest_ms(uid is not None, kit.clock.ms()))
            continue
        resting = uid
        result = None  # it takes 2 kB, which the next one needs
        started = kit.clock.ms()
        if recent.has(uid, started):
            yield ("show", ui.Screen("tag", "SAME", (f"tags: {count}",), None, "same"))
            continue
        try:
            result = yield from look(kit, uid, Checks(kit.trust))
        except (TagTrouble, ReaderGone):
            resting = None
            continue
        count += 1
        yield from tell(kit, result, "batch", started, (f"tags: {count}",))
        recent.add(uid, kit.clock.ms())
        yield ("show", result.screen)
