"""Host names: looked up once by whoever asks, and again in the background."""

from __future__ import annotations

import threading

from usernet.engine.host_names import HostNames


class Zone:
    """Names that can change."""

    def __init__(self, **hosts: tuple[str, ...]) -> None:
        self.hosts = hosts
        self.asked: list[str] = []
        self.looked = threading.Event()

    def __call__(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        if len(self.asked) > 1:
            self.looked.set()
        return self.hosts.get(name, ())


def test_a_name_is_asked_for_once() -> None:
    zone = Zone(one=("192.0.2.1",))
    names = HostNames(zone)
    assert names.addresses("one") == names.addresses("one") == ("192.0.2.1",)
    assert names.addresses("two") == names.addresses("two") == ()
    assert zone.asked == ["one", "two", "two"]
    assert not names.take_news()
    names.close()


def test_other_addresses_are_news_once_and_none_are_no_news() -> None:
    zone = Zone(one=("192.0.2.1",), two=("192.0.2.2",))
    names = HostNames(zone)
    for name in zone.hosts:
        names.addresses(name)
    zone.hosts = {"one": ("192.0.2.9",)}
    names.look_again()
    assert (names.take_news(), names.take_news()) == (True, False)
    assert names.addresses("one") == ("192.0.2.9",)
    assert names.addresses("two") == ("192.0.2.2",)
    names.close()


def test_a_thread_looks_again_until_it_is_closed() -> None:
    zone = Zone(one=("192.0.2.1",))
    names = HostNames(zone, again=0.001)
    names.addresses("one")
    assert zone.looked.wait(10)
    names.close()
    threads = [one for one in threading.enumerate() if one.name == "host names"]
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
