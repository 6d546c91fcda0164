"""The hub: the minimal back end."""
