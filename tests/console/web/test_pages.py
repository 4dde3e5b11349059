"""What the pages say, that nothing on them is somebody else's script, and that filters stand in addresses."""

import hashlib
import re
import shlex
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from streams.cli.group import ringback
from streams.console.access.headers import POLICY
from streams.console.view.model import Now
from streams.console.web import live
from streams.console.web.now import Overdue, verdict
from streams.console.web.sources import Act
from tests.console.web import morning, tried
from tests.console.web.screenshots import SHOWN
from topics.callback_events import Owner

STATIC = Path("streams/console/web/static").resolve()
VENDORED = {
    "htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "htmx-sse-4.0.1.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
    "uplot-1.6.32.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot-1.6.32.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""SHA-256 of each, as it is in its package."""
ALL = (*SHOWN.values(), "/runs", "/dead-letters/group?code=invalid&topic=callback-scheduled", "/callback?id=nobody")
NOWHERE = (
    "/nowhere", "/callback?list=L&contact=c0&id=none", "/contact?list=x&contact=y", "/campaign?id=none",
    "/dead-letter?number=9999999", "/dead-letter?number=x", "/run?name=none", "/trial?name=none",
)  # fmt: skip
ONE = "/callback?list=L&contact=c0&id=k0"


@pytest.fixture
def console(consoles):
    console = consoles(console_open_role="admin")
    with console.browser() as browser:
        browser.post("/act", campaign="spring", act="cancel", why="over")
    console.trials.begin(tried.asked())
    console.trials.found = tried.found()
    console.deeds.planned.clear()
    return console


class Elements(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "script" and data.strip():
            self.scripts.append(data)


@pytest.mark.parametrize("page", ALL)
def test_a_page_has_no_script_or_style_but_ours_and_nothing_from_elsewhere(console, page):
    with console.browser() as browser:
        answer = browser.get(page)
    assert answer.status_code in (200, 404)
    elements = Elements(answer.text)
    assert elements.scripts == []
    for tag, attributes in elements.found:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))]
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#"))


@pytest.mark.parametrize(
    "page", [ONE, "/contact?list=L&contact=c0", "/dead-letter", "/run?name=run-1", "/callback?list=L&contact=c6&id=k6"]
)
def test_a_script_in_notes_attributes_and_reasons_is_text(console, page):
    with console.browser() as browser:
        text = browser.get(browser.letter() if page == "/dead-letter" else page).text
    assert morning.SCRIPT not in text
    assert "alert(1)" in text


def test_a_script_in_the_address_is_text(console):
    with console.browser() as browser:
        for name in ("callbacks?q", "callback?id", "campaign?id", "run?name", "?campaign"):
            page = f"/{name}=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
            assert "<script>alert" not in browser.get(page).text
            assert '"><script>' not in browser.get(page).text


@pytest.mark.parametrize("page", ["/", "/callbacks", "/nowhere", "/sign-in", "/static/console.css", "/livez"])
def test_every_answer_tells_the_browser_what_it_may(console, page):
    with console.browser() as browser:
        headers = browser.get(page).headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if "static" in page else "no-store")
    assert "server" not in headers


def test_cookies_are_for_no_script_and_with_https_for_no_plain_connection(consoles):
    with consoles(tokens=True).browser() as browser:
        assert "HttpOnly" in browser.get("/sign-in").headers["set-cookie"]
    with consoles(tokens=True, console_url="https://calls.example.com").browser() as browser:
        answer = browser.get("/sign-in")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_what_others_have_written_is_as_it_is_in_its_package():
    there = {path.name for path in (STATIC / "vendor").iterdir() if path.suffix in (".js", ".css")}
    assert there == set(VENDORED)
    for name, digest in VENDORED.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest


def test_the_start_page_says_whether_calls_go_out_on_time_and_why_not(console):
    with console.browser() as browser:
        text = browser.get("/").text
    assert "Late: " in text
    assert "A hold stops campaign winter: complaints in Ohio." in text
    assert "Campaign autumn is off." in text
    assert text.count("<tr data-at=") == 96
    assert "America/New_York" in text


@pytest.mark.parametrize(("count", "minutes", "word"), [(0, 0, "good"), (9, 0.5, "good"), (1, 2, "bad")])
def test_what_is_overdue_for_more_than_a_minute_is_late(count, minutes, word):
    overdue = Overdue(count, morning.NOW - timedelta(minutes=minutes))
    assert verdict(Now(at=morning.NOW, outstanding=9), overdue, (), morning.NOW).word == word


def test_what_an_agent_has_is_not_late(console):
    with console.browser() as browser:
        text = browser.get("/").text
        assert "Late: 1 callback is overdue, by " in text
        late = re.findall(r'href="(/callbacks\?standing=[^"]+overdue=1)"', text)[0].replace("&amp;", "&")
        assert "on hold" in browser.get(late).text


