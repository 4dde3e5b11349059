"""Who is let in: by nobody's word but the proxy's, by a token, and without either only on this machine."""

import logging
from datetime import timedelta

import pytest
from starlette.routing import Mount, Route

from streams.base.console_settings import Role
from streams.base.errors import SettingsError
from streams.base.settings import make
from streams.console.web.app import routes
from tests.console.web.rig import OURS

USER, GROUPS = "X-Auth-Request-User", "X-Auth-Request-Groups"
PROXY = {
    "console_proxy_header": USER,
    "console_proxy_groups_header": GROUPS,
    "console_proxies": ("10.0.0.0/8",),
    "console_operators": ("floor-leads",),
    "console_admins": ("kim",),
}
OPEN = {"/sign-in", "/sign-out", "/livez", "/static"}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "127.5.5.5"])
def test_a_loopback_needs_no_sign_in(address):
    assert not make(console_host=address).console_signs_in


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.1.2.3", "console.example.com", "[::]"])
def test_any_other_address_needs_a_way_to_sign_in(address, tmp_path):
    with pytest.raises(SettingsError, match="no way to sign in"):
        make(console_host=address)
    assert make(console_host=address, console_token_file=tmp_path / "tokens").console_signs_in
    assert make(console_host=address, **PROXY).console_signs_in


def test_a_proxy_header_needs_the_addresses_from_which_it_counts():
    with pytest.raises(SettingsError, match="console_proxies"):
        make(console_proxy_header=USER)
    with pytest.raises(SettingsError, match="console_proxy_header"):
        make(console_proxies=("10.0.0.1",))
    with pytest.raises(SettingsError, match="console_proxies"):
        make(console_proxy_header=USER, console_proxies=("somewhere",))


def test_without_sign_in_people_may_look_and_not_act(consoles):
    with consoles().browser() as browser:
        assert browser.get("/").status_code == 200
        assert browser.get("/act?campaign=spring").status_code == 403
        assert browser.post("/act", campaign="spring", act="cancel", why="x").status_code == 403
        assert "viewer (no sign-in on this machine)" in browser.get("/").text


def test_without_sign_in_no_proxy_is_answered(consoles):
    with consoles(console_open_role="admin").browser() as browser:
        for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            assert browser.client.get("/", headers={name: "192.0.2.7"}).status_code == 403


def test_a_name_that_was_made_to_lead_here_is_turned_away(consoles):
    with consoles().browser() as browser:
        assert browser.client.get("/", headers={"host": "evil.example"}).status_code == 400
        assert browser.client.get("/", headers={"host": "localhost:9480"}).status_code == 200
        assert browser.client.get("/", headers={"host": "[::1]:9480"}).status_code == 200


def test_nobody_gets_past_the_door_without_signing_in(consoles):
    console = consoles(tokens=True)
    guarded = [one for one in routes() if isinstance(one, Route) and one.path not in OPEN]
    assert len(guarded) > 15
    assert {one.path for one in routes() if isinstance(one, Mount)} <= OPEN
    with console.browser() as browser:
        for one in guarded:
            for method in one.methods or ():
                answer = browser.client.request(method, one.path, headers={"accept": "text/html"})
                place = answer.headers.get("location", "")
                assert answer.status_code == 401 or place.startswith("/sign-in?"), f"{method} {one.path}"


@pytest.mark.parametrize("role", list(Role))
def test_a_token_gives_its_role(consoles, role):
    with consoles(tokens=True).browser(role) as browser:
        page = browser.get("/")
        assert f"{role}-1, {role}" in page.text
        assert (browser.get("/act?campaign=spring").status_code == 200) is (role is not Role.VIEWER)


@pytest.mark.parametrize("token", ["", "wrong", "viewer-1", "é" * 40])
def test_a_wrong_token_opens_nothing(consoles, token):
    with consoles(tokens=True).browser() as browser:
        answer = browser.post("/sign-in", page="/sign-in", token=token, to="/")
        assert answer.status_code == 401
        assert "ringback_session" not in answer.headers.get("set-cookie", "")
        assert browser.client.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_guesses_from_one_address_are_limited(consoles):
    with consoles(tokens=True).browser() as browser:
        answers = [browser.post("/sign-in", page="/sign-in", token=f"guess{number}", to="/") for number in range(12)]
        codes = [one.status_code for one in answers]
    assert codes == [401] * 10 + [429] * 2


def test_a_program_brings_its_token_and_needs_no_form(consoles):
    console = consoles(tokens=True)
    with console.browser() as browser:
        headers = {"authorization": f"Bearer {console.tokens['operator']}"}
        data = {"campaign": "spring", "act": "cancel", "why": "over"}
        assert browser.client.post("/act", data=data, headers=headers).status_code == 303
    assert [who for *_, who in console.deeds.planned] == ["operator-1"]


