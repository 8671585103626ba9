from usernet.report.timeline import MOST_LISTED, Change, listed, timeline

from .recordings import SECOND


def test_changes_are_listed_with_their_time() -> None:
    made = timeline([Change(0, "start"), Change(SECOND), Change(1_500_000_000, "<b>storm")])
    assert '<th scope="row">1</th><td>0 s</td><td>start</td>' in made
    assert '<th scope="row">2</th><td>1.5 s</td><td>&lt;b&gt;storm</td>' in made
    assert made.count("<tr>") == 3


def test_steps_of_a_ramp_have_no_number() -> None:
    changes = [Change(0, "start"), Change(SECOND), Change(2 * SECOND, "end")]
    assert [change.text for change in listed(changes)] == ["start", "end"]


def test_no_change_is_no_section() -> None:
    assert timeline([Change(0)]) == ""


def test_a_line_that_flaps_all_night_is_cut_short() -> None:
    made = timeline([Change(at, "flap") for at in range(MOST_LISTED + 7)])
    assert made.count("<td>flap</td>") == MOST_LISTED
    assert "and 7 more" in made
