"""However a connection ends, what it held is given back, once."""

from __future__ import annotations

import asyncio

import pytest

from recordings.consumers.base import LastingConsumer

# Channels closes old database connections as a consumer ends; another test may have left one in that thread.
pytestmark = pytest.mark.django_db(transaction=True)

CONNECT = {"type": "websocket.connect"}
TEXT = {"type": "websocket.receive", "text": "hello"}
DISCONNECT = {"type": "websocket.disconnect", "code": 1006}
SCOPE = {"type": "websocket", "path": "/", "headers": []}


class Echo(LastingConsumer):
    channel_layer_alias = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.n_left = 0

    async def receive(self, text_data=None, bytes_data=None):
        if text_data == "fail":
            raise ValueError("a fault of ours")
        await self.send(text_data=text_data)

    async def leave(self):
        self.n_left += 1


async def run(consumer: Echo, messages: list[dict], send) -> None:
    waiting = iter(messages)

    async def receive():
        message = next(waiting, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    await consumer(SCOPE, receive, send)


async def accept_all(message) -> None:
    pass


async def test_a_connection_that_ends_leaves_once():
    consumer = Echo()
    await run(consumer, [CONNECT, TEXT, DISCONNECT], accept_all)
    assert consumer.n_left == 1


async def test_a_browser_that_went_while_it_was_sent_to_is_no_fault():
    consumer, sent = Echo(), []

    async def send(message):
        sent.append(message["type"])
        if message["type"] == "websocket.send":
            raise ConnectionError("Attempt to send on a closed protocol")

    await run(consumer, [CONNECT, TEXT, TEXT, DISCONNECT], send)
    assert sent == ["websocket.accept", "websocket.send"]
    assert consumer.n_left == 1


async def test_a_fault_of_ours_is_seen_and_leaves_too():
    consumer = Echo()
    with pytest.raises(ValueError, match="a fault of ours"):
        await run(consumer, [CONNECT, {"type": "websocket.receive", "text": "fail"}], accept_all)
    assert consumer.n_left == 1


async def test_a_cancelled_connection_leaves_too():
    consumer, accepted = Echo(), asyncio.Event()

    async def send(message):
        accepted.set()

    task = asyncio.ensure_future(run(consumer, [CONNECT], send))
    await accepted.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert consumer.n_left == 1


async def test_a_connection_that_never_opened_has_nothing_to_leave():
    consumer = Echo()
    await run(consumer, [DISCONNECT], accept_all)
    assert consumer.n_left == 0
