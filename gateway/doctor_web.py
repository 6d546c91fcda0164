"""What the doctor finds at the station page: its certificate, who may log in, and whether a display is meant."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from gateway.config import WebConfig
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.web.accounts import AccountProblem, Accounts

_SOON_DAYS = 14  # a certificate that ends sooner should be renewed
_ACCOUNT = "tagwright account set NAME --role engineer --accounts"


def examine(web: WebConfig | None, now: float) -> Iterator[Finding]:
    """Look at [web]; now: Unix seconds."""
    if web is None:
        yield Finding("web", WELL, "no station page: [web] is not in the configuration")
        return
    trouble = _certificate(web.cert, web.key, now) if web.cert and web.key else None
    if trouble is not None:
        yield trouble
    yield _people(web)


def _people(web: WebConfig) -> Finding:
    """Who may come in."""
    if not web.keeps_accounts:
        who = "everyone who reaches it" if web.display else "everyone at this machine"
        return Finding("web", WELL, f"{web.url}: no accounts, {who} sees it, and nobody may act")
    others = [f"logins by {web.oidc.issuer}"] if web.oidc is not None else []
    if web.display:
        others.append("everyone may look")
    if web.accounts is None:
        return Finding("web", WELL, f"{web.url}: {', '.join(others)}")
    try:
        count = len(Accounts(web.accounts).people())
    except AccountProblem as why:
        remedy = f"mend it, or make another: {_ACCOUNT} {web.accounts}"
        return Finding("web", FAULT, f"web.accounts: {why}", remedy)
    text = f"{web.url}: {', '.join([f'{count} accounts', *others])}"
    if not count and web.oidc is None:
        remedy = f"make one: {_ACCOUNT} {web.accounts}"
        return Finding("web", WARNING, f"{text}: nobody can log in", remedy)
    return Finding("web", WELL, text)


def _certificate(cert: Path, key: Path, now: float) -> Finding | None:
    """What is wrong with the certificate; None: nothing is."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key, password="")  # else one is asked for on the terminal
        first = x509.load_pem_x509_certificates(cert.read_bytes())[0]
    except (OSError, ValueError) as why:  # ssl.SSLError is an OSError
        remedy = "name a PEM certificate in web.cert, and its own unencrypted key in web.key"
        return Finding("web certificate", FAULT, f"{cert}, {key}: {why}", remedy)
    left = first.not_valid_after_utc - datetime.fromtimestamp(now, UTC)
    if left.total_seconds() < 0:
        text = f"{cert} ended {-left.days} days ago"
        return Finding("web certificate", FAULT, text, "renew it: browsers refuse the page")
    if left.days < _SOON_DAYS:
        text = f"{cert} is good for {left.days} days"
        return Finding("web certificate", WARNING, text, "renew it before it ends")
    return None
