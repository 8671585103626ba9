"""A SOCKS 5 proxy: a client's dialogue, then its socket is carried, or its datagrams relayed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from usernet.proxy import socks5
from usernet.proxy.reading import exactly
from usernet.proxy.server import place, words
from usernet.proxy.socks_datagrams import Association

if TYPE_CHECKING:
    import socket

    from usernet.proxy.credentials import Credentials
    from usernet.proxy.dialling import Dialler
    from usernet.proxy.server import Say

__all__ = ["SocksProxy"]

_DIALOGUE_SECONDS = 10.0
"""How long a client may take to say what it wants."""


class SocksProxy:
    """Serves clients that speak SOCKS 5.

    Args:
        dialler: Who dials.
        credentials: Who may ask; everybody where None.
        say: Told what each client asks for.
        warn: Told who got no answer, and why.
        dialogue_seconds: How long a client may take to say what it wants.
    """

    def __init__(
        self,
        dialler: Dialler,
        credentials: Credentials | None,
        say: Say,
        warn: Say,
        dialogue_seconds: float = _DIALOGUE_SECONDS,
    ) -> None:
        self._dialler = dialler
        self._credentials = credentials
        self._say = say
        self._warn = warn
        self._dialogue_seconds = dialogue_seconds

    async def serve(self, client: socket.socket) -> None:
        """Serve one client, whose socket does not block.

        Raises:
            OSError: The client has gone, or was too slow.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._dialogue_seconds):
                request = await _request(client, socks5.dialogue(self._credentials))
        except socks5.RefusalError as refusal:
            self._warn(f"client: {refusal}")
            await loop.sock_sendall(client, refusal.answer)
            return
        try:
            await self._answer(request, client)
        except OSError as error:
            self._warn(f"{place(request.host, request.port)}: {words(error)}")
            await loop.sock_sendall(client, socks5.reply(socks5.reply_to(error)))

    async def _answer(self, request: socks5.Request, client: socket.socket) -> None:
        goal = place(request.host, request.port)
        self._say(f"{request.command.name} {goal}")
        if request.command == socks5.Command.CONNECT:
            yes = socks5.reply(socks5.Reply.SUCCEEDED)
            await self._dialler.carry(client, request.host, request.port, yes)
        else:
            async with await Association.open(client, self._dialler) as association:
                answer = socks5.reply(socks5.Reply.SUCCEEDED, *association.address)
                await asyncio.get_running_loop().sock_sendall(client, answer)
                await _end_of(client)


async def _request(client: socket.socket, dialogue: socks5.Dialogue) -> socks5.Request:
    """The request that a client's dialogue comes to."""
    loop = asyncio.get_running_loop()
    step = next(dialogue)
    try:
        while True:
            if isinstance(step, int):
                step = dialogue.send(await exactly(client, step))
            else:
                await loop.sock_sendall(client, step)
                step = dialogue.send(b"")
    except StopIteration as end:
        request: socks5.Request = end.value
        return request


async def _end_of(client: socket.socket) -> None:
    """Wait until the client goes; an association lasts as long (RFC 1928, 6)."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while await loop.sock_recv(client, 64):
            pass
