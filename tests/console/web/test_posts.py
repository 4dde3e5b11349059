"""No post but from a form of ours; no form too long; not too many."""

import pytest

from streams.console.access.rates import POSTS, Rate, Rates

POST = {"campaign": "spring", "act": "cancel", "why": "over"}
ELSEWHERE: tuple[dict[str, str], ...] = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "http://127.0.0.1", "sec-fetch-site": "cross-site"},
    {"origin": "http://127.0.0.1", "sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
    {},
)


@pytest.fixture
def console(consoles):
    return consoles(console_open_role="operator")


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize(
    "path",
    ["/act", "/run", "/find", "/dead-letter", "/dead-letters/group", "/sign-in", "/sign-out", "/what-if", "/trial"],
)
def test_a_post_from_elsewhere_is_not_done_even_with_the_mark(console, headers, path):
    with console.browser() as browser:
        data = {**POST, "form_mark": browser.mark()}
        answer = browser.client.post(path, data=data, headers=headers)
        assert answer.status_code == 403
    assert console.deeds.planned == []


@pytest.mark.parametrize("mark", [None, "", "0" * 64, "é"])
def test_a_post_without_the_mark_of_the_form_is_not_done(console, mark):
    with console.browser() as browser:
        browser.get("/callbacks")
        data = POST if mark is None else {**POST, "form_mark": mark}
        answer = browser.client.post("/act", data=data, headers={"origin": "http://127.0.0.1"})
        assert answer.status_code == 403
    assert console.deeds.planned == []


def test_the_mark_is_of_one_browser_and_of_one_person(consoles):
    console = consoles(tokens=True)
    with console.browser("operator") as one, console.browser("admin") as other:
        mark = one.mark()
        headers = {"origin": "http://127.0.0.1"}
        assert other.client.post("/act", data={**POST, "form_mark": mark}, headers=headers).status_code == 403
        other.client.cookies.set("ringback_form", one.client.cookies["ringback_form"])
        assert other.client.post("/act", data={**POST, "form_mark": mark}, headers=headers).status_code == 403
        assert one.client.post("/act", data={**POST, "form_mark": mark}, headers=headers).status_code == 303


def test_a_get_changes_nothing(console):
    with console.browser() as browser:
        browser.get("/act", campaign="spring", act="cancel", why="over", do="begin")
        browser.get("/run", name="run-1", do="begin")
    assert console.deeds.planned == console.deeds.begun == []


def test_the_console_of_a_proxy_takes_posts_from_its_own_url(consoles):
    proxied = {"console_proxy_header": "X-User", "console_proxies": ("10.0.0.1",), "console_operators": ("lee",)}
    console = consoles(console_url="https://calls.example.com", **proxied)
    with console.browser(client=("10.0.0.1", 1)) as browser:
        page = browser.client.get("/callbacks", headers={"X-User": "lee"})
        mark = page.text.split('name="form_mark" value="')[1][:64]
        # A secure cookie is sent by https alone, which the proxy ends.
        cookie = page.headers["set-cookie"].split(";")[0]
        headers = {"X-User": "lee", "origin": "https://calls.example.com", "cookie": cookie}
        assert browser.client.post("/act", data={**POST, "form_mark": mark}, headers=headers).status_code == 303


def test_a_post_that_is_too_long_or_says_no_length_is_refused(console):
    with console.browser() as browser:
        mark = browser.mark()
        headers = {"origin": "http://127.0.0.1", "content-type": "application/x-www-form-urlencoded"}
        long = browser.client.post("/act", content=b"x=" + b"a" * 2_000_000, headers=headers)
        chunked = browser.client.post("/act", content=iter([f"form_mark={mark}".encode()]), headers=headers)
    assert (long.status_code, chunked.status_code) == (413, 411)


def test_posts_are_limited_for_each_person(console):
    with console.browser() as browser:
        codes = [browser.post("/find", page="/callbacks", q="a").status_code for _ in range(POSTS.burst + 2)]
    assert codes == [303] * POSTS.burst + [429] * 2


def test_a_bucket_fills_again():
    now = [0.0]
    rates, rate = Rates(lambda: now[0]), Rate(per_s=2, burst=3)
    assert [rates.take(rate, "a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.take(rate, "b") == 0
    now[0] = 1.0
    assert [rates.take(rate, "a") for _ in range(3)] == [0, 0, 0.5]
