"""Telling the sockets something, from any thread."""

from __future__ import annotations

import asyncio
import threading
from uuid import UUID

from channels.layers import get_channel_layer

from recordings import groups

ENVELOPE = {"type": "wire.message", "message": {"type": "stored"}}


async def test_a_message_from_another_thread_wakes_the_servers_loop(monkeypatch):
    monkeypatch.setattr(groups, "_server_loop", None)
    groups.remember_loop()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("monitor.test", channel)
    threading.Thread(target=groups.notify, args=("monitor.test", {"type": "stored"})).start()
    assert await asyncio.wait_for(layer.receive(channel), 20) == ENVELOPE


async def test_a_message_from_the_loop_itself_arrives_too(monkeypatch):
    monkeypatch.setattr(groups, "_server_loop", None)
    groups.remember_loop()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("monitor.test", channel)
    groups.notify("monitor.test", {"type": "stored"})
    assert await asyncio.wait_for(layer.receive(channel), 20) == ENVELOPE


def test_what_is_sent_is_plain_json(monkeypatch):
    sent = []

    class Layer:
        async def group_send(self, group, message):
            sent.append(message["message"])

    monkeypatch.setattr(groups, "_server_loop", None)
    monkeypatch.setattr(groups, "get_channel_layer", Layer)
    groups.notify("monitor.test", {"type": "stored", "recording": UUID(int=1), "gaps": [[0, 1]]})
    assert sent == [{"type": "stored", "recording": str(UUID(int=1)), "gaps": [[0, 1]]}]


def test_without_a_server_nobody_listens_and_nothing_fails(monkeypatch):
    monkeypatch.setattr(groups, "_server_loop", None)
    groups.notify("monitor.test", {"type": "stored"})


def test_a_layer_of_another_process_is_used_from_a_worker(monkeypatch):
    sent = []

    class Layer:
        async def group_send(self, group, message):
            sent.append((group, message))

    monkeypatch.setattr(groups, "_server_loop", None)
    monkeypatch.setattr(groups, "get_channel_layer", Layer)
    groups.notify("monitor.test", {"type": "stored"})
    assert sent == [("monitor.test", ENVELOPE)]
