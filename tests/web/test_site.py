"""The page as it is sent: all in one answer, under a policy that runs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import httpx
from tests.web.served import served

from usernet.web import Token

SECRET = "a-secret-word-of-ours"
ODD = "</script><b>"
NAMES = {"flow": [{"name": ODD, "filter": "udp port 7"}]}


def fetched(url: str) -> httpx.Response:
    response = httpx.get(url)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response


def inside(page: str, tag: str) -> str:
    (text,) = re.findall(rf"<{tag}>(.*?)</{tag.partition(' ')[0]}>", page, re.DOTALL)
    return str(text)


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_browser_has_all_with_one_request() -> None:
    with served() as running:
        response = fetched(running.url)
        told = json.loads(inside(response.text, 'script id="present" type="application/json"'))
        present = running.http.get("/present").json()
    for moving in ("position", "time"):
        del told[moving], present[moving]
    assert told == present
    assert "/assets/page" not in response.text
    assert response.headers["cache-control"] == "no-store"


def test_what_is_in_it_is_named_in_its_policy_and_nothing_else() -> None:
    with served() as running:
        response = fetched(running.url)
    script = inside(response.text, 'script type="module" blocking="render"')
    style = inside(response.text, "style")
    policy = dict(
        part.split(" ", 1) for part in response.headers["content-security-policy"].split("; ")
    )
    assert policy["script-src"] == f"'self' {hashed(script)}"
    assert policy["style-src"] == f"'self' {hashed(style)}"
    assert policy["default-src"] == "'self'"
    assert {policy[one] for one in ("object-src", "base-uri", "form-action")} == {"'none'"}
    assert len(response.headers.get_list("content-security-policy")) == 1


def test_a_name_cannot_end_the_data_that_it_is_in() -> None:
    with served(table=NAMES) as running:
        page = fetched(running.url).text
    assert ODD not in page
    told = json.loads(inside(page, 'script id="present" type="application/json"'))
    assert told["flows"][0]["name"] == ODD


def test_who_has_no_token_sees_nothing_of_the_line() -> None:
    with served(Token(SECRET), table=NAMES) as running:
        page = fetched(running.url).text
        asked = httpx.get(running.url, headers={"Authorization": f"Bearer {SECRET}"}).text
    assert inside(page, 'script id="present" type="application/json"') == "null"
    assert page == asked


def test_it_is_there_when_the_line_has_ended() -> None:
    with served() as running:
        running.control.end()
        told = inside(fetched(running.url).text, 'script id="present" type="application/json"')
    assert json.loads(told)["names"] == ["a", "b"]
