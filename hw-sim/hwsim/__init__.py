"""Simulated devices, each on its real wire. Holds bytes, never meaning; shares no code with any driver."""
