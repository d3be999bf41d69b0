"""Who listens to whom: groups of the channel layer, and one way to tell them something from any thread."""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import Future
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

log = logging.getLogger(__name__)

_server_loop: asyncio.AbstractEventLoop | None = None


def monitor_group(session_id: UUID | str) -> str:
    """The desktops that watch a session."""
    return f"monitor.{session_id}"


def capture_group(session_id: UUID | str) -> str:
    """The phones (an older one and its replacement, for a moment) of a session."""
    return f"capture.{session_id}"


def remember_loop() -> None:
    """Called by each socket as it opens: `notify` needs the loop that the sockets live in."""
    global _server_loop  # noqa: PLW0603
    _server_loop = asyncio.get_running_loop()


def notify(group: str, message: dict[str, Any]) -> None:
    """Send one message, as it stands on the wire, to everybody in `group`. Never waits, never raises.

    A thread that publishes into the in-memory layer through `async_to_sync` does not wake the server's loop:
    messages came up to 0.85 s late. Handing the coroutine to that loop takes 1 to 3 ms.
    """
    layer = get_channel_layer()
    # As plain JSON already here: a layer between processes knows no UUIDs.
    plain = json.loads(json.dumps(message, default=str))
    envelope = {"type": "wire.message", "message": plain}
    loop = _server_loop
    if loop is not None and loop.is_running():
        sending = asyncio.run_coroutine_threadsafe(layer.group_send(group, envelope), loop)
        sending.add_done_callback(_log_failure)
    elif not isinstance(layer, InMemoryChannelLayer):
        # A worker of its own: the listeners are in other processes.
        try:
            async_to_sync(layer.group_send)(group, envelope)
        except OSError:
            log.warning("the channel layer cannot be reached; a live message was lost", exc_info=True)


def _log_failure(sending: Future) -> None:
    if not sending.cancelled() and (error := sending.exception()) is not None:
        log.warning("a live message was lost: %r", error)
