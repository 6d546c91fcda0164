"""GET /inspect: the page where an inspector's credential opens what a product's public page leaves out.

The page's script shows the credential to the product's own address, in a header; here, no credential arrives.
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.hub.asked import page_language
from gateway.web import report as pages

_LONGEST = 2048  # characters of a Digital Link


async def show(request: Request) -> Response:
    """The page; ?link= is the Digital Link that it begins with. Nobody keeps it."""
    link = request.query_params.get("link", "")[:_LONGEST]
    language = page_language(request)
    query = f"link={quote(link, safe='', errors='replace')}&" if link else ""
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    return HTMLResponse(pages.inspector(link, query, language), headers=headers)


def routes() -> list[Route]:
    """The page's route."""
    return [Route("/inspect", show)]
