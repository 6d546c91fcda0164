"""Runs first, as on a board."""

import sys

sys.path.append("/plain")
