"""Status: what a device is doing, as values, as JSON, and as ``wg show`` writes it (wg(8))."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, cast

from usernet.config.keys import PublicKey
from usernet.config.quantity import ByteSize, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["DeviceStatus", "PeerStatus"]

_NANOSECONDS = 1e9
_STEPS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024
_NOTHING = ByteSize(0)


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """What is between the device and a peer.

    Attributes:
        public_key: Who it is.
        endpoint: Where it was last heard, or is said to be: ``192.0.2.1:51820``; None if unknown.
        allowed_ips: The networks behind it.
        latest_handshake: How long ago the last handshake was; None before the first.
        received: Bytes that came from it, as wg(8) counts them: whole messages, outside.
        sent: Bytes that went to it.
        persistent_keepalive: Seconds after which it hears from us; None for never.
        silent: How long ago the first packet left of those that nothing has come for; None where
            it has answered. A peer that is there answers within ten seconds.
    """

    public_key: PublicKey
    endpoint: str | None = None
    allowed_ips: tuple[str, ...] = ()
    latest_handshake: Span | None = None
    received: ByteSize = _NOTHING
    sent: ByteSize = _NOTHING
    persistent_keepalive: int | None = None
    silent: Span | None = None

    @classmethod
    def from_core(cls, counters: Mapping[str, object], now_ns: int) -> Self:
        """Read it as the core writes it at this moment."""
        handshake = cast("int | None", counters.get("latest_handshake"))
        return cls(
            public_key=PublicKey(bytes.fromhex(cast("str", counters["public_key"]))),
            endpoint=cast("str | None", counters.get("endpoint")),
            allowed_ips=tuple(cast("Sequence[str]", counters["allowed_ips"])),
            latest_handshake=_ago(handshake, now_ns),
            received=ByteSize(cast("int", counters["received"])),
            sent=ByteSize(cast("int", counters["sent"])),
            persistent_keepalive=cast("int | None", counters.get("persistent_keepalive")),
            silent=_ago(cast("int | None", counters.get("unanswered_since")), now_ns),
        )

    def to_json(self) -> dict[str, object]:
        """It as plain values: seconds, bytes, and text."""
        ago, silent = self.latest_handshake, self.silent
        return {
            "public_key": str(self.public_key),
            "endpoint": self.endpoint,
            "allowed_ips": list(self.allowed_ips),
            "latest_handshake_s": None if ago is None else round(float(ago), 3),
            "received_bytes": int(self.received),
            "sent_bytes": int(self.sent),
            "persistent_keepalive_s": self.persistent_keepalive,
            "silent_s": None if silent is None else round(float(silent), 3),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """It from what `to_json` made."""
        ago = cast("float | None", values["latest_handshake_s"])
        silent = cast("float | None", values.get("silent_s"))
        return cls(
            public_key=PublicKey.parse(cast("str", values["public_key"])),
            endpoint=cast("str | None", values["endpoint"]),
            allowed_ips=tuple(cast("Sequence[str]", values["allowed_ips"])),
            latest_handshake=None if ago is None else Span(ago),
            received=ByteSize(cast("int", values["received_bytes"])),
            sent=ByteSize(cast("int", values["sent_bytes"])),
            persistent_keepalive=cast("int | None", values["persistent_keepalive_s"]),
            silent=None if silent is None else Span(silent),
        )

    def lines(self) -> Iterator[str]:
        """Lines as of ``wg show``."""
        yield f"peer: {self.public_key}"
        if self.endpoint is not None:
            yield f"  endpoint: {self.endpoint}"
        yield f"  allowed ips: {', '.join(self.allowed_ips) or '(none)'}"
        if self.latest_handshake is not None:
            yield f"  latest handshake: {_ago_text(float(self.latest_handshake))}"
        if self.received or self.sent:
            received, sent = _size_text(self.received), _size_text(self.sent)
            yield f"  transfer: {received} received, {sent} sent"
        if self.persistent_keepalive is not None:
            yield f"  persistent keepalive: every {_span_text(self.persistent_keepalive)}"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """What a device is doing.

    Attributes:
        name: Its name, or the file that it was read from.
        public_key: Who it is.
        port: The UDP port that it is heard at; 0 where it has none.
        peers: Its peers.
        dropped: What was dropped, by cause.
    """

    name: str
    public_key: PublicKey
    port: int = 0
    peers: tuple[PeerStatus, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @classmethod
    def from_core(
        cls,
        name: str,
        public_key: PublicKey,
        counters: Mapping[str, object],
        now_ns: int,
        port: int,
    ) -> Self:
        """Read it as the core writes it.

        Args:
            name: Its name.
            public_key: Who it is.
            counters: What ``Statistics.apps`` has of the device.
            now_ns: The moment of the statistics, ``Statistics.time_ns``.
            port: The UDP port that it is heard at.
        """
        peers = cast("Sequence[Mapping[str, object]]", counters["peers"])
        dropped = cast("Mapping[str, int]", counters["dropped"])
        return cls(
            name,
            public_key,
            port,
            tuple(PeerStatus.from_core(one, now_ns) for one in peers),
            MappingProxyType(dict(dropped)),
        )

    def to_json(self) -> dict[str, object]:
        """It as plain values."""
        return {
            "name": self.name,
            "public_key": str(self.public_key),
            "port": self.port,
            "peers": [one.to_json() for one in self.peers],
            "dropped": dict(self.dropped),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """It from what `to_json` made."""
        peers = cast("Sequence[Mapping[str, object]]", values["peers"])
        return cls(
            name=cast("str", values["name"]),
            public_key=PublicKey.parse(cast("str", values["public_key"])),
            port=cast("int", values["port"]),
            peers=tuple(PeerStatus.from_json(one) for one in peers),
            dropped=MappingProxyType(dict(cast("Mapping[str, int]", values["dropped"]))),
        )

    def __str__(self) -> str:
        """It as ``wg show`` writes it; the peer heard last comes first."""
        lines = [f"interface: {self.name}", f"  public key: {self.public_key}"]
        if self.port:
            lines.append(f"  listening port: {self.port}")
        if any(self.dropped.values()):
            causes = (f"{count} {cause}" for cause, count in self.dropped.items() if count)
            lines.append(f"  dropped: {', '.join(causes)}")
        for peer in sorted(self.peers, key=_last_heard):
            lines += ["", *peer.lines()]
        return "\n".join(lines)


def _ago(moment_ns: int | None, now_ns: int) -> Span | None:
    return None if moment_ns is None else Span(max(now_ns - moment_ns, 0) / _NANOSECONDS)


def _last_heard(peer: PeerStatus) -> float:
    return float("inf") if peer.latest_handshake is None else float(peer.latest_handshake)


def _ago_text(seconds: float) -> str:
    return f"{_span_text(int(seconds))} ago" if seconds >= 1 else "now"


def _span_text(seconds: int) -> str:
    """``1 minute, 30 seconds``."""
    words: list[str] = []
    for size, word in _STEPS:
        count, seconds = divmod(seconds, size)
        if count:
            words.append(f"{count} {word}{'' if count == 1 else 's'}")
    return ", ".join(words) or "0 seconds"


def _size_text(size: float) -> str:
    """``1.21 KiB``."""
    unit = _SIZES[0]
    for unit in _SIZES:
        if size < _STEP or unit == _SIZES[-1]:
            break
        size /= _STEP
    return f"{size:.2f} {unit}" if unit != _SIZES[0] else f"{int(size)} B"
