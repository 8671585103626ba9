"""Reading a page as a browser does, as far as tests look at it."""

import json
from html.parser import HTMLParser
from typing import Any

from usernet.report.page import plotly_js

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Collects elements, texts and table rows; fails on elements that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self.feed(page.replace(plotly_js(), ""))  # five megabytes that are nobody's text
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def table(self) -> dict[str, list[str]]:
        """All rows of all tables, by their head."""
        return {row[0]: row[1:] for row in self.rows}

    @property
    def figures(self) -> dict[str, Any]:
        """What plotly.js is given to draw."""
        found: dict[str, Any] = json.loads(self.texts["script"][0])
        return found
