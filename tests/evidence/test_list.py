"""Every call made and not made is in the list, with why, and with what was in force when that was decided."""

from tests.builders import NUMBER, campaign, contact, rescheduled, returned, scheduled, wrap_up
from tests.evidence.days import NIGHT, OTHER, SECOND, TIMES, begun, called, entry, numbers, request, whole_day
from tests.evidence.logs import made


def of(document, effect):
    return [one for one in document.said.entries if one.effect == effect and one.in_period]


def state(one, topic):
    (found,) = [known for known in one.in_force if known.topic == topic]
    return found


async def test_a_whole_day_is_told_in_the_order_of_time_each_entry_with_its_effect():
    document = await made(whole_day().records)
    told = [(one.effect, one.words) for one in document.said.entries]
    assert [one for one in told if one[0] != "told"] == [
        ("handed_out", "Shown to queue Q, because an agent arranged it"),
        ("made", "Wrap-up AGAIN of conversation v2"),
        ("not_made", "Not dialed: on Do Not Call list D since 2026-11-23 15:08:00 UTC, for good"),
        (
            "not_made",
            "The call may not be placed: on Do Not Call list D since 2026-11-23 15:08:00 UTC, for good; the contact "
            "has been called in this pass, on 2026-11-23 at 15:05:00 UTC",
        ),
        (
            "not_made",
            "The call may not be placed: on Do Not Call list D since 2026-11-23 15:08:00 UTC, for good; there is no "
            "record of the contact",
        ),
        ("not_made", "Cancelled by sup (wrong date)"),
        (
            "not_made",
            "An event was put aside as a dead letter, and had no effect: invalid: Not one of the allowed words "
            "(at $.owner)",
        ),
        ("not_made", "Refused: a cancel: no such callback is known; kept in case it fits later"),
    ]
    assert [one.at for one in document.said.entries] == sorted(one.at for one in document.said.entries)
    assert document.said.summary.reasons["dnc"] == 3
    assert document.said.summary.contacts == ("L|c1", "L|c9")


async def test_each_callback_has_one_sentence_of_the_console_with_whole_dates():
    document = await made(whole_day().records)
    words = {one.callback_id: one.words for one in document.said.callbacks}
    assert words["k1"] == (
        "Shown to queue Q on 2026-11-23 at 15:00:00 UTC; completed on 2026-11-23 at 15:05:00 UTC with AGAIN"
    )
    assert words["k2"] == "Cancelled by sup (wrong date) on 2026-11-23 at 16:10:00 UTC"
    (by_rule,) = [text for callback_id, text in words.items() if callback_id.startswith("r-")]
    assert by_rule == (
        "Not dialed on 2026-11-23 at 15:15:00 UTC: on Do Not Call list D since 2026-11-23 15:08:00 UTC, for good"
    )


async def test_an_entry_names_the_record_that_says_it_and_those_that_led_to_it():
    document = await made(whole_day().records)
    places = {one.place: one for one in document.records}
    for one in document.said.entries:
        assert one.record in places and all(place in places for place in one.rests_on)
    (refused,) = [one for one in of(document, "not_made") if one.contact_id == "c1" and one.callback_id is None]
    assert [places[place].topic for place in refused.rests_on] == ["placement-requested"]
    assert refused.facts["dnc"] == {"dnc_list_id": "D", "expires_at": None}
    (shown,) = of(document, "handed_out")
    assert [places[place].topic for place in shown.rests_on] == ["dial-preview"]


async def test_what_was_in_force_is_named_by_its_place_and_digest():
    document = await made(whole_day().records)
    places = {one.place: one for one in document.records}
    blocked = of(document, "not_made")[0]
    for topic in ("campaigns", "rule-sets", "dnc-entries", "contacts"):
        known = state(blocked, topic)
        assert known.state == "in_force" and known.sha256 == places[known.record].sha256, topic
    before = of(document, "handed_out")[0]
    assert state(before, "dnc-entries").state == "none", "the number was listed only later"


