"""The command line: finds the program for a verb, and turns errors into a line and an exit code."""

from __future__ import annotations

import sys

from cyclopts import App

from usernet.errors import UsernetError

__all__ = ["app", "main", "run"]

app = App(
    name="usernet",
    help="The network as a library: emulate bad lines, in tests, in CI and between interfaces.",
    help_format="plaintext",
    version_format="plaintext",
    version_flags=["--version"],
)
app.command("usernet.programs.emulate:emulate")
app.command("usernet.programs.profiles:profiles")
app.command("usernet.programs.selftest:selftest")
app.command("usernet.programs.bench:bench")


def main() -> None:
    """Run the command line; the entry point of ``usernet``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; what it exits with (docs/errors.md)."""
    try:
        return int(app(arguments, result_action="return_value") or 0)
    except UsernetError as error:
        sys.stderr.write(f"usernet: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        return 0
