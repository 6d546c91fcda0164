"""The hub's entrance: all that decides who may call, put together from hub.toml."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.routing import Route

from gateway import private_file
from gateway.config import ConfigProblem
from gateway.hub import audit, enrolment_http
from gateway.hub.access import Access
from gateway.hub.access_tables import AccessTable, CaTable
from gateway.hub.audit import Audit
from gateway.hub.ca import Authority
from gateway.hub.credential import Credentials
from gateway.hub.database import Database
from gateway.hub.enrolment import Enrolment
from gateway.hub.gateways import Gateways
from gateway.hub.openapi import PathItems
from gateway.keys import DeviceKey, KeyProblem, TrustStore, open_key
from gateway.trust_file import TrustFile


@dataclass(frozen=True)
class Entrance:
    """gateways, enrolment: None without [ca]. routes, paths: the endpoints of these rooms, and what they are."""

    access: Access
    audit: Audit
    gateways: Gateways | None
    enrolment: Enrolment | None
    routes: list[Route]
    paths: list[PathItems]


def entrance(
    database: Database,
    token: str | None,
    table: AccessTable,
    ca: CaTable | None,
    clock: Callable[[], float] = time.time,
) -> Entrance:
    """Everything of [access] and [ca]; token: the hub's bearer token. Makes keys that are missing.

    Raises ConfigProblem, KeyProblem.
    """
    kept = Audit(database, audit_key(table.audit_key), table.node)
    credentials = None
    if table.trust is not None:
        store = TrustStore(table.trust, bytes.fromhex(table.root) if table.root else None)
        credentials = Credentials(TrustFile(store).current, database, clock)
    routes, paths = audit.routes(database), [audit.PATHS]
    if ca is None:
        return Entrance(Access(token, credentials, None, kept), kept, None, None, routes, paths)
    gateways = Gateways(database, clock)
    authority = Authority(ca.folder, ca.names, clock())
    enrolment = Enrolment(database, authority, ca.certificate_days, clock)
    return Entrance(
        Access(token, credentials, gateways.certified, kept),
        kept,
        gateways,
        enrolment,
        routes + enrolment_http.routes(enrolment, gateways, kept, ca.token_hours),
        [*paths, enrolment_http.PATHS],
    )


def audit_key(path: Path) -> DeviceKey:
    """The hub's key, which signs its audit; made where there is none. Raises ConfigProblem, KeyProblem."""
    if not path.exists():
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            DeviceKey.generate(operator="hub audit").save(beside, None)
            private_file.place(beside, path)
        except (OSError, KeyProblem) as why:
            raise ConfigProblem(f"access.audit_key: {path} cannot be made: {why}") from why
    return open_key(path, None)
