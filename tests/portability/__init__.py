"""The lint for code that runs on MicroPython, too: what that lacks, or does otherwise without a word."""
