"""Artifacts: what is kept of a test that fails: its capture, and a report as HTML and as JSON."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from usernet.config.link import DIRECTIONS
from usernet.engine.fidelity import fidelity
from usernet.report import Change, Configured, run_report, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from usernet.config.impairment import Impairment
    from usernet.config.link import Link
    from usernet.engine import Statistics
    from usernet.net.network import Network
    from usernet.net.recorder import Recording

__all__ = ["Artifacts", "Seen"]

_LONGEST = 80  # letters of a test's name in the name of a file


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a test's network at its end.

    Attributes:
        statistics: Everything counted.
        recording: The statistics over time.
        changes: What links were at the start, and what they became.
        links: What each link is, as text.
        flows: What happened on each link.
    """

    statistics: Statistics
    recording: Recording
    changes: tuple[Change, ...]
    links: Mapping[str, str]
    flows: Mapping[str, str]

    @classmethod
    def of(cls, network: Network) -> Seen:
        """Look at a network that runs."""
        links = network.links.items()
        return cls(
            network.statistics(),
            network.recording(),
            tuple(sorted(_changes(network), key=lambda change: change.time_ns)),
            {
                f"{name}/{side}": one.brief()
                for name, link in links
                for side, one in _sides(link.link)
            },
            {name: str(link.flow) for name, link in links},
        )


class Artifacts:
    """The files of a test.

    Args:
        folder: Where they are kept.
        test: The test's id.
    """

    def __init__(self, folder: Path, test: str) -> None:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", test)[-_LONGEST:].strip("_.")
        name = f"{plain}-{hashlib.sha256(test.encode()).hexdigest()[:8]}"
        self._test = test
        self.capture: Path = folder / f"{name}.pcapng"
        self.page: Path = folder / f"{name}.html"
        self.data: Path = folder / f"{name}.json"
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """All of them."""
        return self.capture, self.page, self.data

    def discard(self) -> None:
        """Remove what is there of the test, of earlier runs too."""
        for path in self.paths:
            path.unlink(missing_ok=True)

    def keep(self, seen: Seen, facts: Mapping[str, str]) -> None:
        """Write the reports.

        Raises:
            CaptureError: They cannot be written.
        """
        known = {**facts, "python": platform.python_version(), "machine": platform.platform()}
        write(self.page, self._html(seen, known))
        write(self.data, self._json(seen, known))

    def _html(self, seen: Seen, facts: Mapping[str, str]) -> str:
        text = "\n".join(f"{name}  {said or 'perfect'}" for name, said in seen.links.items())
        return run_report(
            self._test,
            "; ".join(seen.flows.values()),
            seen.recording,
            fidelity(seen.statistics),
            text,
            seen.statistics.impairments,
            changes=seen.changes,
            facts=facts,
        )

    def _json(self, seen: Seen, facts: Mapping[str, str]) -> str:
        document = {
            "test": self._test,
            "facts": facts,
            "time_ns": seen.statistics.time_ns,
            "links": seen.links,
            "flows": seen.flows,
            "changes": [asdict(change) for change in seen.changes],
            "apps": {name: dict(app) for name, app in seen.statistics.apps.items()},
        }
        return json.dumps(document, indent=1, default=str)


def _sides(link: Link) -> Iterator[tuple[str, Impairment]]:
    """Every impairment of a link, by what it is for."""
    for side in DIRECTIONS:
        yield side, getattr(link, side)
        for flow in link.flows:
            yield f"{side}/{flow.name}", getattr(flow, side)


def _changes(network: Network) -> Iterator[Change]:
    """What every link was, and what it became."""
    for name, link in network.links.items():
        before: dict[str, Impairment] = {}
        for at, step in link.history():
            now = dict(_sides(step))
            said = (
                f"{name}/{side}: {one.brief() or 'perfect'}"
                for side, one in now.items()
                if before and before.get(side) != one
            )
            configured = {f"{name}/{side}": _configured(one) for side, one in now.items()}
            yield Change(at, "; ".join(said), configured)
            before = now


def _configured(impairment: Impairment) -> Configured:
    return Configured(impairment.rate, impairment.delay)
