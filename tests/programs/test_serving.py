"""``--serve``: a running line is reached by HTTP, and by its socket file."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from usernet.errors import ConfigError, PrivilegeError
from usernet.programs.serving import ServeOptions, Serving
from usernet.sandbox import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A program that reads until its input ends, on a line; and where the line is served."""
    events = folder / "events.json"
    command = [PROGRAM, "run", *options, "--json", str(events), "cat"]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        deadline = time.monotonic() + 30
        while not events.exists() or not events.read_text():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
        yield json.loads(events.read_text().splitlines()[0]).get("serve", ""), process
    finally:
        process.communicate(timeout=30)
        assert not list(folder.glob("usernet/*"))


def test_a_program_is_seen_and_its_line_changed(tmp_path: Path) -> None:
    with running(tmp_path, "--serve", "127.0.0.1:0", "--rate", "1mbit") as (url, _):
        assert httpx.get(f"{url}api/v1/config").json() == {"both": {"rate": "1mbit"}}
        changed = httpx.patch(f"{url}api/v1/config", json={"down": {"rate": "2mbit"}})
        assert changed.json() == {"generation": 2}
        present: dict[str, Any] = httpx.get(f"{url}api/v1/present").json()
        assert (present["up"], present["down"]) == ({"rate": "1mbit"}, {"rate": "2mbit"})
        assert "cat" in httpx.get(f"{url}api/v1/report").text


def test_a_file_of_synthetic_network_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "qos.json"
    file.write_text('{"default_link": {"ingress": {"latency": 40}}}')
    options = ("--serve", "127.0.0.1:0", "--config", str(file))
    with running(tmp_path, *options) as (url, _):
        assert httpx.get(f"{url}api/v1/present").json()["down"]["delay"] == "40ms"


def test_without_it_there_is_the_socket_file(tmp_path: Path) -> None:
    with running(tmp_path) as (url, _):
        assert url == ""
        (path,) = tmp_path.glob("usernet/*.control")
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://usernet") as http:
            assert http.patch("/api/v1/config", json={"up": "loss=1%"}).status_code == 200
            assert http.get("/api/v1/config").json() == {"up": {"loss": "1%"}}


def test_elsewhere_a_token_is_printed_once_and_asked_for(tmp_path: Path) -> None:
    with running(tmp_path, "--serve", "0.0.0.0:0") as (url, process):
        assert process.stderr is not None
        said = process.stderr.readline()
        token = said.rpartition("#token=")[2].strip()
        assert len(token) >= 32
        near = url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{near}api/v1/config").status_code == 401
        headers = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{near}api/v1/config", headers=headers).status_code == 200
        assert token not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_a_port_in_use_ends_the_command_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [PROGRAM, "run", "--serve", address, "touch", str(tmp_path / "begun")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 16
    assert address in ended.stderr
    assert not (tmp_path / "begun").exists()


class TestServing:
    @pytest.mark.parametrize("address", ["", "x", "127.0.0.1:", "127.0.0.1:70000", ":x"])
    def test_what_is_no_address(self, address: str) -> None:
        with pytest.raises(ConfigError, match="such as 127"):
            Serving(ServeOptions(serve=address), "run", quiet=False)

    @pytest.mark.parametrize("address", ["192.0.2.5:3000", "[2001:db8::9]:3000", "[fe80::9]:3000"])
    def test_what_is_of_another_machine(self, address: str) -> None:
        with pytest.raises(ConfigError, match="not of this machine") as caught:
            Serving(ServeOptions(serve=address), "run", quiet=False)
        assert (caught.value.path, caught.value.value) == ("serve", address)
        assert "127.0.0.1:PORT" in str(caught.value)

    def test_a_port_of_the_system(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def forbidden(*_: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr("usernet.programs.serving.listen", forbidden)
        with pytest.raises(PrivilegeError, match="ports below 1024") as one:
            Serving(ServeOptions(serve="127.0.0.1:80"), "run", quiet=False)
        assert one.value.capability == "CAP_NET_BIND_SERVICE"

    def test_a_name_that_nobody_knows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(ConfigError, match="not known here") as caught:
            Serving(ServeOptions(serve="example.org:80"), "run", quiet=False)
        assert (caught.value.path, caught.value.value) == ("serve", "example.org:80")

    def test_a_port_alone_is_of_the_loopback(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Serving(ServeOptions(serve="0"), "run", quiet=False) as serving:
            serving.say()
            assert str(serving.url).startswith("http://127.0.0.1:")
        assert "token" not in capsys.readouterr().err

    def test_where_nothing_is_printed_the_token_is_in_a_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(ConfigError, match="--token-file"):
            Serving(ServeOptions(serve="0.0.0.0:0"), "run", quiet=True)
        file = tmp_path / "token"
        file.write_text("too short")
        with pytest.raises(ConfigError, match="holds no token"):
            Serving(ServeOptions(serve="0", token_file=file), "run", quiet=True)
        file.write_text("a-secret-word-of-ours\n")
        file.chmod(0o644)
        options = ServeOptions(serve="0.0.0.0:0", token_file=file)
        with Serving(options, "run", quiet=False) as serving:
            serving.say()
        said = capsys.readouterr().err
        assert "warning: others can read" in said
        assert "a-secret-word" not in said

    def test_what_has_no_place_is_served_all_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
        with Serving(ServeOptions(serve="0"), "run", quiet=True) as serving:
            assert serving.url is not None
