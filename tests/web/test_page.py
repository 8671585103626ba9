"""The page, in Debian's Chromium: every control, two pages at once, a server that comes back."""

# ruff: noqa: ANN401 - playwright may not be there, and so are its types

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.served import TABLE, Running, served
from tests.web.window import comes, expect, field, live, needs_chromium, opened

from usernet.sandbox import PROGRAM
from usernet.web import Token

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_chromium


class TestLine:
    def test_it_shows_what_was_typed(self, page: Any) -> None:
        comes(field(page, "up", "Rate"), "1024kbit")
        comes(field(page, "up", "Loss"), "2%")
        comes(field(page, "down", "Delay, one way"), "0.040s")
        comes(field(page, "down", "Rate"), "")

    def test_a_number_is_typed_and_is_what_runs(self, page: Any, running: Running) -> None:
        rate = field(page, "up", "Rate")
        rate.fill("1.50mbit")
        rate.press("Enter")
        expect(page.locator("#state")).to_be_visible()
        while running.control.generation == 1:
            page.wait_for_timeout(10)
        assert running.http.get("/config").json()["up"] == {"loss": "2%", "rate": "1.50mbit"}
        comes(rate, "1.50mbit")

    def test_what_is_wrong_is_told_beside_it_and_stays(self, page: Any, running: Running) -> None:
        rate = field(page, "up", "Rate")
        rate.fill("fast")
        rate.press("Enter")
        error = page.locator("#sides .up .error:visible")
        expect(error).to_contain_text("not a rate")
        comes(rate, "fast")
        assert running.control.generation == 1
        rate.press("Escape")
        comes(rate, "1024kbit")
        expect(error).to_have_count(0)

    def test_a_slider_writes_its_own_value_alone(self, page: Any, running: Running) -> None:
        slider = page.locator("#sides .up").get_by_label("Loss, up")
        slider.focus()
        slider.press("ArrowRight")
        while running.control.generation == 1:
            page.wait_for_timeout(10)
        config = running.http.get("/config").json()
        assert config["up"]["rate"] == "1024kbit"
        assert config["down"] == "delay=0.040s"
        assert config["up"]["loss"] not in {"2%", "none"}

    def test_a_value_with_no_place_on_a_slider_is_left_alone(
        self, page: Any, running: Running
    ) -> None:
        running.control.patch({"up": {"loss": "burst 2% 5"}})
        comes(field(page, "up", "Loss"), "burst 2% 5")
        expect(page.locator("#sides .up").get_by_label("Loss, up")).to_be_disabled()

    def test_a_profile_is_chosen(self, page: Any, running: Running) -> None:
        page.get_by_label("Profile").select_option("lte")
        comes(field(page, "down", "Rate"), "12mbit")
        expect(page.locator("#profile-told")).to_contain_text("LTE")
        assert running.control.document.table["profile"] == "lte"

    def test_a_direction_is_cut_and_restored(self, page: Any, running: Running) -> None:
        down = page.locator("#sides .down")
        down.get_by_role("button", name="Cut").click()
        down.get_by_role("button", name="Restore").click()
        expect(down.get_by_role("button", name="Cut")).to_be_visible()
        assert running.control.generation == 3

    def test_other_keys_are_there_too(self, page: Any, running: Running) -> None:
        page.locator("#sides .up summary").click()
        aqm = field(page, "up", "aqm")
        aqm.fill("codel target 9ms")
        aqm.press("Tab")
        while running.control.generation == 1:
            page.wait_for_timeout(10)
        assert running.http.get("/present").json()["up"]["aqm"] == "codel target 9ms"


