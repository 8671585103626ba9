"""What a proxy does to messages, against RFC 9110 and RFC 9112."""

from __future__ import annotations

import base64

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usernet.proxy.credentials import Credentials
from usernet.proxy.http_message import BadRequestError, authority, is_admitted, onward, target


def request(text: bytes, method: bytes = b"GET", *fields: tuple[bytes, bytes]) -> h11.Request:
    return h11.Request(method=method, target=text, headers=[(b"Host", b"x"), *fields])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"http://db.internal/a/b?c=d", ("db.internal", 80, b"db.internal", b"/a/b?c=d")),
        (b"HTTP://Host:8080", ("host", 8080, b"Host:8080", b"/")),
        (b"http://[fd00::1]:81/", ("fd00::1", 81, b"[fd00::1]:81", b"/")),
        (b"http://10.0.0.5?x", ("10.0.0.5", 80, b"10.0.0.5", b"/?x")),
    ],
)
def test_whom_a_request_is_for(text: bytes, expected: object) -> None:
    assert target(request(text)) == expected


def test_options_of_a_whole_server() -> None:
    assert target(request(b"http://host", b"OPTIONS")).path == b"*"


@pytest.mark.parametrize(
    "text",
    b"/ * https://h/ ftp://h/ http:// http://h:x/ http://u:p@h/ h:80 http://h:99999/ http://[::/".split(),
)
def test_what_is_for_nobody(text: bytes) -> None:
    with pytest.raises(BadRequestError):
        target(request(text))


def test_whom_connect_is_for() -> None:
    assert authority(b"db.internal:5432") == ("db.internal", 5432)
    assert authority(b"[fd00::1]:22") == ("fd00::1", 22)
    for wrong in (
        b"",
        b"host",
        b"host:0",
        b"host:x",
        b"u@host:22",
        b"host:22/x",
        b":22",
        b"[::1:22",
    ):
        with pytest.raises(BadRequestError):
            authority(wrong)


def test_fields_about_the_connection_go_no_further() -> None:
    came = [
        (b"Host", b"elsewhere"),
        (b"Connection", b"close, X-Mine"),
        (b"Proxy-Connection", b"keep-alive"),
        (b"Proxy-Authorization", b"Basic eA=="),
        (b"Keep-Alive", b"5"),
        (b"TE", b"trailers"),
        (b"Upgrade", b"h2c"),
        (b"Transfer-Encoding", b"chunked"),
        (b"X-Mine", b"1"),
        (b"X-Theirs", b"2"),
        (b"Content-Length", b"3"),
    ]
    kept = [(b"X-Theirs", b"2"), (b"Content-Length", b"3"), (b"Via", b"1.1 usernet")]
    chunked = (b"Transfer-Encoding", b"chunked")
    assert onward(came, b"host") == [(b"Host", b"host"), chunked, *kept]
    assert onward(came) == [(b"Host", b"elsewhere"), *kept]
    assert (b"Content-Length", b"3") in onward([*came, (b"Connection", b"Content-Length")])


@pytest.mark.parametrize(
    ("field", "is_right"),
    [
        (b"Basic " + base64.b64encode(b"ann:se:cret"), True),
        (b"basic  " + base64.b64encode(b"ann:se:cret"), True),
        (b"Basic " + base64.b64encode(b"ann:secret"), False),
        (b"Basic " + base64.b64encode(b"eve:se:cret"), False),
        (b"Basic ???", False),
        (b"Bearer " + base64.b64encode(b"ann:se:cret"), False),
        (b"", False),
    ],
)
def test_who_is_admitted(field: bytes, is_right: bool) -> None:
    users = Credentials({"ann": "se:cret"})
    asked = request(b"/", b"GET", (b"Proxy-Authorization", field))
    assert is_admitted(asked, users) is is_right
    assert is_admitted(asked, None)
    assert not is_admitted(request(b"/"), users)


@given(st.binary(max_size=40).filter(lambda text: b"\n" not in text and b"\r" not in text))
def test_any_target_is_somebody_or_nobody(text: bytes) -> None:
    for read in (authority, lambda one: target(request(b"http://" + one))):
        try:
            found = read(text)
        except (BadRequestError, h11.LocalProtocolError):
            continue
        assert found[0]
        assert 0 < found[1] <= 65535
