"""A partition over its life: restarts, faults of ours, configuration that changes, and what it counts."""

from collections.abc import Callable

import orjson
import pytest

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Fired, LatenessCause
from streams.logic.contact.upgrades import ROW_VERSION, UnknownRowVersion
from streams.logic.decisions.decide import decide
from streams.logic.partition.partition import META_KEY, Arrived, Outcome, Partition
from streams.logic.partition.retries import Retried
from tests.builders import (
    campaign,
    cancelled,
    clear,
    contact,
    instant,
    key_of,
    recycle,
    rescheduled,
    rule,
    rule_set,
    scheduled,
    wrap_up,
)

AT_1430 = instant("2026-11-23T14:30:00Z")
AT_1500 = instant("2026-11-23T15:00:00Z")
AT_1600 = instant("2026-11-23T16:00:00Z")


class Bug(Exception):
    """A bug of ours."""


MESSAGE = "with +12125550101 in it"


def commands_in(outcome: Outcome) -> list[dict]:
    """The values of the commands for preview that an outcome writes."""
    return [orjson.loads(record.value or b"") for record in outcome.records if record.topic == "dial-preview"]


class Log:
    """The topics of one partition: what was written to its changelog, and the configuration."""

    def __init__(self) -> None:
        self.changelog: list[tuple[bytes, bytes | None]] = []
        self.configuration: list[Arrived] = []
        self.offset = 0
        self.bugs = 0  # So many of the next decisions fail; of those that `meets` says, where it is set.
        self.meets: Callable[[object], bool] = lambda told: True

    def configure(self, *values: tuple[str, dict], at=AT_1430) -> None:
        for topic, value in values:
            key = next(iter(value[name] for name in ("campaign_id", "rule_set_id", "contact_list_id") if name in value))
            self.configuration.append(
                Arrived(
                    topic, 0, len(self.configuration), key.encode(), orjson.dumps(value), int(at.timestamp() * 1000)
                )
            )

    def failing_decide(self, contact, told, *arguments, **more):
        if self.bugs > 0 and self.meets(told):
            self.bugs -= 1
            raise Bug(MESSAGE)
        return decide(contact, told, *arguments, **more)

    def start(self, now, number: int = 0) -> Partition:
        """A partition as a worker acquires it: configuration, then changelog, then ready."""
        configuration = Configuration()
        for event in self.configuration:
            configuration.apply(event, now)
        partition = Partition(number, 1, configuration, {}, decide=self.failing_decide)
        for key, row in self.changelog:
            partition.restore(key, row)
        partition.ready(now)
        self.committed(partition.configure(now))
        return partition

    def list_contacts(self, partition: Partition, *contact_ids: str) -> None:
        """The records of contacts, without which the system dials none of them."""
        for contact_id in contact_ids:
            self.send(partition, "contacts", contact(contact_id))

    def committed(self, outcome: Outcome | None) -> Outcome:
        assert outcome is not None
        self.changelog += outcome.writes.items()
        return outcome

    def event(self, topic: str, value: dict) -> Arrived:
        self.offset += 1
        return Arrived(topic, 0, self.offset, key_of(value), orjson.dumps(value), 0)

    def send(self, partition: Partition, topic: str, value: dict, now=AT_1430) -> Outcome:
        return self.committed(partition.apply(self.event(topic, value), now))

    def fire_all(self, partition: Partition, now) -> Outcome:
        total = Outcome()
        while (outcome := partition.fire(now)) is not None:
            total.merge(self.committed(outcome))
        return total


@pytest.fixture
def log() -> Log:
    log = Log()
    log.configure(("campaigns", campaign(rule_set_ids=["R"])), ("rule-sets", rule_set(rule())))
    return log


def topics(outcome: Outcome) -> list[str]:
    return [record.topic for record in outcome.records]


def test_a_timer_survives_a_restart_and_fires_once(log):
    log.send(log.start(AT_1430), "callback-scheduled", scheduled())
    partition = log.start(AT_1600)
    assert partition.next_at() == AT_1500
    assert topics(log.fire_all(partition, AT_1600)).count("dial-preview") == 1
    assert partition.fire(AT_1600) is None
    assert log.fire_all(log.start(AT_1600), AT_1600).records == []