def test_the_sentence_stands_on_top_and_each_record_has_its_place_and_three_clocks(console):
    with console.browser() as browser:
        text = browser.get("/callback?list=L&contact=c5&id=k5").text
    (sentence,) = re.findall(r'<h1 class="sentence">(.+?)</h1>', text)
    assert sentence
    assert re.search(r"callback-scheduled / \d / \d+", text)
    assert text.count("s clock</dt>") == text.count("By yours</dt>") == text.count("In UTC</dt>") > 1


def test_an_id_alone_leads_to_its_callback(console):
    with console.browser() as browser:
        assert browser.get("/callback?id=k0").headers["location"] == ONE
        assert browser.get("/callback?id=nobody").status_code == 404


def test_a_filter_stands_in_the_address_and_in_the_line_for_a_terminal(console):
    with console.browser() as browser:
        given = {"q": "a7", "campaign": "spring", "from": "2026-11-23T15:00", "outstanding": "1"}
        place = browser.post("/find", standing=["scheduled", "waiting"], **given).headers["location"]
        assert place == (
            "/callbacks?q=a7&campaign=spring&standing=scheduled&standing=waiting&from=2026-11-23T15%3A00Z&outstanding=1"
        )
        text = browser.get(place).text
    assert "--campaign spring --standing scheduled --standing waiting" in text


def test_instants_are_by_the_clock_of_whoever_looks(console):
    with console.browser() as browser:
        browser.client.cookies.set("ringback_zone", "America/New_York")
        assert "from=2026-11-23T20%3A00Z" in browser.post("/find", **{"from": "2026-11-23T15:00"}).headers["location"]
        assert "times in America/New_York" in browser.get("/").text
        browser.client.cookies.set("ringback_zone", "../../etc/passwd")
        assert "times in UTC" in browser.get("/").text


@pytest.mark.parametrize("query", ["standing=nonsense", "origin=x", "from=yesterday"])
def test_a_filter_that_is_none_is_said_to_be_none(console, query):
    with console.browser() as browser:
        assert browser.get(f"/callbacks?{query}").status_code == 400


def test_the_list_is_complete_page_by_page(console):
    seen: list[str] = []
    with console.browser() as browser:
        place = "/callbacks?campaign=spring"
        while place:
            text = browser.get(place).text
            seen += re.findall(r'<th scope="row"><a href="[^"]+">(\w+)</a>', text)
            found = re.search(r'rel="next" href="([^"]+)"', text)
            place = found[1].replace("&amp;", "&") if found else ""
    assert sorted(seen) == sorted(f"k{number}" for number in range(240) if number % 5 in (0, 1, 3))


def test_a_campaign_is_read_back_in_words_and_what_is_wrong_stands_out(console):
    with console.browser() as browser:
        spring, winter = browser.get("/campaign?id=spring").text, browser.get("/campaign?id=winter").text
        broken, autumn = browser.get("/campaign?id=broken").text, browser.get("/campaign?id=autumn").text
        everything = browser.get("/campaigns").text
    told = "After a call, if call analysis detected no_answer or busy: schedule a callback 30 min, then 120 min later."
    assert told in spring
    assert "Mon to Sun 08:00 to 20:00" in spring
    assert "Rule set gone has no record." in winter
    assert "cannot be read: Expected" in broken
    assert "the attribute segment equals “gold” (as string)" in autumn
    assert everything.index("broken") < everything.index("Spring renewal")


def test_a_wish_is_planned_for_all_that_match_and_begun_by_a_second_press(console):
    with console.browser() as browser:
        form = browser.get("/act?agent=a7&outstanding=1")
        assert "Act on " in form.text
        answer = browser.post("/act", agent="a7", act="reassign", agent_id="a2", owner="only", why="a7 has left")
        assert console.deeds.begun == []
        assert browser.get(answer.headers["location"]).status_code == 200
        browser.post("/run", page=answer.headers["location"], name="run-2", do="begin")
    ((wish, meant, who),) = console.deeds.planned
    assert (wish.act, wish.agent_id, wish.owner, wish.reason) == (Act.REASSIGN, "a2", Owner.ONLY, "a7 has left")
    assert (meant.by.agent_id, who) == ("a7", "somebody-on-this-machine")
    assert console.deeds.begun == [("run-2", "somebody-on-this-machine")]


def test_those_that_were_ticked_are_meant_and_no_other(console):
    with console.browser() as browser:
        keys = re.findall(r'name="key" value="([^"]+)"', browser.get("/callbacks?overdue=1").text)[:2]
        assert "Act on 2 callbacks" in browser.post("/act", key=keys).text
        browser.post("/act", key=keys, act="cancel", why="over")
    ((_, meant, _),) = console.deeds.planned
    assert meant.by is None
    assert len(meant.keys) == 2


