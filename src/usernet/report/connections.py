"""Connections: which ones a program made through the gateway, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from usernet.report import amount
from usernet.report.element import Html, element, joined, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MOST_CONNECTIONS", "Connection", "Connections", "connections_table"]

MOST_CONNECTIONS = 500
"""Those that are listed; the first ones go first."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection, or a flow of datagrams, as the gateway saw it.

    Attributes:
        protocol: Such as ``tcp``.
        program: The program's address and port.
        remote: The other end's.
        name: What the program asked a DNS server for to get that address; None if not known.
        opened_ns: When it began, on the engine's clock.
        closed_ns: When it ended; None where it had not.
        connect_ns: How long the gateway took to connect; None where it did not.
        up: Bytes from the program.
        down: Bytes to it.
        end: How it ended, in a word.
    """

    protocol: str
    program: str
    remote: str
    name: str | None
    opened_ns: int
    closed_ns: int | None
    connect_ns: int | None
    up: int
    down: int
    end: str

    @classmethod
    def from_core(cls, row: Mapping[str, object]) -> Self:
        """Read it as the core writes it."""
        opened, closed, connect = (row.get(key) for key in ("opened", "closed", "connect_ns"))
        return cls(
            protocol=str(row["protocol"]),
            program=str(row["program"]),
            remote=str(row["remote"]),
            name=cast("str | None", row.get("name")),
            opened_ns=cast("int", opened),
            closed_ns=cast("int | None", closed),
            connect_ns=cast("int | None", connect),
            up=cast("int", row["up"]),
            down=cast("int", row["down"]),
            end=str(row["end"]),
        )


@dataclass(frozen=True, slots=True)
class Connections:
    """What the gateway wrote down.

    Attributes:
        listed: The latest of them, in the order in which they began.
        left_out: How many there were before.
    """

    listed: tuple[Connection, ...] = ()
    left_out: int = 0

    @classmethod
    def from_core(cls, series: Mapping[str, object]) -> Self:
        """Read them as the core writes them."""
        rows = cast("Sequence[Mapping[str, object]]", series.get("connections", ()))
        return cls(tuple(map(Connection.from_core, rows)), cast("int", series.get("left_out", 0)))


def connections_table(connections: Connections) -> Html:
    """The connections as a table; nothing where there was none."""
    if not connections.listed:
        return Html("")
    shown = connections.listed[:MOST_CONNECTIONS]
    more = connections.left_out + len(connections.listed) - len(shown)
    note = element("p", f"and {amount.count(more)} more", class_="note") if more else Html("")
    heads = ("remote", "name", "protocol", "program", "at", "connected in", "up", "down", "end")
    body = table(heads, map(_row, shown), class_="numbers")
    return element("section", joined((element("h2", "Connections"), body, note)))


def _row(one: Connection) -> tuple[str, ...]:
    return (
        one.remote,
        one.name or "–",
        one.protocol,
        one.program,
        amount.moment(one.opened_ns),
        "–" if one.connect_ns is None else amount.duration(one.connect_ns),
        amount.size(one.up),
        amount.size(one.down),
        one.end if one.closed_ns is None else f"{one.end} at {amount.moment(one.closed_ns)}",
    )
