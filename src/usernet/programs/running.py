"""Which running line a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Group, Parameter

from usernet.client import BlockingClient
from usernet.control import place
from usernet.errors import ConfigError
from usernet.web.token import Token

__all__ = ["LineChoice"]


@Parameter(name="*", group=Group("Which line", sort_key=2))
@dataclass(frozen=True, kw_only=True)
class LineChoice:
    """Which running line is meant.

    Attributes:
        to: Its name, where several run on this machine, such as run-4711; or its socket file.
        url: Where its page is, such as http://10.0.0.2:3000: it may be on another machine.
        token_file: A file that holds the token that it asks for.
    """

    to: str | None = None
    url: str | None = None
    token_file: Path | None = None

    def client(self) -> BlockingClient:
        """A client of it.

        Raises:
            ConfigError: None runs, or it is not said which of several.
        """
        if self.url is None:
            return BlockingClient(socket=place.find(self.to).path)
        if self.to is not None:
            raise ConfigError("--to beside --url", allowed="one of them")
        token = Token.read(self.token_file).reveal() if self.token_file else None
        return BlockingClient(self.url, token=token)
