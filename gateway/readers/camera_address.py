"""Where a camera is: what follows "camera:" in its URL, and how it may be told without its password.

A number or /dev/... is V4L2, best /dev/v4l/by-id/... which stays the same wherever the camera is plugged in; behind a
question mark ?size=1920x1080&fps=30. Another path is a folder of pictures, or one. The rest is rtsp:// or http://.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

_HTTP = ("http", "https")
_RTSP = ("rtsp", "rtsps")
_LONGEST = 2048  # characters of a URL
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
_FPS = re.compile(r"[1-9][0-9]{0,2}")


@dataclass(frozen=True)
class Address:
    """kind: "device", "path", "http" or "rtsp". where: the path, or the URL with its password: never to be told.

    shown: what may be told. width, height, fps: what a V4L2 camera is asked for, which it need not do; fps 0: its own.
    """

    kind: str
    where: str
    shown: str
    width: int = 1920
    height: int = 1080
    fps: int = 0


def address(rest: str) -> Address:
    """What `rest` means; ValueError, which does not tell it, where it means nothing."""
    if re.fullmatch(r"[0-9]{1,3}", rest):
        return Address("device", f"/dev/video{int(rest)}", f"/dev/video{int(rest)}")
    scheme, separator, _ = rest.partition("://")
    if separator:
        return _url(scheme.lower(), rest)
    if rest.startswith("/dev/"):
        return _device(rest)
    if not rest or "\0" in rest:
        raise ValueError(
            "no camera: write camera:/dev/v4l/by-id/..., camera:rtsp://HOST/..., camera:http://HOST/..., camera:/FOLDER"
        )
    return Address("path", rest, rest)


def secrets(where: str) -> tuple[str, ...]:
    """What of a URL nobody may be told, as it is written and as it is meant; the longest first."""
    if "://" not in where:
        return ()
    parts = urlsplit(where)
    found = {
        where,
        parts.query,
        parts.netloc.rpartition("@")[0],
        parts.password or "",
        parts.username or "",
    }
    return tuple(
        sorted(filter(None, found | {unquote(each) for each in found}), key=len, reverse=True)
    )


def _url(scheme: str, rest: str) -> Address:
    if scheme not in _HTTP + _RTSP:
        raise ValueError("a camera is at rtsp://, rtsps://, http:// or https://")
    if len(rest) > _LONGEST or not rest.isascii() or not rest.isprintable() or " " in rest:
        raise ValueError(
            f"a camera's URL is printable ASCII without spaces, {_LONGEST} characters at most"
        )
    try:
        parts = urlsplit(rest)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "a camera's URL that names no host and port: write rtsp://HOST:554/PATH"
        ) from None
    if not host:
        raise ValueError(
            "a camera's URL without a host: write rtsp://HOST/PATH or http://HOST/PATH"
        )
    at = f"[{host}]" if ":" in host else host
    shown = f"{scheme}://{at}{f':{port}' if port else ''}{parts.path}"
    return Address("http" if scheme in _HTTP else "rtsp", rest, shown)


def _device(rest: str) -> Address:
    path, _, query = rest.partition("?")
    width, height, fps = 1920, 1080, 0
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key == "size" and (found := _SIZE.fullmatch(value)):
            width, height = int(found[1]), int(found[2])
        elif key == "fps" and _FPS.fullmatch(value):
            fps = int(value)
        else:
            raise ValueError(f"{key}={value}: a device takes size=1920x1080 and fps=30")
    return Address("device", path, path, width, height, fps)
