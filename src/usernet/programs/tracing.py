"""Tracing: the path to a host, found by requests with rising hop limits: echo requests, or UDP."""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, TypeGuard

from usernet.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usernet.config.echo import EchoAnswer
    from usernet.tunnel.way import Way

__all__ = ["Tracing", "Wishes"]

_AT_ONCE = 16
"""How many requests are under way (traceroute(8), ``-N``)."""
_SIZE = 32
"""Bytes of each request."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be found out.

    Attributes:
        host: To whom, as it was given.
        address: Its numeric address.
        hops: How far at most.
        queries: How many requests for each hop.
        timeout: Seconds to wait for each answer.
        port: The UDP port of the first request; None for echo requests.
        rises: Whether each request has the next port, so that no two look alike on their way.
    """

    host: str
    address: str
    hops: int
    queries: int
    timeout: float
    port: int | None = None
    rises: bool = True

    def port_of(self, number: int) -> int | None:
        """The UDP port of a request."""
        if self.port is None:
            return None
        return self.port + number - 1 if self.rises else self.port


class Tracing:
    """Finds a path, and tells of each hop as soon as all before it are known.

    Args:
        way: What requests are sent by.
        wishes: What is to be found out.
        as_json: Print JSON, one hop a line.
    """

    def __init__(self, way: Way, wishes: Wishes, *, as_json: bool) -> None:
        self._way = way
        self._wishes = wishes
        self._json = as_json
        self._room = Semaphore(_AT_ONCE)
        self._ended = False

    def to_the_end(self) -> int:
        """Until the path ends; 0 where it ends at the host, else 1.

        Raises:
            OSError: Nothing can be sent at all.
        """
        wishes = self._wishes
        if not self._json:
            whom = f"{wishes.host} ({wishes.address})"
            print(f"trace to {whom}, {wishes.hops} hops at most", flush=True)
        hops = [_answers(wishes.queries) for _ in range(wishes.hops)]
        Thread(target=self._ask_all, args=(hops,), daemon=True).start()
        try:
            for hop, futures in enumerate(hops, 1):
                answers = [future.result() for future in futures]
                _raise_first(hop, answers)
                self._say(hop, answers)
                if ends := [one for one in answers if _ends(one)]:
                    return 0 if any(one.is_at_the_end for one in ends) else 1
        finally:
            self._ended = True
        return 1

    def _ask_all(self, hops: Sequence[Sequence[Future[EchoAnswer | OSError]]]) -> None:
        for hop, futures in enumerate(hops, 1):
            for query, future in enumerate(futures):
                self._room.acquire()
                if self._ended:
                    return
                number = (hop - 1) * self._wishes.queries + query + 1
                Thread(target=self._ask, args=(hop, number, future), daemon=True).start()

    def _ask(self, hop: int, number: int, future: Future[EchoAnswer | OSError]) -> None:
        wishes = self._wishes
        try:
            future.set_result(
                self._way.ping(
                    wishes.address,
                    number=number,
                    size=_SIZE,
                    hop_limit=hop,
                    port=wishes.port_of(number),
                    timeout=wishes.timeout,
                )
            )
        except OSError as error:
            future.set_result(error)
        except EngineError:  # the path is known, and the way closed
            future.set_result(TimeoutError())
        finally:
            self._room.release()

    def _say(self, hop: int, answers: Sequence[EchoAnswer | OSError]) -> None:
        if self._json:
            told = [_as_json(one) for one in answers]
            sys.stdout.write(json.dumps({"hop": hop, "answers": told}) + "\n")
        else:
            sys.stdout.write(f"{hop:2}  {' '.join(_words(answers))}\n")
        sys.stdout.flush()


def _answers(count: int) -> list[Future[EchoAnswer | OSError]]:
    return [Future() for _ in range(count)]


def _raise_first(hop: int, answers: Sequence[EchoAnswer | OSError]) -> None:
    """What is no silence at the first hop is no path at all."""
    for one in answers:
        if hop == 1 and isinstance(one, OSError) and not isinstance(one, TimeoutError):
            raise one


def _ends(answer: EchoAnswer | OSError) -> TypeGuard[EchoAnswer]:
    return not isinstance(answer, OSError) and not answer.is_too_far


def _words(answers: Sequence[EchoAnswer | OSError]) -> Iterator[str]:
    """As traceroute prints a hop: who answers, when it is another one, and how long each took."""
    source = ""
    for one in answers:
        if isinstance(one, OSError):
            yield "*"
            continue
        if one.source != source:
            source = one.source
            yield source
        mark = f" {one.mark}" if one.mark else ""
        yield f" {one.seconds * 1000:.3f} ms{mark}"


def _as_json(answer: EchoAnswer | OSError) -> dict[str, object] | None:
    if isinstance(answer, OSError):
        return None
    return {
        "from": answer.source,
        "time_ms": round(answer.seconds * 1000, 3),
        "type": answer.kind,
        "code": answer.code,
    }
