"""JSON Merge Patch (RFC 7396)."""

from typing import Any

MEDIA_TYPE = "application/merge-patch+json"


def merged(target: Any, patch: Any) -> Any:
    """What `target` becomes by `patch` (RFC 7396, section 2): null removes, an object goes down, all else replaces.

    Both are parsed JSON, whose depth is bounded where it is parsed; `target` stays as it is.
    """
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found
