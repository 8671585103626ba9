"""Page: the whole of it in one answer, with its style, its script, and what the line is now.

Each further request of a window that has just been opened costs some 30 ms, and a page that is laid
out before it has its values is laid out twice: so its script runs before it is first painted (HTML,
"blocking attributes"), and has everything then. Style and script are named by their hashes in the
page's policy (CSP level 3, "Hash usage"): nothing else that might come to stand in it is run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Page"]

_RENDER = ' type="module" blocking="render"'
_STYLE = '<link rel="stylesheet" href="/assets/page.css">'
_SCRIPT = f'<script src="/assets/page.js"{_RENDER}></script>'
_PRESENT = '<script id="present" type="application/json">null</script>'
"""Data and no script: a policy has no say in it, and nobody runs it."""


class Page:
    """The page as it is sent.

    Args:
        html: As it is written, which asks for style and script.
        style: Its style.
        script: Its script.

    Attributes:
        policy: The content security policy under which it works.
    """

    def __init__(self, html: str, style: str, script: str) -> None:
        html = _with(html, _STYLE, f"<style>{style}</style>")
        html = _with(html, _SCRIPT, f"<script{_RENDER}>{script}</script>")
        self._before, _, self._after = html.partition(_PRESENT)
        self.policy: str = (
            f"default-src 'self'; script-src 'self' '{_hash(script)}'; "
            f"style-src 'self' '{_hash(style)}'; img-src 'self' data:; object-src 'none'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def telling(self, present: Mapping[str, object] | None) -> str:
        """The page with what the line is now; with nothing of it where None."""
        told = json.dumps(present, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")
        return f"{self._before}{_PRESENT.replace('null', told)}{self._after}"


def _with(html: str, asked: str, given: str) -> str:
    """A page that has in itself what it asked for."""
    before, found, after = html.partition(asked)
    assert found, f"the page does not ask for {asked}"
    return before + given + after


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
