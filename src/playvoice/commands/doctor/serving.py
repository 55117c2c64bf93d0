"""Whether the server of this configuration runs, and answers."""

import shlex
import time

import httpx2

from playvoice.commands.doctor.finding import Finding, failure, ok, warning
from playvoice.commands.doctor.situation import Situation
from playvoice.commands.invocation import playvoice
from playvoice.sip.flow import format_host

CHECK = "server"
ANSWER_SECONDS = 5.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


async def server(situation: Situation) -> Finding:
    """Ask the running server for its page."""
    if situation.server is None:
        if situation.holder is not None:
            return ok(CHECK, f"{situation.holder.name} works on the database, and can't be seen from here")
        if situation.is_hidden:
            seen = "whether it runs can't be told: this user may not look at its database's lock"
            return warning(CHECK, seen, "run doctor as the user that the server runs as, or as root")
        return ok(
            CHECK, "it does not run", f"start it: {playvoice()} serve --config {shlex.quote(str(situation.path))}"
        )
    http = situation.config.server.http
    runs = f"process {situation.server.pid} runs"
    if http.port == 0:
        return ok(CHECK, f"{runs}, on a port of the system's choice")
    url = f"http://{format_host(_LOOPBACK.get(http.host, http.host))}:{http.port}/"
    began = time.monotonic()
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            response = await client.get(url)
    except httpx2.HTTPError as error:
        do = "look into its log; if nothing stands there, stop it and start it again"
        return failure(CHECK, f"{runs}, but {url} is not answered: {error or type(error).__name__}", do)
    seen = f"{runs}, {url} answers {response.status_code} in {(time.monotonic() - began) * 1000:.0f} ms"
    if response.status_code == 200:
        return ok(CHECK, seen)
    return failure(CHECK, seen, "200 was expected: see who listens there, and look into the log")