@pytest.mark.parametrize("given", [{}, {"act": "cancel", "why": "x"}, {"key": "9:abc", "act": "cancel"}, {"key": "x"}])
def test_nothing_or_everything_is_never_meant(console, given):
    with console.browser() as browser:
        assert browser.post("/act", **given).status_code == 400
    assert console.deeds.planned == []


@pytest.mark.parametrize(
    "given",
    [
        {"act": "cancel"},
        {"act": "move", "why": "x"},
        {"act": "move", "why": "x", "due_at": "2026-11-24T10:00", "by_minutes": "5"},
        {"act": "move", "why": "x", "by_minutes": "soon"},
        {"act": "move", "why": "x", "due_at": "soon"},
        {"act": "reassign", "why": "x"},
        {"act": "reassign", "why": "x", "owner": "only"},
        {"act": "change", "why": "x"},
        {"act": "cancel", "why": "impossible"},
    ],
)
def test_a_form_that_lacks_something_says_so_and_keeps_what_was_typed(console, given):
    with console.browser() as browser:
        answer = browser.post("/act", agent="a7", **given)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert f'value="{given["act"]}" required checked' in answer.text
    assert console.deeds.planned == []


def test_a_letter_is_mended_tried_and_replayed(console):
    with console.browser() as browser:
        place = browser.letter()
        page = browser.get(place).text
        given = {"number": place.partition("=")[2], "key": re.findall(r'name="key" value="([^"]+)"', page)[0]}
        assert "phone_number" in page
        tried = browser.post("/dead-letter", page=place, value="{}", do="try", **given)
        assert "A worker would accept it." in tried.text
        assert console.deeds.planned == []
        answer = browser.post("/dead-letter", value="{}", do="replay", **given)
        assert answer.headers["location"].startswith("/run?name=")
    ((_, edit, _),) = console.deeds.planned
    assert (edit.value, edit.key) == (b"{}", None)


def test_a_letter_that_was_not_changed_is_sent_byte_for_byte(console):
    with console.browser() as browser:
        place = browser.letter()
        page = browser.get(place).text
        key = re.findall(r'name="key" value="([^"]+)"', page)[0]
        shown = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)[0]
        value = unescape(shown).replace("\n", "\r\n")
        browser.post("/dead-letter", number=place.partition("=")[2], key=key, value=value, do="replay")
    ((_, edit, _),) = console.deeds.planned
    assert (edit.value, edit.key) == (None, None)


def test_a_page_that_is_not_there_is_404_and_a_bug_shows_no_traceback(console, caplog):
    with console.browser(raise_server_exceptions=False) as browser:
        for page in NOWHERE:
            assert browser.get(page).status_code == 404
        console.deeds.runs = None
        answer = browser.get("/runs")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "TypeError" in caplog.text


def test_a_view_that_is_still_being_built_says_so_on_every_page(consoles, view, monkeypatch):
    console = consoles()
    readings = console.site.looks.readings()
    behind = tuple(replace(one, end=one.end * 2) for one in readings)
    monkeypatch.setattr(type(console.site.looks), "readings", lambda _: behind)
    with console.browser() as browser:
        assert "50 % so far" in browser.get("/callbacks").text
        assert "It has read 50 %" in browser.get("/reading").text


async def test_a_stream_ends_when_the_console_stops(consoles):
    console = consoles()
    console.site.stopping.set()
    with console.browser() as browser:
        answer = browser.client.get("/live")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_an_event_is_its_lines():
    assert live.event(b"<p>\n</p>") == b"data: <p>\ndata: </p>\n\n"


@pytest.mark.parametrize("page", [*ALL, "/act?agent=a7&act=reassign", "/act?list=L&contact=c0&id=k0&act=move"])
def test_the_line_of_each_page_is_one_that_the_command_line_takes(console, page):
    with console.browser() as browser:
        (shown,) = re.findall(r"<pre[^>]*line-title[^>]*><code>(.*?)</code>", browser.get(page).text, re.DOTALL)
    lines = re.sub(r"cat > \S+ <<'END'\n.*?\nEND\n", "", unescape(shown), flags=re.DOTALL)
    for program, *words in map(shlex.split, re.split(r" && |\n", lines)):
        assert program == "ringback"
        command, path = ringback.get_command(click.Context(ringback), words[0]), words[:1]
        if isinstance(command, click.Group):
            path, command = words[:2], command.get_command(click.Context(command), words[1])
        assert command is not None
        command.make_context(" ".join(path), words[len(path) :])
