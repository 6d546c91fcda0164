"""What cannot be shown, and why: a page in words for a person's browser, JSON for a program."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.web.negotiation import accept_of
from gateway.web.station.history import Unreadable
from gateway.web.station.pages import Pages

_LABELS = {"hours": "station.charts.hours"}  # of parameters that are in no filter


class Faults:
    """pages: the frame that they stand in."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def unreadable(self, request: Request, why: Exception) -> Response:
        """400 for a parameter that cannot be read; Starlette's handler of Unreadable."""
        assert isinstance(why, Unreadable)
        if not _is_read_by_a_person(request):
            return JSONResponse({"error": str(why)}, 400)
        t = self._pages.words(request)
        label = _LABELS.get(why.name, f"station.filter.{why.name}")
        said = t("station.filter.fault", name=t(label) if label in t else why.name)
        path = request.url.path
        way = (path, t(f"station.page.{path.strip('/') or 'front'}"))
        return self._pages.answer(request, "station_fault.html", 400, said=said, way=way)

    async def missing(self, request: Request, why: Exception) -> Response:
        """404 for a path that is none; Starlette's handler of it."""
        if not _is_read_by_a_person(request):
            return JSONResponse({"error": "there is nothing here"}, 404)
        return self._to_front(request, 404, self._pages.words(request)("station.fault.missing"))

    def refused(self, request: Request, role: str, status: int) -> Response:
        """For who may not do what `role` may."""
        if not _is_read_by_a_person(request):
            return JSONResponse({"error": f"this is for the role {role}"}, status)
        t = self._pages.words(request)
        said = t("station.fault.role", role=t(f"station.role.{role}"))
        return self._to_front(request, status, said)

    def _to_front(self, request: Request, status: int, said: str) -> Response:
        way = ("/", self._pages.words(request)("station.page.front"))
        return self._pages.answer(request, "station_fault.html", status, said=said, way=way)


def is_page(request: Request) -> bool:
    """Whether what is asked for is a page, neither JSON nor the stream."""
    return "." not in request.url.path and request.url.path != "/live"


def _is_read_by_a_person(request: Request) -> bool:
    wanted = accept_of(request.headers.get("accept")).best(("application/json", "text/html"))
    return is_page(request) and wanted == "text/html"