async def test_a_campaign_that_is_changed_in_between_shows_the_version_that_was_in_force_then():
    logs = begun()
    logs.send("placement-requested", request("p1"))
    logs.send("campaigns", campaign(dialing_mode="power", status="off", dnc_list_ids=["D"]), "2026-11-23T16:30:00Z")
    logs.send("placement-requested", request("p2", occurred_at="2026-11-23T17:00:00Z"))
    document = await made(logs.records)
    first, second = (one for one in document.said.entries if one.record.startswith("placement-decided"))
    places = {one.place: one for one in document.records}
    statuses = [places[state(one, "campaigns").record].value or b"" for one in (first, second)]
    assert b'"status": "on"' in statuses[0] and b'"status": "off"' in statuses[1]
    assert state(first, "campaigns").agrees and state(second, "campaigns").agrees
    assert (first.effect, second.effect, second.reasons) == ("handed_out", "not_made", ("campaign_off",))


async def test_facts_that_differ_from_what_timestamps_put_in_force_are_said():
    logs = begun()
    logs.send("placement-requested", request("p1"))
    late = [
        one
        if one.topic != "campaigns"
        else type(one)(**_fields(one) | {"value": (one.value or b"").replace(b'"on"', b'"off"')})
        for one in logs.records
    ]
    document = await made(late)
    assert any("the facts of the decision differ" in one for one in document.said.cannot_show)


def _fields(one):
    return {name: getattr(one, name) for name in one.__struct_fields__}


async def test_hours_attempts_and_expiry_stand_in_the_list_with_what_they_rest_on():
    logs = begun(
        callable_time_set_id="us", reschedule_zone_blocked=True, screen_previews=True, expire_after_s=3600,
        attempt_limits={"max_attempts_per_number": 1, "reset_period": "today", "time_zone": "America/New_York"},
    )  # fmt: skip
    logs.send("callable-time-sets", TIMES)
    called(logs, "k1", NIGHT)
    logs.send("wrap-up", wrap_up("v5", occurred_at="2026-11-24T15:00:00Z"))
    logs.send("placement-requested", request("p1", occurred_at="2026-11-24T16:00:00Z"))
    document = await made(logs.records, end="2026-11-26T00:00:00Z")
    moved = next(one for one in of(document, "not_made") if one.reasons == ("outside_callable_time",))
    assert "it was 22:00 in America/New_York" in moved.words and "moved to 2026-11-24 14:00:00 UTC" in moved.words
    assert state(moved, "callable-time-sets").state == "in_force"
    refused = next(one for one in of(document, "not_made") if "number_attempt_limit" in one.reasons)
    assert "the number has had 1 of 1 attempts today" in refused.words


async def test_a_callback_that_is_too_late_or_that_nobody_says_the_end_of_is_told_apart():
    logs = begun(expire_after_s=60, status="off")
    logs.send("wrap-up", wrap_up("v1", wrap_up_code="AGAIN"))
    logs.run_to("2026-11-23T15:00:00Z")
    logs.send("campaigns", campaign("Q", outcome_timeout_s=600))
    called(logs, "k1", "2026-11-23T16:00:00Z", campaign_id="Q")
    logs.run_to("2026-11-23T17:00:00Z")
    document = await made(logs.records)
    assert "Not dialed: too late, more than 1 min after it was due" in [one.words for one in of(document, "not_made")]
    (unknown,) = of(document, "not_known")
    assert unknown.words.startswith("Ended without an outcome")


async def test_a_code_that_says_that_nothing_was_dialed_is_no_call_by_the_campaign_that_was_in_force():
    logs = begun(not_attempt_codes=["HUNG-UP-IN-PREVIEW"])
    logs.send("wrap-up", wrap_up("v1", wrap_up_code="HUNG-UP-IN-PREVIEW"))
    logs.send("wrap-up", wrap_up("v2", wrap_up_code="ININ-OUTBOUND-DNC-SKIPPED", event_id="w-2"))
    logs.send("wrap-up", wrap_up("v3", wrap_up_code="SALE", event_id="w-3"))
    document = await made(logs.records)
    kinds = {one.words.split()[1]: one.effect for one in document.said.entries if one.record.startswith("wrap-up")}
    assert kinds == {"HUNG-UP-IN-PREVIEW": "not_made", "ININ-OUTBOUND-DNC-SKIPPED": "not_made", "SALE": "made"}


