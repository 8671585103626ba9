"""What name servers said is kept for as long as they said, and no more of it than there is room."""

import pytest

from usernet.tunnel.dns_cache import Cache, Found
from usernet.tunnel.dns_message import Kind, Question


def question(number: int = 0) -> Question:
    return Question(f"host{number}.internal", Kind.A)


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        (Found(("10.0.0.1",), 60), 60),
        (Found(("10.0.0.1",), 10**9), 86400),
        (Found((), 30, exists=False), 30),
        (Found((), 10**9), 3600),
    ],
)
def test_it_is_known_until_it_is_old(found: Found, seconds: int) -> None:
    cache = Cache()
    cache.put(question(), found, 1000.0)
    assert cache.get(question(), 1000.0 + seconds - 0.001) == found
    assert cache.get(question(), 1000.0 + seconds) is None
    assert len(cache) == 0


def test_what_holds_for_no_time_is_not_kept_and_what_it_replaces_is_gone() -> None:
    cache = Cache()
    cache.put(question(), Found(("10.0.0.1",), 60), 0.0)
    cache.put(question(), Found(("10.0.0.2",), 0), 1.0)
    assert cache.get(question(), 1.0) is None


def test_the_oldest_makes_room_unless_some_are_over() -> None:
    cache = Cache(2)
    for number in range(3):
        cache.put(question(number), Found(("10.0.0.1",), 60 - number), 0.0)
    assert [cache.get(question(number), 1.0) is None for number in range(3)] == [True, False, False]
    cache.put(question(3), Found(("10.0.0.1",), 60), 58.5)
    assert cache.get(question(1), 58.6) is not None
    assert cache.get(question(2), 58.6) is None