def test_a_session_ends_with_its_token_and_after_its_time(consoles):
    console = consoles(tokens=True)
    with console.browser("operator") as browser:
        assert browser.get("/").status_code == 200
        console.clock.instant += timedelta(hours=11)
        assert browser.get("/").status_code == 200
        console.clock.instant += timedelta(hours=2)
        assert browser.get("/").status_code == 303
        console.clock.instant -= timedelta(hours=2)
        console.site.settings.console_token_file.write_text("# all are gone, which makes the file another one\n")
        assert browser.get("/").status_code == 303


def test_a_session_that_was_tampered_with_is_none(consoles):
    with consoles(tokens=True).browser("viewer") as browser:
        sealed = browser.client.cookies["ringback_session"]
        body, _, mark = sealed.partition(".")
        for forged in (f"{body}.{'0' * 64}", f"x{body}.{mark}", body, "", f"{body}.", "é.é"):
            browser.client.cookies.clear()
            answer = browser.client.get("/", headers={"cookie": f"ringback_session={forged}".encode()})
            assert answer.status_code == 401, forged


def test_signing_in_leads_back_to_the_page_and_never_elsewhere(consoles):
    console = consoles(tokens=True)
    with console.browser() as browser:
        place = browser.get("/callbacks", q="a7").headers["location"]
        assert place == "/sign-in?to=%2Fcallbacks%3Fq%3Da7"
        elsewhere = ("//evil.example", "https://evil.example", "/\\evil.example", "/\nx")
        for to, where in (("/callbacks?q=a7", "/callbacks?q=a7"), *((one, "/") for one in elsewhere)):
            answer = browser.post("/sign-in", page="/sign-in", token=console.tokens["viewer"], to=to)
            assert answer.headers["location"] == where


def test_a_proxy_that_is_trusted_names_who_asks(consoles):
    console = consoles(**PROXY)
    with console.browser(client=("10.3.4.5", 1)) as browser:
        known = (("lee", "", "viewer"), ("lee", "sales, floor-leads", "operator"), ("kim", "", "admin"))
        for name, groups, role in known:
            page = browser.client.get("/", headers={USER: name, GROUPS: groups}).text
            assert f"{name}, {role}" in page
        assert browser.client.get("/", headers={USER: " "}).status_code == 401
        assert browser.client.get("/").status_code == 401


def test_the_header_of_anybody_else_is_no_sign_in(consoles):
    with consoles(**PROXY).browser(client=("192.0.2.7", 1)) as browser:
        assert browser.client.get("/", headers={USER: "kim"}).status_code == 401
        assert browser.client.get("/", headers={USER: "kim", "X-Forwarded-For": "10.3.4.5"}).status_code == 401


def test_a_header_that_is_there_twice_is_refused(consoles):
    with consoles(**PROXY).browser(client=("10.3.4.5", 1)) as browser:
        assert browser.client.get("/", headers=[(USER, "kim"), (USER, "lee")]).status_code == 400
        twice = [(USER, "lee"), (GROUPS, "a"), (GROUPS, "floor-leads")]
        assert browser.client.get("/", headers=twice).status_code == 400


@pytest.mark.parametrize(
    "line", ["kim operator", "kim boss sha256:" + "0" * 64, "kim viewer secret", "kim viewer sha256:0"]
)
def test_a_bad_line_of_the_token_file_is_named_without_what_it_says(tmp_path, consoles, line):
    file = tmp_path / "bad"
    file.write_text(f"# who may\n{line}\n")
    with pytest.raises(SettingsError, match="line 2 of console_token_file") as error:
        consoles(console_token_file=file)
    assert line.split()[-1] not in str(error.value).replace("operator or admin", "")


def test_a_token_file_that_goes_bad_lets_nobody_in(consoles, caplog):
    console = consoles(tokens=True)
    with console.browser("admin") as browser:
        console.site.settings.console_token_file.write_text("nonsense\n")
        assert browser.get("/").status_code == 303
    assert "Nobody is let in" in caplog.text


def test_the_log_has_no_address_no_token_and_no_number(consoles, caplog):
    caplog.set_level(logging.DEBUG, "streams")
    console = consoles(tokens=True)
    with console.browser("operator") as browser:
        browser.get("/callbacks", q="c0 +12125550123")
        browser.get("/callback", list="L", contact="c0", id="k0")
        browser.post("/find", q="+1 (212) 555-0123")
        browser.client.get("/", headers={"authorization": "Bearer hello-token"})
    assert "/callbacks: 303" in caplog.text
    for secret in ("5550123", "0123", "c0", "k0", "hello-token", console.tokens["operator"], OURS):
        assert secret not in caplog.text
