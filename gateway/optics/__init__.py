"""Optics: pictures to codes and codes to pictures. No device, no clock but its own stopwatch, no configuration."""
