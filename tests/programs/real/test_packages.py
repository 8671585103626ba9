"""pip and apt: from an index and from a repository on this machine."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest

from .inside import files, inside, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "host.usernet"
NAME = "usernet-probe"
CONTROL = f"""\
Package: {NAME}
Version: 1.0
Architecture: all
Maintainer: Somebody <somebody@example.org>
Description: a package of a test's
"""

needs_apt = pytest.mark.skipif(
    shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None,
    reason="needs apt-get and dpkg-deb: no Debian system",
)


def wheel(folder: Path) -> None:
    """Write the smallest wheel there can be (PyPA's binary distribution format)."""
    about = "usernet_probe-1.0.dist-info"
    with zipfile.ZipFile(folder / "usernet_probe-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("usernet_probe.py", "FOUND = 42\n")
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n"
        )
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{about}/WHEEL", tags)
        archive.writestr(f"{about}/RECORD", "")


def test_pip_installs_from_an_index(tmp_path: Path) -> None:
    index = tmp_path / "www/simple" / NAME
    index.mkdir(parents=True)
    wheel(index)
    (name,) = (path.name for path in index.iterdir())
    (index / "index.html").write_text(f'<!DOCTYPE html><a href="{name}">{name}</a>')
    try:
        venv.create(tmp_path / "venv", with_pip=True)
    except subprocess.CalledProcessError:
        pytest.skip(f"{sys.executable} makes no environment with pip: apt-get install python3-venv")
    python = str(tmp_path / "venv/bin/python")
    with serving(files(tmp_path / "www")) as port:
        source = ("--index-url", f"http://{HOST}:{port}/simple", "--trusted-host", HOST)
        inside(python, "-m", "pip", "--isolated", "install", "--no-cache-dir", *source, NAME)
    found = subprocess.run(
        [python, "-c", "import usernet_probe; print(usernet_probe.FOUND)"],
        capture_output=True,
        check=True,
    )
    assert found.stdout == b"42\n"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """A repository with one package; its address, as programs inside call it."""
    root = tmp_path / "www"
    (tmp_path / "package/DEBIAN").mkdir(parents=True)
    (tmp_path / "package/DEBIAN/control").write_text(CONTROL)
    root.mkdir()
    name = f"{NAME}_1.0_all.deb"
    build = ("dpkg-deb", "--build", "--root-owner-group", str(tmp_path / "package"))
    subprocess.run([*build, str(root / name)], check=True, capture_output=True)
    size = (root / name).stat().st_size
    digest = subprocess.run(["sha256sum", str(root / name)], check=True, capture_output=True)
    entry = (
        f"{CONTROL}Filename: ./{name}\nSize: {size}\nSHA256: {digest.stdout.split()[0].decode()}\n"
    )
    (root / "Packages.gz").write_bytes(gzip.compress(entry.encode()))
    with serving(files(root)) as port:
        yield f"http://{HOST}:{port}"


@needs_apt
def test_apt_updates_and_downloads_from_a_repository(repository: str, tmp_path: Path) -> None:
    settings = tmp_path / "apt"
    (settings / "lists/partial").mkdir(parents=True)
    (settings / "archives/partial").mkdir(parents=True)
    (settings / "sources").write_text(f"deb [trusted=yes] {repository} ./\n")
    own = {
        "Dir::Etc::SourceList": settings / "sources",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Parts": "/dev/null",
        "Dir::State::Lists": settings / "lists",
        "Dir::Cache": settings,
        "APT::Sandbox::User": "",
        "Acquire::http::Proxy": "DIRECT",
    }
    options = [f"-o{name}={value}" for name, value in own.items()]
    apt = ("env", f"--chdir={tmp_path}", "apt-get", "-q", *options)
    inside(*apt, "update")
    inside(*apt, "download", NAME)
    package = tmp_path / f"{NAME}_1.0_all.deb"
    assert package.read_bytes() == (tmp_path / "www" / package.name).read_bytes()
