"""The configuration that the view tells is that of a worker that has read the same records."""

from msgspec.structs import replace

from streams.console.view.model import CallbackKey
from streams.console.why.configured import configured
from streams.console.why.forecast import forecast
from tests.builders import NUMBER, Worker, campaign, instant, recycle, rule_set, scheduled
from tests.console.why.stories import told
from tests.console.why.test_forecast import TIMES, row_of
from tests.console.why.test_sentence import at, line

RECORDS = [
    line("campaigns", campaign(dnc_list_ids=["D"], callable_time_set_id="T", rule_set_ids=["R"]), at("08:00")),
    line("callable-time-sets", TIMES, at("08:00")),
    line("rule-sets", rule_set(), at("08:00")),
    line("dnc-entries", {"dnc_list_id": "D", "phone_number": NUMBER, "expires_at": at("20:00")}, at("08:00")),
    line("holds", {"hold_id": "h1", "reason": "stop"}, at("08:01")),
    line("campaign-recycle", recycle(), at("14:50")),
]
TOLD = [told(one.topic, one.key, one.value, one.at, offset) for offset, one in enumerate(RECORDS)]


def test_a_forecast_by_it_is_that_by_the_configuration_of_a_worker():
    worker = Worker()
    for one in RECORDS:
        worker.arrive(one)
    worker.at = at("14:50")
    worker.schedule(scheduled(occurred_at=at("14:55"), due_at=at("15:00")))
    arguments = (CallbackKey("L", "c1", "k1"), instant(at("14:56")))
    expected = forecast(row_of(worker), worker.core.configuration, *arguments)
    assert forecast(row_of(worker), configured(reversed(TOLD)), *arguments) == expected
    assert [one.reason for one in expected.blockers] == ["dnc", "outside_callable_time", "on_hold"]


def test_a_record_that_cannot_be_read_leaves_what_it_names_unreadable():
    bad = told("rule-sets", b"R", b'{"rule_set_id": "R", "rules": 7}', instant(at("09:00")), 9)
    configuration = configured([*TOLD, bad])
    assert "R" in configuration.unreadable.rule_sets and "R" not in configuration.rule_sets


def test_a_record_that_is_no_json_is_known_by_its_bytes_and_its_key():
    bad = replace(told("callable-time-sets", b"T", b"{", instant(at("09:00")), 9), key="T", raw=b"{")
    assert "T" in configured([*TOLD, bad]).unreadable.times


def test_a_tombstone_removes_what_its_key_names_and_what_configures_nothing_is_left():
    gone = replace(told("holds", b"h1", None, instant(at("09:00")), 9), key="h1")
    event = told("callback-scheduled", b"L|c1", b"{}", instant(at("09:00")), 1)
    assert len(configured([*TOLD, event]).holds) == 1
    assert len(configured([*TOLD, gone, event]).holds) == 0
