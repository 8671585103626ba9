"""``usernet run`` with real programs: what they meet, and what is told of it."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import re
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from usernet.programs.main import run
from usernet.sandbox import PROGRAM, Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

PAGE = random.Random(4).randbytes(3_000_000)
DIGEST = hashlib.sha256(PAGE).hexdigest()
CONNECT = """
import socket, sys, time
began = time.monotonic()
socket.create_connection(("192.0.0.3", int(sys.argv[1]))).close()
print(time.monotonic() - began)
"""
MANY = """
import socket, sys
all = [socket.create_connection(("192.0.0.3", int(sys.argv[1]))) for _ in range(400)]
print(len(all))
"""


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = hashlib.sha256(body).hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 512


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server on the machine's loopback."""
    with Server(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def ran(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [PROGRAM, "run", *words], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == code, done.stderr
    return done


class TestWhatTheProgramMeets:
    def test_a_download_arrives_whole_through_loss_and_reordering(self, port: int) -> None:
        line = ("--loss", "2%", "--delay", "2ms", "--reorder", "10%", "--seed", "3")
        url = f"http://192.0.0.3:{port}/"
        done = ran(*line, "sh", "-c", f"curl -sS {url} | sha256sum")
        assert done.stdout.split()[0] == DIGEST

    def test_an_upload_arrives_whole(self, port: int, tmp_path: Path) -> None:
        page = tmp_path / "page"
        page.write_bytes(PAGE)
        url = f"http://192.0.0.3:{port}/"
        assert ran("curl", "-sS", "--data-binary", f"@{page}", url).stdout == DIGEST

    def test_more_connections_than_descriptors_at_the_start(self, port: int) -> None:
        """The soft limit is the program's own; the gateway has what the hard one allows."""
        many = f"ulimit -Sn; ulimit -Sn 1000; exec python3 -c '{MANY}' {port}"
        words = ("sh", "-c", f'ulimit -Sn 200; exec {PROGRAM} run bash -c "$0"', many)
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=100)
        assert done.stdout.split() == ["200", "400"]

    def test_connecting_takes_the_round_trip(self, port: int) -> None:
        done = ran("--rtt", "200ms", "python3", "-c", CONNECT, str(port))
        assert 0.2 <= float(done.stdout) < 0.39

    def test_a_rate_holds(self, port: int) -> None:
        url = f"http://192.0.0.3:{port}/"
        words = ("curl", "-sS", "-o", "/dev/null", "-w", "%{time_total}", url)
        seconds = float(ran("--down", "rate=24mbit queue=100ms", *words).stdout)
        assert 1.0 <= seconds < 1.9

    def test_the_name_of_the_machine(self, port: int) -> None:
        url = f"http://host.usernet:{port}/"
        assert ran("sh", "-c", f"curl -sS {url} | sha256sum").stdout.split()[0] == DIGEST

    @pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
    @pytest.mark.parametrize("inside", ["host.usernet", "[fd75:7365:726e:6574::3]"])
    def test_a_server_on_either_loopback_takes_one_round_trip(
        self, loopback: str, inside: str
    ) -> None:
        family = socket.AF_INET6 if ":" in loopback else socket.AF_INET
        with Server((loopback, 0), Pages, bind_and_activate=False) as server:
            server.socket.close()
            server.socket = socket.socket(family)
            server.socket.bind((loopback, 0))
            server.server_activate()
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            url = f"http://{inside}:{server.socket.getsockname()[1]}/"
            words = ("curl", "-sS", "-o", "/dev/null", "-w", "%{time_connect}", url)
            seconds = float(ran("--rtt", "300ms", *words).stdout)
            thread.join()
        assert 0.3 <= seconds < 0.45

    def test_the_machine_can_be_shut_off(self, port: int) -> None:
        refused = ran("--no-host", "curl", "-sS", f"http://192.0.0.3:{port}/", code=7)
        assert "connect" in refused.stderr
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            for address in ("192.0.0.3", "fd75:7365:726e:6574::3"):
                read = f"cat </dev/tcp/{address}/{server.getsockname()[1]}"
                refused = ran("--no-host", "bash", "-c", read, code=1)
                assert "Connection refused" in refused.stderr
        assert ran("--no-host", "grep", "-c", "usernet", "/etc/hosts", code=1).stdout == "0\n"

    def test_what_it_said_last_gets_through_when_it_has_ended(self) -> None:
        """A program that sends and ends at once: the line still has everything."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            to = server.getsockname()[1]
            script = f"exec 3<>/dev/tcp/192.0.0.3/{to}; head -c 300000 /dev/zero >&3"
            line = ("--rtt", "100ms", "--rate", "10mbit")
            with Command([PROGRAM, "run", *line, "bash", "-c", script]) as command:
                server.settimeout(20)
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(20)
                    count = 0
                    while data := connection.recv(65536):
                        count += len(data)
                assert command.wait().code == 0
        assert count == 300_000

    def test_without_a_device_it_is_the_same(self, port: int) -> None:
        """Where there is no /dev/net/tun, a veth pair stands in for it.

        Of the echoes one in fifty is lost, so that one of many must come back, not the first.
        """
        hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs t /dev/net && exec "$@"', "sh")
        line = ("--loss", "1%", "--delay", "2ms", "--seed", "3")
        echo = "ping -c20 -i0.01 -W5 192.0.0.1 >&2"
        script = f"curl -sS http://192.0.0.3:{port}/ | sha256sum; {echo}"
        words = (*hide, PROGRAM, "run", *line, "--interface-mtu", "1400", "sh", "-c", script)
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.split()[0] == DIGEST
        assert "bytes from 192.0.0.1" in done.stderr

    def test_a_server_is_reached_before_the_program_has_said_anything(self) -> None:
        hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs t /dev/net && exec "$@"', "sh")
        check_published(*hide)


class TestItsWords:
    def test_they_are_its_own_from_the_first_on(self) -> None:
        assert ran("--quiet", "echo", "--rtt", "5", "--help").stdout == "--rtt 5 --help\n"
        assert ran("--", "echo", "--", "x").stdout == "-- x\n"

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("un-such",), 127, "usernet: un-such: not found\n"),
            (("/tmp",), 126, "usernet: /tmp: cannot be run: Permission denied\n"),
            (("sh", "-c", "exit 5"), 5, ""),
            (("sh", "-c", "kill -TERM $$"), 143, ""),
        ],
    )
    def test_how_it_ends(self, words: tuple[str, ...], code: int, said: str) -> None:
        done = ran(*words, code=code)
        assert (done.stdout, done.stderr) == ("", said)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((), "no program to run"),
            (("--profile", "starlnk", "true"), "did you mean starlink?"),
            (("--delay", "40", "true"), "ms"),
            (("--publish", "80", "true"), "such as 8080:80"),
            (("--interface-mtu", "1279", "true"), "interface-mtu = 1279: no MTU: 1280 to 65535"),
            (("--interface-mtu", "65536", "true"), "interface-mtu = 65536: no MTU"),
            (("--join", "un-such", "true"), 'join = "un-such": no network of this name runs'),
            (("--join", "x", "--rtt", "1s", "true"), "join: joins a network as it is"),
            (("--join", "x", "--name", "y", "true"), "join: joins a network as it is"),
            (("--name", "a b", "true"), "not a name for a network"),
        ],
    )
    def test_what_is_refused(
        self, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        done = ran(*words, code=2)
        assert said in done.stderr
        assert done.stderr.count("\n") == 1

    def test_without_standard_streams(self) -> None:
        script = '"$@" <&- >&- 2>&-'
        words = ["sh", "-c", script, "sh", PROGRAM, "run", "sh", "-c", "exit 7"]
        assert subprocess.run(words, check=False, timeout=60).returncode == 7

    def test_a_network_within_a_network(self) -> None:
        within = ("--rtt", "40ms", PROGRAM, "run", "--rtt", "60ms")
        ping = ("ping", "-n", "-c3", "-i0.3", "host.usernet")
        shortest = re.search(r"= ([\d.]+)/", ran(*within, *ping).stdout)
        assert shortest is not None
        assert 60 <= float(shortest[1]) < 95  # host.usernet is what runs the inner one

    def test_another_user_inside(self) -> None:
        script = "id -un; ping -n -c1 -W5 192.0.0.1"
        done = ran(
            "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh", "-c", script
        )
        assert done.stdout.startswith("nobody\n")
        assert " 0% packet loss" in done.stdout


class TestOthers:
    def test_a_server_inside_is_reached_from_outside(self) -> None:
        check_published()

    def test_another_program_joins_by_name_and_ends_with_the_network(self) -> None:
        serve = (
            "import socket; s = socket.create_server(('127.0.0.1', 7)); print('ready', flush=True)"
        )
        answer = "; c = s.accept()[0]; c.sendall(b'from inside\\n'); c.close(); s.accept()"
        name = f"un-test-{os.getpid()}"
        words = [PROGRAM, "run", "--name", name, "python3", "-c", serve + answer]
        with Command(words) as first:
            first.wait_for("ready")
            said = ran("--join", name, "bash", "-c", "cat </dev/tcp/127.0.0.1/7; exit 4", code=4)
            assert said.stdout == "from inside\n"
            with Command(
                [PROGRAM, "run", "--join", name, "sh", "-c", "echo in; sleep 1000"]
            ) as other:
                other.wait_for("in")
                ran("--join", name, "bash", "-c", ": </dev/tcp/127.0.0.1/7")
                assert first.wait().code == 0
                ended = other.wait()
        assert ended.code == 7
        assert ended.err.count("\n") == 1


class TestWhatIsTold:
    def test_nothing_where_nobody_looks(self, port: int) -> None:
        done = ran("--rtt", "10ms", "curl", "-sS", "-o", "/dev/null", f"http://192.0.0.3:{port}/")
        assert (done.stdout, done.stderr) == ("", "")

    def test_a_report_with_its_connections_a_capture_and_events(
        self, port: int, tmp_path: Path
    ) -> None:
        report, capture, events = (tmp_path / name for name in ("r.html", "c.pcapng", "e.json"))
        files = ("--report", str(report), "--pcap", str(capture), "--json", str(events))
        url = f"http://192.0.0.3:{port}/"
        done = ran(*files, "--loss", "1%", "curl", "-sS", "-o", "/dev/null", url)
        assert (done.stdout, done.stderr) == ("", "")
        assert f"192.0.0.3:{port}" in report.read_text()
        ready, end = map(json.loads, events.read_text().splitlines())
        assert (ready["event"], ready["program"][0]) == ("ready", "curl")
        assert (end["event"], end["code"]) == ("end", 0)
        assert end["fidelity"]["verdict"] in {"trusted", "inconclusive"}
        assert end["impairments"]["down"]["bytes_in"] > len(PAGE)
        assert end["gateway"]["connections"]["opened"] == 1
        tshark = ["tshark", "-r", str(capture), "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0"]
        fields = ("-T", "fields", "-e", "tcp.srcport")
        syns = subprocess.run([*tshark, *fields], capture_output=True, text=True, check=True).stdout
        assert len(set(syns.splitlines())) == 1

    @pytest.mark.parametrize("option", ["--report", "--pcap", "--json"])
    def test_a_file_that_cannot_be_is_told_before_the_program_starts(
        self, option: str, tmp_path: Path
    ) -> None:
        file = str(tmp_path / "nowhere" / "file")
        done = ran(option, file, "echo", "started", code=6)
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
        assert file in done.stderr

    @pytest.mark.parametrize(("own", "code"), [(0, 6), (9, 9)])
    def test_a_full_disk_does_not_end_the_program(
        self, port: int, tmp_path: Path, own: int, code: int
    ) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=True)
        try:
            capture = tmp_path / "c.pcapng"
            script = f"curl -sS http://192.0.0.3:{port}/ | sha256sum; exit {own}"
            done = ran("--pcap", str(capture), "sh", "-c", script, code=code)
        finally:
            subprocess.run(["umount", tmp_path], check=True)
        assert done.stdout.split()[0] == DIGEST
        assert done.stderr == f"usernet: capture {capture}: No space left on device\n"

    def test_a_terminal_gets_a_title_and_a_few_lines_at_the_end(self, port: int) -> None:
        said = on_a_terminal("curl", "-sS", "-o", "/dev/null", f"http://192.0.0.3:{port}/")
        assert said.startswith("\033[22;2t")
        lines = said.partition("\033[23;2t")[2].splitlines()
        assert [re.sub(r"\d+", "N", line) for line in lines[2:3]] == [
            "usernet: N connections: N closed"
        ]
        assert lines[0].startswith("usernet: up   ")
        assert lines[1].startswith("usernet: down ")
        assert lines[3].startswith("usernet: fidelity: ")

    def test_a_terminal_gets_nothing_when_quiet(self, port: int) -> None:
        url = f"http://192.0.0.3:{port}/"
        assert on_a_terminal("--quiet", "curl", "-sS", "-o", "/dev/null", url) == ""


def check_published(*before: str) -> None:
    """A server inside, reached from outside; the command begins with these words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outside = taken.getsockname()[1]
    script = "from http.server import *; s = HTTPServer(('', 80), BaseHTTPRequestHandler); "
    serve = script + "print('ready', flush=True); s.handle_request()"
    words = [*before, PROGRAM, "run", "--publish", f"{outside}:80", "python3", "-c", serve]
    with Command(words) as command:
        command.wait_for("ready")
        with socket.create_connection(("127.0.0.1", outside), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(99).startswith(b"HTTP/1.0 501 ")
        assert command.wait().code == 0


def on_a_terminal(*words: str) -> str:
    """What a run writes to a terminal that is its standard error."""
    with terminal() as (ours, theirs):
        environment = {**os.environ, "TERM": "xterm"}
        command = [PROGRAM, "run", *words]
        subprocess.run(command, stderr=theirs, check=True, env=environment, timeout=60)
        os.write(theirs, b"\x04")
        return read_until(ours, b"\x04").decode()


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def read_until(end: int, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        data += os.read(end, 4096)
    return data.partition(mark)[0]


def test_an_unknown_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "--lost", "1%", "true"]) == 2
    assert "--lost" in capsys.readouterr().err
