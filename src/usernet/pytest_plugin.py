"""The pytest plugin: a marker, two fixtures, and tests that run on a simulated network.

``@pytest.mark.usernet(profile="lte", loss="2%", seed=7)`` has a test run in virtual time, an async
one in a loop of its own; the fixture ``network`` is the network that the marker describes. What
each key means is said in `usernet.testing.setting`, and the topologies in
`usernet.testing.layouts`.
"""

from __future__ import annotations

import asyncio
import inspect
import shlex
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from usernet.errors import UsernetError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from usernet.net.network import Network
    from usernet.testing.artifacts import Artifacts, Seen
    from usernet.testing.clock import Clock
    from usernet.testing.living import Body, Life
    from usernet.testing.setting import Setting

__all__ = ["network", "usernet_clock"]

_MARKER = "usernet"
_MOST_FLOWS = 8
"""Links that are told of below a test that failed."""
_HELP = (
    "usernet(profile=…, scenario=…, seed=…, topology=…, hosts=…, real_time=False, strict=True,"
    " loss=…, delay=…, rate=…, rtt=…, both=…, up=…, down=…): run on a simulated network, in"
    " virtual time"
)


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 1 << 63:
        raise ValueError(f"a seed is a whole number from 0 on, not {text}")
    return seed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("usernet", "tests on a simulated network")
    group.addoption(
        "--usernet-seed",
        type=_seed,
        metavar="N",
        help="what all randomness follows from, in every test; without it each test has its own",
    )
    group.addoption(
        "--usernet-artifacts",
        type=Path,
        metavar="DIR",
        help="keep a capture (pcapng) and reports (HTML, JSON) of each test that fails, here",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _HELP)


# ---- what a test asks for ----


@dataclass(slots=True)
class _Run:
    """A test on its way through.

    Attributes:
        setting: What its marker says.
        seed: What all randomness follows from.
        artifacts: Where its files go, if they are wanted.
        network: Its network, once something asks for it.
        flows: What happened on its links.
        seen: What was seen at its end, where files are wanted.
        escapes: What went round it.
        failed: Whether it failed, as far as it has gone.
    """

    setting: Setting
    seed: int
    artifacts: Artifacts | None = None
    network: Network | None = None
    flows: list[str] = field(default_factory=list)
    seen: Seen | None = None
    escapes: list[str] = field(default_factory=list)
    failed: bool = False

    def look(self) -> None:
        """See what a report would tell, while the network runs."""
        if self.network is None or not self.network.is_running or self.flows:
            return
        links = list(self.network.links.values())
        self.flows = [str(link.flow) for link in links[:_MOST_FLOWS]]
        if self.artifacts is not None:
            from usernet.testing.artifacts import Seen  # noqa: PLC0415 - as few want files

            self.seen = Seen.of(self.network)


_RUN: pytest.StashKey[_Run] = pytest.StashKey()


def _run_of(item: pytest.Item) -> _Run | None:
    return item.stash.get(_RUN, None)


def _begin(item: pytest.Item) -> _Run:
    """Read the marker of a test.

    Raises:
        UsernetError: It says something impossible.
    """
    from usernet.testing.setting import Setting  # noqa: PLC0415 - only for tests with the marker

    if (run := _run_of(item)) is not None:
        return run
    keys = {
        key: value
        for marker in reversed(list(item.iter_markers(_MARKER)))
        for key, value in _keys(marker).items()
    }
    setting = Setting.of(keys, item.path.parent)
    given = cast("int | None", item.config.getoption("--usernet-seed"))
    named = given if given is not None else setting.seed
    seed = zlib.crc32(item.nodeid.encode()) if named is None else named
    run = item.stash[_RUN] = _Run(setting, seed, _artifacts(item))
    return run


def _keys(marker: pytest.Mark) -> Mapping[str, object]:
    if marker.args:
        raise UsernetError(f"the marker takes keys, not {marker.args[0]!r} alone: usernet(key=…)")
    return marker.kwargs