class TestSteps:
    def test_one_is_added_changed_and_removed(self, page: Any, running: Running) -> None:
        page.get_by_role("button", name="Add a step").click()
        form = page.locator("#step")
        form.get_by_label("At", exact=True).fill("90 minutes")
        form.get_by_label("Values", exact=True).fill("rate=2mbit loss='1% 25%'")
        form.get_by_role("button", name="Save").click()
        at = form.locator(".labelled", has=page.get_by_label("At", exact=True))
        expect(at.locator(".error:visible")).to_contain_text("minutes")
        form.get_by_label("At", exact=True).fill("90min")
        form.get_by_label("Of", exact=True).select_option("dns")
        form.get_by_role("button", name="Save").click()
        expect(form).to_be_hidden()
        expect(page.locator("#events li")).to_have_count(3)
        expect(page.locator("#events li").nth(1)).to_contain_text("1:30:00")
        made = {"time": "90min", "set": {"flow": {"dns": {"both": "rate=2mbit loss='1% 25%'"}}}}
        assert running.http.get("/config").json()["at"][2] == made
        page.locator("#events li").nth(1).get_by_role("button", name="Edit").click()
        form.get_by_label("What").select_option("outage")
        form.get_by_label("For", exact=True).fill("3s")
        form.get_by_role("button", name="Save").click()
        expect(page.locator("#events li").nth(1)).to_contain_text("outage")
        assert running.http.get("/config").json()["at"][2] == {"time": "90min", "outage": "3s"}
        page.locator("#events li").nth(1).get_by_role("button", name="Edit").click()
        form.get_by_role("button", name="Remove this step").click()
        expect(page.locator("#events li")).to_have_count(2)

    def test_one_may_be_about_a_bottleneck(self, page: Any, running: Running) -> None:
        running.control.replace({**TABLE, "bottleneck": [{"name": "office"}]})
        expect(page.get_by_role("button", name="Remove: office")).to_be_visible()
        page.get_by_role("button", name="Add a step").click()
        form = page.locator("#step")
        form.get_by_label("At", exact=True).fill("90min")
        form.get_by_label("Of", exact=True).select_option("bottleneck.office")
        form.locator(".changes").get_by_label("Direction").select_option("up")
        form.get_by_label("Values", exact=True).fill("rate=x")
        form.get_by_role("button", name="Save").click()
        wrong = form.locator(".values .error:visible")
        expect(wrong).to_contain_text("rate: ")
        form.get_by_label("Values", exact=True).fill("rate=2mbit")
        form.get_by_role("button", name="Save").click()
        expect(form).to_be_hidden()
        made = {"time": "90min", "set": {"bottleneck": {"office": {"up": "rate=2mbit"}}}}
        assert running.http.get("/config").json()["at"][2] == made
        page.locator("#events li").nth(1).get_by_role("button", name="Edit").click()
        comes(form.get_by_label("Of", exact=True), "bottleneck.office")
        comes(form.get_by_label("Values", exact=True), "rate=2mbit")

    def test_what_nobody_touches_stays_as_it_was_typed(self, page: Any, running: Running) -> None:
        page.get_by_role("button", name="Edit").first.click()
        form = page.locator("#step")
        comes(form.get_by_label("Values", exact=True), "delay=50ms")
        form.get_by_label("At", exact=True).fill("61min")
        form.get_by_role("button", name="More values").click()
        form.get_by_label("Values", exact=True).last.fill("loss=x")
        form.get_by_role("button", name="Save").click()
        wrong = form.locator(".values").last.locator(".error:visible")
        expect(wrong).to_contain_text("loss: ")
        form.get_by_label("Values", exact=True).last.fill("loss=3%")
        form.get_by_role("button", name="Save").click()
        expect(form).to_be_hidden()
        changes = {"down": {"delay": "50ms"}, "both": "loss=3%"}
        assert running.http.get("/config").json()["at"][0] == {"time": "61min", "set": changes}

    def test_what_somebody_else_has_changed_is_not_overwritten(
        self, page: Any, running: Running
    ) -> None:
        page.get_by_role("button", name="Edit").first.click()
        table = {**running.control.document.table, "at": [{"time": "5h", "outage": "1s"}]}
        running.control.replace(table)
        expect(page.locator("#events li")).to_have_count(1)
        page.locator("#step").get_by_role("button", name="Save").click()
        expect(page.locator("#step")).to_contain_text("somebody else has changed this")
        assert running.http.get("/config").json() == table


class TestScenario:
    def test_it_is_paused_sought_and_played(self, page: Any, running: Running) -> None:
        page.get_by_role("button", name="Pause").click()
        play = page.get_by_role("button", name="Play")
        expect(play).to_be_visible()
        page.locator("#events .go").first.click()
        comes(field(page, "down", "Delay, one way"), "50ms")
        expect(page.locator("#position")).to_have_text("1:00:00")
        assert not running.http.get("/scenario").json()["playing"]
        play.click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()


class TestSight:
    def test_charts_are_drawn(self, page: Any) -> None:
        expect(page.locator("#plots canvas")).to_have_count(4)
        expect(page.locator("#plots .plot").nth(1)).to_contain_text("40 ms")

    def test_what_is_written_down_is_saved(self, page: Any, tmp_path: Path) -> None:
        page.get_by_role("button", name="Capture", exact=True).click()
        page.get_by_role("button", name="Stop capture").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save capture").click()
        path = tmp_path / "capture"
        download.value.save_as(path)
        assert path.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
        with page.expect_download() as download:
            page.get_by_role("button", name="Report").click()
        assert download.value.suggested_filename == "usernet.html"


class TestTwo:
    def test_two_pages_never_disagree(self, browser: Any, running: Running, page: Any) -> None:
        with opened(browser, running.url) as other:
            rate = field(page, "up", "Rate")
            typing = field(other, "up", "Loss")
            typing.fill("3")  # not done yet
            rate.fill("2mbit")
            rate.press("Enter")
            comes(field(other, "up", "Rate"), "2mbit")
            comes(typing, "3")
            typing.fill("3%")
            typing.press("Enter")
            comes(field(page, "up", "Loss"), "3%")
            page.locator("#bottleneck-add").get_by_label("Name").fill("office")
            page.get_by_role("button", name="Add a bottleneck").click()
            expect(other.locator("#bottlenecks .flow .name")).to_have_text("office")
            other.get_by_role("button", name="Edit").last.click()
            other.get_by_role("button", name="Remove this step").click()
            expect(page.locator("#events li")).to_have_count(1)
        assert running.http.get("/config").json()["up"] == {"loss": "3%", "rate": "2mbit"}

    def test_a_server_that_comes_back_is_found_again(self, browser: Any) -> None:
        with served() as first:
            port = int(first.url.rpartition(":")[2])
            window = opened(browser, first.url)
            page = window.__enter__()
        expect(page.locator("#state")).to_have_class(re.compile("bad"))
        with served(port=port) as second:
            live(page)
            second.control.patch({"up": {"rate": "7mbit"}})
            comes(field(page, "up", "Rate"), "7mbit")
            window.__exit__()


