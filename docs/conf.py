"""How Sphinx builds these pages; `make check` treats every warning as an error."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from usernet.trace import profiles

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "usernet"
author = "the usernet contributors"
copyright = author
version = release = metadata.version("usernet")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
nitpicky = True
# Only the public names are on these pages: an inventory of other projects would need a network.
nitpick_ignore_regex = [(r"py:.*", r"(?!usernet\.[A-Z]).*")]

html_theme = "furo"
html_title = f"usernet {version}"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autoclass_content = "both"
napoleon_numpy_docstring = False

# Only marked blocks are examples that run; a page starts with usernet imported,
# in the folder of the pages.
doctest_test_doctest_blocks = ""
doctest_global_setup = f"import os, usernet\nos.chdir({str(Path(__file__).parent)!r})"


def _short(text: str) -> str:
    """The text of an impairment, with the first opportunities of a trace alone."""
    return re.sub(r"(trace=(?:\d+,){3})[\d,]+", r"\1…", text)


def _profile(name: str) -> str:
    """One entry of the list of profiles: what it is, its numbers at the start, their source."""
    profile = profiles.load(name)
    lines = [
        f"`{name}`",
        f": {profile.description}",
        "",
        f"  - down: `{_short(str(profile.link.down)) or 'perfect'}`",
        f"  - up: `{_short(str(profile.link.up)) or 'perfect'}`",
    ]
    if profile.timeline:
        lines.append(f"  - changes over time: {len(profile.timeline)} entries")
    return "\n".join([*lines, f"  - source: {profile.source}", ""])


def _list_profiles(_app: Sphinx, page: str, source: list[str]) -> None:
    if page == "profiles":
        listed = "\n".join(_profile(name) for name in profiles.names())
        source[0] = source[0].replace("<!-- every profile -->", listed)


def setup(app: Sphinx) -> None:
    """Write the list of profiles from the profiles themselves."""
    app.connect("source-read", _list_profiles)
