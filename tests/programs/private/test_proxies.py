"""``usernet socks`` and ``http`` with curl and Chromium, to servers behind a real wireguard-go."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from .network import PATIENCE, USERNET, needs

if TYPE_CHECKING:
    from pathlib import Path

    from .network import Machine

pytestmark = pytest.mark.root
CURL = ("curl", "-sS", "--max-time", "60")
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
)


@needs("curl", "curl")
@pytest.mark.parametrize("verb", ["socks", "http"])
@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_curl_asks_for_names_of_the_network(
    machine: Machine, verb: str, options: tuple[str, ...]
) -> None:
    proxy, (at,) = machine.listening(verb, "--listen", "127.0.0.1:0", *options)
    way = f"socks5h://{at}" if verb == "socks" else f"http://{at}"
    for tunnel in ((), ("--proxytunnel",)) if verb == "http" else ((),):
        ended = machine.run(
            *CURL, *tunnel, "-x", way, "http://db.internal/a", "http://www.internal/b"
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert ended.stdout == b"private /a db.internal\nprivate /b www.internal\n"
    ended = machine.run(*CURL, "-w", "%{http_code}", "-x", way, "http://db.internal:81/")
    assert ended.returncode == (97 if verb == "socks" else 0)
    assert (b"502" in ended.stdout) is (verb == "http")
    proxy.send_signal(signal.SIGTERM)
    _, said = proxy.communicate(timeout=PATIENCE)
    assert proxy.returncode == 0
    assert said.decode().startswith("usernet: ")
    assert "refused: nothing listens there" in said.decode()
    assert said.count(b"\n") == 1


@needs("curl", "curl")
@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_who_is_told_to_end_waits_for_nobody(machine: Machine, options: tuple[str, ...]) -> None:
    words = ("--listen", "127.0.0.1:0", "--timeout", "1h", "-v", *options)
    proxy, (at,) = machine.listening("socks", *words)
    curl = machine.start("curl", "-sS", "-x", f"socks5h://{at}", "http://10.7.0.99/")
    assert proxy.stderr is not None
    assert proxy.stderr.readline() == b"usernet: CONNECT 10.7.0.99:80\n"
    proxy.send_signal(signal.SIGTERM)
    assert proxy.wait(PATIENCE) == 0
    assert curl.wait(PATIENCE) == 97


@needs("chromium", "chromium")
def test_chromium_by_socks(machine: Machine, tmp_path: Path) -> None:
    _, (at,) = machine.listening("socks", "--listen", "127.0.0.1:0")
    own = (f"--user-data-dir={tmp_path}", f"--proxy-server=socks5://{at}")
    ended = machine.run(*CHROMIUM, *own, "--dump-dom", "http://db.internal/page")
    assert b"private /page db.internal" in ended.stdout


@needs("curl", "curl")
def test_users_and_their_passwords(machine: Machine) -> None:
    users = machine.folder / "users"
    users.write_text("ann:secret\n")
    users.chmod(0o600)
    for verb, scheme in (("socks", "socks5h"), ("http", "http")):
        _, (at,) = machine.listening(verb, "--listen", "0.0.0.0:0", "--auth", str(users))
        port = at.rpartition(":")[2]
        way = f"{scheme}://ann:secret@127.0.0.1:{port}"
        ended = machine.run(*CURL, "-x", way, "http://db.internal/")
        assert ended.stdout == b"private / db.internal\n"
        wrong = f"{scheme}://ann:wrong@127.0.0.1:{port}"
        ended = machine.run(*CURL, "--fail", "-x", wrong, "http://db.internal/")
        assert ended.returncode in {22, 97}


@pytest.mark.parametrize("verb", ["socks", "http"])
def test_nobody_else_without_a_password(machine: Machine, verb: str) -> None:
    ended = machine.usernet(verb, "--listen", "0.0.0.0:0")
    assert (ended.returncode, ended.stdout) == (2, b"")
    said = "everybody who reaches this address could enter the tunnel: an address of loopback"
    assert said in ended.stderr.decode()


def test_a_port_that_is_taken(machine: Machine) -> None:
    _, (at,) = machine.listening("socks", "--listen", "127.0.0.1:0")
    ended = machine.usernet("http", "--listen", at)
    assert ended.returncode == 16
    assert ended.stderr.decode() == (
        f"usernet: {at}: address in use: another program listens there: stop it, or choose another "
        "port\n"
    )


@needs("dig", "bind9-dnsutils")
@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_datagrams_by_a_forwarded_port(machine: Machine, options: tuple[str, ...]) -> None:
    _, (at,) = machine.listening("forward", "0:10.7.0.1:53/udp", *options)
    port = at.rpartition(":")[2]
    asked = ("dig", "+short", "+tries=5", "@127.0.0.1", "-p", port)
    for kind, answer in (("A", b"10.7.0.1\n"), ("AAAA", b"fd07::1\n")):
        ended = machine.run(*asked, "db.internal", kind)
        assert (ended.returncode, ended.stdout) == (0, answer)


ASSOCIATION = """
import socket, sys
proxy = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
proxy.sendall(bytes([5, 1, 0, 5, 3, 0, 1]) + bytes(6))
answer = proxy.makefile("rb").read(12)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
name = b"db.internal"
while True:
    wire = bytes([0, 0, 0, 3, len(name)]) + name + bytes([0, 7]) + b"hello"
    client.sendto(wire, ("127.0.0.1", int.from_bytes(answer[10:], "big")))
    try:
        print(client.recv(2048)[-5:].decode())
        break
    except TimeoutError:
        pass
