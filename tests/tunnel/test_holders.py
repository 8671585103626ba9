"""Holders: who has the same key already is told of, whoever it is."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate, public_key
from usernet.tunnel import holders
from usernet.tunnel.agent_client import AgentWay
from usernet.tunnel.choice import WayOptions, way
from usernet.tunnel.shown import Shown
from usernet.wireguard.file import load
from usernet.wireguard.status import DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of agents that nobody else knows, and all the time that they need."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(holders, "_PATIENCE", 60.0)


def test_where_nobody_holds_anything_there_is_nothing_to_say() -> None:
    assert holders.told(generate()) is None


def test_a_run_is_called_by_its_name() -> None:
    key = generate()
    with Shown() as shown, answering(shown, DeviceStatus("run x", public_key(key))):
        assert holders.told(generate()) is None
        said = holders.told(key)
    assert said is not None
    assert said.startswith("`run x` holds this key already: ")


@contextmanager
def answering(shown: Shown, status: DeviceStatus) -> Iterator[None]:
    """Somebody who asks is answered, as `usernet run` does it."""
    ended, end = socket.socketpair()

    def answer() -> None:
        while end.fileno() not in select.select([shown.fileno(), end.fileno()], [], [])[0]:
            shown.answer(status)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        ended.close()
        thread.join()
        end.close()


def test_a_tunnel_of_ones_own_beside_an_agent_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "wg0.conf"
    file.touch(0o600)
    file.write_text(f"[Interface]\nPrivateKey = {generate().reveal()}\nAddress = 10.7.0.2/32\n")
    warned: list[str] = []
    agent = AgentWay(WayOptions((str(file),)), warn=warned.append)
    try:
        assert agent.status().public_key == public_key(load(file).private_key)
        with way(WayOptions((str(file),), agent=False), warn=warned.append):
            pass
    finally:
        agent.stop()
    (said,) = warned
    assert said.startswith(f"warning: an agent, for {file}, holds this key already: ")
