"""A package, as a firmware has one."""
