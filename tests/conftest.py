"""Shared by all tests: `import witness` works, and hypothesis neither times us nor surprises a landing."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "tagwright",
    deadline=None,  # the machines are small and noisy
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("tagwright")

pytest_plugins = ["browser", "jetstream", "postgres"]  # its fixtures, for every test
