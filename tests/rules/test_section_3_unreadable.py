"""Docs, rules.md, rule 3.12 and section 8 row 13: what cannot be read permits nothing."""

from tests.rules.scenario import answers, dialed, of_contact, play, steps

EVENING = "2026-11-23T20:00:00Z"


def paths_named(said) -> list[str]:
    """The path that each dead letter names first, in order."""
    messages = [line["headers"]["__connect.errors.exception.message"] for line in said.lines if "headers" in line]
    return [message.rpartition("(at ")[2].removesuffix(")") for message in messages]


def test_3_12f_of_a_contact_the_cells_that_fit_count_and_the_others_permit_nothing() -> None:
    """A blank zone is absent, and then derived; the last record says not to call, beside a number that is blank."""
    said = play("3.12f")
    assert answers(said) == [
        ["contact_uncallable"],
        ["time_zone_unknown"],
        [],
        ["number_uncallable"],
        ["contact_uncallable"],
        ["contact_filtered"],
        ["contact_uncallable"],
    ]
    assert set(said.errors) == {"invalid_cell"}
    assert paths_named(said) == [
        "$.callable",
        "$.time_zone",
        "$.numbers[0].phone_number",
        "$.numbers",
        "$.attributes[...]",
        "$.numbers[0].phone_number",
    ]


def test_3_12g_a_status_that_cannot_be_read_is_off_and_limits_leave_no_attempt() -> None:
    said = play("3.12g", EVENING)
    assert answers(said) == [["campaign_off"], ["contact_attempt_limit", "number_attempt_limit"], [], []]
    assert said.of("placement-decided")[1]["facts"]["attempts"]["contact"] == {"count": 0, "limit": 0}
    assert of_contact(said, "c1") == ["scheduled", "due", "waiting", "dialing"]
    assert paths_named(said) == ["$.attempt_limits.max_attempts_per_contact", "$.status"]


def test_3_12h_contact_campaign_rule_set_and_hours_that_cannot_be_read_refuse_until_a_good_record() -> None:
    assert answers(play("3.12h")) == [
        [],
        ["contact_unreadable"],
        ["campaign_unreadable"],
        ["rule_set_unreadable"],
        ["callable_time_set_unreadable"],
        ["contact_uncallable", "rule_set_unreadable", "callable_time_set_unreadable"],
        [],
    ]


def test_3_12i_previews_go_out_and_what_the_system_would_dial_waits() -> None:
    """Agents' callbacks, what belongs to an agent, and screened previews go out; one that waits may become too late."""
    said = play("3.12i", EVENING)
    assert dialed(said) == [
        ("14:10:00", "preview"),
        ("14:10:00", "preview"),
        ("14:11:00", "preview"),
        ("16:00:00", "analysis"),
        ("16:00:00", "analysis"),
    ]
    assert answers(said) == [["campaign_unreadable"]]
    assert of_contact(said, "rule") == of_contact(said, "set") == ["scheduled", "due", "waiting", "dialing"]
    assert of_contact(said, "late") == ["scheduled", "due", "waiting", "expired"]
    waiting = [(one["contact_id"], one["reasons"]) for one in said.lifecycle if one["transition"] == "waiting"]
    assert waiting == [
        ("set", ["rule_set_unreadable"]),
        ("rule", ["campaign_unreadable"]),
        ("late", ["rule_set_unreadable"]),
    ]
    assert [one["facts"]["held_by"] for one in said.lifecycle if one["transition"] == "dialing"] == ["unreadable"] * 2


def test_3_12j_an_entry_that_cannot_be_read_blocks_by_its_key_and_never_expires() -> None:
    """What becomes of it in the end is up to a tombstone or a good record; a key without a number blocks none."""
    said = play("3.12j")
    assert answers(said) == [["dnc"], ["dnc"], ["dnc"], [], ["dnc"], [], [], [], []]
    assert said.errors == ["invalid_cell", "invalid", "wrong_key", "wrong_key"]


def test_3_12k_a_wrap_up_that_needs_what_cannot_be_read_can_be_replayed() -> None:
    said = play("3.12k", EVENING)
    assert said.errors == ["invalid", "campaign_unreadable", "invalid", "rule_set_unreadable"]
    assert of_contact(said, "c1") == ["scheduled", "due", "dialing"]


def test_3_12l_blank_reads_as_absent_where_absence_permits_no_more() -> None:
    """The owner of the third callback has no agent, and the id of a callback is not blank."""
    said = play("3.12l", EVENING)
    assert said.errors == ["invalid", "invalid"] and paths_named(said) == ["$.agent_id", "$.callback_id"]
    (command,) = [one for one in said.commands if one["origin"] == "agent"]
    assert (command["queue_id"], command["agent_id"], command["notes"]) == ("Q3.12l", None, None)
    assert steps(said, "k2-3.12l") == ["scheduled", "due", "presented"]
    assert of_contact(said, "c1") == ["scheduled", "due", "dialing"]


def test_8_13b_what_is_unreadable_is_so_until_a_good_record_or_a_tombstone() -> None:
    """After a tombstone it is unknown, and then what has waited ends."""
    said = play("8.13b", EVENING)
    assert answers(said) == [
        ["contact_unreadable", "rule_set_unreadable", "callable_time_set_unreadable"],
        ["contact_unreadable", "campaign_unreadable"],
        ["contact_unknown", "callable_time_set_unknown", "rule_set_unknown"],
        ["campaign_unknown", "contact_unknown"],
        [],
        [],
    ]
    assert of_contact(said, "c2") == ["scheduled", "due", "waiting", "blocked"]
    assert said.reasons[-1] == ["rule_set_unknown"]


def test_8_13c_the_key_of_a_record_says_what_is_unreadable() -> None:
    said = play("8.13c")
    assert answers(said) == [[], ["campaign_unreadable"], []] and said.errors == ["wrong_key"]
