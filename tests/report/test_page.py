import re

import pytest

from usernet.errors import UsernetError
from usernet.report.element import element
from usernet.report.page import page, plot_place, plotly_js

from .reading import Reader


def test_nothing_in_the_data_ends_its_script() -> None:
    evil = "</script><script>alert(1)</script><!--"
    made = page("t", plot_place("p", "l"), {"p": {"data": [], "layout": {"title": evil}}})
    read = Reader(made)
    assert read.figures["p"]["layout"]["title"] == evil
    assert read.tags.count("script") == 3


def test_a_page_without_figures_has_no_script() -> None:
    read = Reader(page("a < b", element("p", "x"), {}))
    assert "script" not in read.tags
    assert read.texts["title"] == ["a < b"]


def test_it_refers_to_nothing_outside() -> None:
    made = page("t", plot_place("p", "l"), {"p": {"data": [], "layout": {}}})
    own = made.replace(plotly_js(), "")
    assert len(own) < 20_000
    assert re.findall(r"(?:https?:)?//(?=\w)|@import|url\(|\b(?:src|href)=", own) == []


def test_a_browser_is_told_to_load_nothing() -> None:
    assert "default-src 'none'" in page("t", element("p"), {})


def test_nothing_can_be_sent_to_a_server_by_a_click() -> None:
    made = page("t", plot_place("p", "l"), {"p": {"data": [], "layout": {}}})
    assert 'showSendToCloud: false, plotlyServerURL: ""' in made


def test_plotly_js_ends_no_script_and_needs_no_import() -> None:
    assert "</script" not in plotly_js().lower()
    assert "plotly" in plotly_js()[:100]


def test_a_missing_plotly_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usernet.report.page.find_spec", lambda _: None)
    with pytest.raises(UsernetError, match="plotly, which is missing"):
        plotly_js()
