"""aiortc: two peers and a data channel, as they are, also where packets get lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection

from .lan import on_lan

if TYPE_CHECKING:
    from usernet.net.host import Host


@pytest.mark.parametrize("loss", ["0%", "5%"])
def test_a_data_channel(loss: str) -> None:
    async def body(client: Host, server: Host) -> None:
        got: asyncio.Queue[object] = asyncio.Queue()
        with client:
            caller = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        with server:
            callee = RTCPeerConnection(RTCConfiguration(iceServers=[]))

        @callee.on("datachannel")
        def answer(channel: RTCDataChannel) -> None:
            channel.on("message", lambda message: channel.send(f"re: {message}"))

        channel = caller.createDataChannel("chat")

        @channel.on("open")
        def ask() -> None:
            for number in range(50):
                channel.send(f"message {number}")

        channel.on("message", got.put_nowait)
        with client:
            await caller.setLocalDescription(await caller.createOffer())
        with server:
            await callee.setRemoteDescription(caller.localDescription)
            await callee.setLocalDescription(await callee.createAnswer())
        with client:
            await caller.setRemoteDescription(callee.localDescription)
        assert [await got.get() for _ in range(50)] == [f"re: message {n}" for n in range(50)]
        await caller.close()
        await callee.close()

    on_lan(body, loss=loss)
