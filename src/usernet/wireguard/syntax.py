"""The form of wg(8)'s and wg-quick(8)'s files: sections, and in them ``Key = value`` a line.

What is after a ``#`` is a comment, and the case of sections and keys does not matter. A line that
is wrong is named by its number and never shown: it may be a key that lost its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from usernet.errors import ConfigError

__all__ = ["LARGEST_FILE", "Entry", "Section", "sections"]

LARGEST_FILE = 16 * 2**20
"""Files above this many bytes are refused; 10,000 peers take a tenth of it."""

INTERFACE_KEYS = (
    "PrivateKey",
    "ListenPort",
    "FwMark",
    "Address",
    "DNS",
    "MTU",
    "Table",
    "PreUp",
    "PostUp",
    "PreDown",
    "PostDown",
    "SaveConfig",
)
"""Keys of ``[Interface]``: wg(8)'s three, and wg-quick(8)'s."""
PEER_KEYS = ("PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive")
"""Keys of ``[Peer]``."""

_KEYS = {"Interface": INTERFACE_KEYS, "Peer": PEER_KEYS}
_SECTION = re.compile(r"\[\s*(.*?)\s*\]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}", re.ASCII)
"""What may be a key's name, and is too short for a key."""
_NUMBER = re.compile(r"\d+", re.ASCII)
_DIGITS = 9
"""As many digits of a number as count: it is out of every range anyhow."""
_SECRET = re.compile(r"[A-Za-z0-9+/]{40,}", re.ASCII)
"""What may be a key that stands where it does not belong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``Key = value``.

    Attributes:
        key: Its name, as wg-quick(8) writes it.
        value: What it says; it may be secret.
        file: The file.
        line: The line in it, counted from 1.
    """

    key: str
    value: str = field(repr=False)
    file: str
    line: int

    def error(self, problem: str, allowed: str = "", *, shown: bool = False) -> ConfigError:
        """An error about this entry, which shows its value only where that is asked for."""
        value = self.value if shown else None
        return self.located(ConfigError(problem, path=self.key, value=value, allowed=allowed))

    def located(self, error: ConfigError) -> ConfigError:
        """This error with its place, and without a value that may be a key."""
        if _SECRET.search(str(error.value)):
            error.value = None
        return error.located(self.file, self.line)

    def number(self) -> int | None:
        """The value as a decimal number; None where it is none."""
        return int(self.value[:_DIGITS]) if _NUMBER.fullmatch(self.value) else None


@dataclass(frozen=True, slots=True)
class Section:
    """``[Interface]`` or ``[Peer]``, and its entries in the order of the file.

    Attributes:
        name: ``Interface`` or ``Peer``.
        file: The file.
        line: The line of the heading, counted from 1.
        entries: What it says.
    """

    name: str
    file: str
    line: int
    entries: list[Entry] = field(default_factory=list["Entry"])

    def error(self, problem: str, allowed: str = "") -> ConfigError:
        """An error about this section."""
        place = f"[{self.name}]"
        return ConfigError(problem, path=place, allowed=allowed, file=self.file, line=self.line)


def sections(text: str, file: str) -> list[Section]:
    """The sections of a file, in its order.

    Args:
        text: What is in the file.
        file: Its name, for errors.

    Raises:
        ConfigError: A line is none of the three: a section, a key with its value, a comment.
    """
    found: list[Section] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        try:
            if words.startswith("["):
                found.append(Section(_section(words), file, number))
            else:
                found[-1:] = [_with_entry(found, words, number)]
        except ConfigError as error:
            raise error.located(file, number) from None
    return found


def _section(words: str) -> str:
    match = _SECTION.fullmatch(words)
    name = match[1].capitalize() if match else ""
    if name not in _KEYS:
        raise ConfigError("unknown section", allowed="[Interface] or [Peer]")
    return name


def _with_entry(found: list[Section], words: str, number: int) -> Section:
    """The last section, with the entry that these words are."""
    name, is_pair, value = (part.strip() for part in words.partition("="))
    if not is_pair or not _NAME.fullmatch(name):
        raise ConfigError("no Key = value", allowed="as ListenPort = 51820; comments begin with #")
    if not found:
        raise ConfigError(f"{name} before any section", allowed="[Interface] or [Peer] comes first")
    section = found[-1]
    key = _key(name, section.name)
    section.entries.append(Entry(key, value, section.file, number))
    return section


def _key(name: str, section: str) -> str:
    """The key as wg-quick(8) writes it.

    Raises:
        ConfigError: There is none in such a section.
    """
    for home, keys in _KEYS.items():
        for key in keys:
            if key.lower() == name.lower():
                if home != section:
                    raise ConfigError(f"{key} in [{section}]", allowed=f"it belongs to [{home}]")
                return key
    import difflib  # noqa: PLC0415 - start-up time

    near = difflib.get_close_matches(name.lower(), [key.lower() for key in _KEYS[section]], n=1)
    hints = [f"did you mean {key}?" for key in _KEYS[section] if key.lower() in near]
    allowed = hints[0] if hints else f"one of {', '.join(_KEYS[section])}"
    raise ConfigError(f"unknown key {name}", allowed=allowed)
