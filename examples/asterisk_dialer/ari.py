"""Calls through Asterisk's REST interface (ARI): placed under an id of ours, watched until they end.

A call is placed into the dialplan, which goes on without this process: whoever answers while it is down is still
connected. The id of the channel is the `command_id`, and Asterisk refuses one that is in use.
"""

import asyncio
import logging
from typing import Any

import aiohttp

from topics.commands import DialCommand

from .outcomes import Ended
from .settings import Asterisk

log = logging.getLogger(__name__)

AGAIN_S, HEARTBEAT_S, REQUEST_S = 1.0, 10.0, 10.0
LATE_S = 2.0
"""How long after a channel is gone the event that says how it ended may still come."""


class NotPlaced(Exception):
    """Asterisk did not place the call, for sure; the message says why, without the number."""


class Watched:
    """A call until it ends; ended: how, None if nobody saw it. asked: Asterisk has been asked to place it."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[Ended | None] = asyncio.get_running_loop().create_future()
        self.asked = False

    def end(self, how: Ended | None) -> None:
        """The first word counts."""
        if not self.ended.done():
            self.ended.set_result(how)


class Calls:
    """Those of one process. app: its name at Asterisk, which no other process has."""

    def __init__(self, settings: Asterisk, session: aiohttp.ClientSession, app: str) -> None:
        self._settings, self._session, self._app = settings, session, app
        self._watched: dict[str, Watched] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self.connected = asyncio.Event()

    async def listen(self) -> None:
        """Hear of all channels, for ever. Raises PermissionError when Asterisk refuses user or password."""
        while True:
            try:
                await self._hear()
            except aiohttp.WSServerHandshakeError as error:
                if error.status in (401, 403):
                    raise PermissionError(f"Asterisk refuses the user of ARI: {error.status}") from error
                log.warning("Asterisk does not speak ARI there: %d", error.status)
            except (aiohttp.ClientError, TimeoutError) as error:
                log.warning("no connection with Asterisk: %s", type(error).__name__)
            self.connected.clear()
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        query = {"app": self._app, "subscribeAll": "true"}
        async with self._session.ws_connect("/ari/events", params=query, heartbeat=HEARTBEAT_S) as events:
            log.info("connected with Asterisk")
            self.connected.set()
            for call_id, call in self._watched.items():
                if call.asked:
                    self._check(call_id, call)  # It may have ended while nobody listened.
            async for message in events:
                self._heard(message.json())
        self.connected.clear()

    def _heard(self, event: dict[str, Any]) -> None:
        channel = event.get("channel", {})
        if event["type"] == "ChannelDestroyed" and (call := self._watched.get(channel["id"])):
            call.end(Ended(event["cause"], channel["state"], channel.get("channelvars", {})))

    async def place(self, command: DialCommand, extension: str, agent_id: str | None) -> None:
        """Have it dialed, into this extension of the dialplan; `ended` says what came of it.

        Raises NotPlaced, and nothing else.
        """
        call_id = command.command_id
        call = self._watched[call_id] = Watched()
        variables = {
            "RINGBACK_AGENT": agent_id or command.agent_id or "",
            "RINGBACK_CALLBACK": command.callback_id,
            "RINGBACK_QUEUE": command.queue_id or "",
        }
        query = {
            "endpoint": self._settings.endpoint.format(number=command.phone_number),
            "context": self._settings.context,
            "extension": extension,
            "priority": "1",
            "timeout": str(self._settings.ring_s),
            "channelId": call_id,
        }
        if self._settings.caller_id:
            query["callerId"] = self._settings.caller_id
        try:
            async with self._session.post("/ari/channels", params=query, json={"variables": variables}) as answer:
                if answer.status not in (200, 409):  # 409: it is there already, from before.
                    self._watched.pop(call_id)
                    raise NotPlaced(f"ARI answers {answer.status}")
        except aiohttp.ClientConnectorError as error:
            self._watched.pop(call_id)
            raise NotPlaced("Asterisk is not there") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("call %s: nobody knows whether it was placed (%s)", call_id, type(error).__name__)
        call.asked = True
        self._check(call_id, call)  # The connection may have been lost and found meanwhile.

    async def ended(self, call_id: str) -> Ended | None:
        """How a call ended that was placed, by this process or one before it; None if nobody saw that."""
        if call_id not in self._watched:
            call = self._watched[call_id] = Watched()
            call.asked = True
            await self.connected.wait()
            self._check(call_id, call)
        try:
            return await self._watched[call_id].ended
        finally:
            self._watched.pop(call_id, None)

    def _check(self, call_id: str, call: Watched) -> None:
        task = asyncio.create_task(self._is_there(call_id, call))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _is_there(self, call_id: str, call: Watched) -> None:
        try:
            async with self._session.get(f"/ari/channels/{call_id}") as answer:
                gone = answer.status == 404
        except (aiohttp.ClientError, TimeoutError):
            return  # The next connection asks again.
        if gone:
            await asyncio.wait([call.ended], timeout=LATE_S)
            call.end(None)


def session(settings: Asterisk) -> aiohttp.ClientSession:
    """The connection pool of one process."""
    return aiohttp.ClientSession(
        settings.url,
        auth=aiohttp.BasicAuth(settings.user, settings.password),
        timeout=aiohttp.ClientTimeout(total=REQUEST_S),
    )
