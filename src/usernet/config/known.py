"""Names that may be said, and what was perhaps meant where one is none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["known"]


def known(name: str, allowed: Iterable[str], *, path: str, what: str = "key") -> str:
    """Return ``name`` if it is one of ``allowed``.

    Raises:
        ConfigError: If not, with the nearest names, or all of them.
    """
    names = list(allowed)
    if name in names:
        return name
    import difflib  # noqa: PLC0415 - start-up time

    if not names:
        raise ConfigError(f"unknown {what} {name!r}", path=path, allowed="there is none")
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(names)}"
    raise ConfigError(f"unknown {what} {name!r}", path=path, allowed=hint)
