"""The demo: a real ping and a real download over a good line and a bad one, side by side.

Two hosts are made on this machine, in network namespaces of their own, and ``usernet emulate``
joins them. Nothing outside is touched, and nothing is left.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path as File
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from usernet.errors import UsernetError
from usernet.sandbox import CLIENT, SERVER, Path, download, path
from usernet.trace import profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROFILE = "lte"
REPORT = File("build/demo-report.html")
SCENARIO = File(__file__).with_name("storm.toml")
ALONE = ("unshare", "--net")
AS_ROOT_OF_NOTHING = ("unshare", "--map-root-user", "--net")
INSIDE = "--inside"
"""How the demo tells itself that it runs in a user namespace already."""

STORM_PINGS = 85
BARS = "▁▂▃▄▅▆▇█"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Seen:
    """What real programs saw of a line.

    Attributes:
        pings: How many were sent.
        times: Those that came back, in milliseconds.
        mbit: A download over TCP, in Mbit/s.
    """

    pings: int
    times: Sequence[float]
    mbit: float

    @property
    def round_trip(self) -> str:
        """The median ping."""
        if not self.times:
            return "none came back"
        return f"{sorted(self.times)[len(self.times) // 2]:.2f} ms"

    @property
    def lost(self) -> str:
        """Pings that did not come back."""
        return f"{self.pings - len(self.times)} of {self.pings}"

    @property
    def rate(self) -> str:
        """The download."""
        return f"{self.mbit / 1000:.2f} Gbit/s" if self.mbit >= 1000 else f"{self.mbit:.1f} Mbit/s"


def look(place: Path, seconds: float) -> Seen:
    """Ping the server, then download from it."""
    pings = 20
    said = ping(place, pings, 0.05)
    came = download(place.server, place.client, CLIENT[0], seconds)
    return Seen(pings, said, came.bits_per_second / 1e6)


def ping(place: Path, count: int, interval: float) -> list[float]:
    """The round trips of the pings that came back, in milliseconds."""
    words = ("ping", "-n", "-c", str(count), "-i", str(interval), "-W", "2", SERVER[0])
    with place.client.start(*words) as command:
        said = command.wait(count * interval + 10).out
    return [float(time) for time in re.findall(r"time=([\d.]+) ms", said)]


def show(console: Console, perfect: Seen, bad: Seen) -> None:
    """Asked for and measured, side by side."""
    link = profiles.load(PROFILE).link
    table = Table(title=f"{CLIENT[0]} ⇄ {SERVER[0]}, through usernet emulate", title_style="bold")
    table.add_column("measured by")
    table.add_column("no impairment", justify="right")
    table.add_column(f"--profile {PROFILE}: asked for", justify="right", style="dim")
    table.add_column("measured", justify="right", style="bold green")
    delay = (link.up.delay + link.down.delay) / 1e6
    rate = (link.down.rate or 0) / 1e6
    table.add_row("ping, round trip", perfect.round_trip, f"{delay:g} ms", bad.round_trip)
    table.add_row("ping, lost", perfect.lost, "none", bad.lost)
    table.add_row("download over TCP", perfect.rate, f"≤ {rate:g} Mbit/s", bad.rate)
    console.print(table)
    console.print(f"[dim]where the numbers of {PROFILE} come from: {profiles.load(PROFILE).source}")


def storm(console: Console, place: Path) -> None:
    """A line that changes while it is used, and the report of it."""
    REPORT.parent.mkdir(exist_ok=True)
    options = ("--scenario", str(SCENARIO), "--report", str(REPORT))
    pings = ("ping", "-n", "-c", str(STORM_PINGS), "-i", "0.1", "-W", "1", SERVER[0])
    with place.emulate(*options) as line, place.client.start(*pings) as command:
        came = download(place.server, place.client, CLIENT[0], seconds=7.5)
        ended, said = line.wait(30), command.wait(30).out
    if ended.code:
        raise ChildProcessError(ended.err)
    console.print(f"pings, ten a second; taller is later, a gap is lost:  {skyline(said)}")
    console.print(
        f"one download lived through it all: {came.bytes / 1e6:.1f} MB in {came.seconds:.1f} s"
    )
    console.print(f"[dim]{ended.err.strip().rpartition(chr(10))[2]}")


def skyline(said: str) -> str:
    """Each ping as a bar of one of eight heights; a blank where none came back."""
    found = re.findall(r"icmp_seq=(\d+) .*time=([\d.]+) ms", said)
    times = {int(number): float(time) for number, time in found}
    step = max(times.values(), default=1.0) / (len(BARS) - 0.001)
    return "".join(
        BARS[int(times[number] / step)] if number in times else " "
        for number in range(1, STORM_PINGS + 1)
    )


def demo(console: Console) -> None:
    """All of it, with progress."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with path() as place, Progress(*columns, console=console, transient=True) as progress:
        perfect = step(progress, "a line without impairments", lambda: through(place, ()))
        bad = step(
            progress,
            f"the same line with --profile {PROFILE}",
            lambda: through(place, ("--profile", PROFILE)),
        )
        show(console, perfect, bad)
        console.print("\n[bold]Now a storm[/]: loss and jitter, an outage of 1.5 s, calm again")
        step(progress, "the storm, 9 s", lambda: storm(console, place))
    console.print(f"report, to open in a browser: [bold]{REPORT.resolve()}[/]")


def step(progress: Progress, what: str, work: Callable[[], Result]) -> Result:
    """Do some work while progress says what it is."""
    task = progress.add_task(what, total=None)
    try:
        return work()
    finally:
        progress.remove_task(task)


def through(place: Path, options: tuple[str, ...]) -> Seen:
    """What the hosts see through ``usernet emulate`` with these options."""
    with place.emulate(*options) as line:
        seen = look(place, seconds=2.0 if not options else 4.0)
        line.stop()
    return seen


def main() -> int:
    """Run the demo; in a user namespace where this user may make no network namespaces."""
    console = Console(highlight=False)
    if INSIDE not in sys.argv and not may(*ALONE):
        if may(*AS_ROOT_OF_NOTHING):
            words = (*AS_ROOT_OF_NOTHING, sys.executable, __file__, INSIDE)
            return subprocess.run(words, check=False).returncode
        console.print("[bold red]This user may make no network namespaces here.[/]")
        console.print("Run it as root (sudo make demo), or allow user_namespaces(7).")
        return 1
    try:
        demo(console)
    except (UsernetError, OSError) as error:
        console.print(f"[bold red]The demo cannot go on:[/] {error}")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left behind.")
    return 0


def may(*words: str) -> bool:
    """Whether a command that does nothing else would run."""
    return not subprocess.run([*words, "true"], capture_output=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
