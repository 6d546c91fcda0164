"""What a board runs after boot.py: the handheld. Hold MENU while it starts to get MicroPython's prompt instead."""

# From the bottom up: modules that import one another in turn take more stack than a board has.
for _name in ("edge.curve", "edge.cose", "edge.stub", "edge.slots", "edge.verify"):
    __import__(_name)

from reader import device  # noqa: E402

device.main()
