"""``--publish``: what it may say."""

import pytest

from usernet.config.apps import Publish
from usernet.errors import ConfigError
from usernet.programs.published import published


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("8080:80", Publish("127.0.0.1:8080", "192.0.0.2:80")),
        ("8080:80/tcp", Publish("127.0.0.1:8080", "192.0.0.2:80")),
        ("5353:53/udp", Publish("127.0.0.1:5353", "192.0.0.2:53", "udp")),
        ("0.0.0.0:80:8000", Publish("0.0.0.0:80", "192.0.0.2:8000")),
        ("[::1]:80:8000", Publish("[::1]:80", "[fd75:7365:726e:6574::2]:8000")),
    ],
)
def test_what_leads_where(text: str, means: Publish) -> None:
    assert published(text) == means


@pytest.mark.parametrize("text", ["", "80", "80:", ":80", "a:80", "0:80", "80:65536", "80:80/sctp"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match=r"such as 8080:80"):
        published(text)


@pytest.mark.parametrize("text", ["host:80:80", "[x]:80:80", "1.2.3:80:80"])
def test_an_address_is_numeric(text: str) -> None:
    with pytest.raises(ConfigError, match=r"a numeric address"):
        published(text)
