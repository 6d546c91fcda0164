"""What a board runs after boot.py: the handheld. Hold MENU while it starts to get MicroPython's prompt instead."""

import sys

# From the bottom up: modules that import one another in turn take more stack than a board has.
for _name in ("edge.curve", "edge.cose", "edge.stub", "edge.slots", "edge.verify"):
    __import__(_name)

from reader import device, settings  # noqa: E402

_found = settings.load("")
_board = "board_" + (_found.board or ("rp2350" if sys.platform == "rp2" else "esp32s3"))
device.main(_found, getattr(__import__("reader." + _board), _board).open(_found))