async def test_a_further_code_of_one_call_and_an_answer_given_again_are_not_counted_twice():
    logs = begun()
    logs.send("wrap-up", wrap_up("v1", wrap_up_code="SALE"))
    logs.send("wrap-up", wrap_up("v1", wrap_up_code="NOTE", event_id="w-again", occurred_at="2026-11-23T14:31:00Z"))
    logs.send("placement-requested", request("p1"), "2026-11-23T16:00:00Z")
    logs.send("placement-requested", request("p1", event_id="p-again"), "2026-11-23T16:00:10Z")
    document = await made(logs.records)
    assert document.said.summary.effects["made"] == 1
    assert len(of(document, "not_made")) + len(of(document, "handed_out")) == 1
    assert sum("(said before)" in one.words for one in document.said.entries) == 2


async def test_a_callback_that_is_called_twice_after_a_return_counts_each_presentation():
    logs = begun(on_returned="again", again_after_s=60)
    called(logs, "k1")
    logs.send("callback-scheduled", returned("k1"))
    logs.run_to("2026-11-23T15:10:00Z")
    logs.send("wrap-up", wrap_up("v1", callback_id="k1", wrap_up_code="SALE", occurred_at="2026-11-23T15:12:00Z"))
    document = await made(logs.records)
    assert [len(of(document, effect)) for effect in ("handed_out", "not_made", "made")] == [2, 1, 1]


async def test_entries_outside_the_period_are_there_only_where_their_callback_is_in_it():
    logs = whole_day()
    document = await made(logs.records, begin="2026-11-23T16:05:00Z", end="2026-11-23T16:11:00Z")
    assert {one.callback_id for one in document.said.entries} == {"k2"}
    assert [one.words for one in document.said.entries if one.in_period] == ["Cancelled by sup (wrong date)"]
    assert len(document.said.entries) == 3 and document.said.summary.effects["not_made"] == 1


async def test_a_callback_of_the_contact_about_another_number_is_left_out_and_counted():
    logs = begun()
    logs.send("contacts", contact("c1", numbers=numbers(NUMBER, SECOND)))
    logs.send("callback-scheduled", scheduled("k1", phone_number=SECOND, due_at="2026-11-23T15:00:00Z"))
    logs.send("wrap-up", wrap_up("v4", phone_number=SECOND))
    logs.send("callback-scheduled", scheduled("k2", conversation_id="v9", due_at="2026-11-23T15:00:00Z"))
    logs.run_to("2026-11-23T15:10:00Z")
    document = await made(logs.records)
    assert {one.callback_id for one in document.said.entries} == {"k2"}
    assert document.said.summary.other_callbacks == 1


async def test_a_callback_that_is_changed_to_the_number_is_about_it():
    logs = begun()
    logs.send("callback-scheduled", scheduled("k1", phone_number=SECOND, due_at="2026-11-23T18:00:00Z"))
    changed = {
        "type": "changed", "event_id": "f1", "occurred_at": "2026-11-23T14:40:00Z", "callback_id": "k1",
        "campaign_id": "P", "contact_list_id": "L", "contact_id": "c1", "phone_number": NUMBER,
    }  # fmt: skip
    logs.send("callback-scheduled", changed)
    logs.run_to("2026-11-23T18:10:00Z")
    document = await made(logs.records)
    assert [one.callback_id for one in document.said.callbacks] == ["k1"]
    assert document.said.callbacks[0].words.startswith("Queue Q has it since 2026-11-23 18:00:00 UTC")


async def test_a_callback_whose_number_no_record_tells_is_listed_and_named():
    logs = begun()
    called(logs, "k1")
    lost = [one for one in logs.records if one.topic not in ("callback-scheduled", "dial-preview")]
    document = await made(lost, begins={"callback-scheduled": 1})
    assert [one.is_number_unknown for one in document.said.callbacks] == [True]
    assert "No record names the number of callback k1" in document.said.cannot_show[-1]


