"""Previews on offer, and the small interface by which an agent's desktop sees, accepts and skips them.

It listens on the loopback alone: put it behind a desktop that knows its agents.
"""

import asyncio
from typing import Any

from aiohttp import web

from topics.callback_events import Owner
from topics.codec import encode
from topics.commands import DialCommand

from .settings import Settings


class Choice:
    """What an agent says of a preview; refusal: why it cannot be done, empty if it was."""

    def __init__(self, agent_id: str, accepted: bool) -> None:
        self.agent_id, self.accepted = agent_id, accepted
        self.refusal: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    def answer(self, *refusal: str) -> None:
        """Tell the agent, once."""
        if not self.refusal.done():
            self.refusal.set_result(list(refusal))


class Offer:
    """A preview that waits for an agent."""

    def __init__(self, command: DialCommand) -> None:
        self.command = command
        self.choices: asyncio.Queue[Choice] = asyncio.Queue()
        self.made: list[Choice] = []

    def is_for(self, agent_id: str) -> bool:
        """Whether this agent may have it: one whose owner is `only` is for that agent alone."""
        return self.command.owner is not Owner.ONLY or self.command.agent_id == agent_id

    async def choice(self, within_s: float) -> Choice | None:
        """What an agent says next; None if nobody says anything in time."""
        try:
            async with asyncio.timeout(within_s):
                return await self.choices.get()
        except TimeoutError:
            return None


class Previews:
    """Those on offer, by the id of their command."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}

    def offer(self, command: DialCommand) -> Offer:
        """Show it from now on."""
        offer = self._offers[command.command_id] = Offer(command)
        return offer

    def withdraw(self, offer: Offer) -> None:
        """Nobody can have it any more; who asks for it at this moment is told."""
        del self._offers[offer.command.command_id]
        for choice in offer.made:
            choice.answer("gone")

    async def shown(self, request: web.Request) -> web.Response:
        """`GET /previews?agent_id=...`: the commands that this agent may have."""
        agent_id = request.query.get("agent_id", "")
        commands = [encode(offer.command) for offer in self._offers.values() if offer.is_for(agent_id)]
        return web.Response(body=b"[" + b",".join(commands) + b"]", content_type="application/json")

    async def chosen(self, request: web.Request) -> web.Response:
        """`POST /previews/<command_id>/accept` or `/skip`, with `{"agent_id": ...}`.

        204: it is done. 404: it is not on offer. 403: it is for another agent. 409: no call is placed, and why not; the
        preview stays on offer, unless it is `gone`.
        """
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType  # Pages of other sites can send the rest without asking.
        agent_id = str((await request.json()).get("agent_id") or "")
        offer = self._offers.get(request.match_info["command_id"])
        if offer is None:
            raise web.HTTPNotFound
        if not agent_id or not offer.is_for(agent_id):
            raise web.HTTPForbidden
        choice = Choice(agent_id, request.match_info["word"] == "accept")
        offer.made.append(choice)
        offer.choices.put_nowait(choice)
        refusal = await choice.refusal
        return web.json_response({"reasons": refusal}, status=409) if refusal else web.Response(status=204)


@web.middleware
async def of_this_machine(request: web.Request, handler: Any) -> web.StreamResponse:
    """Asked under another name, it says nothing: else a page that has such a name could read the answers."""
    if request.url.host not in ("127.0.0.1", "localhost", "::1"):
        raise web.HTTPForbidden
    response: web.StreamResponse = await handler(request)
    return response


async def serve(previews: Previews, settings: Settings) -> tuple[web.AppRunner, int]:
    """Listen; returns what is to be cleaned up in the end, and the port."""
    app = web.Application(middlewares=[of_this_machine])
    app.router.add_get("/previews", previews.shown)
    app.router.add_post("/previews/{command_id}/{word:accept|skip}", previews.chosen)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, settings.agents_host, settings.agents_port).start()
    return runner, int(runner.addresses[0][1])
