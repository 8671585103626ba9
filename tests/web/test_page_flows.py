"""Flows and bottlenecks on the page, in Debian's Chromium."""

# ruff: noqa: ANN401 - playwright may not be there, and so are its types

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.web.window import comes, expect, needs_chromium, opened

if TYPE_CHECKING:
    from tests.web.served import Running

pytestmark = needs_chromium


class TestFlows:
    def test_one_is_added_moved_changed_and_removed(self, page: Any, running: Running) -> None:
        form = page.locator("#flow-add")
        form.get_by_label("Name").fill("media")
        form.get_by_label("Filter").fill("udp prot 1")
        page.get_by_role("button", name="Add a flow").click()
        expect(form.locator(".error:visible")).to_contain_text("prot")
        form.get_by_label("Filter").fill("udp and port 3478")
        page.get_by_role("button", name="Add a flow").click()
        expect(page.locator(".flow .name")).to_have_text(["dns", "media"])
        page.get_by_role("button", name="Earlier: media").click()
        expect(page.locator(".flow .name")).to_have_text(["media", "dns"])
        flow = page.locator(".flow").first
        rate = flow.locator(".side.down").get_by_label("Rate", exact=True)
        rate.fill("500kbit")
        rate.press("Enter")
        choice = page.locator("#subject")
        choice.select_option("media")
        page.get_by_label("Filter of dns").fill("udp prot")
        page.get_by_label("Filter of dns").press("Tab")
        expect(page.locator(".flow").last.locator(".error").first).to_be_visible()
        page.get_by_role("button", name="Remove: dns").click()
        expect(page.locator(".flow .name")).to_have_text(["media"])
        (left,) = running.http.get("/flows").json()
        assert left == {"name": "media", "filter": "udp and port 3478", "down": {"rate": "500kbit"}}

    def test_one_goes_by_its_process_alone(self, page: Any, running: Running) -> None:
        form = page.locator("#flow-add")
        form.get_by_label("Name").fill("backup")
        form.get_by_label("Process").fill("rsync")
        page.get_by_role("button", name="Add a flow").click()
        comes(page.get_by_label("Process of backup"), "rsync")
        assert running.http.get("/flows").json()[1] == {"name": "backup", "process": "rsync"}

    def test_it_shares_a_bottleneck_by_its_weight(self, page: Any, running: Running) -> None:
        form = page.locator("#bottleneck-add")
        form.get_by_label("Name").fill("office")
        form.get_by_label("Rate").fill("fast")
        page.get_by_role("button", name="Add a bottleneck").click()
        expect(form.locator(".error:visible")).to_contain_text("not a rate")
        form.get_by_label("Rate").fill("2.0mbit")
        page.get_by_role("button", name="Add a bottleneck").click()
        office = page.locator("#bottlenecks .flow")
        expect(office).to_contain_text("no flow shares it yet")
        page.locator("#flow-list summary").first.click()
        page.get_by_label("Shares of dns").select_option("office")
        expect(office).to_contain_text("shared by dns")
        weight = page.get_by_label("Weight of dns")
        weight.fill("2000")
        weight.press("Enter")
        expect(page.locator("#flow-list .error:visible")).to_contain_text("1000")
        weight.fill("3")
        weight.press("Enter")
        expect(page.locator("#flow-list .error:visible")).to_have_count(0)
        office.locator("summary").first.click()
        delay = office.locator(".side.down").get_by_label("Delay, one way", exact=True)
        delay.fill("7ms")
        delay.press("Enter")
        while "down" not in running.control.document.table["bottleneck"][0]:  # type: ignore[index]
            page.wait_for_timeout(10)
        config = running.http.get("/config").json()
        made = {"name": "office", "both": {"rate": "2.0mbit"}, "down": {"delay": "7ms"}}
        assert config["bottleneck"] == [made]
        assert (config["flow"][0]["share"], config["flow"][0]["weight"]) == ("office", 3)
        page.get_by_role("button", name="Remove: office").click()
        expect(office.locator(".error:visible").first).to_contain_text("office")
        page.get_by_label("Shares of dns").select_option("")
        expect(office).to_contain_text("no flow shares it yet")
        page.get_by_role("button", name="Remove: office").click()
        expect(office).to_have_count(0)
        assert "share" not in running.http.get("/flows").json()[0]


