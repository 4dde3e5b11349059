"""The pages in a real browser: axe finds nothing, scripts break nothing, and without scripts all can be read."""

from datetime import timedelta
from time import monotonic, sleep

import pytest
from playwright.sync_api import expect

from streams.console.access.rates import READS
from tests.console.web import tried
from tests.console.web.browsers import PHONE, chromium, listening, needs_chromium, violations
from tests.console.web.rig import rig
from tests.console.web.screenshots import SHOWN

pytestmark = needs_chromium
PAGES = {
    **SHOWN,
    "runs": "/runs",
    "which": "/callback?id=nobody",
    "error": "/nowhere",
    "letters": "/dead-letters/group",
}


@pytest.fixture(scope="module")
def console(view, tmp_path_factory):
    built = rig(view, tmp_path_factory.mktemp("console"), console_open_role="admin", seconds=monotonic)
    with built.browser() as browser:
        browser.post("/act", page="/act?agent=a7", act="reassign", agent_id="a2", why="a7 has left", agent="a7")
    built.trials.begin(tried.asked())
    built.trials.found = tried.found()
    return built


@pytest.fixture(scope="module")
def pages(console):
    """Every page, by its name."""
    with console.browser() as browser:
        return PAGES | {"letter": browser.letter()}


@pytest.fixture(scope="module")
def address(console):
    with listening(console.site) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser, address, pages, scheme):
    with browser.page(address, scheme) as page:
        for name, path in pages.items():
            page.goto(path)
            for closed in page.query_selector_all("details:not([open]) > summary"):
                closed.click()
            assert violations(page) == [], name
            refused = [one for one in page.complaints if "404" not in one]
            assert refused == [], name


def test_axe_finds_nothing_on_the_page_to_sign_in(browser, view, tmp_path):
    with listening(rig(view, tmp_path, tokens=True).site) as there:
        for scheme in ("light", "dark"):
            with browser.page(there, scheme) as page:
                page.goto("/")
                assert page.title().startswith("Sign in")
                assert violations(page) == []


def test_a_phone_shows_every_page_without_scrolling_sideways(browser, address, pages):
    with browser.page(address, size=PHONE) as page:
        for name, path in pages.items():
            page.goto(path)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], name


def test_without_scripts_each_page_has_its_content_and_forms_are_sent(browser, address):
    with browser.page(address, scripts=False) as page:
        page.goto("/")
        page.locator("summary").click()
        assert page.locator("#ahead tbody tr").count() == 96
        page.fill("#box", "k5")
        page.click("form.box button")
        assert page.url.endswith("/callbacks?q=k5")
        page.click("tbody a:text-is('k5')")
        assert page.locator("h1.sentence").inner_text()
        page.click("text=Move")
        for field in ("due_at", "agent_id", "phone_number"):
            assert page.locator(f"#{field}").is_visible()
        page.fill("#by_minutes", "30")
        page.fill("#why", "asked for it")
        page.click("text=Show what this would do")
        assert page.locator("text=Nothing has been sent yet.").is_visible()


def test_the_keyboard_alone_reaches_content_search_and_a_callback(browser, address):
    with browser.page(address) as page:
        page.goto("/callbacks?campaign=spring")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Control+k")
        assert page.evaluate("document.activeElement.id") == "box"
        page.keyboard.type("k5")
        page.keyboard.press("Enter")
        page.wait_for_url("**/callbacks?q=k5")


def test_the_chart_is_drawn_from_the_table_in_the_zone_of_the_browser(browser, address):
    with browser.page(address) as page:
        page.goto("/")
        page.wait_for_selector("#chart canvas")
        expect(page.locator("body")).to_have_attribute("data-zone", "America/New_York", timeout=60_000)
        assert page.locator("footer").inner_text().count("America/New_York") == 1
        assert page.complaints == []


def test_what_changes_comes_by_itself(browser, address, console):
    with browser.page(address) as page:
        page.goto("/")
        expect(page.locator("body")).to_have_attribute("data-zone", "America/New_York", timeout=60_000)
        assert "As of 10:00" in page.locator("#live").inner_text()
        console.clock.instant += timedelta(minutes=7)
        try:
            expect(page.locator("#live")).to_contain_text("As of 10:07", timeout=60_000)
        finally:
            console.clock.instant -= timedelta(minutes=7)
        assert page.complaints == []


def test_a_script_that_comes_late_costs_no_change(browser, address, console):
    def late(route):
        sleep(0.5)
        route.continue_()

    with browser.page(address) as page:
        page.route("**/htmx-sse-*.js", late)
        with page.expect_response("**/live", timeout=60_000):
            page.goto("/")


def test_a_page_that_is_refused_its_stream_stays_as_it_is_and_asks_again(browser, view, tmp_path):
    at_s = [0.0]
    built = rig(view, tmp_path / "console", console_open_role="admin", seconds=lambda: at_s[0])

    def asks_too_often(route):
        while built.site.rates.take(READS, "somebody-on-this-machine") == 0:
            pass
        route.continue_()

    with listening(built.site) as address, browser.page(address) as page:
        page.goto("/campaigns")
        expect(page.locator("body")).to_have_attribute("data-zone", "America/New_York", timeout=60_000)
        page.route("**/live", asks_too_often)
        with page.expect_response(lambda answer: answer.status == 429, timeout=60_000):
            page.goto("/")
        page.wait_for_timeout(200)
        assert "As of 10:00" in page.locator("#live").inner_text()
        page.unroute("**/live")
        at_s[0], built.clock.instant = 60.0, built.clock.instant + timedelta(minutes=7)
        expect(page.locator("#live")).to_contain_text("As of 10:07", timeout=60_000)


def test_only_the_fields_of_the_chosen_action_are_shown(browser, address):
    with browser.page(address) as page:
        page.goto("/act?agent=a7")
        assert not page.locator("#due_at").is_visible()
        page.check("input[value=move]")
        assert page.locator("#due_at").is_visible()
        assert not page.locator("#agent_id").is_visible()


def test_one_box_ticks_a_whole_page_of_a_list(browser, address):
    with browser.page(address) as page:
        page.goto("/callbacks?outstanding=1")
        page.check("input[data-all]")
        page.click("text=Act on the selected")
        assert page.locator("h1").inner_text() == "Act on 50 callbacks"
