"""Which connections of the kernel's table still have something to send."""

import pytest

from usernet.sandbox.lingering import unacknowledged

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def row(state: str) -> str:
    return (
        f"   0: 020000C0:9C40 010000C0:0050 {state} 00000010:00000000 01:00000014 00000000     0\n"
    )


@pytest.mark.parametrize(
    ("states", "count"),
    [
        ((), 0),
        (("01", "0A", "06", "08", "05"), 0),
        (("04", "09", "0B"), 3),
        (("06", "04"), 1),
    ],
)
def test_those_that_have_closed_and_are_not_acknowledged(
    states: tuple[str, ...], count: int
) -> None:
    assert unacknowledged(HEAD + "".join(map(row, states))) == count


def test_what_is_no_table_counts_for_nothing() -> None:
    assert unacknowledged("") == 0
    assert unacknowledged("a\nb\n") == 0
