"""What a board runs after boot.py: the handheld. Hold MENU while it starts to get MicroPython's prompt instead."""

import sys

try:
    from handheld import run  # type: ignore[import-not-found]  # an update's, in one module
except ImportError:
    # From the bottom up: modules that import one another in turn take more stack than a board has.
    for _name in ("edge.curve", "edge.cose", "edge.stub", "edge.slots", "edge.verify"):
        __import__(_name)

    from reader import device, settings

    def run() -> None:
        found = settings.load("")
        board = "board_" + (found.board or ("rp2350" if sys.platform == "rp2" else "esp32s3"))
        device.main(found, getattr(__import__("reader." + board), board).open(found))


run()
