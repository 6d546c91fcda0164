"""A handheld's stores and writes whose power is lost at every write in turn, and what is left after the next start.

Flash (LittleFS, torn at any byte) and tag (torn at any bit) share one count of writes: nothing happens behind the one
that is cut. For MicroPython's unix port alone; tests/bench/handheld_power.py runs it.
"""

import binascii
import hashlib
import random
import sys

import ffi
import vfs
from ram_flash import Flash
from scripted import NOW, OURS, THEIRS, Bench, Power, Tag, made

from edge import cbor, cose, ed25519, trust
from edge.trust import Entry
from reader import archive, bundle, entry, files, jobs, update
from reader.errors import DeviceTrouble
from reader.keys import DeviceKey
from reader.orders import Orders
from reader.outbox import Outbox
from reader.state import State
from reader.trust import Trust

FOLDER = "/data"
SEED = bytes(range(32))
ROOT = ed25519.public_key(SEED)
_EIO = -5
_BLOCKS_ARE, _ERASE = 4, 6  # what ioctl is asked
_BLOCK = 4096
_BLOCKS = 64
_SIZE = _BLOCK * _BLOCKS
_LATER = 1900000000


_libc = ffi.open("libc.so.6")
_fork = _libc.func("i", "fork", "")
_waitpid = _libc.func("i", "waitpid", "ipi")
_exit = _libc.func("v", "_exit", "i")


class Cuts:
    """Counts the writes of flash and tag together. Each splits the process: in the child it is torn, and the last one.

    is_on: whether it does; failed: children that did not come to their end.
    """

    def __init__(self):
        self.is_on = False
        self.is_dead = False
        self.count = 0
        self.failed = 0

    def is_torn(self):
        """To be asked before each write."""
        if self.is_dead or not self.is_on:
            return self.is_dead
        self.count += 1
        child = _fork()
        if not child:
            self.is_dead = True
            random.seed(self.count)
            return True
        status = bytearray(4)
        if _waitpid(child, status, 0) != child or status[1]:
            self.failed += 1
        return False


