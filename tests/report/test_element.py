from usernet.report.element import Html, element, joined, table


def test_text_is_escaped_and_html_is_not() -> None:
    assert element("p", "a < b & c", Html("<br>")) == "<p>a &lt; b &amp; c<br></p>"


def test_attributes_are_escaped() -> None:
    made = element("span", class_="a", aria_label='"><script>')
    assert made == '<span class="a" aria-label="&quot;&gt;&lt;script&gt;"></span>'


def test_parts_are_joined_as_they_are() -> None:
    assert joined(["'", Html("<b>"), ">"]) == "&#x27;<b>&gt;"


def test_a_table_has_heads_and_cells() -> None:
    made = table(("name", "size"), [("<i>", "1"), ("b", "2")], class_="numbers")
    assert made == (
        '<div class="wide"><table class="numbers">'
        '<thead><tr><th scope="col">name</th><th scope="col">size</th></tr></thead>'
        '<tbody><tr><th scope="row">&lt;i&gt;</th><td>1</td></tr>'
        '<tr><th scope="row">b</th><td>2</td></tr></tbody></table></div>'
    )