class TestToken:
    def test_it_comes_with_the_address_or_is_asked_for(self, browser: Any) -> None:
        secret = "a-secret-word-of-ours"
        with served(Token(secret)) as running:
            with opened(browser, f"{running.url}/#token={secret}") as page:
                assert secret not in page.url
            context = browser.new_context()
            page = context.new_page()
            page.goto(running.url)
            wrong = page.get_by_text("That is not the token of this line.")
            expect(page.get_by_label("Token")).to_be_visible()
            expect(wrong).to_be_hidden()
            for typed in (secret[1:], "\u05d0"):
                page.get_by_label("Token").fill(typed)
                page.get_by_role("button", name="Go on").click()
                expect(wrong).to_be_visible()
            page.get_by_label("Token").fill(secret)
            page.get_by_label("Token").press("Enter")
            live(page)
            comes(field(page, "down", "Delay, one way"), "0.040s")
            context.close()


def test_it_is_all_there_on_a_phone(browser: Any) -> None:
    phone = {"width": 390, "height": 844}
    name = "w" * 64  # the longest there is
    flow = {"name": name, "filter": "udp port 53", "share": f"{name[1:]}b"}
    table = {**TABLE, "flow": [flow], "bottleneck": [{"name": flow["share"]}]}
    with (
        served(table=table) as running,
        opened(browser, running.url, viewport=phone, has_touch=True) as page,
    ):
        page.locator("#flow-list summary").first.click()
        comes(page.get_by_label(f"Name of {name}"), name)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390


def test_the_end_of_the_line_is_told(page: Any, running: Running) -> None:
    running.control.end()
    expect(page.locator("#state")).to_have_text("the line has ended")
    expect(page.locator("#state")).to_have_class(re.compile("bad"))


def test_by_keyboard_alone(page: Any, running: Running) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.querySelector('#sides .down input')"):
            break
    page.keyboard.type("3mbit")
    page.keyboard.press("Enter")
    while running.control.generation == 1:
        page.wait_for_timeout(10)
    assert running.http.get("/present").json()["down"]["rate"] == "3mbit"


DOWNLOADS = """
import sys, urllib.request
while True:
    with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
        while answer.read(65536):
            pass
"""


@pytest.fixture
def downloading(tmp_path: Path) -> Iterator[str]:
    """The page of a line on which a program downloads from this machine, again and again."""

    class Zeros(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 24))
            self.end_headers()
            with suppress(OSError):
                for _ in range(256):
                    self.wfile.write(bytes(1 << 16))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Zeros)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = f"http://host.usernet:{server.server_port}/"
    scenario = tmp_path / "train.toml"
    scenario.write_text(TRAIN)
    events = tmp_path / "events"
    line = ("--serve", "127.0.0.1:0", "--scenario", str(scenario), "--json", str(events))
    command = [PROGRAM, "run", *line, sys.executable, "-c", DOWNLOADS, source]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not events.exists() or not events.read_text():
            assert process.poll() is None
        yield str(json.loads(events.read_text())["serve"])
    finally:
        process.terminate()
        process.wait(30)
        server.shutdown()
        server.server_close()


TRAIN = """
description = "A train ride"
profile = "lte"
[down]
loss = "0.5%"
[[flow]]
name = "dns"
filter = "remote port 53"
down = "delay=200ms"
[[at]]
time = "1min"
ramp = { down = { rate = "2mbit" } }
over = "10s"
[[at]]
time = "90s"
outage = "2s"
repeat = "30s"
"""


def test_a_rule_is_made_of_one_who_talks(browser: Any, downloading: str) -> None:
    with opened(browser, downloading, viewport={"width": 1360, "height": 940}) as page:
        rule = page.get_by_role("button", name="Make a rule").first
        rule.wait_for()
        page.locator("#drops tbody tr").first.wait_for()
        if folder := os.environ.get("USERNET_SCREENSHOTS"):  # those of the docs
            page.wait_for_timeout(15_000)
            page.screenshot(path=Path(folder, "page.png"))
            page.emulate_media(color_scheme="dark")
            page.screenshot(path=Path(folder, "page-dark.png"))
        rule.click()
        flow = page.locator(".flow").first
        expect(flow.locator(".name")).to_have_text(re.compile("^tcp-"))
        comes(flow.locator(".filter"), re.compile("^remote host .* and tcp and remote port "))
        share = flow.locator(".side.down").get_by_role("button", name="80 % of use")
        expect(share).to_be_enabled()
        share.click()
        comes(flow.locator(".side.down").get_by_label("Rate", exact=True), re.compile(r"^\d.*bit$"))
