"""``usernet container`` in containers of Docker's, which the test starts in a network apart."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import usernet
from usernet.sandbox.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        not (shutil.which("dockerd") and Path("/usr/bin/docker").exists()),
        reason="needs Docker: apt-get install docker.io",
    ),
]
_PATIENCE = 60
_SERVE = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=80, bind='0.0.0.0')"
_CONNECT = """
import socket, sys, time
for _ in range(100):
    try:
        begun = time.monotonic()
        with socket.create_connection((sys.argv[1], 80), timeout=10):
            print(time.monotonic() - begun, flush=True)
            break
    except OSError:
        time.sleep(0.1)
"""


class Docker:
    """A daemon in a network of its own, and the client that talks to it."""

    def __init__(self, folder: Path, network: Namespace) -> None:
        self._socket = f"unix://{folder}/docker.sock"
        self._data = folder / "data"
        places = ("--data-root", str(self._data), "--exec-root", str(folder / "run"))
        listens = ("-H", self._socket, "--pidfile", str(folder / "pid"))
        self._log = (folder / "log").open("wb")
        self._daemon = subprocess.Popen(
            network.command("dockerd", *places, *listens),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        deadline = time.monotonic() + _PATIENCE
        while self._client("info").returncode:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                self.close()
                last = (folder / "log").read_text(errors="replace").splitlines()[-1:]
                pytest.skip(f"Docker does not start here: {last}")

    def run(self, *words: str, given: bytes | None = None) -> str:
        ran = self._client(*words, given=given)
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout.decode().strip()

    def close(self) -> None:
        self._daemon.terminate()
        self._daemon.wait(_PATIENCE)
        self._log.close()
        if self._data.is_mount():  # a daemon that fails to start leaves it
            subprocess.run(["umount", "-R", self._data], check=True)

    def _client(
        self, *words: str, given: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        command = ["/usr/bin/docker", "-H", self._socket, *words]
        return subprocess.run(command, input=given, capture_output=True, check=False)


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Docker]:
    with Namespace() as network:
        daemon = Docker(tmp_path, network)
        try:
            daemon.run("import", "-", "usernet-test", given=_image())
            daemon.run("network", "create", "application")
            daemon.run("network", "create", "control")
            yield daemon
        finally:
            daemon._client("kill", "app")
            daemon.close()


def _image() -> bytes:
    """A root with nothing in it: what is to run is mounted from this machine."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("usr", "etc", "proc", "dev", "sys", "tmp", "run"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name in ("bin", "sbin", "lib", "lib64"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(entry)
    return made.getvalue()


def _mounts() -> list[str]:
    source = Path(str(usernet.__file__)).parents[1]
    packages = {Path(one) for one in sys.path if one and Path(one).is_dir()}
    folders = {Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), source, *packages}
    outside = [one for one in folders if one == Path("/usr") or not one.is_relative_to("/usr")]
    found = [f"--volume={one}:{one}:ro" for one in sorted(outside)]
    return [*found, f"--env=PYTHONPATH={source}"]


_COMMON = ("--env=PATH=/usr/sbin:/usr/bin:/sbin:/bin", "--workdir=/usr/share")
_RIGHTS = ("--cap-drop=ALL", "--cap-add=NET_ADMIN", "--cap-add=NET_RAW", "--tmpfs=/run")
_ENTRY = "from usernet.programs.main import main; main()"
_PROGRAM = (sys.executable, "-c", _ENTRY, "container")


def test_an_application_and_its_client_on_a_bad_line(docker: Docker) -> None:
    common = [*_mounts(), *_COMMON]
    docker.run(
        "run", "--rm", "--detach", "--name=app", "--network=application", *common,
        "usernet-test", sys.executable, "-c", _SERVE,
    )  # fmt: skip
    line = ["--network=app", "--delay=60ms", "--quiet", "--"]
    name = docker.run(
        "create", "--network=application", *_RIGHTS, *common,
        "usernet-test", *_PROGRAM, *line, sys.executable, "-c", _CONNECT, "app",
    )  # fmt: skip
    docker.run("network", "connect", "control", name)
    took = float(docker.run("start", "--attach", name))
    assert took >= 0.12
    assert docker.run("inspect", "--format={{.State.ExitCode}}", name) == "0"


def test_what_a_killed_container_took_another_gives_back(docker: Docker) -> None:
    common = [*_mounts(), *_COMMON]
    keeper = ["run", "--rm", "--detach", "--name=app", "--network=application", *common]
    docker.run(*keeper, "usernet-test", "sleep", "600")
    shared = ["--network=container:app", *_RIGHTS, *common, "usernet-test"]

    def seen() -> str:
        return docker.run("run", "--rm", *shared, "ip", "-br", "addr", "show", "scope", "global")

    def come(times: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while docker.run("logs", "taken").count("up") < times:
            assert time.monotonic() < deadline

    before = seen()
    taking = [*_PROGRAM, "--delay=10ms", "--quiet", "--", "sh", "-c", "echo up; exec sleep 600"]
    docker.run("run", "--detach", "--name=taken", *shared, *taking)
    come(1)
    docker.run("kill", "--signal=KILL", "taken")
    docker.run("wait", "taken")
    assert seen() != before
    docker.run("run", "--rm", *shared, *_PROGRAM, "--restore")
    assert seen() == before
    docker.run("start", "taken")
    come(2)
    docker.run("rm", "--force", "taken")
