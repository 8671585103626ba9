"""TimedLoop: the round of an asyncio event loop in virtual time: timers, other threads, signals.

When nothing is ready, the clock jumps to what comes next: a timer of the program's or something in
the network. While a job runs in another thread the clock stands. Where nothing is ready and nothing
is scheduled, `DeadlockError` says who waits for what.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import heapq
import itertools
import selectors
import signal
import socket as system
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from usernet.net.deadlock import deadlock
from usernet.net.jobs import Jobs
from usernet.net.ordered import OrderedFuture, make_task
from usernet.net.virtual_clock import SECOND, VirtualClock, nanoseconds

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from contextvars import Context

    from usernet.net.bridge import Bridge
    from usernet.net.virtual_clock import VirtualEngine

__all__ = ["TimedLoop"]

_T = TypeVar("_T")

_MANY_CANCELLED = 100
"""How many cancelled timers may wait for their time, before they are thrown out, as in asyncio."""
_PATIENCE = 1.0
"""Seconds of real time to wait for other threads, before the loop goes on without them."""


class TimedLoop(asyncio.BaseEventLoop):
    """An asyncio event loop in virtual time.

    Attributes:
        clock: The virtual clock, in nanoseconds.
    """

    if TYPE_CHECKING:
        _debug: bool
        _stopping: bool
        _ready: deque[asyncio.Handle]
        _default_executor: concurrent.futures.Executor | None
        _executor_shutdown_called: bool

        def _check_closed(self) -> None: ...
        def _check_thread(self) -> None: ...
        def _check_default_executor(self) -> None: ...
        def _check_callback(self, callback: object, method: str) -> None: ...

    def __init__(self) -> None:
        super().__init__()
        self.clock: VirtualClock = VirtualClock()
        self._clock_resolution = 1 / SECOND
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._cancelled = 0
        self._sequence = itertools.count()
        self.numbers: itertools.count[int] = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = system.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._jobs = Jobs(self, self._write_to_self)
        self._signals: set[int] = set()
        self.set_task_factory(make_task)

    def attach(self, engine: VirtualEngine, bridge: Bridge) -> None:
        """Have an engine in virtual time live by this loop's clock."""
        self.clock.attach(engine, bridge)

    def detach(self, bridge: Bridge) -> None:
        """Undo `attach`."""
        self.clock.detach(bridge)

    def time(self) -> float:
        """The virtual time, in seconds since the loop was made."""
        return self.clock.now / SECOND

    def close(self) -> None:
        """Close the loop."""
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        if self.is_closed():
            return
        for number in tuple(self._signals):
            self.remove_signal_handler(number)
        self._timers.clear()
        self._selector.close()
        self._woken.close()
        self._waker.close()
        super().close()

    def create_future(self) -> asyncio.Future[Any]:
        """A future that belongs to this loop."""
        return OrderedFuture(loop=self)

    # ---- timers ----

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a time; calls for the same time are made in the order they were set."""
        if cast("float | None", when) is None:
            raise TypeError("when cannot be None")
        self._check_closed()
        if self._debug:
            self._check_thread()
            self._check_callback(callback, "call_at")
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        due = nanoseconds(when, self.clock.now)
        heapq.heappush(self._timers, (due, next(self._sequence), timer))
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._cancelled += 1
        if self._cancelled > max(_MANY_CANCELLED, len(self._timers) // 2):
            self._timers = [one for one in self._timers if not one[2].cancelled()]
            heapq.heapify(self._timers)
            self._cancelled = 0

    def _next_timer(self) -> int | None:
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
            self._cancelled -= 1
        return timers[0][0] if timers else None

    def _take_due_timers(self) -> None:
        now = self.clock.now
        while (due := self._next_timer()) is not None and due <= now:
            _, _, timer = heapq.heappop(self._timers)
            timer._scheduled = False  # type: ignore[attr-defined]
            self._ready.append(timer)

    # ---- the round ----

    def _run_once(self) -> None:
        if self._ready:
            self._look()
        else:
            self._wait()
        self._take_due_timers()
        self.clock.active = self.clock.now
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _look(self) -> None:
        """Let happen in the network what is due now."""
        self.clock.poll()

    def _wait(self) -> None:
        """Until something is ready or due, let time pass."""
        while not self._ready and not self._stopping:
            timer = self._next_timer()
            if timer is not None and timer <= self.clock.now:
                return
            if self._jobs.running:
                self._stand_still()
            elif not self._pass_time(timer) and not self._others_call():
                raise deadlock(self, self.clock.bridges, self.time())

    def _pass_time(self, timer: int | None) -> bool:
        """Let time pass up to a timer, or to what happens before; False where nothing ever will."""
        return self.clock.jump(timer)

    def _stand_still(self) -> None:
        """Wait for a job in real time."""
        if self._jobs.deliver():
            return
        overtaken = self._jobs.overtaken
        if not self._woken_within(_PATIENCE if overtaken else None) and overtaken:
            self._jobs.deliver(in_order=False)

    def _others_call(self) -> bool:
        """Whether a thread that nobody announced calls after all."""
        ours = {threading.current_thread(), *getattr(self._default_executor, "_threads", ())}
        if ours.issuperset(threading.enumerate()):
            return False
        self._woken_within(0)
        return bool(self._ready) or (self._woken_within(_PATIENCE) and bool(self._ready))

    def _woken_within(self, seconds: float | None) -> bool:
        if not self._selector.select(seconds):
            return False
        while True:
            try:
                if len(self._woken.recv(4096)) < 4096:  # noqa: PLR2004
                    return True
            except BlockingIOError:
                return True

    def _write_to_self(self) -> None:
        try:
            self._waker.send(b"\0")
        except OSError:
            return

    def _process_events(self, event_list: object) -> None:
        """Nothing: events come by the bridges."""

    # ---- other threads ----

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., _T],
        *args: object,
    ) -> asyncio.Future[_T]:
        """Run a function in a thread; the clock stands until it is done."""
        self._check_closed()
        if self._debug:
            self._check_callback(func, "run_in_executor")
        if executor is None:
            self._check_default_executor()
            executor = self._default_executor
            if executor is None:
                executor = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="asyncio")
                self._default_executor = executor
        return self._jobs.begin(executor, func, *args)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait until the default executor's threads have ended."""
        self._executor_shutdown_called = True
        executor, self._default_executor = self._default_executor, None
        if executor is None:
            return
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            await self._jobs.begin(other, executor.shutdown)

    # ---- signals ----

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: object) -> None:
        """Call back when a signal of the operating system comes."""
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, None)

        def come(*_: object) -> None:
            self._ready.append(handle)
            self._write_to_self()

        signal.signal(sig, come)
        self._signals.add(sig)

    def remove_signal_handler(self, sig: int) -> bool:
        """Undo `add_signal_handler`; whether there was one."""
        if sig not in self._signals:
            return False
        self._signals.discard(sig)
        is_interrupt = sig == signal.SIGINT
        signal.signal(sig, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
        return True