async def test_an_installation_that_knows_nothing_of_a_number_says_so_with_what_was_read():
    document = await made(whole_day().records, number="+12065550199")
    assert document.said.entries == () and document.records == ()
    assert {one.topic for one in document.read} >= {"contacts", "wrap-up", "dnc-entries"}


async def test_a_number_is_found_in_all_its_spellings_and_in_those_that_no_plan_has():
    logs = begun()
    value, key = entry("+112125550101")
    logs.send("dnc-entries", value, key=key)
    logs.send("contacts", contact("c5", numbers=[{"column": "a", "type": "H", "phone_number": "+1 212-555-0101"}]))
    logs.send("placement-requested", request("p5", contact_id="c5"))
    document = await made(logs.records)
    (one,) = [one for one in document.said.entries if one.contact_id == "c5" and one.record.startswith("placement-d")]
    assert "number_uncallable" in one.reasons and state(one, "dnc-entries").key == key
    assert OTHER.encode() not in b"".join(record.value or b"" for record in document.records)


async def test_a_callback_without_a_life_says_whether_its_event_was_refused():
    logs = whole_day()
    document = await made([one for one in logs.records if one.topic != "callback-lifecycle"])
    words = {one.callback_id: one.words for one in document.said.callbacks}
    assert words["k3"] == "No record of its life is there: an event about it became a dead letter, and had no effect"
    assert words["k2"] == "Nothing says what became of it: no record of its life is there"


async def test_the_end_of_the_period_does_not_belong_to_it_and_its_begin_does():
    records = whole_day().records
    at = "2026-11-23T16:10:00Z"
    for begin, end, count in ((at, "2026-11-23T16:10:01Z", 1), ("2026-11-23T16:09:00Z", at, 0)):
        document = await made(records, begin=begin, end=end)
        assert sum(one.in_period for one in document.said.entries) == count


async def test_two_calls_of_one_callback_count_twice_though_the_platform_gives_them_one_conversation():
    logs = begun()
    called(logs, "k1")
    moved = {"occurred_at": "2026-11-23T15:01:00Z", "due_at": "2026-11-23T16:00:00Z"}
    logs.send("callback-scheduled", rescheduled("k1", **moved))
    logs.send("wrap-up", wrap_up("v2", event_id="w1", callback_id="k1", occurred_at="2026-11-23T15:02:00Z"))
    logs.run_to("2026-11-23T16:00:00Z")
    logs.send("wrap-up", wrap_up("v2", event_id="w2", callback_id="k1", occurred_at="2026-11-23T16:03:00Z"))
    document = await made(logs.records)
    assert [len(of(document, effect)) for effect in ("handed_out", "made")] == [2, 2]


async def test_a_hold_of_everything_or_of_the_campaign_is_in_force_and_one_of_another_is_not():
    logs = begun()
    for hold_id, campaign_id in (("all", None), ("mine", "P"), ("other", "Q")):
        value = {"hold_id": hold_id, "reason": "stop", "campaign_id": campaign_id}
        logs.send("holds", value, "2026-11-23T15:00:00Z", hold_id)
    logs.send("placement-requested", request("p1"))
    logs.send("holds", None, "2026-11-23T17:00:00Z", "all")
    logs.send("placement-requested", request("p2", occurred_at="2026-11-23T18:00:00Z"))
    document = await made(logs.records)
    holds = [
        [known.key for known in one.in_force if known.topic == "holds"]
        for one in document.said.entries
        if one.record.startswith("placement-decided")
    ]
    assert holds == [["all", "mine"], ["mine"]]
    assert "other" not in {one.key_text for one in document.records}


async def test_a_call_whose_wrap_up_names_a_callback_that_is_not_known_was_made_and_is_not_told_as_refused():
    logs = begun()
    logs.send("wrap-up", wrap_up("v1", callback_id="unheard-of"))
    document = await made(logs.records)
    assert [len(of(document, effect)) for effect in ("made", "not_made")] == [1, 0]
    assert any(one.words.startswith("Refused: ") for one in of(document, "told"))
