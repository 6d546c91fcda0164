"""What the linked firmware shows on a board that is no handheld any more."""

from pathlib import Path

from witness import ROOT

from gateway.firmware import build as firmware_build
from tests.handheld_sim import handheld


def test_a_flash_that_fails_at_the_start_is_a_defect_and_no_verdict(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"a file where a folder was")
    made = firmware_build.cached(ROOT, "esp32s3", "x86")
    with handheld("--firmware", str(made), "--put", f"data/outbox={rubbish}") as sim:
        assert sim.event("led")["rgb"] == [80, 0, 80]  # violet, as no verdict is
        sim.event("screen")
        assert sim.do("stats")["stats"]["running"]
        assert sim.do("screen")["lit"] > 500
