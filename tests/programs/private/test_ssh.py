"""ssh, scp, sftp, rsync, git and asyncssh to a real sshd behind a real wireguard-go."""

from __future__ import annotations

import asyncio
import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from .network import USERNET, needs, needs_sshd

if TYPE_CHECKING:
    from .network import Machine

pytestmark = [pytest.mark.root, needs_sshd]
SIZE = 20 * 2**20
HOST = "db.internal"


@pytest.fixture(scope="module")
def server(machine: Machine) -> Machine:
    """The machine, with an SSH server in the network."""
    machine.serve_ssh()
    return machine


@pytest.fixture(scope="module")
def big(server: Machine) -> Path:
    """A file that is worth carrying."""
    path = server.folder / "big"
    path.write_bytes(hashlib.shake_128(b"usernet").digest(SIZE))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def usernet_ssh(server: Machine, *options: str) -> str:
    """The command that programs are given in place of ssh."""
    return shlex.join([*USERNET, "ssh", "--wireguard", server.file, *options, *server.login])


@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_a_command_and_its_exit_code(server: Machine, options: tuple[str, ...]) -> None:
    words = (*options, *server.login, HOST, "cat; echo said >&2; exit 7")
    ended = server.usernet("ssh", *words, given=b"hello")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, b"hello", b"said\n")


def test_nc_as_a_proxy_command(server: Machine) -> None:
    proxy = shlex.join([*USERNET, "nc", "--wireguard", server.file]) + " %h %p"
    ended = server.run("ssh", *server.login, "-o", f"ProxyCommand={proxy}", HOST, "echo hello")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hello\n", b"")


def test_a_host_that_is_not_there(server: Machine) -> None:
    ended = server.usernet("ssh", *server.login, "none.internal", "true")
    assert ended.returncode == 255
    assert b"usernet: none.internal: no such name" in ended.stderr


def test_what_ssh_config_would_say(server: Machine) -> None:
    printed = server.usernet("ssh", "--no-agent", "--timeout", "5s", "--print-config", "*.internal")
    heading, proxy = printed.stdout.decode().splitlines()
    assert heading == "Host *.internal"
    expected = shlex.join(["nc", "--wireguard", server.own_file, "--timeout", "5s", "--no-agent"])
    assert proxy.startswith("    ProxyCommand ")
    assert proxy.endswith(f" {expected} %h %p")


def test_the_line_goes_along(server: Machine) -> None:
    line = ("--rtt", "20ms", "--loss=1%,25%", "--flow", "name=a filter=icmp loss=1%")
    printed = server.usernet("ssh", *line, "--print-config").stdout.decode()
    said = "--rtt=20ms --loss=1%%,25%% '--flow=name=a filter=icmp loss=1%%'"
    assert set(shlex.split(said)) <= set(shlex.split(printed))


@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_a_big_file_by_scp_and_sftp(server: Machine, big: Path, program: str) -> None:
    config = server.folder / "tunnel.ssh"
    printed = server.usernet("ssh", "--print-config").stdout.decode()
    known = f"UserKnownHostsFile {server.folder / 'known'}\n"
    config.write_text(known + printed + Path(server.login[1]).read_text())
    there, back = server.folder / f"{program}.there", server.folder / f"{program}.back"
    if program == "scp":
        runs = [
            ("scp", "-q", str(big), f"{HOST}:{there}"),
            ("scp", "-q", f"{HOST}:{there}", str(back)),
        ]
        ended = [server.run(*run[:2], "-F", str(config), *run[2:]) for run in runs]
    else:
        batch = f"put {big} {there}\nget {there} {back}\n".encode()
        words = ("sftp", "-q", "-b", "-", "-F", str(config), HOST)
        ended = [server.run(*words, given=batch)]
    assert [(one.returncode, one.stderr) for one in ended] == [(0, b"")] * len(ended)
    assert digest(there) == digest(back) == digest(big)


@needs("rsync", "rsync")
def test_a_big_file_by_rsync(server: Machine, big: Path) -> None:
    there, back = server.folder / "rsync.there", server.folder / "rsync.back"
    for words in ((str(big), f"{HOST}:{there}"), (f"{HOST}:{there}", str(back))):
        ended = server.run("rsync", "-e", usernet_ssh(server), *words)
        assert (ended.returncode, ended.stderr) == (0, b"")
    assert digest(there) == digest(back) == digest(big)


@needs("git", "git")
def test_git_clones_and_pushes(server: Machine) -> None:
    work, bare = server.folder / "work", server.folder / "bare.git"
    names = ("-c", "user.name=u", "-c", "user.email=u@example.org", "-c", "init.defaultBranch=main")
    command = usernet_ssh(server)

    def git(*words: str) -> None:
        ended = server.run("git", *names, *words, GIT_SSH_COMMAND=command)
        assert ended.returncode == 0, ended.stderr.decode()

    git("init", "-q", "--bare", str(bare))
    git("clone", "-q", f"{HOST}:{bare}", str(work))
    (work / "file").write_text("hello\n")
    git("-C", str(work), "add", "file")
    git("-C", str(work), "commit", "-qm", "first")
    git("-C", str(work), "push", "-q", "origin", "HEAD:main")
    git("clone", "-q", "-b", "main", f"{HOST}:{bare}", str(server.folder / "again"))
    assert (server.folder / "again/file").read_text() == "hello\n"


def test_asyncssh_by_the_proxy_command(server: Machine) -> None:
    proxy = server.words(*USERNET, "nc", "--wireguard", server.file, HOST, "2222")

    async def main() -> str:
        async with asyncssh.connect(
            HOST,
            2222,
            proxy_command=[*("env", f"XDG_RUNTIME_DIR={server.folder}"), *proxy],
            config=None,
            known_hosts=str(server.folder / "known"),
            client_keys=[str(server.folder / "user")],
        ) as connection:
            ended = await connection.run("echo hello", check=True)
            return str(ended.stdout)

    assert asyncio.run(main()) == "hello\n"
