"""A change is made up in a form, tried, shown as calls won, lost and moved, and then made by whoever may."""

import json
import shlex
from html import unescape

import pytest

from streams.console.trial.files import Asked
from streams.simulator.lines import parse_line
from tests.console.web import morning, tried
from tests.console.web.rig import MARK
from topics.names import TopicName

RULES = {"topic": "rule-sets", "key": "R", "kind": "record"}
HELD = "+12125550123"


@pytest.fixture
def console(consoles):
    return consoles(console_open_role="admin")


@pytest.fixture
def signed(consoles):
    return consoles(tokens=True)


def asked_by(console, **given) -> Asked:
    asked: Asked
    with console.browser() as browser:
        answer = browser.post("/what-if", page="/what-if", **given)
    assert answer.status_code == 303, answer.text
    asked = console.trials.begun[-1]
    assert answer.headers["location"] == f"/trial?name={asked.name}"
    return asked


def refused(console, **given) -> str:
    with console.browser() as browser:
        answer = browser.post("/what-if", page="/what-if", **given)
    assert (answer.status_code, console.trials.begun) == (400, [])
    return str(answer.text)


def value_of(asked: Asked):
    return json.loads(asked.change.value or "null")


def test_a_record_is_changed_field_by_field_without_writing_json(console):
    with console.browser() as browser:
        page = browser.get("/what-if", record="rule-sets R").text
    pointer = "/rules/1/actions/0/offsets_minutes/0"
    assert f'name="field:{pointer}" value="30"' in page
    asked = asked_by(console, **RULES, **{f"field:{pointer}": "45", "field:/rules/0/name": "again"})
    rules = value_of(asked)["rules"]
    assert rules[1]["actions"][0]["offsets_minutes"] == [45, 120]
    assert (asked.change.topic, asked.change.key, asked.change.at) == (TopicName.RULE_SETS, "R", None)


def test_a_part_is_taken_away_as_json_and_a_field_changed_beside_it(console):
    with console.browser() as browser:
        page = browser.get("/what-if", topic="rule-sets", key="R").text
    text = json.loads(unescape(page.partition('spellcheck="false">')[2].partition("</textarea>")[0]))
    text["rules"] = text["rules"][1:]
    asked = asked_by(console, **RULES, text=json.dumps(text), **{"field:/rule_set_id": "R"})
    assert len(value_of(asked)["rules"]) == 1


def test_a_recycle_happens_at_the_time_by_the_clock_of_whoever_looks(console):
    asked = asked_by(console, kind="recycle", campaign="spring", at="2026-11-23T18:00", only="spring, autumn")
    assert asked.change.is_recycle and asked.change.at is not None
    assert f"{asked.change.at:%H:%M}" == "18:00"
    assert asked.campaigns == ("spring", "autumn")
    assert asked_by(console, kind="recycle", campaign="spring").change.at == morning.NOW


def test_a_number_is_put_on_a_list_or_taken_off_and_stands_in_no_address_and_no_audit(console):
    entry = {"kind": "entry", "list": "D1", "number": "+1 212-555-0123"}
    put, taken = asked_by(console, **entry).change, asked_by(console, **entry, entry="remove").change
    assert (put.key, taken.key) == (f"D1|{HELD}", f"D1|{HELD}")
    assert (value_of(console.trials.begun[0]), taken.value) == ({"dnc_list_id": "D1", "phone_number": HELD}, None)
    assert put.name == taken.name == "D1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Say what is to be different."),
        ({"kind": "recycle"}, "Say which campaign is recycled."),
        ({"kind": "entry", "list": "D1", "number": "555"}, "a whole number"),
        ({"kind": "entry", "number": HELD}, "Say which list"),
        (RULES, "Nothing is different"),
        ({**RULES, "key": "nobody"}, "Choose the record"),
        ({**RULES, "text": "{"}, "That is no JSON"),
        ({**RULES, "text": '{"rule_set_id": "R", "rules": 7}'}, "A worker would refuse it"),
        ({**RULES, "field:/rule_set_id": "S"}, "The id has to stay"),
        ({**RULES, "field:/rules/1/actions/0/offsets_minutes/0": "soon"}, "has to be a number"),
        ({**RULES, "topic": "wrap-up"}, "Choose the record"),
        ({"kind": "recycle", "campaign": "spring", "at": "soon"}, "should be like"),
    ],
)
def test_what_cannot_be_tried_is_said_in_words(console, given, said):
    assert said in unescape(refused(console, **given))


def test_one_trial_runs_at_a_time(console):
    console.trials.busy = "trial-7"
    assert "trial-7 is running" in refused(console, kind="recycle", campaign="spring")


