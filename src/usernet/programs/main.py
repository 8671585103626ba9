"""The command line: finds the program for a verb, and turns errors into a line and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module

from usernet.errors import UsernetError, network_failure

__all__ = ["QUICK", "VERBS", "main", "run"]

VERBS = (
    ("emulate", "Join two network interfaces by a bad line."),
    ("run", "Run a program on an emulated network."),
    ("container", "Put a container's interface behind a bad line, then run its program."),
    ("set", "Change a line while it runs."),
    ("watch", "Watch a line while it runs."),
    ("profiles", "List the named profiles, or show one."),
    ("selftest", "Measure how accurate emulation is on this machine."),
    ("bench", "Measure how fast the engine is on this machine."),
    ("gateway", "Be the other end of WireGuard tunnels, in userspace."),
    ("ping", "Send echo requests through a WireGuard tunnel."),
    ("dig", "Ask the name servers of a WireGuard tunnel."),
    ("trace", "Find the path to a host in a WireGuard tunnel."),
    ("status", "Show what every WireGuard tunnel of yours is doing."),
    ("keys", "Make the keys of a WireGuard tunnel."),
    ("ssh", "Run ssh to a host in a tunnel."),
    ("socks", "Be a SOCKS 5 proxy into a tunnel."),
    ("http", "Be an HTTP proxy into a tunnel."),
    ("forward", "Forward ports into a tunnel, and out of it."),
    ("nc", "Connect standard input and output to a port in a tunnel."),
)
"""The verbs, and what each does."""
QUICK = ("nc",)
"""Verbs of which plain command lines are read at once (`usernet.programs.quick`)."""


def main() -> None:
    """Run the command line; the entry point of ``usernet``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; what it exits with (docs/errors.md)."""
    try:
        return int(_command(arguments) or 0)
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


def _command(arguments: list[str]) -> int | None:
    if arguments and arguments[0] in QUICK:
        verb = import_module(f"usernet.programs.{arguments[0]}")
        call = verb.QUICK.read(arguments[1:])
        if call is not None:
            return int(call() or 0)
    from usernet.programs import command_line  # noqa: PLC0415 - slow to import

    return command_line.command(arguments)
