"""Checks signatures on any Python or MicroPython: handheld_verify.py ROOT WHAT COUNT prints the best of COUNT in us.

Of WHAT, `heap` prints the bytes that the check of a key leaves on MicroPython's heap, and `turns` the longest turn.
"""

import gc
import sys
import time

sys.path.insert(0, sys.argv[1])

from edge import ed25519, sha512

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.bench import rfc8032
else:
    import rfc8032  # beside this script, or compiled beside edge

SEED = bytes(range(32))
MESSAGE = bytes(300)  # what is signed of a stub


def main(what: "str", count: "int") -> None:
    key, signature = ed25519.public_key(SEED), ed25519.sign(SEED, MESSAGE)
    if what == "heap":
        print(heap(key, signature))
        return
    if what == "turns":
        print(turns(key, signature, count))
        return
    prepared = ed25519.PreparedKey(key)
    prepared.verify(MESSAGE, signature)
    calls = {
        "verify": lambda: prepared.verify(MESSAGE, signature),
        "first": lambda: ed25519.verify(key, MESSAGE, signature),
        "sign": lambda: ed25519.sign(SEED, MESSAGE),
        "sha512": lambda: sha512.sha512(signature + MESSAGE) is not None,
        "rfc8032": lambda: rfc8032.verify(key, MESSAGE, signature),
    }
    best = 1 << 29
    for _ in range(count):
        gc.collect()
        began = now_us()
        assert calls[what]()
        best = min(best, now_us() - began)
    print(best)


def heap(key: "bytes", signature: "bytes") -> "int":
    ed25519.verify(key, MESSAGE, signature)
    gc.collect()
    before = gc.mem_alloc()  # type: ignore[attr-defined]
    held = ed25519.PreparedKey(key)
    assert held.verify(MESSAGE, signature)
    gc.collect()
    return int(gc.mem_alloc()) - before  # type: ignore[attr-defined]


def turns(key: "bytes", signature: "bytes", count: "int") -> "int":
    """The longest turn of a key's first check; each turn's best of `count`."""
    best = []
    for _ in range(count):
        steps = ed25519.PreparedKey(key).steps(MESSAGE, signature)
        turn = 0
        while True:
            gc.collect()
            began = now_us()
            try:
                next(steps)
            except StopIteration:
                break
            took = now_us() - began
            if turn == len(best):
                best.append(took)
            best[turn] = min(best[turn], took)
            turn += 1
    return max(best)


def now_us() -> "int":
    if hasattr(time, "ticks_us"):
        return int(time.ticks_us())
    return time.perf_counter_ns() // 1000


main(sys.argv[2], int(sys.argv[3]))
