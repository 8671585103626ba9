from __future__ import annotations

import select
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from usernet.engine.keys import generate, public_key
from usernet.errors import EngineError
from usernet.tunnel import agent_folder
from usernet.tunnel.agent_client import running
from usernet.tunnel.agent_messages import error_from, read_line, write_line
from usernet.tunnel.shown import Shown
from usernet.wireguard.status import DeviceStatus

if TYPE_CHECKING:
    from pathlib import Path

STATUS = DeviceStatus("gateway", public_key(generate()), 51820)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "usernet"


def test_it_is_seen_beside_agents_and_leaves_nothing(place: Path) -> None:
    with Shown() as shown:
        answering = threading.Thread(target=answer, args=(shown,))
        answering.start()
        ((_, found),) = running()
        answering.join()
        assert found == STATUS
        assert [path.stat().st_mode & 0o777 for path in place.glob("*.sock")] == [0o600]
    assert list(place.glob("*.sock")) == []
    assert list(running()) == []


def answer(shown: Shown) -> None:
    select.select([shown], [], [], 30)
    shown.answer(STATUS)


def test_other_questions_are_refused() -> None:
    with Shown() as shown, socket.socket(socket.AF_UNIX) as asking:
        (path,) = agent_folder.sockets()
        asking.connect(path)
        write_line(asking, {"verb": "dial", "host": "db", "port": 1})
        shown.answer(STATUS)
        told, _ = read_line(asking)
    error = error_from(told["error"])  # type: ignore[arg-type]
    assert isinstance(error, EngineError)
    assert "no agent" in str(error)


def test_a_folder_of_somebody_else_hides_it_and_nothing_more(place: Path) -> None:
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    with Shown() as shown:
        shown.answer(STATUS)
        assert list(place.iterdir()) == []
        assert select.select([shown], [], [], 0) == ([], [], [])


def test_what_a_killed_one_leaves_goes_when_somebody_looks(place: Path) -> None:
    with Shown() as shown:
        (seen,) = agent_folder.sockets()
        left = place / "own-4194305.sock"  # no process has this number: proc_sys_kernel(5), pid_max
        agent = place / "0123456789abcdef.sock"
        for path in (left, agent):
            with socket.socket(socket.AF_UNIX) as killed:
                killed.bind(str(path))
        answering = threading.Thread(target=answer, args=(shown,))
        answering.start()
        assert [path for path, _ in running()] == [seen]
        answering.join()
        assert sorted(agent_folder.sockets()) == sorted([seen, str(agent)])
