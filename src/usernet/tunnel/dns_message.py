"""Messages of the DNS (RFC 1035, 4), as far as finding the addresses of a name needs them.

The codec is our own because a command that dials a name must not wait for a library to be imported:
dnspython takes longer than the whole dial. Nothing that comes from the wire is believed: an answer
that is not one raises, pointers go backwards only, and nothing is read beyond the end.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address

__all__ = ["Kind", "MessageError", "Question", "Record", "Reply", "encode_name", "parse", "query"]


class MessageError(ValueError):
    """Bytes that are no answer of a name server, or a name that is none."""


class Kind(IntEnum):
    """Types of records (RFC 1035, 3.2.2, and RFC 3596)."""

    A = 1
    CNAME = 5
    SOA = 6
    AAAA = 28


NOERROR, NXDOMAIN = 0, 3
"""Response codes: the name is there, it is not (RFC 1035, 4.1.1)."""

_HEADER = struct.Struct("!6H")
_QUESTION = struct.Struct("!2H")
_RECORD = struct.Struct("!2HIH")
_SOA = struct.Struct("!5I")
_INTERNET = 1
_RECURSION_DESIRED = 0x0100
_RESPONSE, _TRUNCATED, _CODE = 0x8000, 0x0200, 0x000F
_POINTER = 0xC0
_LONGEST_LABEL, _LONGEST_NAME = 63, 255  # RFC 1035, 2.3.4
_MOST_TTL = 2**31 - 1  # RFC 2181, 8: what is larger counts as 0
_ADDRESS_LENGTH = {Kind.A: 4, Kind.AAAA: 16}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        name: The name, in lower case, without a dot at the end.
        kind: Which records.
    """

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an answer.

    Attributes:
        name: Whose it is, in lower case.
        kind: Which it is.
        ttl: For how many seconds it may be kept.
        value: A numeric address; of a CNAME the other name; of a SOA for how many seconds it may
            be kept that something is not there (RFC 2308, 4).
    """

    name: str
    kind: Kind
    ttl: int
    value: str | int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        id: The number of the question.
        question: What was asked; None where the server does not repeat it.
        code: What came of it: `NOERROR`, `NXDOMAIN`, or what failed.
        truncated: There is more than a datagram holds: ask by TCP.
        answers: The records that answer, of the kinds known here.
        authority: Those that say who is responsible.
    """

    id: int
    question: Question | None
    code: int
    truncated: bool
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()


def query(number: int, question: Question) -> bytes:
    """A question to a server that is to find the answer itself.

    Raises:
        MessageError: The name is none.
    """
    header = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + encode_name(question.name) + _QUESTION.pack(question.kind, _INTERNET)


def encode_name(name: str) -> bytes:
    """A name as it is on the wire; letters beyond ASCII as IDNA has them.

    Raises:
        MessageError: A label is empty or too long, or all of it is.
    """
    labels = [_label(label) for label in name.rstrip(".").split(".")]
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(encoded) > _LONGEST_NAME:
        raise MessageError(f"too long a name: {name[:40]}…")
    return encoded


def _label(text: str) -> bytes:
    try:
        label = text.encode("ascii" if text.isascii() else "idna")
    except UnicodeError as error:
        raise MessageError(f"no label of a name: {text!r}") from error
    if not 0 < len(label) <= _LONGEST_LABEL:
        raise MessageError(f"no label of a name: {text!r}")
    return label


def parse(data: bytes) -> Reply:
    """Read an answer.

    Raises:
        MessageError: It is none.
    """
    try:
        return _Reader(data).reply()
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise MessageError(f"no answer of a name server: {error}") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def reply(self) -> Reply:
        number, flags, questions, answers, authority, _ = self._unpack(_HEADER)
        if not flags & _RESPONSE:
            raise MessageError("a question where an answer was to be")
        asked = [self._question() for _ in range(questions)]
        found, said = self._records(answers), self._records(authority)
        question = asked[0] if len(asked) == 1 else None
        return Reply(number, question, flags & _CODE, bool(flags & _TRUNCATED), found, said)

    def _question(self) -> Question | None:
        name = self._name()
        kind, group = self._unpack(_QUESTION)
        known = group == _INTERNET and kind in Kind.__members__.values()
        return Question(name, Kind(kind)) if known else None

    def _records(self, count: int) -> tuple[Record, ...]:
        records = (self._record() for _ in range(count))
        return tuple(one for one in records if one is not None)

    def _record(self) -> Record | None:
        """The next record; None where it is of a kind that nobody asked for."""
        name = self._name()
        kind, group, ttl, length = self._unpack(_RECORD)
        start = self._at
        self._at += length
        if self._at > len(self._data):
            raise MessageError("a record that is longer than the answer")
        if group != _INTERNET or kind not in Kind.__members__.values():
            return None
        value = self._value(Kind(kind), start, length)
        return Record(name, Kind(kind), ttl if ttl <= _MOST_TTL else 0, value)

    def _value(self, kind: Kind, start: int, length: int) -> str | int:
        if kind in _ADDRESS_LENGTH:
            if length != _ADDRESS_LENGTH[kind]:
                raise MessageError("an address of another length")
            raw = self._data[start : start + length]
            return str(IPv4Address(raw) if kind is Kind.A else IPv6Address(raw))
        end, self._at = self._at, start
        name = self._name()
        if kind is Kind.SOA:
            self._name()
            *_, least = self._unpack(_SOA)
        else:
            least = 0
        if self._at != end:
            raise MessageError("a record of another length than it says")
        return least if kind is Kind.SOA else name

    def _name(self) -> str:
        """The name here, in lower case; what it points to lies before it, so that it ends."""
        labels: list[str] = []
        at, end, bound = self._at, None, self._at
        while length := self._data[at]:
            if length & _POINTER == _POINTER:
                target = (length & ~_POINTER) << 8 | self._data[at + 1]
                if target >= bound:
                    raise MessageError("a name that points forwards")
                end = at + 2 if end is None else end
                at = bound = target
                continue
            if length > _LONGEST_LABEL:
                raise MessageError("no label of a name")
            labels.append(self._data[at + 1 : at + 1 + length].decode("ascii", "backslashreplace"))
            at += 1 + length
            if sum(map(len, labels)) + len(labels) > _LONGEST_NAME:
                raise MessageError("too long a name")
        self._at = at + 1 if end is None else end
        return ".".join(labels).lower()

    def _unpack(self, layout: struct.Struct) -> tuple[int, ...]:
        values: tuple[int, ...] = layout.unpack_from(self._data, self._at)
        self._at += layout.size
        return values
