"""Passports over HTTP, in the shape of EN 18222 (its published drafts and the paths of its final clause 8).

    POST   /v1/dpps                      publish            GET     /v1/dpps/{id}    read
    PATCH  /v1/dpps/{id}                 change (RFC 7396)  DELETE  /v1/dpps/{id}    withdraw
    GET    /v1/dppsByProductId/{pid}     GET /v1/dppsByProductIdAndDate/{pid}?date=
    POST   /v1/dppsByProductIds          the ids of at most 100 products
    GET, PATCH /v1/dpps/{id}/elements/{path}     also /collections/{path}
    POST   /v1/registerDPP               keep a registry pointer
Reading needs no login: who asks sees the classes of data that are his. What is answered is the document as published,
or the view of it that is left, which says so; ETag and Repr-Digest (RFC 9530) are of what is answered.
"""

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from edge.errors import Malformed
from gateway.hub import elements, merge_patch, passport, pointer, results
from gateway.hub.access import CLASSES, PUBLIC, caller_of, require
from gateway.hub.dpps_paths import PATHS
from gateway.hub.instants import parsed_ns
from gateway.hub.passports import Passports, Version, View
from gateway.hub.raw_route import by_method, decoded
from gateway.hub.results import Problem, answering, body, result

__all__ = ["PATHS", "answered", "routes"]

JSON = "application/json"
MOST_IDS = 100  # products of one request
_IDS_CEILING = 128 << 10  # bytes
_POINTER_CEILING = 64 << 10
_LONGEST_ID = 500  # characters


def routes(passports: Passports) -> list[BaseRoute]:
    """The routes of `passports`."""
    room = _Dpps(passports)
    element = {"GET": room.read_element, "PATCH": room.change_element}
    table = {
        "/v1/dpps": {"POST": room.create},
        "/v1/dpps/{id}": {"GET": room.read, "PATCH": room.change, "DELETE": room.withdraw},
        "/v1/dpps/{id}/elements/{path:path}": element,
        "/v1/dpps/{id}/collections/{path:path}": element,
        "/v1/dppsByProductId/{pid:path}": {"GET": room.by_product},
        "/v1/dppsByProductIdAndDate/{pid:path}": {"GET": room.by_product_and_date},
        "/v1/dppsByProductIds": {"POST": room.by_products},
        "/v1/registerDPP": {"POST": room.register},
    }
    return [
        by_method(path, {method: answering(deed) for method, deed in deeds.items()})
        for path, deeds in table.items()
    ]


