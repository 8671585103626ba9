"""Agents: one for all who want the same tunnel, begun by whoever comes first, gone when unused."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate
from usernet.errors import ConfigError, EngineError
from usernet.tunnel import agent_folder
from usernet.tunnel.agent_client import AgentWay, running
from usernet.tunnel.choice import WayOptions, way
from usernet.tunnel.own import OwnWay

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """
import sys
from usernet.tunnel.agent_client import AgentWay
from usernet.tunnel.choice import WayOptions
way = AgentWay(WayOptions((sys.argv[1],)), warn=print)
print(way.status().public_key)
"""


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of agents; those that run in the end are stopped."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    yield tmp_path / "usernet"
    for path in agent_folder.sockets():
        pid = agent_pid(path)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A tunnel whose peer nobody asks for."""
    path = tmp_path / "wg0.conf"
    path.touch(0o600)
    path.write_text(f"[Interface]\nPrivateKey = {generate().reveal()}\nAddress = 10.7.0.2/32\n")
    return path


def agent_pid(path: str) -> int | None:
    """The process that listens at a socket: `ss` tells whose a socket is by who holds it."""
    wanted = {
        line.split()[6]
        for line in Path("/proc/net/unix").read_text().splitlines()
        if line.endswith(path) or line.endswith(path.replace(".sock", ".new"))
    }
    for process in Path("/proc").glob("[0-9]*"):
        if any(f"socket:[{inode}]" in descriptors(process) for inode in wanted):
            return int(process.name)
    return None


def descriptors(process: Path) -> set[str]:
    """What a process holds; it may close some, or end, while one looks."""
    found: set[str] = set()
    with contextlib.suppress(OSError):
        for one in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(os.readlink(one))
    return found


def agent_of(file: Path, **keys: float) -> AgentWay:
    return AgentWay(WayOptions((str(file),), **keys), warn=lambda _: None)  # type: ignore[arg-type]


def path_of(file: Path) -> Path:
    return Path(agent_folder.socket_path(agent_folder.identity(WayOptions((str(file),)))))


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process that is no child of ours (pidfd_open(2))."""
    import select  # noqa: PLC0415

    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    assert poll.poll(20_000)
    os.close(descriptor)


def test_commands_at_once_begin_one_agent(runtime: Path, file: Path) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(file)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    said = {command.communicate(timeout=60)[0] for command in commands}
    assert len(said) == 1
    assert [command.returncode for command in commands] == [0] * 5
    assert [path for path, _ in running()] == [str(path_of(file))]
    assert {one.name for one in runtime.iterdir()} <= {
        "lock",
        path_of(file).name,
        path_of(file).with_suffix(".log").name,
    }
    log = path_of(file).with_suffix(".log")
    assert log.stat().st_mode & 0o777 == 0o600


def test_it_holds_nothing_of_who_began_it(runtime: Path, file: Path) -> None:
    """The pipe of the command's output ends with the command, and no key is in its arguments."""
    script = [sys.executable, "-c", SCRIPT, str(file)]
    out = subprocess.run(script, capture_output=True, text=True, check=True, timeout=60)
    assert out.stderr == ""
    pid = agent_pid(str(path_of(file)))
    assert pid is not None
    status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert int(status[3]) != os.getsid(0)  # the session
    secret = file.read_text().split()[3]
    assert secret not in Path(f"/proc/{pid}/cmdline").read_text()
    assert secret not in Path(f"/proc/{pid}/environ").read_text(errors="replace")
    assert os.readlink(f"/proc/{pid}/fd/0") == os.devnull
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert runtime.stat().st_mode & 0o777 == 0o700


def test_it_leaves_when_nobody_has_used_it_for_a_while(runtime: Path, file: Path) -> None:
    agent = agent_of(file, idle=0.2)
    agent.status()
    pid = agent_pid(str(path_of(file)))
    assert pid is not None
    wait_until_gone(pid)
    assert {one.name for one in runtime.iterdir()} == {"lock"}
    agent.status()  # another one


def test_it_leaves_also_where_its_folder_is_gone(runtime: Path, file: Path) -> None:
    agent = agent_of(file, idle=0.4)
    agent.status()
    pid = agent_pid(str(path_of(file)))
    assert pid is not None
    shutil.rmtree(runtime)
    wait_until_gone(pid)


