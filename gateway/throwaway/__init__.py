"""Servers of other makers on loopback, made for a demo, a test or a measurement, and gone with it."""
