"""The resolver's part of the hub as a process of its own: `python -m tests.bench.resolver_hub URL CORE`.

It says its own URL in one line of JSON, and ends when its standard input does.
"""

import asyncio
import json
import os
import sys
import time

from starlette.applications import Starlette
from starlette.middleware import Middleware

from gateway.hub import dpps, links, resolver
from gateway.hub.access import Access, Guard
from gateway.hub.links import LinkTable
from gateway.hub.open import open_database
from gateway.hub.passport_page import PassportPages
from gateway.hub.passports import Passports
from gateway.hub.resolver import Resolver
from gateway.hub.serve import running


async def serve(where: str) -> None:
    """Serve until standard input ends."""
    database = await open_database(where)
    passports = Passports(database, time.time_ns)

    pages = PassportPages(database, time.time_ns)
    app = Starlette(
        routes=[
            *resolver.routes(Resolver(database, passports, pages)),
            *dpps.routes(passports),
            *links.routes(LinkTable(database, time.time_ns)),
        ],
        middleware=[Middleware(Guard, access=Access(token="bench"))],
    )
    async with running(app) as url:
        print(json.dumps({"url": url}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await database.close()


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(serve(sys.argv[1]))
