"""Docs, rules.md, sections 6 and 7: the life of a callback, and what the dialer may rely on."""

from streams.logic.contact.ids import command_id
from tests.rules.scenario import of_contact, play, steps


def test_6_01_from_scheduled_to_completed() -> None:
    said = play("6.01", "2026-11-23T20:00:00Z")
    assert steps(said, "k1-6.01") == ["scheduled", "due", "presented", "completed"]
    assert of_contact(said, "c2") == ["scheduled", "due", "dialing"]
    views = [view for view in said.views if view is None or view["contact_id"] == "c1"]
    shown = [view and [one["state"] for one in view["callbacks"]] for view in views]
    assert shown == [["scheduled"], ["presented"], None]


def test_6_01b_completed_while_it_is_dialed_or_waits() -> None:
    """The wrap-up of a call names it: that of the system's call, and that of another call while its campaign is off."""
    said = play("6.01b", "2026-11-23T17:00:00Z")
    assert of_contact(said, "c1") == ["scheduled", "due", "dialing", "completed"]
    assert of_contact(said, "c2") == ["scheduled", "due", "waiting", "completed"]


def test_6_02_the_other_ends() -> None:
    said = play("6.02", "2026-12-02T00:00:00Z")
    ends = {record["transition"]: record["reasons"] for record in said.lifecycle}
    assert steps(said, "cancelled-6.02") == ["scheduled", "cancelled"]
    assert steps(said, "owned-6.02") == ["scheduled", "due", "presented", "owner_expired"]
    assert steps(said, "forgotten-6.02") == ["scheduled", "due", "presented", "expired"]
    assert of_contact(said, "c1") == ["scheduled", "scheduled", "due", "waiting", "due", "blocked", "expired"]
    assert ends["blocked"] == ["contact_uncallable"] and ends["expired"] == ["no_outcome"]


def test_6_02b_too_late_when_it_falls_due() -> None:
    """The wrap-up arrives two hours late: what fell due more than an hour ago expires, and the rest is dialed."""
    said = play("6.02b", "2026-11-23T17:00:00Z")
    assert of_contact(said, "c1") == ["scheduled", "due", "expired"]
    assert of_contact(said, "c2") == ["scheduled", "due", "dialing"]
    assert [record["reasons"] for record in said.lifecycle if record["transition"] == "expired"] == [["too_late"]]


def test_6_03_every_record_names_its_cause() -> None:
    said = play("6.03", "2026-11-23T20:00:00Z")
    causes = [(record["transition"], record["cause"]) for record in said.lifecycle]
    wrap = {"event_id": "wrap-6.03", "topic": "wrap-up", "partition": 0, "offset": 0}
    timer = {"event_id": "wrap-6.03", "topic": None, "partition": 0, "offset": None}
    assert causes == [
        ("scheduled", wrap),
        ("due", timer),
        ("waiting", timer),
        ("dialing", {"event_id": None, "topic": "campaigns", "partition": 0, "offset": 1}),
        ("rejected", {"event_id": "cancel-6.03", "topic": "callback-scheduled", "partition": 0, "offset": 0}),
    ]


def test_7_01_one_command_for_a_presentation_under_an_id_that_follows_from_it() -> None:
    """Redelivered events, and a callback that is presented twice."""
    said = play("7.01", "2026-11-23T20:00:00Z")
    assert [one["presentation"] for one in said.commands] == [1, 2]
    assert [one["command_id"] for one in said.commands] == [
        command_id("L7.01", "c1", "k1-7.01", presentation) for presentation in (1, 2)
    ]
