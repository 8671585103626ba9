"""Reports: a run, or the accuracy of a machine, as one HTML file that needs nothing else."""

from usernet.report.changes import changes, changes_of
from usernet.report.connections import Connection, Connections
from usernet.report.file import write
from usernet.report.plot import Plot
from usernet.report.run import run_report
from usernet.report.selftest import Row, selftest_report
from usernet.report.timeline import Change, Configured

__all__ = [
    "Change",
    "Configured",
    "Connection",
    "Connections",
    "Plot",
    "Row",
    "changes",
    "changes_of",
    "run_report",
    "selftest_report",
    "write",
]
