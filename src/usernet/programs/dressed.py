"""Quick verbs as cyclopts is to see them: with short names, and with classes of options."""

from __future__ import annotations

from usernet.programs import nc as plain
from usernet.programs.options import dressed

__all__ = ["nc"]

nc = dressed(plain.nc, plain.QUICK.short)
