"""What the system refuses, in one line: what, where, why, and the next step."""

import errno
import os

_STEPS = {
    errno.ENOENT: "name one that is there",
    errno.EACCES: "let this user use it, or name another",
    errno.EPERM: "let this user use it, or name another",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "name another place",
    errno.ENOSPC: "free some room there",
    errno.EDQUOT: "free some room there, or raise the quota",
    errno.EROFS: "name a place that can be written",
    errno.EFBIG: "name another disk",
    errno.ENAMETOOLONG: "name a shorter one",
    errno.EADDRINUSE: "end what listens there, or name another port",
    errno.EADDRNOTAVAIL: "name an address of this machine",
    errno.ECONNREFUSED: "start what should answer there, or name another address",
    errno.EHOSTUNREACH: "look at the network, or name another address",
    errno.EMFILE: "raise `ulimit -n`",
}
_BY_TEXT = {os.strerror(number): step for number, step in _STEPS.items()}


def with_step(text: str) -> str:
    """`text`, and where it ends with the system's reason the next step behind that."""
    step = next((step for reason, step in _BY_TEXT.items() if text.endswith(reason)), "")
    return f"{text}: {step}" if step else text


def told(why: OSError) -> str:
    """An error of the system with the file that it is about, without its next step where that is not known."""
    reason = why.strerror or str(why) or type(why).__name__
    if why.filename is None:
        return reason
    return f"cannot use {os.fsdecode(why.filename)}: {reason}"
