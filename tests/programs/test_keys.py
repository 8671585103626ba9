"""``usernet keys``: as wg's own, in pipes."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from usernet.programs.main import run

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]

ALICE = base64.b64encode(
    bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4d1ebb9a3f2ed9a4b2f5e1d4c1d1bb")
).decode()


def printed(arguments: list[str], capsys: Captured) -> str:
    assert run(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.endswith("\n")
    return captured.out.strip()


def test_new_and_psk_are_32_bytes_and_never_the_same(capsys: Captured) -> None:
    for what in ("new", "psk"):
        first, second = (printed(["keys", what], capsys) for _ in range(2))
        assert len(base64.b64decode(first, validate=True)) == 32
        assert first != second


@pytest.mark.skipif(shutil.which("wg") is None, reason="wireguard-tools is not installed")
def test_public_is_as_wg_has_it(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    private = printed(["keys", "new"], capsys)
    theirs = subprocess.run(
        ["wg", "pubkey"], input=private, capture_output=True, text=True, check=True, timeout=60
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(f"  {private}\n\n"))
    assert printed(["keys", "public"], capsys) == theirs.stdout.strip()


def test_json_names_what_it_is(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    private = json.loads(printed(["keys", "new", "--json"], capsys))["private_key"]
    monkeypatch.setattr("sys.stdin", io.StringIO(private))
    assert list(json.loads(printed(["keys", "public", "--json"], capsys))) == ["public_key"]
    assert list(json.loads(printed(["keys", "psk", "--json"], capsys))) == ["preshared_key"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "usernet: standard input: nothing there: a private key, as usernet keys new"),
        (ALICE[:-2], "usernet: standard input: no key: 32 bytes as base64"),
        (ALICE + ALICE, "usernet: standard input: no key: 32 bytes as base64"),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(
    given: str, said: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert run(["keys", "public"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(said)
    assert ALICE[:20] not in captured.err


def test_a_file_that_others_can_read_is_told_of(tmp_path: Path) -> None:
    program = "from usernet.programs.main import main; main()"
    said: list[str] = []
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        path = tmp_path / name
        path.touch()
        path.chmod(mode)
        with path.open("w") as file:
            ended = subprocess.run(
                [sys.executable, "-c", program, "keys", "new"],
                stdout=file,
                stderr=subprocess.PIPE,
                text=True,
                check=True,
                timeout=60,
            )
        said.append(ended.stderr)
        assert len(path.read_text().strip()) == 44
    assert said == ["usernet: warning: others can read this file: umask 077, or chmod 600\n", ""]
