"""The command line: finds the program for a verb, and turns errors into a line and an exit code."""

from __future__ import annotations

import sys

from cyclopts import App, CycloptsError, Parameter

from usernet.errors import ConfigError, UsernetError, network_failure
from usernet.programs.words import marked

__all__ = ["app", "main", "run"]

app: App = App(
    name="usernet",
    help="The network as a library: emulate bad lines, in tests, in CI and between interfaces.",
    help_format="markdown",
    version_format="plaintext",
    default_parameter=Parameter(negative=()),
    version_flags=["--version"],
)
for _verb, _help in (
    ("emulate", "Join two network interfaces by a bad line."),
    ("run", "Run a program on an emulated network."),
    ("profiles", "List the named profiles, or show one."),
    ("selftest", "Measure how accurate emulation is on this machine."),
    ("bench", "Measure how fast the engine is on this machine."),
):
    app.command(f"usernet.programs.{_verb}:{_verb}", name=_verb, help=_help)


def main() -> None:
    """Run the command line; the entry point of ``usernet``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; what it exits with (docs/errors.md)."""
    try:
        return int(
            app(
                marked(arguments, "run", app),
                result_action="return_value",
                print_error=False,
                exit_on_error=False,
            )
            or 0
        )
    except CycloptsError as error:
        sys.stderr.write(f"usernet: {' '.join(str(error).split())}\n")
        return ConfigError.exit_code
    except UsernetError as error:
        sys.stderr.write(f"usernet: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        return 0
    except OSError as error:
        failure = network_failure(error)
        if failure is None:
            raise
        sys.stderr.write(f"usernet: {failure.message}\n")
        return failure.exit_code
