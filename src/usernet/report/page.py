"""The page: one HTML file with all that it needs inside, which asks no server for anything."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.errors import UsernetError
from usernet.report.element import Html, element, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usernet.report.plot import Figure

__all__ = ["page", "plot_place", "plotly_js"]

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""What a browser holds the page to: nothing from outside, whatever plotly.js would like to load."""


def page(title: str, body: Html, figures: Mapping[str, Figure]) -> str:
    """The file.

    Args:
        title: What the browser's tab says.
        body: What is inside ``main``.
        figures: What plotly.js draws, by the id of its `plot_place`.
    """
    head = joined(
        (
            Html('<meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<meta name="color-scheme" content="light dark">'),
            element("title", title),
            element("style", Html(_asset("page.css"))),
        )
    )
    scripts = _scripts(figures) if figures else Html("")
    content = element("body", element("main", body), scripts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n{content}</html>\n'


def plot_place(name: str, label: str) -> Html:
    """Where a figure is drawn."""
    return element("div", id=name, class_="plot", role="img", aria_label=label)


def _scripts(figures: Mapping[str, Figure]) -> Html:
    data = json.dumps(figures, separators=(",", ":"), allow_nan=False)
    return joined(
        (
            element("script", Html(_inert(data)), type="application/json", id="figures"),
            element("script", Html(plotly_js())),
            element("script", Html(_asset("page.js"))),
        )
    )


def _inert(data: str) -> str:
    """JSON in which nothing can end the script element or start another."""
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return data


@cache
def _asset(name: str) -> str:
    return resources.files("usernet.report").joinpath(name).read_text("utf-8")


def plotly_js() -> str:
    """plotly.js, as the wheel `plotly` ships it; the package itself need not be imported.

    Raises:
        UsernetError: The wheel is not installed as it should be.
    """
    found = find_spec("plotly")
    for folder in found.submodule_search_locations or () if found else ():
        script = Path(folder, "package_data", "plotly.min.js")
        if script.is_file():
            return script.read_text("utf-8")
    raise UsernetError("reports need the Python package plotly, which is missing or incomplete")