class TestName:
    def test_a_flow_has_another_name_wherever_it_is_shown(
        self, browser: Any, page: Any, running: Running
    ) -> None:
        with opened(browser, running.url) as other:
            page.locator("#flow-list summary").first.click()
            other.locator("#flow-list summary").first.click()
            other.locator("#subject").select_option("dns")
            typing = other.get_by_label("Filter of dns")
            typing.fill("udp por")  # not done yet
            page.get_by_label("Name of dns").fill("names")
            page.get_by_label("Name of dns").press("Enter")
            expect(other.locator(".flow .name")).to_have_text("names")
            comes(other.get_by_label("Name of names"), "names")
            comes(other.get_by_label("Filter of names"), "udp por")
            comes(other.locator("#subject"), "names")
            assert other.locator("#flow-list details").first.get_attribute("open") is not None
        expect(page.get_by_role("button", name="Remove: names")).to_be_visible()
        assert running.http.get("/flows").json()[0]["name"] == "names"
        rate = page.locator("#flow-list .side.down").get_by_label("Rate", exact=True)
        rate.fill("1mbit")
        rate.press("Enter")
        page.get_by_role("button", name="Remove: names").click()
        expect(page.locator(".flow .name")).to_have_count(0)
        assert running.control.generation == 4

    def test_what_is_wrong_with_it_is_told_beside_it(self, page: Any, running: Running) -> None:
        at = [{"time": "1h", "set": {"flow": {"media": {"down": {"delay": "50ms"}}}}}]
        flows = [{"name": "dns", "filter": "udp port 53"}, {"name": "media", "filter": "tcp"}]
        generation = running.control.replace({"flow": flows, "at": at})
        media = page.locator(".flow", has=page.get_by_label("Filter of media"))
        media.locator("summary").first.click()
        name = page.get_by_label("Name of media")
        beside = media.locator(".labelled", has=name).locator(".error:visible")
        for typed, wrong in (
            ("two words", "one word of up to 64"),
            ("dns", "two flows of one name"),
            ("", "text is expected"),
            ("voice", "a step of the scenario is about media: change that first"),
        ):
            name.fill(typed)
            name.press("Enter")
            expect(beside).to_contain_text(wrong)
            comes(name, typed)
        name.press("Escape")
        comes(name, "media")
        expect(beside).to_have_count(0)
        assert running.control.generation == generation

    def test_it_is_text_whatever_is_in_it(self, page: Any, running: Running) -> None:
        odd = "<img/src=x>&amp;\u05d0\u05d1/%2f?#"
        page.locator("#flow-list summary").first.click()
        page.get_by_label("Name of dns").fill(odd)
        page.get_by_label("Name of dns").press("Enter")
        expect(page.locator(".flow .name")).to_have_text(odd)
        share = page.get_by_label(f"Shares of {odd}")
        share.select_option("link")
        comes(page.get_by_label(f"Weight of {odd}"), "1")
        flow = running.http.get("/flows").json()[0]
        assert (flow["name"], flow["share"]) == (odd, "link")


def test_who_removes_one_by_keyboard_goes_on_at_the_next(page: Any, running: Running) -> None:
    running.control.add_flow({"name": "media", "filter": "tcp"})
    running.control.replace({**running.control.document.table, "bottleneck": [{"name": "office"}]})
    for name, next_one in (
        ("dns", page.get_by_label("Filter of media")),
        ("media", page.locator("#flow-add").get_by_label("Name")),
        ("office", page.locator("#bottleneck-add").get_by_label("Name")),
    ):
        page.get_by_role("button", name=f"Remove: {name}").focus()
        page.keyboard.press("Enter")
        expect(next_one).to_be_focused()
    assert not running.control.document.table.get("bottleneck")
