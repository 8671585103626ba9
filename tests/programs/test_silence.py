from __future__ import annotations

from usernet.config.quantity import ByteSize, Span
from usernet.engine.keys import generate, public_key
from usernet.programs.silence import Silence
from usernet.wireguard.status import DeviceStatus, PeerStatus

SECOND = 1_000_000_000
OWN, PEER = public_key(generate()), public_key(generate())


def status(sent: int, ago: float | None = None, silent: float | None = None) -> DeviceStatus:
    heard = None if ago is None else Span(ago)
    since = None if silent is None else Span(silent)
    peer = PeerStatus(
        PEER, "192.0.2.1:51820", latest_handshake=heard, sent=ByteSize(sent), silent=since
    )
    return DeviceStatus("run", OWN, peers=(peer,))


def test_it_is_told_once_that_nobody_answers() -> None:
    silence = Silence()
    assert silence.look(status(0), 0) is None
    assert silence.look(status(0), 60 * SECOND) is None
    assert silence.look(status(148), 61 * SECOND) is None
    assert silence.look(status(148), 66 * SECOND) is None
    told = silence.look(status(296), 67 * SECOND)
    assert told is not None
    assert str(PEER) in told
    assert str(OWN) in told
    assert "192.0.2.1:51820" in told
    assert silence.look(status(444), 90 * SECOND) is None


def test_who_has_answered_may_be_silent() -> None:
    silence = Silence()
    assert silence.look(status(148), 0) is None
    assert silence.look(status(300, ago=1.0), SECOND) is None
    assert silence.look(status(900), 99 * SECOND) is None


def test_who_answers_no_more_is_told_of_once_each_time() -> None:
    silence = Silence()
    assert silence.look(status(148, ago=1.0), SECOND) is None
    assert silence.look(status(300, ago=20.0, silent=19.9), 20 * SECOND) is None
    told = silence.look(status(300, ago=21.0, silent=20.4), 21 * SECOND)
    assert told is not None
    assert f"the peer {PEER} at 192.0.2.1:51820 no longer answers" in told
    assert "for 20 s" in told
    assert silence.look(status(448, ago=22.0, silent=21.4), 22 * SECOND) is None
    assert silence.look(status(500, ago=1.0), 30 * SECOND) is None
    assert silence.look(status(700, ago=40.0, silent=25.0), 70 * SECOND) is not None
