"""An HTTPS application that answers at once whatever is posted, as a process of its own: what HTTPS alone can do.

`python -m tests.bench.answering FOLDER` with the files of a hub's CA; says its URL in one line of JSON, and ends when
its standard input does.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from starlette.types import Receive, Scope, Send

from gateway.hub.ca import Authority
from gateway.hub.peer import PeerProtocol
from gateway.hub.serve import Tls, running


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def serve(folder: Path) -> None:
    """Serve until standard input ends."""
    authority = Authority(folder, ("localhost", "127.0.0.1"), time.time())
    tls = Tls(authority.server, authority.server, authority.certificate)
    async with running(_app, tls=tls, http=PeerProtocol) as url:
        print(json.dumps({"url": url}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
