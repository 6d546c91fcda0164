"""LLRP, the Low Level Reader Protocol 1.0.1 and 1.1 (EPCglobal, now GS1): bytes to meaning and back; no I/O."""
