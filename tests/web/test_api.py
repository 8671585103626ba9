"""The HTTP API of a running line, by a client that knows only HTTP."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.web.served import TABLE, Running, served

from usernet.web import Token
from usernet.web.guard import LARGEST_BODY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def running() -> Iterator[Running]:
    with served() as one:
        yield one


@pytest.fixture
def guarded() -> Iterator[Running]:
    with served(Token("a secret word of ours")) as one:
        yield one


def error(response: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = response.json()["error"]
    return told


class TestConfig:
    def test_what_was_typed_is_what_is_read(self, running: Running) -> None:
        response = running.http.get("/config")
        assert (response.json(), response.headers["etag"]) == (TABLE, '"1"')

    def test_it_is_replaced_where_nobody_else_did(self, running: Running) -> None:
        new = {"down": {"rate": "1mbit"}}
        response = running.http.put("/config", json=new, headers={"If-Match": '"1"'})
        assert (response.json(), response.headers["etag"]) == ({"generation": 2}, '"2"')
        assert running.http.get("/config").json() == new
        late = running.http.put("/config", json=TABLE, headers={"If-Match": '"1"'})
        assert late.status_code == 409
        assert error(late)["given"] == 1
        assert error(late)["present"] == 2
        assert running.http.get("/config").json() == new

    def test_one_value_is_set_and_is_what_runs(self, running: Running) -> None:
        assert running.http.patch("/config", json={"up": {"rate": "2mbit"}}).status_code == 200
        assert running.control.scenario.link.up.rate == 2_000_000
        assert running.http.get("/present").json()["up"] == {"loss": "2%", "rate": "2mbit"}
        assert running.control.statistics().generation == 2

    def test_what_is_wrong_is_told_with_its_key(self, running: Running) -> None:
        response = running.http.patch("/config", json={"up": {"loss": "5%", "rate": "fast"}})
        assert response.status_code == 422
        told = error(response)
        assert (told["path"], told["value"]) == ("up.rate", "fast")
        assert "20mbit" in told["allowed"]
        assert running.http.get("/present").json()["generation"] == 1

    @pytest.mark.parametrize(
        ("method", "path", "content", "kind", "status"),
        [
            ("PUT", "/config", b"{", "application/json", 400),
            ("PUT", "/config", b'{"up": NaN}', "application/json", 400),
            ("PUT", "/config", rb'{"up": {"loss": "\ud800"}}', "application/json", 400),
            ("PUT", "/config", rb'{"\udfff": 1}', "application/json", 400),
            ("PUT", "/config", b"[" * 100_000, "application/json", 400),
            ("PUT", "/config", b"\xff", "application/json", 400),
            ("PUT", "/config", b"[]", "application/json", 422),
            ("PUT", "/config", b"{}", "text/plain", 415),
            ("PUT", "/config", b"x" * (LARGEST_BODY + 1), "application/json", 413),
            ("PUT", "/config", b'{"version": 2}', "application/json", 422),
            ("POST", "/scenario/seek", b'{"position": 3}', "application/json", 422),
            ("POST", "/scenario/seek", b"{}", "application/json", 422),
            ("POST", "/flows/dns/move", b'{"to": true}', "application/json", 422),
            ("POST", "/flows/dns/move", b'{"to": 1}', "application/json", 422),
            ("POST", "/flows?at=x", b'{"name": "x", "filter": "udp"}', "application/json", 422),
            ("POST", "/flows", b'{"name": "x", "filter": "udp prot"}', "application/json", 422),
            ("POST", "/flows", b'{"name": "..", "filter": "udp"}', "application/json", 422),
            ("POST", "/flows", rb'{"name": "\u202ex", "filter": "udp"}', "application/json", 422),
            ("POST", "/flows", rb'{"name": "\u009b3", "filter": "udp"}', "application/json", 422),
            ("POST", "/flows", b'{"name": "dns", "filter": "udp"}', "application/json", 409),
            ("POST", "/profiles/x/apply", b"", "", 422),
            ("DELETE", "/flows/none", b"", "", 404),
            ("DELETE", "/config", b"", "", 405),
            ("GET", "/nothing", b"", "", 404),
            ("GET", "/capture/file", b"", "", 404),
            ("POST", "/capture/stop", b"", "", 409),
            ("GET", "/points?since=x", b"", "", 422),
        ],
    )
    def test_each_bad_request(
        self, running: Running, *, method: str, path: str, content: bytes, kind: str, status: int
    ) -> None:
        headers = {"content-type": kind} if kind else {}
        response = running.http.request(method, path, content=content, headers=headers)
        assert response.status_code == status, response.text
        assert error(response)["message"]
        assert running.control.generation == 1

    @pytest.mark.parametrize(
        ("method", "path", "body", "told"),
        [
            ("POST", "/scenario/seek", {}, ("position", None)),
            ("POST", "/scenario/seek", {"position": True}, ("position", True)),
            ("PATCH", "/flows/dns", {"filter": "udp prot 1"}, ("flow.dns.filter", "udp prot 1")),
            ("PATCH", "/flows/dns", {"name": "x", "filter": "or"}, ("flow.dns.filter", "or")),
            ("PATCH", "/config", {"flow": {"dns": {"filter": "or"}}}, ("flow.dns.filter", "or")),
            ("PATCH", "/config", {"up": {"rate": False}}, ("up.rate", False)),
        ],
    )
    def test_what_is_wrong_is_told_as_it_was_sent(
        self, running: Running, method: str, path: str, body: object, told: tuple[str, object]
    ) -> None:
        found = error(running.http.request(method, path, json=body))
        assert (found["path"], found["value"]) == told

    def test_a_generation_that_is_none_is_told(self, running: Running) -> None:
        refused = running.http.put("/config", json=TABLE, headers={"If-Match": "foo"})
        assert (refused.status_code, error(refused)) == (
            422,
            {
                "kind": "config",
                "message": "not a generation",
                "path": "If-Match",
                "value": "foo",
                "allowed": 'If-Match: "GENERATION", as an ETag of ours says it',
            },
        )
        assert running.control.generation == 1

    def test_a_line_that_is_over_is_read_and_not_changed(self, running: Running) -> None:
        running.control.end()
        for path in ("/config", "/flows/dns"):
            refused = running.http.patch(path, json={"up": {"rate": "2mbit"}})
            assert (refused.status_code, error(refused)["kind"]) == (503, "engine")
        for path in ("/scenario/pause", "/capture/start"):
            refused = running.http.post(path)
            assert (refused.status_code, error(refused)["message"]) == (503, "the line is over")
        assert running.http.get("/config").json() == TABLE

    def test_a_body_that_does_not_say_how_long_it_is_is_bounded_too(self, running: Running) -> None:
        def endless() -> Iterator[bytes]:
            for _ in range(LARGEST_BODY // 1024 + 2):
                yield b" " * 1024

        headers = {"content-type": "application/json"}
        response = running.http.put("/config", content=endless(), headers=headers)
        assert response.status_code == 413


class TestFlows:
    def test_they_are_added_changed_moved_and_removed(self, running: Running) -> None:
        http = running.http
        added = http.post("/flows?at=0", json={"name": "a/c", "filter": "tcp port 80"})
        assert (added.status_code, added.json()) == (201, {"generation": 2})
        assert [flow["name"] for flow in http.get("/flows").json()] == ["a/c", "dns"]
        assert http.post("/flows/dns/move", json={"to": 0}).status_code == 200
        assert [flow["name"] for flow in http.get("/flows").json()] == ["dns", "a/c"]
        change = {"filter": "port 53", "down": {"delay": None, "loss": "1%"}}
        assert http.patch("/flows/dns", json=change).status_code == 200
        expected = {"name": "dns", "filter": "port 53", "down": {"loss": "1%"}}
        assert http.get("/flows/dns").json() == expected
        assert http.delete("/flows/dns").json() == {"generation": 5}
        assert http.get("/flows/dns").status_code == 404
        refused = http.post("/flows", json={"name": "x", "filter": "udp prot 1"})
        assert error(refused)["path"] == "flow[1].filter"

    def test_one_by_process_is_refused_where_nobody_knows_whose_a_packet_is(
        self, running: Running
    ) -> None:
        curl = {"name": "curl", "process": "curl"}
        dns = {"name": "dns", "filter": "udp port 53"}
        several = (
            running.http.post("/flows?at=0", json=curl),
            running.http.patch("/flows/dns", json={"process": "curl"}),
            running.http.put("/config", json={"flow": [curl, dns]}),
        )
        for refused in several:
            assert (refused.status_code, error(refused)) == (
                422,
                {
                    "kind": "config",
                    "message": "nobody knows whose packets these are",
                    "path": "flow[0].process",
                    "value": "curl",
                    "allowed": "a filter, here; usernet run has processes",
                },
            )
        assert running.http.get("/config").json() == TABLE
        with served(knows_owners=True) as known:
            assert known.http.post("/flows", json=curl).status_code == 201


class TestScenario:
    def test_it_is_paused_sought_and_played(self, running: Running) -> None:
        http = running.http
        told = http.get("/scenario").json()
        assert told["playing"]
        assert [event["text"] for event in told["events"]] == [
            "set down delay=50ms",
            "outage, up and down",
        ]
        assert not http.post("/scenario/pause").json()["playing"]
        assert http.post("/scenario/seek", json={"position": "1h"}).json()["position"] == 3600
        assert http.get("/present").json()["down"] == {"delay": "50ms"}
        assert http.post("/scenario/play").json()["playing"]

    def test_profiles_are_listed_and_applied(self, running: Running) -> None:
        lte = next(one for one in running.http.get("/profiles").json() if one["name"] == "lte")
        assert lte["down"] == "delay=35ms rate=12mbit queue=200ms"
        assert running.http.post("/profiles/lte/apply").status_code == 200
        present = running.http.get("/present").json()
        assert present["profile"] == "lte"
        assert present["down"] == {"delay": "35ms", "rate": "12mbit", "queue": "200ms"}
        assert running.http.post("/profiles/none/apply").status_code == 200
        assert running.http.get("/present").json()["down"] == {}


class TestSight:
    def test_what_happens_is_told_as_it_happens(self, running: Running) -> None:
        with running.http.stream("GET", "/events") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            events = _events(response)
            kind, present = next(events)
            assert (kind, present["generation"]) == ("present", 1)
            running.http.patch("/config", json={"up": {"rate": "2mbit"}})
            kinds = set()
            for kind, values in events:
                kinds.add(kind)
                if kind == "present":
                    assert values["up"]["rate"] == "2mbit"
                if kinds == {"present", "point"}:
                    break

    def test_who_goes_is_forgotten(self, running: Running) -> None:
        for _ in range(3):
            with running.http.stream("GET", "/events") as response:
                next(_events(response))
        with running.http.stream("GET", "/events") as response:
            events = _events(response)
            next(events)
            assert running.control.is_watched
        while running.control.is_watched:
            running.http.get("/present")

    def test_a_capture_is_written_and_downloaded(self, running: Running) -> None:
        http = running.http
        assert http.post("/capture/start").json() == {"running": True, "available": True}
        assert http.post("/capture/start").status_code == 409
        assert http.post("/capture/stop").json() == {"running": False, "available": True}
        file = http.get("/capture/file")
        assert file.headers["content-type"] == "application/x-pcapng"
        assert file.content[:4] == b"\x0a\x0d\x0d\x0a"

    def test_the_report_tells_of_changes_by_hand(self, running: Running) -> None:
        running.http.patch("/config", json={"up": {"rate": "2mbit"}})
        html = running.http.get("/report").text
        assert "up: loss=2% rate=2mbit" in html

    def test_metrics_are_those_of_prometheus(self, running: Running) -> None:
        response = httpx.get(f"{running.url}/metrics")
        assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = response.text.splitlines()
        assert 'usernet_packets_in_total{direction="down",flow="dns"} 0' in lines
        assert "# TYPE usernet_config_generation gauge" in lines
        for line in lines:
            assert line.startswith("#") or float(line.rpartition(" ")[2]) >= 0

    def test_it_says_whether_it_is_well(self, running: Running) -> None:
        assert httpx.get(f"{running.url}/healthz").text == "ok\n"
        running.control.end()
        assert httpx.get(f"{running.url}/healthz").status_code == 503

    def test_who_talks_and_what_was_dropped(self, running: Running) -> None:
        nobody = {"first": [], "other_packets": 0, "other_bytes": 0, "exact": True}
        assert running.http.get("/talkers").json() == {"up": nobody, "down": nobody}
        assert running.http.get("/drops?after=0").json() == {"count": 0, "latest": []}

    def test_statistics_and_points(self, running: Running) -> None:
        told = running.http.get("/statistics").json()
        assert set(told["lines"]) == {"up", "down", "up/dns", "down/dns"}
        while not (found := running.http.get("/points").json()):
            pass
        assert found[0]["lines"]["down"]["delay_ns"] == 40_000_000


class TestStrangers:
    @pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "", "127.0.0.1.evil"])
    def test_a_name_made_to_lead_here_is_refused(self, running: Running, host: str) -> None:
        response = running.http.get("/config", headers={"host": host})
        assert response.status_code == 421

    @pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:3000", "10.0.0.1:3000"])
    def test_this_machine_is_not(self, running: Running, host: str) -> None:
        assert running.http.get("/config", headers={"host": host}).status_code == 200

    def test_pages_of_other_sites_change_nothing(self, running: Running) -> None:
        for origin in ("http://evil.example", "null", f"{running.url}0", "https://127.0.0.1"):
            response = running.http.post("/scenario/pause", headers={"origin": origin})
            assert (response.status_code, error(response)["kind"]) == (403, "origin")
        own = running.http.post("/scenario/pause", headers={"origin": running.url})
        assert own.status_code == 200

    def test_nothing_lets_other_sites_read(self, running: Running) -> None:
        response = running.http.get("/config", headers={"origin": "http://evil.example"})
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["cross-origin-resource-policy"] == "same-origin"

    def test_a_token_is_asked_for(self, guarded: Running) -> None:
        for header in ({}, {"authorization": "Bearer no"}, {"authorization": "a secret word"}):
            response = guarded.http.get("/config", headers=header)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert "secret" not in response.text
        assert httpx.get(f"{guarded.url}/metrics").status_code == 401
        assert httpx.get(f"{guarded.url}/healthz").status_code == 200
        right = {"authorization": "Bearer a secret word of ours", "host": "router.example"}
        assert guarded.http.get("/config", headers=right).status_code == 200


class TestSyntheticNetwork:
    def test_its_clients_read_change_and_write_back(self, running: Running) -> None:
        url = f"{running.url}/qos"
        told = httpx.get(url).json()
        assert told["default_link"]["egress"]["rate"] == 1_024_000
        assert httpx.post(url, json=told).text == "OK"
        assert running.http.get("/config").json() == TABLE
        told["default_link"]["egress"]["loss"] = 0.1
        assert httpx.post(url, json=told).text == "OK"
        assert running.http.get("/config").json()["up"] == {"loss": "10%", "rate": "1024kbit"}
        told["default_link"]["egress"]["loss"] = 2
        response = httpx.post(url, json=told)
        assert (response.status_code, error(response)["path"]) == (
            422,
            "default_link.egress.loss",
        )

    def test_its_profiles_have_their_size(self, running: Running) -> None:
        for way in ("ingress", "egress"):
            assert len(httpx.get(f"{running.url}/top/{way}.profile").content) == 2048 * 24


class TestTwo:
    def test_two_who_change_at_once_never_disagree(self, running: Running) -> None:
        def change(number: int) -> None:
            with httpx.Client(base_url=f"{running.url}/api/v1", timeout=20) as http:
                for _ in range(20):
                    while True:
                        response = http.get("/config")
                        config, tag = response.json(), response.headers["etag"]
                        config["at"].append({"time": "3h", "outage": f"{number}s"})
                        put = http.put("/config", json=config, headers={"If-Match": tag})
                        if put.status_code == 200:
                            break
                        assert put.status_code == 409

        threads = [threading.Thread(target=change, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        config = running.http.get("/config").json()
        outages = [event["outage"] for event in config["at"] if event["time"] == "3h"]
        assert sorted(outages) == ["1s"] * 20 + ["2s"] * 20

    def test_the_line_goes_on_where_the_server_dies(self, running: Running) -> None:
        running.server.close()
        assert not running.server.is_alive
        before = running.control.statistics().time_ns
        running.control.patch({"up": {"rate": "3mbit"}})
        assert running.control.check().time_ns > before


def _events(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))