class _Dpps:
    """The endpoints."""

    def __init__(self, passports: Passports) -> None:
        self._passports = passports

    async def create(self, request: Request) -> Response:
        _require_manager(request)
        found, version = await self._passports.create(await body(request, passport.CEILING, JSON))
        said = {
            passport.ID: found.id,
            passport.PRODUCT: found.product,
            "sha256": version.sha256.hex(),
        }
        location = f"/v1/dpps/{quote(found.id, safe='')}"
        headers = {"Location": location, "ETag": f'"{version.sha256.hex()}"'}
        return result("SuccessCreated", said, headers=headers)

    async def read(self, request: Request) -> Response:
        return self._answer(request, await self._passports.newest(_id(request)))

    async def by_product(self, request: Request) -> Response:
        return self._answer(request, await self._passports.of_product(_product(request)))

    async def by_product_and_date(self, request: Request) -> Response:
        date = request.query_params.get("date")
        if date is None:
            raise Malformed("the query has no date: ?date=2026-11-22T10:00:00Z")
        version = await self._passports.of_product_at(_product(request), parsed_ns(date))
        return self._answer(request, version)

    async def by_products(self, request: Request) -> Response:
        said = passport.parse(await body(request, _IDS_CEILING, JSON))
        products = said.get("productIdentifiers") if isinstance(said, dict) else said
        if not isinstance(products, list) or not 0 < len(products) <= MOST_IDS:
            raise Malformed(f"the body must be a list of 1 to {MOST_IDS} product identifiers")
        if not all(isinstance(each, str) and 0 < len(each) <= _LONGEST_ID for each in products):
            raise Malformed(f"a product identifier is text of 1 to {_LONGEST_ID} characters")
        found = await self._passports.ids(products)
        return result("Success", {"dppIdentifiers": list(found.values()), "byProductId": found})

    async def change(self, request: Request) -> Response:
        _require_manager(request)
        patch = await _patch(request)
        if not isinstance(patch, dict):
            raise Malformed("a patch of a passport is an object (RFC 7396)")

        def changed(old: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = merge_patch.merged(old, patch)
            return found

        version = await self._passports.change(_id(request), _if_match(request), changed)
        return self._answer(request, version)

    async def withdraw(self, request: Request) -> Response:
        _require_manager(request)
        await self._passports.withdraw(_id(request), _if_match(request))
        return Response(status_code=204)

    async def read_element(self, request: Request) -> Response:
        view = self._passports.view(await self._passports.newest(_id(request)), _seen(request))
        return answered(request, _element(view.raw, _steps(request)), view)

    async def change_element(self, request: Request) -> Response:
        _require_manager(request)
        patch, steps = await _patch(request), _steps(request)

        def changed(old: dict[str, Any]) -> dict[str, Any]:
            places = _places(old, steps)
            merged = merge_patch.merged(elements.at(old, places), patch)
            found: dict[str, Any] = elements.replaced(old, places, merged)
            return found

        version = await self._passports.change(_id(request), _if_match(request), changed)
        view = self._passports.view(version, _seen(request))
        return answered(request, _element(view.raw, steps), view)

    async def register(self, request: Request) -> Response:
        _require_manager(request)
        said = pointer.checked(passport.parse(await body(request, _POINTER_CEILING, JSON)))
        raw = json.dumps(said).encode()
        id, version = await self._passports.register(said[pointer.PRODUCT], raw)
        return result(
            "SuccessCreated",
            {"registrationId": id, passport.ID: version.id, "sha256": version.sha256.hex()},
            "kept in this hub's own register: no registry has been told",
        )

    def _answer(self, request: Request, version: Version) -> Response:
        view = self._passports.view(version, _seen(request))
        return answered(request, view.raw, view)


def answered(request: Request, raw: bytes, view: View, **more: str) -> Response:
    """The answer with `raw`, the view or an element of it; 304 where the client has it. more: headers."""
    headers = {
        "ETag": view.etag,
        "Repr-Digest": f"sha-256=:{b64encode(sha256(raw).digest()).decode()}:",
        "Cache-Control": "no-cache" if _seen(request) == {PUBLIC} else "no-store",
        "Vary": "Authorization",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "ETag, Repr-Digest, Link, Location, Tagwright-Withheld",
        **more,
    }
    if view.withheld:
        headers["Tagwright-Withheld"] = ", ".join(view.withheld)
    if request.method in ("GET", "HEAD"):
        known = _tags(request.headers.get("if-none-match", "").replace("W/", ""))
        if view.etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
    return Response(raw, headers=headers, media_type=JSON)


def _require_manager(request: Request) -> None:
    """Raises Refused, or Problem: who changes a passport must see all of it, or would change what he cannot see."""
    if not require(request, "manager").classes >= CLASSES:
        raise Problem(results.FORBIDDEN, "a passport is changed by who may see all classes of data")


def _seen(request: Request) -> frozenset[str]:
    return caller_of(request).classes


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found


def _product(request: Request) -> str:
    found = decoded(request.path_params["pid"])
    if not 0 < len(found) <= _LONGEST_ID:
        raise Malformed(f"a product identifier is text of 1 to {_LONGEST_ID} characters")
    return found


def _steps(request: Request) -> list[elements.Place]:
    return elements.steps(request.path_params["path"])


def _places(document: Any, steps: list[elements.Place]) -> list[elements.Place]:
    """Where the element is. Raises Problem, with the same words for what is not there and what is withheld."""
    found = elements.find(document, steps)
    if found is None:
        raise Problem(results.MISSING, "the passport has no such element")
    return found


def _element(raw: bytes, steps: list[elements.Place]) -> bytes:
    document = passport.parse(raw)
    return passport.encoded(elements.at(document, _places(document, steps)))


async def _patch(request: Request) -> Any:
    return passport.parse(await body(request, passport.CEILING, merge_patch.MEDIA_TYPE, JSON))


def _if_match(request: Request) -> set[str] | None:
    """The ETags of If-Match; None where it is absent, or "*"."""
    header = request.headers.get("if-match")
    found = None if header is None else _tags(header)
    return None if found is None or "*" in found else found


def _tags(header: str) -> set[str]:
    return {each.strip() for each in header.split(",")} - {""}
