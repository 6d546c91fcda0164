"""A MagicRF M100 module as its host sees it on the UART (M100&QM100 firmware manual): bytes in, bytes out, no I/O.

Where the manual contradicts itself: a notice of the multiple poll carries 22h, as its own checksum has it, and Set
Select Mode is answered with 0Ch. A poll repeats its frames of slots a few times, so that two tags in one slot are
both heard. What the manual leaves open: any command ends a multiple poll, and a poll of 0 rounds lasts until then.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hwsim import m100access
from hwsim.air import PROFILES, AirClock
from hwsim.gen2tag import RainTag
from hwsim.m100wire import COMMAND, ERROR, NOTICE, RESPONSE, BadCommand, Frames, frame, need
from hwsim.rainfaults import LINE_FAULTS, TAG_FAULTS, RainFaults
from hwsim.rainfield import Heard, RainField

FAULTS = {**TAG_FAULTS, **LINE_FAULTS}

_BAD_COMMAND, _NO_TAG = 0x17, 0x15
_FRAMES = 8  # of slots in one poll
_WEAKEST_DBM, _STRONGEST_DBM = 15.0, 26.0
_REGIONS = {0x01: 20, 0x02: 52, 0x03: 15, 0x04: 20, 0x06: 32}  # channels of each
_ABOUT = ("M100 V1.00", "V2.3.5", "MagicRf")  # hardware, software, manufacturer
_JAMMER = bytes.fromhex("f2f1f0efeceae8eaeceef0f1f5f5f5f6f5f5f5f5")  # dBm a channel
_SILENCE = bytes.fromhex("ba")
_NO_SELECT = bytes.fromhex("01000000200000")


@dataclass
class Poll:
    """A multiple poll: rounds left (0: until it is stopped), and when this one ends."""

    left: int
    round_us: float = 0.0
    deadline_us: float | None = None


class M100:
    """One module before antenna 1. `receive` for virtual time; `answers` and `poll` for a port."""

    def __init__(self, field: RainField, clock: AirClock, faults: RainFaults | None = None) -> None:
        self.field = field
        self.clock = clock
        self.faults = faults if faults is not None else field.faults
        self.profile = PROFILES["fm0-160"]
        self.unplugged = False
        self.replug_after_s = 0.0
        self.next_baud: int | None = None  # a new speed counts at once
        self.power_cycle()

    def power_cycle(self) -> None:
        """As after a new supply."""
        self.baud = 115200
        self.power_dbm = 20.0
        self.region = 0x01  # China, 920-925 MHz
        self.channel = 0
        self.query = 0x1020  # DR 8, M 1, pilot tone, all tags, S0, A, Q 4
        self.demodulator = bytes.fromhex("030601b0")
        self.pins = [0, 0, 0, 0]
        self.sleep_after_min = 0
        self.asleep = False
        self.wait: Poll | None = None
        self._forget_select()
        self._frames = Frames()
        self._out: list[tuple[float, bytes]] = []
        self._idle_since_us = self.clock.now_us

    def receive(self, data: bytes) -> bytes:
        """What the module sends in answer to these bytes of the host; rounds of a multiple poll come by `poll`."""
        return b"".join([chunk for _, chunk in self.answers(data)])

    def answers(self, data: bytes) -> list[tuple[float, bytes]]:
        """As `receive`, each piece with the virtual time at which its last byte has left."""
        self.clock.uart_in(len(data), self.baud)
        if self.faults.armed:
            data = self.faults.line_in(data)
        if data and self._sleeps():
            self.asleep = False
            self._forget_select()
            self._frames = Frames()
            data = data[1:]  # the byte that wakes it is lost
        for each in self._frames.receive(data):
            if each.type == COMMAND:
                self._command(each.command, each.parameters)
        self._idle_since_us = self.clock.now_us
        return self._take_out()

    def poll(self) -> list[tuple[float, bytes]]:
        """The round of a multiple poll that has ended by now, if one has."""
        poll = self.wait
        if poll is None or poll.deadline_us is None or self.clock.now_us < poll.deadline_us:
            return []
        self.clock.was_air(poll.round_us)
        self._report()
        if poll.left == 1:
            self.wait = None
        else:
            poll.left = max(0, poll.left - 1)
            self._plan(poll)
        return self._take_out()

    def take_next_baud(self) -> None:
        """There is never one to take."""

    # -- what the tag operations need --

    @property
    def mask_bits(self) -> int:
        return self._select[5]

    def selects(self, inventory: bool) -> bool:
        """Does the module send a Select before this?"""
        return self.select_mode == 0 or (self.select_mode == 2 and not inventory)

    def takes_part(self, tag: RainTag, inventory: bool) -> bool:
        """By the mask alone, whichever flag the Select sets: actions 4 to 7 turn it round."""
        if not self.selects(inventory):
            return True
        select = self._select
        pointer = int.from_bytes(select[1:5], "big")
        matches = tag.matches(select[0] & 3, pointer, select[5], select[7:])
        return matches != bool(select[0] >> 2 & 0b100)

    def reply(self, command: int, parameters: bytes = b"\x00") -> None:
        """Answer a command; without parameters that it is done."""
        self._send(RESPONSE, command, parameters)

    def fail(self, code: int, said: bytes = b"") -> None:
        """said: length, PC and EPC, where the tag has told them."""
        self._send(RESPONSE, ERROR, bytes((code,)) + said)

    # -- frames --

    def _command(self, command: int, given: bytes) -> None:
        self.wait = None
        self.clock.commands += 1
        self.field.command()
        if self.faults.armed:
            self.faults.command(self)
            if self.unplugged:
                return
        run = _COMMANDS.get(command)
        try:
            if run is None:
                raise BadCommand
            run(self, given)
        except BadCommand:
            self.fail(_BAD_COMMAND)

    def _send(self, type: int, command: int, parameters: bytes) -> None:
        if self.faults.armed and type == RESPONSE and self.faults.loses_answer():
            return
        data = frame(type, command, parameters)
        if self.faults.armed:
            data = self.faults.line_out(data)
        self.clock.uart_out(len(data), self.baud)
        self._out.append((self.clock.now_us, data))

    def _take_out(self) -> list[tuple[float, bytes]]:
        out, self._out = self._out, []
        return out

    def _sleeps(self) -> bool:
        idle_us = self.clock.now_us - self._idle_since_us
        return self.asleep or 0 < self.sleep_after_min * 60e6 <= idle_us

    # -- polling --

    def _single_poll(self, given: bytes) -> None:
        self.clock.air(self._round_us())
        self._report()

    def _multiple_poll(self, given: bytes) -> None:
        need(given, 3)
        self.wait = Poll(given[1] << 8 | given[2])
        self._plan(self.wait)

    def _stop(self, given: bytes) -> None:
        self.reply(0x28)

    def _plan(self, poll: Poll) -> None:
        poll.round_us = self._round_us()
        poll.deadline_us = self.clock.now_us + poll.round_us

    def _round_us(self) -> float:
        tags = [tag for tag in self.field.present if self.takes_part(tag, inventory=True)]
        select_us = self.profile.select_us(self.mask_bits) if self.selects(inventory=True) else 0.0
        return select_us + self.profile.round_us(len(tags), self.query >> 3 & 0xF)

    def _report(self) -> None:
        """A notice for each tag that was heard, or that there was none."""
        heard = self._singulate()
        for each in heard:
            self.clock.singulations += 1
            rssi = round(each.rssi_dbm).to_bytes(1, "big", signed=True)
            said = each.tag.pc.to_bytes(2, "big") + each.tag.epc
            self._send(NOTICE, 0x22, rssi + said + each.tag.crc.to_bytes(2, "big"))
        if not heard:
            self.fail(_NO_TAG)

    def _singulate(self) -> list[Heard]:
        """Who had a slot to itself in one of the frames; in a crowd some stay unheard."""
        left = [
            each
            for each in self.field.heard(1, self.power_dbm)
            if self.takes_part(each.tag, inventory=True)
        ]
        slots = 1 << (self.query >> 3 & 0xF)
        heard: list[Heard] = []
        for _ in range(_FRAMES if left else 0):
            chosen = [self.faults.random.randrange(slots) for _ in left]
            pairs = list(zip(left, chosen, strict=True))
            heard += [each for each, slot in pairs if chosen.count(slot) == 1]
            left = [each for each, slot in pairs if chosen.count(slot) > 1]
        return [each for each in heard if each.tag.singulate() is not None]

    # -- Select and Query --

    def _forget_select(self) -> None:
        self.select_mode = 1
        self._select = _NO_SELECT

    def _set_select(self, given: bytes) -> None:
        need(given, 7)
        need(given, 7 + -(-given[5] // 8))
        self._select = given
        self.select_mode = 2
        self.reply(0x0C)

    def _get_select(self, given: bytes) -> None:
        self.reply(0x0B, self._select)

    def _set_select_mode(self, given: bytes) -> None:
        self.select_mode = _one_of(given, range(3))
        self.reply(0x0C)

    def _set_query(self, given: bytes) -> None:
        need(given, 2)
        self.query = given[0] << 8 | given[1]
        self.reply(0x0E)

    def _get_query(self, given: bytes) -> None:
        self.reply(0x0D, self.query.to_bytes(2, "big"))

    # -- the radio --

    def _set_region(self, given: bytes) -> None:
        self.region = _one_of(given, _REGIONS)
        self.channel = 0
        self.reply(0x07)

    def _get_region(self, given: bytes) -> None:
        self.reply(0x08, bytes((self.region,)))

    def _set_channel(self, given: bytes) -> None:
        self.channel = _one_of(given, range(_REGIONS[self.region]))
        self.reply(0xAB)

    def _get_channel(self, given: bytes) -> None:
        self.reply(0xAA, bytes((self.channel,)))

    def _insert_channels(self, given: bytes) -> None:
        need(given, 1)
        need(given, 1 + given[0])
        self.reply(0xA9)

    def _set_power(self, given: bytes) -> None:
        """Hundredths of a dBm; what the amplifier cannot do is bounded."""
        need(given, 2)
        power_dbm = (given[0] << 8 | given[1]) / 100
        self.power_dbm = max(_WEAKEST_DBM, min(_STRONGEST_DBM, power_dbm))
        self.reply(0xB6)

    def _get_power(self, given: bytes) -> None:
        self.reply(0xB7, round(100 * self.power_dbm).to_bytes(2, "big"))

    def _set_demodulator(self, given: bytes) -> None:
        need(given, 4)
        self.demodulator = given[:4]
        self.reply(0xF0)

    def _get_demodulator(self, given: bytes) -> None:
        self.reply(0xF1, self.demodulator)

    def _scan_jammer(self, given: bytes) -> None:
        self.reply(0xF2, self._scan(_JAMMER))

    def _scan_rssi(self, given: bytes) -> None:
        self.reply(0xF3, self._scan(_SILENCE))

    def _scan(self, levels: bytes) -> bytes:
        channels = _REGIONS[self.region]
        return bytes((0, channels - 1)) + (levels * channels)[:channels]

    # -- the module --

    def _about(self, given: bytes) -> None:
        which = _one_of(given, range(len(_ABOUT)))
        self.reply(0x03, bytes((which,)) + _ABOUT[which].encode())

    def _set_baud(self, given: bytes) -> None:
        """In hundreds; there is no answer."""
        need(given, 2)
        self.baud = 100 * (given[0] << 8 | given[1]) or self.baud

    def _pin(self, given: bytes) -> None:
        """Direction (always taken), level, or a look at it, of pin 1 to 4."""
        need(given, 3)
        if given[0] > 2 or not 1 <= given[1] <= len(self.pins):
            raise BadCommand
        if given[0] == 1:
            self.pins[given[1] - 1] = given[2] & 1
        told = self.pins[given[1] - 1] if given[0] == 2 else 1
        self.reply(0x1A, bytes((given[0], given[1], told)))

    def _sleep(self, given: bytes) -> None:
        self.reply(0x17)
        self.asleep = True

    def _set_sleep_after(self, given: bytes) -> None:
        self.sleep_after_min = _one_of(given, range(31))
        self.reply(0x1D, bytes((self.sleep_after_min,)))


def _one_of(given: bytes, known: "range | dict[int, int]") -> int:
    """The first parameter; BadCommand where it is none of those."""
    need(given, 1)
    if given[0] not in known:
        raise BadCommand
    return given[0]


_COMMANDS: dict[int, Callable[[M100, bytes], None]] = {
    0x03: M100._about,
    0x04: lambda module, given: module.reply(0x04),  # IDLE
    0x07: M100._set_region,
    0x08: M100._get_region,
    0x0B: M100._get_select,
    0x0C: M100._set_select,
    0x0D: M100._get_query,
    0x0E: M100._set_query,
    0x11: M100._set_baud,
    0x12: M100._set_select_mode,
    0x17: M100._sleep,
    0x1A: M100._pin,
    0x1D: M100._set_sleep_after,
    0x22: M100._single_poll,
    0x27: M100._multiple_poll,
    0x28: M100._stop,
    0x39: m100access.read,
    0x49: m100access.write,
    0x65: m100access.kill,
    0x82: m100access.lock,
    0xA9: M100._insert_channels,
    0xAA: M100._get_channel,
    0xAB: M100._set_channel,
    0xAD: lambda module, given: module.reply(0xAD),  # frequency hopping
    0xB0: lambda module, given: module.reply(0xB0),  # continuous carrier
    0xB6: M100._set_power,
    0xB7: M100._get_power,
    0xD3: m100access.block_permalock,
    0xF0: M100._set_demodulator,
    0xF1: M100._get_demodulator,
    0xF2: M100._scan_jammer,
    0xF3: M100._scan_rssi,
}
