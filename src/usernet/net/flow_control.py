"""FlowControl: when a transport asks its protocol to stop writing, and to go on; asyncio's own."""

from __future__ import annotations

from asyncio import transports
from typing import TYPE_CHECKING

__all__ = ["FlowControl"]

if TYPE_CHECKING:
    import asyncio

    class FlowControl(transports.BaseTransport):
        """The base of asyncio's own transports, which its fallback for `sendfile` asks for."""

        _extra: dict[str, object]

        def __init__(self, extra: object, loop: asyncio.AbstractEventLoop) -> None: ...
        def _maybe_pause_protocol(self) -> None: ...
        def _maybe_resume_protocol(self) -> None: ...
else:
    FlowControl = transports._FlowControlMixin
