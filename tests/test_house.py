"""The repository tests itself: sizes, names, arrows, and what its documents promise."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 500
SAYS_NOTHING = {"common", "helper", "helpers", "misc", "util", "utils"}

# Modules without a test file of their own, and where they are tested instead.
TESTED_ELSEWHERE: dict[str, str] = {
    "net/arguments.py": "tests/net/test_host.py",
    "net/border.py": "tests/net/test_host.py",
    "net/connecting.py": "tests/net/test_host.py",
    "net/deadlock.py": "tests/net/test_timed_loop.py",
    "net/echoing.py": "tests/net/test_host.py",
    "net/endpoint.py": "tests/net/test_datagram.py",
    "net/flow_control.py": "tests/net/test_transports.py",
    "net/never_waits.py": "tests/net/test_socket.py",
    "net/operations.py": "tests/net/test_event_loop.py",
    "net/ping.py": "tests/net/test_host.py",
    "net/serving.py": "tests/net/test_server.py",
    "net/tls.py": "tests/net/test_host.py",
    "programs/command_line.py": "tests/programs/test_main.py",
    "programs/dressed.py": "tests/programs/test_main.py",
    "programs/forward.py": "tests/programs/private/test_proxies.py",
    "programs/http.py": "tests/programs/private/test_proxies.py",
    "programs/dig.py": "tests/programs/test_tools.py",
    "programs/ping.py": "tests/programs/test_tools.py",
    "programs/trace.py": "tests/programs/test_tools.py",
    "programs/status.py": "tests/programs/test_tools.py",
    "programs/ending.py": "tests/programs/test_run.py",
    "programs/far_end_said.py": "tests/programs/test_gateway.py",
    "programs/outside.py": "tests/programs/test_run.py",
    "programs/nc.py": "tests/programs/private/test_nc.py",
    "programs/nc_datagrams.py": "tests/programs/private/test_nc.py",
    "programs/proxying.py": "tests/programs/private/test_proxies.py",
    "programs/pump.py": "tests/programs/private/test_nc.py",
    "programs/socks.py": "tests/programs/private/test_proxies.py",
    "programs/ssh.py": "tests/programs/private/test_ssh.py",
    "programs/tunnelled.py": "tests/programs/test_run_private.py",
    "programs/tunnel_options.py": "tests/programs/test_quick.py",
    "proxy/by_way.py": "tests/programs/private/test_proxies.py",
    "proxy/dialling.py": "tests/proxy/test_socks.py",
    "proxy/flows.py": "tests/proxy/test_forwarding.py",
    "proxy/forward.py": "tests/proxy/test_forwarding.py",
    "proxy/http_exchange.py": "tests/proxy/test_http.py",
    "proxy/relay.py": "tests/proxy/test_forwarding.py",
    "proxy/reversing.py": "tests/proxy/test_forwarding.py",
    "proxy/server.py": "tests/proxy/test_socks.py",
    "proxy/socks_datagrams.py": "tests/proxy/test_socks.py",
    "sandbox/interface.py": "tests/sandbox/test_enclosure.py",
    "sandbox/launch.py": "tests/sandbox/test_enclosure.py",
    "sandbox/supervisor.py": "tests/sandbox/test_terminal.py",
    "sandbox/takeover.py": "tests/programs/test_container.py",
    "sandbox/system_calls.py": "tests/sandbox/test_enclosure.py",
    "wireguard/interface.py": "tests/wireguard/test_file.py",
    "wireguard/peers.py": "tests/wireguard/test_file.py",
    "wireguard/syntax.py": "tests/wireguard/test_file.py",
    "tunnel/followed.py": "tests/tunnel/test_own.py",
    "tunnel/agent_client.py": "tests/tunnel/test_agent.py",
    "tunnel/blocking.py": "tests/tunnel/test_tunnel.py",
    "tunnel/choice.py": "tests/tunnel/test_agent.py",
    "tunnel/ending.py": "tests/tunnel/test_tunnel.py",
    "tunnel/exchange.py": "tests/tunnel/test_tunnel.py",
    "tunnel/explaining.py": "tests/tunnel/test_tunnel.py",
    "tunnel/graph.py": "tests/tunnel/test_tunnel.py",
    "tunnel/holding.py": "tests/tunnel/test_agent.py",
    "tunnel/lined.py": "tests/tunnel/test_tunnel.py",
    "tunnel/peers.py": "tests/tunnel/test_tunnel.py",
    "tunnel/pipes.py": "tests/tunnel/test_own.py",
    "tunnel/tunnel_keys.py": "tests/tunnel/test_tunnel.py",
    "tunnel/way.py": "tests/tunnel/test_own.py",
    "web/bodies.py": "tests/web/test_api.py",
    "web/guard.py": "tests/web/test_api.py",
    "web/metrics.py": "tests/web/test_api.py",
    "web/operation.py": "tests/web/test_api.py",
    "web/operations.py": "tests/web/test_api.py",
    "web/problem.py": "tests/web/test_api.py",
    "web/running.py": "tests/web/test_api.py",
    "web/schemas.py": "tests/web/test_api.py",
    "web/server.py": "tests/web/test_api.py",
    "web/synthetic.py": "tests/web/test_api.py",
    "web/token.py": "tests/web/test_api.py",
    "client/blocking.py": "tests/client/test_client.py",
    "client/calls.py": "tests/client/test_client.py",
    "client/point.py": "tests/client/test_client.py",
    "client/reach.py": "tests/client/test_client.py",
    "programs/running.py": "tests/programs/test_set.py",
    "programs/watch.py": "tests/programs/test_set.py",
    "control/sight.py": "tests/web/test_api.py",
    "control/subscription.py": "tests/control/test_control.py",
    "control/story.py": "tests/web/test_api.py",
    "pytest_plugin.py": "tests/plugin/test_alone.py",
}


def tracked(*patterns: str) -> list[Path]:
    """Return the files under version control that match the patterns."""
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--", *patterns]
    listed = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text())


def source_modules() -> Iterator[Path]:
    """Yield the Python modules of the package, as paths below src/usernet."""
    for path in tracked("src/usernet/*.py"):
        yield path.relative_to(ROOT / "src/usernet")


def imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{a.name}" for a in node.names)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
class TestFiles:
    def test_no_source_file_is_too_long(self) -> None:
        sources = tracked("src/*.py", "rust/*.rs")
        lengths = {path: len(path.read_text().splitlines()) for path in sources}
        assert sources
        assert {path: n for path, n in lengths.items() if n > MOST_LINES} == {}

    def test_module_names_say_what_is_inside(self) -> None:
        sources = tracked("*.py", "*.rs")
        named = [path for path in sources if SAYS_NOTHING & {path.stem, path.parent.name}]
        assert named == []

    def test_every_public_module_has_its_test_file(self) -> None:
        public = [path for path in source_modules() if not path.name.startswith("_")]
        expected = {
            str(path): ROOT / "tests" / path.with_name(f"test_{path.name}") for path in public
        }
        missing = {name for name, test in expected.items() if not test.exists()}
        assert missing == set(TESTED_ELSEWHERE)

    def test_only_the_engine_imports_the_core(self) -> None:
        importers = {
            path.parts[0]
            for path in source_modules()
            for name in imported_names(ROOT / "src/usernet" / path)
            if "_core" in name.split(".")
        }
        assert importers <= {"engine"}

    def test_no_file_names_a_path_of_one_machine(self) -> None:
        machine_path = re.compile(r"(?<![\w.)}~])/(?:home|root|tmp|work|Users)/\w")
        found = [
            f"{path.relative_to(ROOT)}: {line.strip()}"
            for path in tracked()
            if path.suffix not in {".png", ".pcap", ".pcapng"}
            for line in path.read_text().splitlines()
            if machine_path.search(line)
        ]
        assert found == []

    def test_links_between_documents_lead_somewhere(self) -> None:
        link = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
        broken = [
            f"{path.relative_to(ROOT)}: {target}"
            for path in tracked("*.md")
            for target in link.findall(path.read_text())
            if not (path.parent / target).exists()
        ]
        assert broken == []


class TestCrates:
    def test_core_has_neither_system_calls_nor_python(self) -> None:
        manifest = read_toml("rust/core/Cargo.toml")
        assert set(manifest["dependencies"]).isdisjoint({"libc", "nix", "rustix", "pyo3", "rand"})
        assert "target" not in manifest

    def test_core_forbids_unsafe(self) -> None:
        assert "#![forbid(unsafe_code)]" in (ROOT / "rust/core/src/lib.rs").read_text()

    def test_os_knows_no_python(self) -> None:
        manifest = read_toml("rust/os/Cargo.toml")
        assert set(manifest["dependencies"]).isdisjoint({"pyo3", "usernet-python"})

    @pytest.mark.parametrize("crate", read_toml("Cargo.toml")["workspace"]["members"])
    def test_every_crate_takes_the_workspace_lints(self, crate: str) -> None:
        assert read_toml(f"{crate}/Cargo.toml")["lints"] == {"workspace": True}


class TestPromises:
    @pytest.mark.parametrize("command", ["make demo", "make test"])
    def test_readme_names_the_commands(self, command: str) -> None:
        assert command in (ROOT / "README.md").read_text()

    def test_bootstrap_wants_the_versions_of_the_manifests(self) -> None:
        bootstrap = (ROOT / "tools/bootstrap").read_text()
        wanted = dict(re.findall(r"^(\w+)_LEAST=([\d.]+)", bootstrap, re.MULTILINE))
        project = read_toml("pyproject.toml")
        assert wanted == {
            "CARGO": read_toml("Cargo.toml")["workspace"]["package"]["rust-version"],
            "PYTHON": project["project"]["requires-python"].removeprefix(">="),
            "UV": project["tool"]["uv"]["required-version"].removeprefix(">="),
        }