def test_a_trial_shows_how_far_it_is_and_then_what_is_different_and_why(console):
    console.trials.begin(tried.asked())
    with console.browser() as browser:
        running = browser.get("/trial", name="trial-1").text
        assert "Running events: 10 of 40." in running and 'hx-trigger="every 1s"' in running
        console.trials.found = tried.found()
        done, all_ = browser.get("/trial", name="trial-1").text, browser.get("/what-if").text
    total = tried.found().total
    assert total.lost > 3 and total.won > 3
    assert f"{total.won} calls won, {total.lost} lost, {total.moved} moved" in done
    assert "hx-trigger" not in done
    assert "trial-1" in all_
    assert 'href="/campaign?id=spring"' in done


def test_a_trial_that_ended_before_it_was_done_says_why(console):
    console.trials.begin(tried.asked())
    with console.browser() as browser:
        browser.client.post(
            "/trial",
            data={"name": "trial-1", "do": "abort", "form_mark": browser.mark()},
            headers={"origin": str(browser.client.base_url).rstrip("/"), "sec-fetch-site": "same-origin"},
        )
        assert "It was aborted." in browser.get("/trial", name="trial-1").text
        assert browser.get("/trial", name="trial-2").status_code == 404
        assert browser.get("/trial", name="../../etc/passwd").status_code == 404


def test_the_line_for_a_terminal_has_the_change_as_the_command_reads_it(console):
    console.trials.begin(tried.asked())
    with console.browser() as browser:
        page = unescape(browser.get("/trial", name="trial-1").text)
    line = page.partition("<<'END'\n")[2].partition("\nEND")[0]
    assert '"at"' not in line
    assert parse_line(line.replace("{", '{"at":"2026-11-23T00:00:00Z",', 1).encode(), "page").key == b"h7"
    assert "--campaign spring" in page and "ringback replay day.jsonl --with change.jsonl --until 2026" in page


def test_a_viewer_looks_an_operator_tries_and_recycles_and_an_admin_configures(signed):
    signed.trials.found = tried.found()
    signed.trials.begin(tried.asked())
    with signed.browser("viewer") as browser:
        assert "needs the role operator" in browser.get("/what-if").text
        assert browser.post("/what-if", kind="recycle", campaign="spring").status_code == 403
        assert browser.post("/trial", name="trial-1", do="make", why="x").status_code == 403
    with signed.browser("operator") as browser:
        assert "needs the role admin" in browser.get("/trial", name="trial-1").text
        assert browser.post("/trial", name="trial-1", do="make", why="x").status_code == 403
        browser.post("/what-if", kind="recycle", campaign="spring")
        name = signed.trials.begun[-1].name
        assert browser.post("/trial", name=name, do="make", why="slow day").headers["location"] == "/run?name=run-1"
        assert browser.post("/trial", name=name, do="make").status_code == 400
    with signed.browser("admin") as browser:
        assert browser.post("/trial", name="trial-1", do="make", why="winter").headers["location"] == "/run?name=run-2"
    assert [(one[0].topic, *one[1:]) for one in signed.deeds.planned] == [
        ("campaign-recycle", "slow day", "operator-1"),
        ("holds", "winter", "admin-1"),
    ]


def test_a_change_that_a_worker_would_refuse_is_not_offered_to_be_made(console):
    console.trials.found = tried.found().__class__(
        **{name: getattr(tried.found(), name) for name in tried.found().__struct_fields__} | {"refused": ("no",)}
    )
    console.trials.begin(tried.asked())
    with console.browser() as browser:
        page = browser.get("/trial", name="trial-1").text
    assert "A worker would refuse the change: no" in page and "Make the change" not in page


def test_every_form_has_the_mark_of_the_browser(console):
    console.trials.found = tried.found()
    console.trials.begin(tried.asked())
    with console.browser() as browser:
        for page in ("/what-if", "/trial?name=trial-1"):
            assert len(MARK.findall(browser.get(page).text)) == 2


def test_the_line_is_one_word_of_a_shell_where_ids_have_blanks(console):
    console.trials.begin(Asked(
        name="trial-3", actor="kim", asked_at=morning.NOW, change=tried.recycle("a b'c", morning.NOW),
        campaigns=("a b'c",),
    ))  # fmt: skip
    with console.browser() as browser:
        page = unescape(browser.get("/trial", name="trial-3").text)
    shown = page.partition('aria-labelledby="line-title"><code>')[2].partition("</code>")[0]
    assert "a b'c@2026-11-23T15:00:00Z" in shlex.split(shown)
