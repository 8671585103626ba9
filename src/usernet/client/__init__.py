"""Clients of a running line, by its HTTP API: one for asyncio, and a twin that waits."""

from usernet.client.blocking import BlockingClient
from usernet.client.client import Client
from usernet.client.point import LinePoint, Point

__all__ = ["BlockingClient", "Client", "LinePoint", "Point"]