def test_it_stays_while_it_is_held(runtime: Path, file: Path) -> None:
    agent = agent_of(file, idle=0.1)
    with agent.listen(8000), agent.datagrams() as end:
        pid = agent_pid(str(path_of(file)))
        with pytest.raises(TimeoutError):
            end.receive(0.4)
        assert agent_pid(str(path_of(file))) == pid
    assert pid is not None
    wait_until_gone(pid)
    assert runtime.exists()


def test_one_that_was_killed_is_replaced(runtime: Path, file: Path) -> None:
    agent = agent_of(file)
    agent.status()
    pid = agent_pid(str(path_of(file)))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    assert path_of(file).exists()
    assert list(running()) == []
    agent.status()
    assert agent_pid(str(path_of(file))) not in {None, pid}
    assert runtime.exists()


def test_a_file_that_has_changed_is_another_agent(runtime: Path, file: Path) -> None:
    agent = agent_of(file)
    first = agent.status().public_key
    file.write_text(file.read_text().replace(file.read_text().split()[3], generate().reveal()))
    assert agent.status().public_key != first
    assert len(list(running())) == 2
    assert runtime.exists()


def test_stopped_it_goes_at_once(runtime: Path, file: Path) -> None:
    agent = agent_of(file)
    agent.status()
    pid = agent_pid(str(path_of(file)))
    agent.stop()
    assert pid is not None
    wait_until_gone(pid)
    assert {one.name for one in runtime.iterdir()} == {"lock"}


def test_a_file_that_is_wrong_is_told_to_who_asked(runtime: Path, file: Path) -> None:
    file.write_text(file.read_text() + "Nonsense = 1\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"wg0\.conf:4: .*Nonsense"):
            agent_of(file).status()
    assert list(running()) == []
    assert runtime.exists()


def test_a_port_that_is_in_use_is_told_to_who_asked(runtime: Path, file: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        file.write_text(file.read_text() + f"ListenPort = {port}\n")
        with pytest.raises(OSError, match=str(port)) as caught:
            agent_of(file).status()
        assert caught.value.errno == errno.EADDRINUSE
    assert list(running()) == []
    assert runtime.exists()


def test_an_agent_that_is_stopped_in_its_tracks_is_too_late(runtime: Path, file: Path) -> None:
    agent = agent_of(file)
    agent.status()
    pid = agent_pid(str(path_of(file)))
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError) as caught:
        agent.dial("10.7.0.1", 80, timeout=-1.9)
    assert caught.value.filename == "10.7.0.1:80"
    assert runtime.exists()


def test_it_begins_also_where_other_threads_run(runtime: Path, file: Path) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as others:
        others.submit(stop.wait)
        first = agent_of(file).status().public_key
        stop.set()
    assert agent_of(file).status().public_key == first
    assert len(list(running())) == 1
    assert runtime.exists()


def test_who_says_nothing_that_it_knows_is_refused(runtime: Path, file: Path) -> None:
    agent_of(file).status()
    for said, answer in (
        (b'{"verb":"dance"}\n', "does not know how to dance"),
        (b'{"verb":"dial","host":"10.7.0.1","port":-1}\n', "no port: -1"),
        (b'{"verb":"dial","port":1}\n', "host"),
        (b"nonsense\n", ""),
        (b"", ""),
    ):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path_of(file)))
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            with client.makefile() as lines:
                assert answer in lines.read()
    agent_of(file).status()
    assert runtime.exists()


def test_keys_that_others_can_read_are_warned_of_once(runtime: Path, file: Path) -> None:
    file.chmod(0o644)
    warned: list[str] = []
    for _ in range(2):
        AgentWay(WayOptions((str(file),)), warn=warned.append).status()
    assert warned == [f"{file}: others can read its keys: chmod 600 {file}"]
    assert runtime.exists()


def test_an_agent_that_dies_at_once_is_told_of(
    runtime: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usernet.tunnel.agent_client._start", lambda *_: None)
    with pytest.raises(EngineError, match=r"the agent ends before it answers: .*\.log may say why"):
        agent_of(file).status()
    assert runtime.exists()


def test_what_is_no_file_is_held_by_the_command_itself(runtime: Path, file: Path) -> None:
    read, write = os.pipe()
    os.write(write, file.read_bytes())
    os.close(write)
    with way(WayOptions((f"/dev/fd/{read}",))) as made:
        assert isinstance(made, OwnWay)
    os.close(read)
    assert not runtime.exists()
