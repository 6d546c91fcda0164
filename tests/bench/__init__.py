"""Benches: ours, a peer and the limit in one run. `python -m tests.bench --help`; figures stand here, not in tests."""
