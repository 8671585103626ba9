"""Pinging: echo requests at a steady pace by a way, what is printed of each, and of all."""

from __future__ import annotations

import json
import math
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usernet.errors import EngineError, HandshakeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from usernet.config.echo import EchoAnswer
    from usernet.tunnel.way import Way

__all__ = ["Pinging", "Wishes"]

_HEADERS = {4: 28, 6: 48}
"""Bytes of IP and ICMP."""
_ICMP = 8
_LEAST_WAIT = 1.0
"""How long the last reply is waited for at least, in seconds, where others came."""

_GRACE = 0.5
"""How long is waited for what a way says of a request that nothing came back for."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be sent.

    Attributes:
        host: Whom to ask, as it was given.
        address: Its numeric address.
        count: How many requests; no end where None.
        interval: Seconds from one to the next.
        size: How many bytes each carries.
        hop_limit: How many hosts on the way may take it.
        timeout: Seconds to wait for a reply.
    """

    host: str
    address: str
    count: int | None
    interval: float
    size: int
    hop_limit: int
    timeout: float


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    errors: int = 0
    seconds: list[float] = field(default_factory=list[float])


_Came = tuple[int, "EchoAnswer | OSError"]


class Pinging:
    """Sends requests, and tells of what comes back.

    Args:
        way: What they are sent by.
        wishes: What is sent.
        quiet: Print the first and the last lines only.
        as_json: Print JSON, one object a line.
    """

    def __init__(self, way: Way, wishes: Wishes, *, quiet: bool, as_json: bool) -> None:
        self._way = way
        self._wishes = wishes
        self._quiet = quiet
        self._json = as_json
        self._tally = _Tally()
        self._came: queue.SimpleQueue[_Came] = queue.SimpleQueue()

    def to_the_end(self) -> int:
        """Until all is sent and answered, or Ctrl-C; 0 where a reply came, as ping has it.

        Raises:
            OSError: Nothing can be sent at all.
        """
        wishes, began = self._wishes, time.monotonic()
        version = 6 if ":" in wishes.address else 4
        whole = wishes.size + _HEADERS[version]
        self._print(f"PING {wishes.host} ({wishes.address}) {wishes.size}({whole}) bytes of data.")
        try:
            for number in self._paced(began):
                self._begin(number)
            self._wait_for_the_last()
        except KeyboardInterrupt:
            self._print("")
        self._say_the_end(time.monotonic() - began)
        return 0 if self._tally.seconds else 1

    def _paced(self, began: float) -> Iterator[int]:
        """The numbers of the requests, each when it is to be sent."""
        number = 0
        while self._wishes.count is None or number < self._wishes.count:
            self._take_until(began + number * self._wishes.interval)
            number += 1
            yield number

    def _begin(self, number: int) -> None:
        self._tally.sent += 1
        threading.Thread(target=self._ask, args=(number,), daemon=True).start()

    def _ask(self, number: int) -> None:
        wishes = self._wishes
        try:
            answer = self._way.ping(
                wishes.address,
                number=number,
                size=wishes.size,
                hop_limit=wishes.hop_limit,
                timeout=wishes.timeout,
            )
            self._came.put((number, answer))
        except OSError as error:
            self._came.put((number, error))
        except EngineError:  # all is told, and the way closed
            return

    def _wait_for_the_last(self) -> None:
        slowest = max(self._tally.seconds, default=None)
        wait = self._wishes.timeout
        if slowest is not None:
            wait = min(wait, max(_LEAST_WAIT, 2 * slowest))
        self._take_until(time.monotonic() + wait + _GRACE)

    def _take_until(self, moment: float) -> None:
        """Take what comes back until then; or until nothing is due any more, after the last."""
        while (left := moment - time.monotonic()) > 0:
            if self._tally.sent == self._wishes.count and self._answered == self._tally.sent:
                return
            try:
                self._take(*self._came.get(timeout=left))
            except queue.Empty:
                return

    @property
    def _answered(self) -> int:
        return len(self._tally.seconds) + self._tally.errors

    def _take(self, number: int, answer: EchoAnswer | OSError) -> None:
        if isinstance(answer, TimeoutError):
            return
        if isinstance(answer, OSError):
            if self._tally.sent == 1 or (isinstance(answer, HandshakeError) and not self._answered):
                raise answer
            self._tally.errors += 1
            self._say({"icmp_seq": number, "error": str(answer)}, f"icmp_seq={number} {answer}")
        elif answer.is_reply:
            self._tally.seconds.append(answer.seconds)
            values = {"icmp_seq": number, "ttl": answer.hop_limit, "time_ms": _ms(answer.seconds)}
            about = f"icmp_seq={number} ttl={answer.hop_limit} time={_shown(answer.seconds)} ms"
            bytes_back = self._wishes.size + 8
            self._say(
                {"from": answer.source, **values},
                f"{bytes_back} bytes from {answer.source}: {about}",
            )
        else:
            self._tally.errors += 1
            told = {"from": answer.source, "icmp_seq": number, "error": answer.said}
            self._say(told, f"From {answer.source} icmp_seq={number} {answer.said}")

    def _say_the_end(self, seconds: float) -> None:
        sent, received = self._tally.sent, len(self._tally.seconds)
        lost = 100 * (sent - received) / sent if sent else 0.0
        errors = f"+{self._tally.errors} errors, " if self._tally.errors else ""
        self._print(f"\n--- {self._wishes.host} ping statistics ---")
        self._print(
            f"{sent} packets transmitted, {received} received, {errors}"
            f"{lost:.6g}% packet loss, time {seconds * 1000:.0f}ms"
        )
        spread = _spread(self._tally.seconds)
        if spread:
            self._print(f"rtt min/avg/max/mdev = {'/'.join(f'{one:.3f}' for one in spread)} ms")
        if self._json:
            names = ("min_ms", "avg_ms", "max_ms", "mdev_ms")
            rtt = dict(zip(names, (round(one, 3) for one in spread), strict=False))
            self._json_line(
                {
                    "event": "end",
                    "transmitted": sent,
                    "received": received,
                    "errors": self._tally.errors,
                    **rtt,
                }
            )

    def _say(self, values: Mapping[str, object], line: str) -> None:
        if self._json:
            self._json_line({"event": "answer", **values})
        if not self._quiet:
            self._print(line)

    def _print(self, line: str) -> None:
        if not self._json:
            print(line, flush=True)

    @staticmethod
    def _json_line(values: Mapping[str, object]) -> None:
        sys.stdout.write(json.dumps(dict(values)) + "\n")
        sys.stdout.flush()


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _shown(seconds: float) -> str:
    """Milliseconds, as ping prints them: three digits behind the point, or three in all."""
    ms = seconds * 1000
    digits = max(3 - len(str(int(ms))), 0) if ms >= 1 else 3
    return f"{ms:.{digits}f}"


def _spread(seconds: list[float]) -> tuple[float, ...]:
    """The least, the mean, the largest, and the standard deviation, in milliseconds."""
    if not seconds:
        return ()
    ms = [one * 1000 for one in seconds]
    mean = sum(ms) / len(ms)
    deviation = math.sqrt(max(sum(one * one for one in ms) / len(ms) - mean * mean, 0))
    return min(ms), mean, max(ms), deviation
