"""Pictures of what could not be read, in a folder that stays within its bound: the oldest go."""

import re
import time
from pathlib import Path

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-.+\.(jpg|png|webp|bmp)")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_WORD = 40  # characters
_MAGIC = ((b"\x89PNG", "png"), (b"RIFF", "webp"), (b"BM", "bmp"))


class Archive:
    """Files of that folder which are named as ours count, whichever camera wrote them; others are left alone."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def keep(self, picture: bytes, at: float, camera: str, why: str) -> str | None:
        """Write a picture file; its name, which tells when (`at`, Unix seconds), by which camera and why.

        None where it is larger than the whole archive. OSError where it cannot be written.
        """
        if len(picture) > self._most_bytes:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room(len(picture))
        name = f"{_stamp(at)}-{_word(camera)}-{_word(why)}.{_kind(picture)}"
        beside = self._folder / f".{name}"
        try:
            beside.write_bytes(picture)
            beside.replace(self._folder / name)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        return name

    def _make_room(self, wanted: int) -> None:
        there = sorted(each for each in self._folder.iterdir() if _NAME.fullmatch(each.name))
        sizes = {each: each.stat().st_size for each in there}
        held = sum(sizes.values())
        for oldest in there:
            if held + wanted <= self._most_bytes:
                return
            oldest.unlink(missing_ok=True)
            held -= sizes[oldest]


def _stamp(at: float) -> str:
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(at))
    return f"{moment}.{int(at * 1000) % 1000:03}Z"


def _word(text: str) -> str:
    return _UNFIT.sub("_", text).strip("._")[:_WORD] or "_"


def _kind(picture: bytes) -> str:
    return next((kind for magic, kind in _MAGIC if picture.startswith(magic)), "jpg")