def _artifacts(item: pytest.Item) -> Artifacts | None:
    from usernet.testing.artifacts import Artifacts  # noqa: PLC0415 - only for those who want files

    folder = cast("Path | None", item.config.getoption("--usernet-artifacts"))
    if folder is None:
        return None
    worker = cast("Mapping[str, str]", getattr(item.config, "workerinput", {})).get("workerid")
    return Artifacts(folder / worker if worker else folder, item.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Read the marker, or fail with what is wrong in it."""
    if item.get_closest_marker(_MARKER) is None:
        return
    try:
        _begin(item)
    except UsernetError as error:
        pytest.fail(f"usernet marker: {error}", pytrace=False)


# ---- fixtures ----


@pytest.fixture
def network(request: pytest.FixtureRequest) -> Generator[Network]:
    """The network that the test's marker describes.

    Without more, that is two hosts, ``client`` and ``server``, joined by a link with the marker's
    impairments: ``network.hosts["client"]``, ``network.links["client-server"]``. It runs when it
    is first used in a loop, at the latest when an async test begins, and until the test is over.
    An async test lives on the first host.
    """
    from usernet.testing.living import LazyNetwork  # noqa: PLC0415 - only for tests with a network

    run = _begin(cast("pytest.Item", request.node))
    run.network = made = LazyNetwork(
        seed=run.seed, pcap=None if run.artifacts is None else run.artifacts.capture
    )
    if run.artifacts is not None:
        made.record()
    run.setting.build(made)
    yield made
    run.look()
    made.stop()


@pytest.fixture
def usernet_clock(network: Network) -> Clock:
    """The time of the test's network, from 0: ``usernet_clock.now <= "5s"``."""
    from usernet.testing.clock import Clock  # noqa: PLC0415 - only for tests with a network

    return Clock(network)


# ---- the test itself ----


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Watch a strict test, and have an async one live on its network."""
    run = _run_of(item)
    if run is None or not isinstance(item, pytest.Function):
        return (yield)
    body = item.obj
    if inspect.iscoroutinefunction(body) and _has_runner(item):
        item.obj = _life(run, virtual=_is_virtual(item)).joined(cast("Body", body))
    try:
        return (yield from _watched(run)) if run.setting.strict else (yield)
    finally:
        item.obj = body
        run.look()


def _watched(run: _Run) -> Generator[None, object, object]:
    from usernet.testing.guard import watching  # noqa: PLC0415 - only for tests with the marker

    with watching() as run.escapes:
        result = yield
    if run.escapes:
        run.failed = True
        listed = "\n".join(f"  {escape}" for escape in run.escapes)
        pytest.fail(
            f"{len(run.escapes)} call(s) went round the simulated network:\n{listed}\n"
            "have them made on a host of the network, or allow them by usernet(strict=False)",
            pytrace=False,
        )
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that no other plugin runs."""
    run = _run_of(pyfuncitem)
    if run is None or _has_runner(pyfuncitem) or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: one for name, one in pyfuncitem.funcargs.items() if name in wanted}
    _life(run, virtual=not run.setting.real_time).run(cast("Body", pyfuncitem.obj), arguments)
    return True


def _life(run: _Run, *, virtual: bool) -> Life:
    from usernet.testing.living import Life  # noqa: PLC0415 - only for async tests with the marker

    return Life(run.network, run.seed, virtual, run.look)


# ---- other plugins that run async tests ----


def _has_runner(item: pytest.Function) -> bool:
    """Whether pytest-asyncio or anyio runs this test."""
    has_plugin = item.config.pluginmanager.has_plugin
    by_asyncio = has_plugin("asyncio") and item.get_closest_marker("asyncio") is not None
    return by_asyncio or (has_plugin("anyio") and "anyio_backend" in item.fixturenames)


def _is_virtual(item: pytest.Item) -> bool:
    """Whether a test is to run in virtual time; a marker that is wrong fails later."""
    markers = list(item.iter_markers(_MARKER))
    said = (marker.kwargs["real_time"] for marker in markers if "real_time" in marker.kwargs)
    return bool(markers) and not next(said, False)


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Generator[None, Mapping[str, Callable[[], asyncio.AbstractEventLoop]] | None, object]:
    """Tell pytest-asyncio which loop a test is to have."""
    others = yield
    if not _is_virtual(item):
        return others or {"asyncio": asyncio.new_event_loop}
    from usernet.net.event_loop import EventLoop  # noqa: PLC0415 - only for tests with the marker

    return {"usernet": EventLoop}


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell anyio which loop a test is to have; tests on trio are left out."""
    for item in session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "anyio_backend" in parameters and item.get_closest_marker(_MARKER) is not None:
            name, options = _backend(parameters["anyio_backend"])
            if name != "asyncio":
                item.add_marker(pytest.mark.skip(reason=f"usernet runs on asyncio, not on {name}"))
            elif _is_virtual(item):
                from usernet.net.event_loop import EventLoop  # noqa: PLC0415 - see above

                parameters["anyio_backend"] = (name, {**options, "loop_factory": EventLoop})


def _backend(parameter: object) -> tuple[str, dict[str, object]]:
    """A backend of anyio's, and its options."""
    if isinstance(parameter, str):
        return parameter, {}
    return cast("tuple[str, dict[str, object]]", parameter)


# ---- what is said and kept of a test that fails ----


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say how to repeat a test that failed; keep its files, or remove them."""
    run = _run_of(item)
    if run is not None and call.excinfo is not None and not run.failed:
        run.failed = not call.excinfo.errisinstance(pytest.skip.Exception)
    report = yield
    if run is not None and report.failed:
        report.sections.append(("usernet", _said(item, run)))
    if run is not None and call.when == "teardown" and run.artifacts is not None:
        if run.failed and run.seen is not None:
            run.artifacts.keep(run.seen, {"seed": str(run.seed), "repeat": _replay(item, run)})
        else:
            run.artifacts.discard()
    return report


def _said(item: pytest.Item, run: _Run) -> str:
    lines = [f"seed {run.seed}; to repeat: {_replay(item, run)}"]
    lines += run.flows
    lines += [f"refused: {escape}" for escape in run.escapes]
    if run.artifacts is not None and run.seen is not None:
        lines += [f"kept {path}" for path in run.artifacts.paths]
    return "\n".join(lines)


def _replay(item: pytest.Item, run: _Run) -> str:
    return f"pytest {shlex.quote(item.nodeid)} --usernet-seed={run.seed}"
