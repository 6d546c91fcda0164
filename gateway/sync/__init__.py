"""Sync: journal -> batch -> receipt."""