class TornFlash(Flash):
    def __init__(self, cuts):
        super().__init__()
        self.cuts = cuts

    def readblocks(self, block, buffer, offset=0):
        if self.cuts.is_dead:
            return _EIO
        return super().readblocks(block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        was_dead = self.cuts.is_dead
        if not self.cuts.is_torn():
            return super().writeblocks(block, buffer, offset)
        if not was_dead:
            self._tear(block * _BLOCK + offset, buffer)
        return _EIO

    def ioctl(self, what, argument):
        if what == _BLOCKS_ARE:
            return _BLOCKS
        if what != _ERASE:
            return super().ioctl(what, argument)
        was_dead = self.cuts.is_dead
        if not self.cuts.is_torn():
            self.memory[argument * _BLOCK : (argument + 1) * _BLOCK] = b"\xff" * _BLOCK
            return 0
        if not was_dead:
            self._tear(argument * _BLOCK, b"\xff" * _BLOCK)
        return _EIO

    def _tear(self, start, data):
        """All before a byte gets through, that one half, nothing after it."""
        size = random.randrange(len(data) + 1)
        self.memory[start : start + size] = data[:size]
        if size < len(data):
            self.memory[start + size] &= random.getrandbits(8) | data[size]


class TornTag(Tag):
    def __init__(self, cuts, uid):
        super().__init__("NTAG215", uid)
        self.cuts = cuts

    def write(self, page, data):
        if self.cuts.is_dead:
            raise Power
        if self.cuts.is_torn():
            self.tear, self.mask = len(self.writes), random.getrandbits(8)
            try:
                super().write(page, data)
            except DeviceTrouble:
                pass
            self.tear, self.is_there = None, True
            raise Power
        super().write(page, data)


class Handheld(Bench):
    """One start: everything is mounted from the flash, and the kit made of it."""

    def __init__(self, world):
        super().__init__()
        self.world = world
        vfs.mount(vfs.VfsLfs2(world.flash), FOLDER)
        state = State(FOLDER)
        self.state = state
        self.boot = state.get("boot") + 1
        state.set("boot", self.boot)
        self.id = DeviceKey(FOLDER, bytes_of).kid
        self.outbox = world.outbox = Outbox(FOLDER + "/outbox", bytes_of, self.boot, 96)
        if self.boot % 2:
            self.outbox.prepare()
        self.trust = Trust(FOLDER + "/trust", ROOT, state)
        self.orders = Orders(FOLDER, state)

    def _record(self, kind, uid, product, body):
        outbox, world = self.outbox, self.world
        try:
            seq = outbox.append(kind, uid, product, body, self.clock)
        except DeviceTrouble:
            if world.cuts.is_dead:
                raise Power
            raise
        record = [seq, self.boot, self.clock.at, NOW, kind, uid, product, body]
        world.durable[seq] = binascii.crc32(cbor.encode(record))
        return seq

    def _pages(self, first, count):
        if self.world.cuts.is_dead:
            raise Power
        return super()._pages(first, count)


class World:
    """What outlives a start: the flash, the tags, and what the stores have promised to keep."""

    def __init__(self, seed, boot):
        random.seed(seed)
        self.boot = boot
        self.updated = 0
        self.cuts = Cuts()
        self.flash = TornFlash(self.cuts)
        vfs.VfsLfs2.mkfs(self.flash)
        self.durable = {}  # seq -> CRC-32 of each record that append returned
        self.outbox = None  # of the start that is
        self.acked = 0
        self.trusted = 0
        self.ordered = 0
        self.before = (0, 0, 0)  # they and `updated`, as a run began
        self.tags = []
        for n, count in ((1, 2), (2, 1), (3, 2)):
            uid = bytes((4, n)) + bytes(5)
            tag = TornTag(self.cuts, uid)
            self.tags.append(
                tag.commission(made(0, uid=uid, serial=f"A{n}"), LINK + f"A{n}", count)
            )
        self.lists = {}
        perform(self, (("trust", 1), ("orders", 1)))

    def file(self, what, number):
        """A trust list, orders or an update, as a gateway sends them."""
        if (what, number) not in self.lists:
            if what == "trust":
                keys = sorted(
                    [Entry(cose.kid(key), key) for key in (OURS, THEIRS)], key=lambda each: each.kid
                )
                rows = [trust.row(each) for each in keys]
                self.lists[what, number] = cose.sign1(
                    cbor.encode([number, 1, _LATER, rows]), cose.ED25519, bytes(8), signed
                )
            elif what == "update":
                text = f"tagwright firmware 1 {number} 0.1 {bytes(8).hex()}\n\n"
                data = text.encode() + bytes(2000)
                digest = hashlib.sha256(data).digest()
                self.lists[what, number] = data + signed(archive.SIGNED + digest)
            else:
                rows = [[LINK + f"{number}-{n}", claims(f"{number}-{n}")] for n in range(9)]
                self.lists[what, number] = cbor.encode([number, rows])
        return self.lists[what, number]


LINK = "https://id.example.com/01/09520123456788/21/"


def claims(serial):
    return {1: [0, 9520123456788, serial], 3: bytes(32), 10: 0, 11: {10: 27}}


def bytes_of(count):
    return bytes([random.getrandbits(8) for _ in range(count)])


def signed(data):
    return ed25519.sign(SEED, data)


def drawn(world):
    """The deeds of one run."""
    kind = random.randrange(11)
    which = random.randrange(3)
    if kind < 5:
        deed = ("entry", which)
    elif kind < 7:
        deed = ("verify", which)
    elif kind == 7:
        deed = ("format", bytes((4,)) + bytes_of(6))
    elif kind == 8:
        deed = ("trust", world.trusted + 1)
    elif kind == 9:
        deed = ("orders", world.ordered + 1)
    else:
        deed = ("update", world.updated + 1)
    return (deed, ("ack", random.randrange(6))) if random.getrandbits(1) else (deed,)


def perform(world, deeds):
    """One start, and the deeds. Raises Power where it was lost; `shown` is the tag that was in the field."""
    world.shown = None
    try:
        held = Handheld(world)
        for what, which in deeds:
            if what == "format":
                held.tag = world.shown = TornTag(world.cuts, which)
                held.run(entry.format_tag(held))
            elif what == "entry":
                held.tag = world.shown = world.tags[which]
                held.run(entry.write_entry(held, "received"))
            elif what == "verify":
                held.tag = world.shown = world.tags[which]
                held.run(jobs.verify_one(held))
            elif what == "ack":
                world.acked = max(world.acked, held.outbox.next - 1 - which)
                held.outbox.acknowledged(world.acked)
            elif what == "update":
                files.write(FOLDER + "/part", (world.file(what, which),))
                world.updated = which
                for _ in bundle.install(FOLDER + "/part", FOLDER, held.trust, NOW):
                    pass
                booted(world)
                update.confirm(FOLDER)
            else:
                files.write(FOLDER + "/part", (world.file(what, which),))
                setattr(world, {"trust": "trusted", "orders": "ordered"}[what], which)
                for _ in getattr(held, what).install(FOLDER + "/part"):
                    pass
            if world.cuts.is_dead:
                raise Power
    except (OSError, DeviceTrouble):
        if not world.cuts.is_dead:
            raise
        raise Power
    finally:
        leave(world)


class Machine:
    class WDT:
        def __init__(self, timeout):
            pass


def booted(world):
    """Run boot.py; the number of the bundle that it mounts, 0 for none."""
    path, modules = list(sys.path), dict(sys.modules)
    sys.modules["machine"] = Machine
    try:
        exec(world.boot, {})
        found = [each[0] for each in vfs.mount() if each[1] == "/app"]
        if not found:
            return 0
        vfs.umount("/app")
        return int(found[0]._text.split(b" ")[3])
    finally:
        sys.path[:] = path
        for name in modules:
            sys.modules[name] = modules[name]


def leave(world):
    """The power goes: what is open comes to nothing, and is not left to a collection, which would write it."""
    cuts, outbox = world.cuts, world.outbox
    was_dead, cuts.is_dead = cuts.is_dead, True
    try:
        if outbox is not None and outbox._file is not None:
            outbox._file.close()
    except OSError:
        pass  # as it should
    try:
        vfs.umount(FOLDER)
    except OSError:
        pass  # it was never mounted
    world.outbox, cuts.is_dead = None, was_dead


def judged(world):
    """What is wrong after the power came back: texts; and then the tag is shown again."""
    world.cuts.is_dead = world.cuts.is_on = False
    durable = world.durable
    try:
        held = Handheld(world)
    except (OSError, DeviceTrouble) as why:
        return [f"corrupt: {why!r}"]
    wrong = []
    outbox = held.outbox
    last = max(durable) if durable else 0
    if not last <= outbox.next - 1 <= last + 1 or outbox.acked > world.acked:
        wrong.append(f"lost: next {outbox.next} acked {outbox.acked} after {last}, {world.acked}")
    wanted = min(outbox.first, world.acked + 1)
    while wanted <= last:
        some = outbox.read(wanted, 4096)
        if not some:
            wrong.append(f"lost: {wanted} of {last}")
            break
        for seq, data in some:
            if seq != wanted or (seq in durable and binascii.crc32(data) != durable[seq]):
                wrong.append(f"lost: {wanted}, found {seq}")
            wanted = seq + 1
    trusted = held.trust
    if trusted.number not in (world.before[0], world.trusted) or not trusted.find(cose.kid(OURS)):
        wrong.append(f"corrupt: trust list {trusted.number}")
    if held.orders.number not in (world.before[1], world.ordered) or not (
        held.orders.left == 0 or held.orders.peek()
    ):
        wrong.append(f"corrupt: orders {held.orders.number}")
    if booted(world) not in (world.before[2], world.updated):
        wrong.append(f"corrupt: firmware of {world.updated}")
    if world.shown is not None:
        wrong += repaired(held, world.shown)
    leave(world)
    return wrong


def repaired(held, tag):
    """Show a tag again, as its owner would; what is wrong with it then."""
    held.tag = tag
    is_ours = held.run(jobs.look(held, tag.uid, jobs.Checks(held.trust))).is_ours
    if not is_ours and held.outbox.open_intent(tag.uid) is None:
        if tag.writes and tag.memory[4 * 4 + 1] and held.orders.left == 0:
            return ["unrepairable: nothing is known of it"]
        job = entry.format_tag(held)  # nothing was written yet
    else:
        job = entry.write_entry(held, "received")
    result = held.run(job)
    word = result.screen.word
    found = held.run(jobs.look(held, tag.uid, jobs.Checks(held.trust)))
    if word != "DONE" or found.verdict is None or not found.verdict.is_green():
        return [f"unrepairable: {tag.uid.hex()} {word} {result.screen.lines}"]
    if held.outbox.open_intent(tag.uid) is not None:
        return [f"unrepairable: {tag.uid.hex()} stays open"]
    return []


def campaign(seed, runs, boot):
    """Prints `run WRITES` for each run, and `wrong TEXT` for whatever was. boot: the source of boot.py."""
    world = World(seed, boot)
    for _ in range(runs):
        world.before = (world.trusted, world.ordered, world.updated)
        deeds = drawn(world)
        cuts = world.cuts
        cuts.count = cuts.failed = 0
        cuts.is_on = True
        try:
            perform(world, deeds)
        except Power:
            status = 1
            try:
                for word in judged(world):
                    print("wrong", word, deeds, cuts.count)
                status = 0
            finally:
                _exit(status)
        cuts.is_on = False
        if cuts.failed:
            print("wrong corrupt:", cuts.failed, "starts failed", deeds)
        print("run", cuts.count)