"""


@pytest.mark.parametrize("options", [(), ("--no-agent",)], ids=["agent", "own"])
def test_datagrams_by_socks(machine: Machine, options: tuple[str, ...]) -> None:
    _, (at,) = machine.listening("socks", "--listen", "127.0.0.1:0", *options)
    ended = machine.run("python3", "-", at.rpartition(":")[2], given=ASSOCIATION.encode())
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"hello\n", b"")


def test_a_port_in_the_tunnel_that_is_taken(machine: Machine) -> None:
    twice = ("-R", "8001:localhost:1", "-R", "8001:localhost:2")
    ended = machine.usernet("forward", *twice)
    assert ended.returncode == 16
    assert ended.stderr.decode().startswith("usernet: port 8001 in the tunnel: address in use: ")


@pytest.mark.parametrize("verb", ["socks", "http", "forward"])
def test_a_file_that_is_not_there_is_told_of_at_once(machine: Machine, verb: str) -> None:
    ports = ("0:db.internal:80",) if verb == "forward" else ("--listen", "127.0.0.1:0")
    ended = machine.run(*USERNET, verb, "--wireguard", "/none.conf", *ports)
    assert ended.returncode == 2
    assert ended.stderr == b"usernet: /none.conf: cannot be read: No such file or directory\n"


@needs("curl", "curl")
def test_ports_there_and_back(machine: Machine) -> None:
    socket = machine.folder / "web.sock"
    forwarding, (web, _, _, back) = machine.listening(
        "forward", "0:db.internal:80", f"unix:{socket}:db.internal:80", "0:db.internal:7/udp",
        "-R", "8000:127.0.0.1:9000",
    )  # fmt: skip
    assert back == "tunnel:8000"
    server = machine.start("python3", "-m", "http.server", "-b", "127.0.0.1", "-d", "/dev", "9000")
    ended = machine.run(*CURL, f"http://{web}/x")
    assert ended.stdout == f"private /x {web}\n".encode()
    ended = machine.run(*CURL, "--unix-socket", str(socket), "http://web/y")
    assert ended.stdout == b"private /y web\n"
    retry = ("--retry", "20", "--retry-all-errors", "--retry-delay", "1")
    ended = machine.run(*CURL, *retry, "-I", "http://10.7.0.2:8000/null")
    assert ended.stdout.startswith(b"HTTP/1.0 200 OK")
    forwarding.send_signal(signal.SIGINT)
    assert forwarding.wait(PATIENCE) == 0
    assert not socket.exists()
    server.kill()


def test_what_is_not_forwarded(machine: Machine) -> None:
    for words, said in (
        ((), "no port to forward: such as"),
        (("80",), 'forward = "80": no forwarded port'),
        (("0.0.0.0:0:db:80",), "others than this machine could enter the tunnel"),
        (("-R", "0:db:80"), "reverse: no port of the tunnel"),
    ):
        ended = machine.run(*USERNET, "forward", "--wireguard", machine.file, *words)
        assert ended.returncode == 2
        assert said in ended.stderr.decode()
