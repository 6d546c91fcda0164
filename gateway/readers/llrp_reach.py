"""The way to an LLRP reader: the papers for TLS, and why it could not be gone, with what to do about it."""

import os
import re
import socket
import ssl
from pathlib import Path

from gateway.config import ConfigProblem

_CHECK = "check its address and power, and that LLRP is enabled"
_NO_TLS = (
    "it speaks no TLS there: leave --tls out (llrp:// for llrps://), or name the port of its TLS"
)
_CA = "name its CA: --ca, or ca= in the URL"
_NAME = "address it by a name that its certificate holds"
_TIME = "check this computer's clock, or renew it"
_TRUST = {  # X509_V_ERR_*: <openssl/x509_vfy.h>
    9: _TIME,  # not yet valid
    10: _TIME,  # has expired
    62: _NAME,  # host name mismatch
    64: _NAME,  # IP address mismatch
}
_NO_HOST = (socket.EAI_NONAME, socket.EAI_NODATA)
_FOREIGN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")  # what is no TLS record


def tls_context(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    """For llrps: the reader's certificate is verified by `ca` (None: the system's), its name included.

    cert, key: ours, where the reader asks for one. ConfigProblem names the file that is no PEM of that kind.
    """
    if key is not None and cert is None:
        raise ConfigProblem(f"key {key}: it needs its certificate: set cert")
    papers = {"ca": ca, "cert": cert, "key": key}
    texts = {what: _text(what, path) for what, path in papers.items() if path is not None}
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError as why:
        raise ConfigProblem(f"ca {ca}: it holds no certificate in PEM: name the CA's") from why
    if cert is not None:
        try:
            context.load_cert_chain(cert, key, password="")
        except ssl.SSLError as why:
            raise ConfigProblem(_wrong(cert, key, texts)) from why
    return context


def unreached(why: OSError, is_tls: bool) -> str:
    """Why a connection was not made, in the system's words, and the remedy."""
    if isinstance(why, ssl.SSLCertVerificationError):
        remedy = _TRUST.get(why.verify_code, _CA)
        return f"its certificate is not trusted: {why.verify_message}: {remedy}"
    if isinstance(why, ssl.SSLError):
        reason = why.reason or str(why)
        if reason in _FOREIGN:
            return f"cannot connect: {_NO_TLS}"
        return f"cannot connect: TLS failed ({_spoken(reason)}): {_ours(reason)}"
    if isinstance(why, TimeoutError):
        return f"cannot connect: timed out: {_CHECK}"
    if is_tls and isinstance(why, ConnectionResetError):
        return f"cannot connect: it ended the TLS handshake: perhaps {_NO_TLS}"
    return f"cannot connect: {_system(why)}: {_CHECK}"


def ended(why: Exception | None) -> str:
    """Why a connection that stood has ended."""
    if isinstance(why, ssl.SSLError):
        reason = why.reason or str(why)
        return f"the connection ended: TLS failed ({_spoken(reason)}): {_ours(reason)}"
    return "the connection ended" + (f": {why}" if why else "")


def _system(why: OSError) -> str:
    """The reason alone. asyncio puts an address in its place, and joins the reasons of a host's addresses."""
    if isinstance(why, socket.gaierror):
        return "no such host" if why.errno in _NO_HOST else f"no address ({why.strerror})"
    numbers = [why.errno] if why.errno else map(int, re.findall(r"\[Errno (\d+)\]", str(why)))
    reasons = dict.fromkeys(os.strerror(each).lower() for each in numbers)
    return ", ".join(reasons) or why.strerror or str(why) or type(why).__name__


def _text(what: str, path: Path) -> str:
    try:
        return path.read_text("latin-1")
    except OSError as why:
        raise ConfigProblem(f"{what} {path}: {why.strerror}") from why


def _wrong(cert: Path, key: Path | None, texts: dict[str, str]) -> str:
    """Which of our two files it is."""
    what, path = ("cert", cert) if key is None else ("key", key)
    if "CERTIFICATE-----" not in texts["cert"]:
        return f"cert {cert}: it holds no certificate in PEM"
    if "PRIVATE KEY-----" not in texts[what]:
        if key is None:
            return f"cert {cert}: it holds no private key: name the key's file, too: --key, or key= in the URL"
        return f"key {key}: it holds no private key in PEM"
    if "ENCRYPTED" in texts[what]:
        return f"{what} {path}: its private key is encrypted: store it without a passphrase"
    return f"{what} {path}: its private key is damaged, or not that of the certificate {cert}"


def _spoken(reason: str) -> str:
    """OpenSSL's name for a failure, as words."""
    return reason.replace("_", " ").lower()


def _ours(reason: str) -> str:
    if "ALERT" in reason:
        return "it refuses us: name the certificate that it asks for: --cert and --key, or cert= and key= in the URL"
    return "check that it speaks TLS 1.2 or later there"
