"""``usernet ssh``: ssh to a host in a tunnel, and what other programs of its kind need for that."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, cast

from usernet.errors import ConfigError, MissingProgramError
from usernet.programs.options import TunnelOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["own_command", "proxy_command", "ssh"]


def ssh(*words: str, tunnel: TunnelOptions | None = None, print_config: bool = False) -> None:
    """Run ssh to a host in a tunnel; names that only the tunnel knows will do.

    For example: `usernet ssh --wireguard wg0.conf user@host uptime`. Our options come first; from
    the first word on that is none of them, all are ssh's. Its exit code is ours.

    rsync and git take it in place of ssh: `rsync -e "usernet ssh --wireguard wg0.conf" …`, and
    `GIT_SSH_COMMAND="usernet ssh --wireguard wg0.conf" git …`. scp and sftp take a file:
    `usernet ssh --wireguard wg0.conf --print-config > tunnel.ssh`, then `scp -F tunnel.ssh …`.

    Args:
        words: Options of ssh, the host, a command.
        tunnel: Which tunnel, and how to enter it.
        print_config: Print what ssh_config would say, for the hosts (patterns) that are named, or
            for all, and end.
    """
    options = tunnel or TunnelOptions()
    if not options.wireguard:
        raise ConfigError("no tunnel is named", allowed="--wireguard wg0.conf, a file of wg-quick")
    if print_config:
        sys.stdout.write("".join(f"{line}\n" for line in _config(options, words)))
        return
    if not words:
        raise ConfigError("no host", allowed="usernet ssh [options] [ssh's options] HOST [COMMAND]")
    said = [part for key, value in _settings(options) for part in ("-o", f"{key}={value}")]
    sys.stdout.flush()
    try:
        os.execvp("ssh", ["ssh", *said, *words])
    except FileNotFoundError:
        problem = "is not installed: on Debian, apt-get install openssh-client"
        raise MissingProgramError(problem, program="ssh") from None


def _settings(options: TunnelOptions) -> Iterator[tuple[str, str]]:
    """What ssh_config(5) has to say."""
    yield "ProxyCommand", proxy_command(options)
    if _is_shared(options):
        yield "ProxyUseFdpass", "yes"


def _is_shared(options: TunnelOptions) -> bool:
    """Whether an agent holds the tunnel, so that ssh itself can have the connection."""
    return not options.no_agent and all(Path(one).is_file() for one in options.wireguard)


def _config(options: TunnelOptions, patterns: tuple[str, ...]) -> Iterator[str]:
    yield f"Host {' '.join(patterns) or '*'}"
    for key, value in _settings(options):
        yield f"    {key} {value}"
    own = Path("~/.ssh/config")
    if not patterns and own.expanduser().is_file():
        yield "Host *"
        yield f"    Include {own}"


def proxy_command(options: TunnelOptions) -> str:
    """The command that connects ssh to a host; a shell runs it, wherever it is."""
    words = own_command()
    words += ["nc"]
    for file in options.wireguard:
        words += ["--wireguard", str(Path(file).absolute())]
    for domain in options.split:
        words += ["--split", domain]
    if options.timeout is not None:
        words += ["--timeout", options.timeout]
    if options.agent_idle is not None:
        words += ["--agent-idle", options.agent_idle]
    words += ["--no-agent"] if options.no_agent else []
    words += ["--verbose"] if options.verbose else []
    words += ["--pass-descriptor"] if _is_shared(options) else []
    words += _line(options)
    return f"{shlex.join(words).replace('%', '%%')} %h %p"


def _line(options: TunnelOptions) -> list[str]:
    """The options of the line, as they were given."""
    if options.line is None:
        return []
    words: list[str] = []
    for one in fields(options.line):
        given: object = getattr(options.line, one.name)
        values = cast("tuple[object, ...]", given) if isinstance(given, tuple) else (given,)
        name = one.name.replace("_", "-")
        words += [f"--{name}={value}" for value in values if value is not None]
    return words


def own_command() -> list[str]:
    """How this program can be started again, from any folder."""
    script = Path(sys.argv[0])
    if script.name == "usernet" and os.access(script, os.X_OK) and script.is_file():
        return [str(script.absolute())]
    return [sys.executable, "-m", "usernet"]