def test_a_cancelled_timer_does_not_come_back_with_a_restart(log):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled())
    log.send(partition, "callback-scheduled", cancelled(occurred_at="2026-11-23T14:30:00Z"))
    assert log.fire_all(log.start(AT_1600), AT_1600).records == []


def test_a_repeated_event_is_known_after_a_restart(log):
    log.send(log.start(AT_1430), "callback-scheduled", scheduled())
    assert log.start(AT_1430).apply(log.event("callback-scheduled", scheduled()), AT_1430).records == []


def test_what_fell_due_during_an_outage_goes_out_oldest_first_and_late_for_that(log):
    partition = log.start(AT_1430)
    for number, minute in ((1, 50), (2, 40), (3, 45)):
        due_at = f"2026-11-23T14:{minute}:00Z"
        log.send(partition, "callback-scheduled", scheduled(f"k{number}", contact_id=f"c{number}", due_at=due_at))
    outcome = log.fire_all(log.start(AT_1600), AT_1600)
    assert [fired.due_at.minute for fired in outcome.fired] == [40, 45, 50]
    assert {fired.cause for fired in outcome.fired} == {LatenessCause.OUTAGE}


def test_what_arrives_after_its_due_time_goes_out_oldest_first_too(log):
    partition = log.start(AT_1430)
    for number, due_at in enumerate(("14:58", "14:56", "14:57")):
        event = scheduled(
            f"k{number}", event_id=f"s{number}", contact_id=f"c{number}", conversation_id=f"v{number}",
            occurred_at="2026-11-23T14:30:00Z", due_at=f"2026-11-23T{due_at}:00Z",
        )  # fmt: skip
        log.send(partition, "callback-scheduled", event, AT_1500)
    dialed = [record for record in log.fire_all(partition, AT_1500).records if record.topic == "dial-preview"]
    assert [orjson.loads(record.value)["callback_id"] for record in dialed] == ["k1", "k2", "k0"]


@pytest.mark.parametrize(
    ("fired_at", "cause"),
    [
        ("2026-11-23T15:00:00Z", LatenessCause.NONE),
        ("2026-11-23T15:00:01Z", LatenessCause.NONE),
        ("2026-11-23T15:00:01.001Z", LatenessCause.BACKLOG),
    ],
)
def test_a_command_more_than_a_second_late_is_late_for_backlog(log, fired_at, cause):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled())
    outcome = log.fire_all(partition, instant(fired_at))
    assert outcome.fired == [Fired("dial-preview", AT_1500, cause, commands_in(outcome)[0]["command_id"])]


def test_releases_say_whether_they_waited_for_the_campaign_or_for_the_rate():
    log = Log()
    log.configure(("campaigns", campaign(status="off", rule_set_ids=["R"])), ("rule-sets", rule_set(rule())))
    partition = log.start(AT_1430)
    log.list_contacts(partition, "c0", "c1")
    for number in range(2):
        log.send(partition, "wrap-up", wrap_up(f"v{number}", contact_id=f"c{number}", wrap_up_code="AGAIN"))
    log.fire_all(partition, AT_1500)
    log.configure(("campaigns", campaign(rule_set_ids=["R"], dial_rate_per_s=1)))
    partition._configuration.apply(log.configuration[-1], AT_1500)
    partition.configure(AT_1500)
    outcome = log.fire_all(partition, AT_1500)
    outcome.merge(log.fire_all(partition, instant("2026-11-23T15:00:01Z")))
    assert [fired.cause for fired in outcome.fired] == [LatenessCause.CAMPAIGN_OFF, LatenessCause.RATE]


def of_a_campaign_that_is_on_again() -> Log:
    """A callback has fallen due while its campaign was off, and nobody has read yet that it is on."""
    log = Log()
    log.configure(("campaigns", campaign(status="off", rule_set_ids=["R"])), ("rule-sets", rule_set(rule())))
    partition = log.start(AT_1430)
    log.list_contacts(partition, "c1")
    log.send(partition, "wrap-up", wrap_up(wrap_up_code="AGAIN"))
    log.fire_all(partition, AT_1500)
    log.configure(("campaigns", campaign(rule_set_ids=["R"])))
    return log


