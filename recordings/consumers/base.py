"""What both sockets need so that no ending leaves anything behind."""

from __future__ import annotations

import logging

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

log = logging.getLogger(__name__)


class LastingConsumer(AsyncWebsocketConsumer):
    """Calls `leave` once after `connect`, however the connection ends: closed, cut off, cancelled or failed."""

    _is_in = False

    async def __call__(self, scope, receive, send):
        is_gone = False

        async def send_while_open(message: dict) -> None:
            """Sending to a browser that has just gone is no fault; word that it went is under way."""
            nonlocal is_gone
            if is_gone:
                return
            try:
                await send(message)
            except Exception as error:
                # Each ASGI server has an exception of its own for a closed connection.
                is_gone = True
                log.debug("a socket went while it was sent to: %r", error)

        try:
            return await super().__call__(scope, receive, send_while_open)
        finally:
            await self._leave_once()

    async def dispatch(self, message: dict) -> None:
        """Channels' own dispatch takes every message through the one thread that all database calls share, to
        close old connections; a frame must not wait there. `database_sync_to_async` closes them where they are used.
        """
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, message: dict) -> None:
        self._is_in = True
        await super().websocket_connect(message)

    async def disconnect(self, code: int) -> None:
        await self._leave_once()

    async def leave(self) -> None:
        """Give back what this connection held."""

    async def _leave_once(self) -> None:
        if self._is_in:
            self._is_in = False
            await self.leave()
