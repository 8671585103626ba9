"""Quick verbs as cyclopts is to see them: with short names, and with classes of options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usernet.programs import nc as plain
from usernet.programs.options import dressed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["nc"]

nc: Callable[..., int] = dressed(plain.nc, plain.QUICK.short)