def test_waiting_callbacks_survive_a_restart_and_are_released_by_what_changed_meanwhile():
    log = of_a_campaign_that_is_on_again()
    assert topics(log.fire_all(log.start(AT_1600), AT_1600)) == [
        "callback-lifecycle",
        "dial-analysis",
        "outstanding-callbacks",
    ]


def test_a_clear_read_during_an_outage_is_applied_before_anything_is_dialed(log):
    log.send(log.start(AT_1430), "wrap-up", wrap_up(wrap_up_code="AGAIN"))
    log.configure(("contact-list-cleared", clear(occurred_at="2026-11-23T14:35:00Z")), at=AT_1500)
    outcome = log.fire_all(log.start(AT_1600), AT_1600)
    assert topics(outcome) == ["callback-lifecycle", "outstanding-callbacks"]
    assert orjson.loads(outcome.records[0].value)["transition"] == "cancelled"


def test_a_clear_that_was_interrupted_is_finished_after_a_restart(log):
    partition = log.start(AT_1430)
    for number in range(3):
        log.send(partition, "wrap-up", wrap_up(f"v{number}", contact_id=f"c{number}", wrap_up_code="AGAIN"))
    log.configure(
        ("contact-list-cleared", clear(occurred_at="2026-11-23T14:35:00Z")), at=instant("2026-11-23T14:35:00Z")
    )
    at = instant("2026-11-23T14:36:00Z")
    assert topics(log.committed(log.start(at).fire(at))) == ["callback-lifecycle", "outstanding-callbacks"]
    restarted = log.start(at)
    assert topics(log.fire_all(restarted, at)) == ["callback-lifecycle", "outstanding-callbacks"] * 2
    assert restarted.census.outstanding == 0
    assert log.fire_all(log.start(at), at).records == []


def test_a_clear_is_applied_once_and_not_again_with_every_restart(log):
    log.configure(("contact-list-cleared", clear()), at=AT_1500)
    log.start(AT_1500)
    assert [key for key, _ in log.changelog] == [META_KEY]
    log.start(AT_1600)
    assert [key for key, _ in log.changelog] == [META_KEY]


def test_reports_about_configuration_are_written_once_over_restarts_and_by_partition_0_only(log):
    log.configure(("campaign-recycle", recycle("y1")), ("campaign-recycle", recycle("y2")), at=AT_1500)
    configuration = Configuration()
    for event in log.configuration:
        configuration.apply(event, AT_1500)
    second = Partition(1, 2, configuration, {})
    second.ready(AT_1500)
    assert second.configure(AT_1500).records == []
    first = Partition(0, 2, configuration, {})
    first.ready(AT_1500)
    outcome = first.configure(AT_1500)
    assert topics(outcome) == ["callback-lifecycle"]
    assert first.configure(AT_1500).records == []
    again = Partition(0, 2, configuration, {})
    again.restore(META_KEY, outcome.writes[META_KEY])
    again.ready(AT_1600)
    assert again.configure(AT_1600).records == []


def test_old_recycles_stay_accepted_when_they_are_read_again_years_later(log):
    log.configure(("campaign-recycle", recycle()), at=AT_1500)
    configuration = log.start(instant("2029-01-01T00:00:00Z"))._configuration
    assert not list(configuration.reports)
    assert configuration.recycles.latest("P") is not None


def test_the_count_of_outstanding_callbacks_is_right_over_life_and_restart(log):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled("k1"))
    log.send(partition, "callback-scheduled", scheduled("k2", contact_id="c2"))
    log.send(partition, "callback-scheduled", cancelled("k1", occurred_at="2026-11-23T14:30:00Z"))
    assert partition.census.outstanding == 1
    assert log.start(AT_1600).census.outstanding == 1
    log.fire_all(partition, AT_1600)
    assert partition.census.outstanding == 1
    log.fire_all(partition, instant("2026-11-30T16:00:00Z"))
    assert partition.census.outstanding == 0


