"""The connections of a program in a report."""

from usernet.report.connections import (
    MOST_CONNECTIONS,
    Connection,
    Connections,
    connections_table,
)

ROW: dict[str, object] = {
    "protocol": "tcp",
    "program": "192.0.0.2:40000",
    "remote": "203.0.113.9:80",
    "name": "example.org",
    "opened": 1_500_000_000,
    "closed": 2_000_000_000,
    "connect_ns": 21_000_000,
    "up": 100,
    "down": 2_500_000,
    "end": "closed",
}


def test_a_row_is_read_as_the_core_writes_it() -> None:
    told = Connections.from_core({"connections": [ROW], "left_out": 3})
    assert told == Connections(
        (
            Connection(
                "tcp",
                "192.0.0.2:40000",
                "203.0.113.9:80",
                "example.org",
                1_500_000_000,
                2_000_000_000,
                21_000_000,
                100,
                2_500_000,
                "closed",
            ),
        ),
        3,
    )
    assert Connections.from_core({}) == Connections()


def test_each_is_a_line_of_the_table() -> None:
    html = connections_table(Connections.from_core({"connections": [ROW]}))
    for text in (
        "203.0.113.9:80",
        "example.org",
        "1.5 s",
        "21 ms",
        "100 B",
        "2.5 MB",
        "closed at 2 s",
    ):
        assert text in html


def test_what_is_not_known_is_a_dash_and_what_came_from_outside_is_text() -> None:
    odd = {**ROW, "name": "<b>", "closed": None, "connect_ns": None, "end": "open"}
    html = connections_table(Connections.from_core({"connections": [odd]}))
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("–") == 1
    assert "open" in html


def test_there_is_no_table_without_connections_and_no_end_of_it_is_hidden() -> None:
    assert connections_table(Connections()) == ""
    many = {"connections": [ROW] * (MOST_CONNECTIONS + 2), "left_out": 5}
    assert "and 7 more" in connections_table(Connections.from_core(many))
