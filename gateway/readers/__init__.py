"""Readers: one file per kind of device, behind one port."""