def test_a_row_of_a_newer_version_is_not_guessed_at():
    partition = Partition(0, 1, Configuration(), {})
    partition.restore(b"L|c1", b'{"version":%d,"contact_list_id":"L","contact_id":"c1"}' % (ROW_VERSION + 1))
    with pytest.raises(UnknownRowVersion):
        partition.ready(AT_1430)


def test_an_event_that_meets_a_bug_once_is_decided_at_the_second_try(log):
    partition = log.start(AT_1430)
    log.bugs = 1
    outcome = log.send(partition, "callback-scheduled", scheduled())
    assert topics(outcome) == ["callback-lifecycle", "outstanding-callbacks"]
    assert outcome.bugs == []


def test_an_event_that_meets_a_bug_twice_becomes_a_dead_letter_with_nothing_changed(log):
    partition = log.start(AT_1430)
    log.bugs = 2
    outcome = log.send(partition, "callback-scheduled", scheduled())
    headers = dict(outcome.records[0].headers)
    assert headers["ringback.error"] == b"internal_error"
    assert b"555" not in headers["__connect.errors.exception.message"]
    (bug,) = outcome.bugs
    assert (bug.kind, bug.what) == ("event", "Bug") and outcome.writes == {}
    assert bug.cause == outcome.examples["internal_error"] and bug.cause.event_id == "s-k1"
    assert (bug.cause.topic, bug.cause.offset) == ("callback-scheduled", log.offset)
    assert "in failing_decide" in bug.where and "2125550101" not in bug.where
    assert topics(log.send(partition, "callback-scheduled", scheduled())) == [
        "callback-lifecycle",
        "outstanding-callbacks",
    ]


def test_a_timer_that_meets_a_bug_is_retried_later_and_holds_nobody_else_up(log):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled("k1"))
    log.send(partition, "callback-scheduled", scheduled("k2", contact_id="c2"))
    log.bugs = 2
    outcome = log.fire_all(partition, AT_1500)
    assert [(bug.kind, bug.callback_id) for bug in outcome.bugs] == [("timer", "k1")]
    assert [fired.due_at for fired in outcome.fired] == [AT_1500]
    assert partition.census.outstanding == 2 and partition.agenda.retried_count == 1
    assert partition.next_at() == instant("2026-11-23T15:01:00Z")
    assert partition.agenda.retried() == [Retried("k1", AT_1500, instant("2026-11-23T15:01:00Z"))]
    assert topics(log.fire_all(partition, instant("2026-11-23T15:01:00Z"))).count("dial-preview") == 1
    assert partition.agenda.retried_count == 0


def test_other_timers_of_the_contact_do_not_wait_for_the_one_that_is_retried(log):
    partition = log.start(AT_1430)
    for name, due_at in (("k1", "2026-11-23T15:00:00Z"), ("k2", "2026-11-23T15:05:00Z")):
        log.send(partition, "callback-scheduled", scheduled(name, conversation_id=f"v-{name}", due_at=due_at))
    log.bugs, log.meets = 1000, lambda told: getattr(told, "callback_id", None) == "k1"
    for minute in (0, 1, 3, 5, 7, 15):
        outcome = log.fire_all(partition, instant(f"2026-11-23T15:{minute:02}:00Z"))
        assert len(outcome.fired) == (minute == 5) and len(outcome.bugs) == (minute != 5)
    assert partition.agenda.retried_count == 1 and partition.next_at() == instant("2026-11-23T15:31:00Z")


def test_what_does_not_touch_a_timer_that_is_retried_leaves_its_retry(log):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled())
    log.bugs = 4
    log.fire_all(partition, AT_1500)
    log.fire_all(partition, instant("2026-11-23T15:01:00Z"))
    log.send(partition, "contacts", contact(attributes={"seen": "today"}), instant("2026-11-23T15:01:30Z"))
    assert partition.next_at() == instant("2026-11-23T15:03:00Z") and partition.agenda.retried_count == 1


@pytest.mark.parametrize("event", [rescheduled(occurred_at="2026-11-23T14:40:00Z"), cancelled()])
def test_a_timer_that_is_retried_and_then_moved_or_cancelled_is_not_retried_any_more(log, event):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled())
    log.bugs = 2
    log.fire_all(partition, AT_1500)
    log.send(partition, "callback-scheduled", event, AT_1500)
    assert partition.agenda.retried_count == 0
    assert topics(log.fire_all(partition, instant("2026-11-24T15:00:00Z"))).count("dial-preview") == (
        event["type"] == "rescheduled"
    )


