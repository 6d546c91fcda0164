"""Stations: what is done with a tag that shows up."""
