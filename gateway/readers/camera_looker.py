"""Pictures to Looks: lightly as they come, with the full cascade while a trigger is on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from edge.errors import Malformed
from gateway.model import CodeRead, Look, Wanted
from gateway.optics.agreement import Agreement
from gateway.optics.cascade import Cascade
from gateway.optics.confirm import confirm
from gateway.optics.found import Found, Gray
from gateway.optics.picture import MOST_PIXELS, gray, size
from gateway.optics.quality import of
from gateway.readers.archive import Archive
from gateway.readers.camera_feed import Bad, Content, Picture
from gateway.readers.camera_source import jpeg
from gateway.readers.camera_wire import MOST_CODES, Keep, Kept, Spec

_STILL = Wanted(count=MOST_CODES)
_PATIENT = 5  # pictures in which a second engine may fail
_STILL_MS = 2000.0  # a picture that comes once


class Looker:
    """is_still: each picture is another thing: all of it is read at once, and nothing waits for the next to agree."""

    def __init__(self, spec: Spec, is_still: bool) -> None:
        self._spec = spec
        self._is_still = is_still
        self._cascade = Cascade(spec.symbologies)
        self._agreement = Agreement(spec.agree)
        self._want: Wanted | None = None
        self._unconfirmed: Counter[bytes] = Counter()  # pictures in which one engine read it
        self._last: Picture | None = None
        folder = spec.archive
        self._archive = Archive(Path(folder), spec.archive_mb << 20) if folder else None

    def trigger(self, want: Wanted) -> None:
        """Look hard from now on; what was seen before counts no more."""
        self._want = want
        self._agreement = Agreement(self._spec.agree, want.expected)
        self._unconfirmed.clear()
        self._last = None

    def release(self) -> None:
        """The trigger is over; its last picture may still be kept."""
        self._want = None
        self._agreement = Agreement(self._spec.agree)

    def look(self, picture: Picture) -> Look:
        """What the picture holds; Malformed where it is none."""
        image = _image(picture.content)
        want = self._want
        self._last = picture
        if self._is_still:
            reading = self._cascade.look(
                image, replace(want or _STILL, count=MOST_CODES), _STILL_MS
            )
            counting = reading.found
        else:
            cascade = self._cascade
            reading = (
                cascade.glance(image, self._spec.codes)
                if want is None
                else cascade.look(image, want)
            )
            counting = self._agreement.feed(picture.number, (*reading.found, *reading.doubtful))
        codes = tuple(
            self._read(image, picture, found, reading.ms) for found in counting[:MOST_CODES]
        )
        if self._confirms and not self._is_still:
            codes = tuple(code for code in codes if not self._is_held_back(code))
        return Look(picture.at, codes, unreadable=reading.unreadable, frame=picture.number)

    def keep(self, asked: Keep) -> Kept:
        """Archive the picture that was looked at last since the trigger. OSError."""
        if self._archive is None or self._last is None:
            return Kept(asked.id, None)
        content = self._last.content
        assert not isinstance(content, Bad)
        file = content if isinstance(content, bytes) else jpeg(content)
        return Kept(asked.id, self._archive.keep(file, self._last.at, self._spec.name, asked.why))

    @property
    def _confirms(self) -> bool:
        """Whether a second engine looks at each code, too."""
        return self._spec.confirm or (self._want is not None and self._want.confirm)

    def _is_held_back(self, code: CodeRead) -> bool:
        """What only one engine reads waits for a better picture, but not for ever."""
        if code.confirmed_by:
            return False
        if len(self._unconfirmed) > MOST_CODES:
            self._unconfirmed.clear()
        self._unconfirmed[code.data] += 1
        return self._unconfirmed[code.data] < _PATIENT

    def _read(self, image: Gray, picture: Picture, found: Found, ms: float) -> CodeRead:
        return CodeRead(
            reader=self._spec.name,
            data=found.data,
            aim=found.aim,
            symbology=found.symbology,
            seen_at=picture.at,
            position=found.corners,
            orientation_deg=found.orientation_deg,
            decode_ms=ms,
            quality=of(image, found),
            engine=found.engine,
            agreed=found.passes,
            confirmed_by=confirm(image, found) if self._confirms else (),
            frame=picture.number,
        )


def _image(content: Content) -> Gray:
    """A camera that sends more than MOST_PIXELS is set wrongly: a picture would take longer than it lasts."""
    if isinstance(content, Bad):
        raise Malformed(content.why)
    if not isinstance(content, bytes):
        return content
    width, height = size(content)
    if width * height > MOST_PIXELS:
        raise Malformed(
            f"a picture of {width} x {height} pixels: set the camera to {MOST_PIXELS // 1_000_000} megapixels or less"
        )
    return gray(content)