def test_a_timer_that_keeps_failing_is_retried_after_longer_and_longer_up_to_an_hour(log):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled())
    log.bugs = 1000
    now, waits = AT_1500, []
    for _ in range(8):
        log.fire_all(partition, now)
        after = partition.next_at()
        assert after is not None
        waits.append((after - now).total_seconds() / 60)
        now = after
        assert partition.agenda.retried() == [Retried("k1", AT_1500, now)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_release_that_meets_a_bug_is_retried_later():
    log = of_a_campaign_that_is_on_again()
    partition = log.start(AT_1500)
    log.committed(partition.fire(AT_1500))
    log.bugs = 2
    assert [(bug.kind, bug.callback_id is None) for bug in log.fire_all(partition, AT_1500).bugs] == [
        ("release", False)
    ]
    assert partition.next_at() == instant("2026-11-23T15:01:00Z") and partition.agenda.retried_count == 1
    ((_, since, next_try),) = partition.agenda.retried()
    assert (since, next_try) == (AT_1500, instant("2026-11-23T15:01:00Z"))
    assert "dial-analysis" in topics(log.fire_all(partition, instant("2026-11-23T15:01:00Z")))


def test_a_contact_that_meets_a_bug_in_a_clear_is_tried_again_after_a_restart(log):
    partition = log.start(AT_1430)
    log.send(partition, "wrap-up", wrap_up(wrap_up_code="AGAIN"))
    log.configure(("contact-list-cleared", clear(occurred_at="2026-11-23T14:35:00Z")), at=AT_1500)
    at = instant("2026-11-23T14:36:00Z")
    partition = log.start(at)
    log.bugs = 2
    assert [bug.kind for bug in log.fire_all(partition, at).bugs] == ["configuration"]
    assert topics(log.fire_all(log.start(at), at)) == ["callback-lifecycle", "outstanding-callbacks"]


def test_a_clock_that_steps_back_loses_no_timer(log):
    partition = log.start(AT_1600)
    log.send(partition, "callback-scheduled", scheduled(), now=AT_1500)
    assert partition.fire(AT_1430) is None
    assert topics(log.fire_all(partition, AT_1500)).count("dial-preview") == 1


def test_outcomes_of_one_transaction_are_merged_in_order(log):
    partition = log.start(AT_1430)
    transaction = log.send(partition, "callback-scheduled", scheduled())
    transaction.merge(log.send(partition, "callback-scheduled", cancelled(occurred_at="2026-11-23T14:30:00Z")))
    assert topics(transaction) == ["callback-lifecycle", "outstanding-callbacks"] * 2
    assert transaction.counts == {
        ("callback-scheduled", "scheduled", "applied"): 1,
        ("callback-scheduled", "cancelled", "applied"): 1,
    }
    assert transaction.writes[b"L|c1"] == log.changelog[-1][1]


def test_a_timer_that_works_again_is_retried_from_the_beginning_the_next_time(log):
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled())
    log.bugs = 4
    for now in ("2026-11-23T15:00:00Z", "2026-11-23T15:01:00Z", "2026-11-23T15:03:00Z"):
        log.fire_all(partition, instant(now))
    log.bugs = 2
    now = partition.next_at()
    assert now == instant("2026-11-30T15:03:00Z")
    log.fire_all(partition, now)
    assert partition.next_at() == instant("2026-11-30T15:04:00Z")


def test_a_preview_for_the_queue_is_wanted_when_the_owners_time_is_over(log):
    log.configure(("campaigns", campaign(rule_set_ids=["R"], owner_expiry="queue")))
    partition = log.start(AT_1430)
    log.send(partition, "callback-scheduled", scheduled(owner="only"))
    log.fire_all(partition, AT_1500)
    next_day = instant("2026-11-24T15:00:00Z")
    outcome = log.fire_all(partition, next_day)
    expected = Fired("dial-preview", next_day, LatenessCause.NONE, commands_in(outcome)[0]["command_id"])
    assert outcome.fired == [expected]
