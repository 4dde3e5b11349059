"""A forecast by what a view has is that of a worker, and a change of the configuration changes it."""

from collections.abc import Collection

from streams.console.view.model import CallbackKey, Told
from streams.console.why.forecast import forecast
from streams.console.why.seen import Seen
from tests.builders import NUMBER, Worker, campaign, instant, scheduled
from tests.console.why.stories import told
from tests.console.why.test_forecast import row_of
from tests.console.why.test_sentence import at, line

KEY = CallbackKey("L", "c1", "k1")
NOW = instant(at("14:45"))


class StandIn:
    """A view of one contact, and of what is told."""

    def __init__(self, row: bytes | None, records: list[Told], entries: list[Told]) -> None:
        self.row, self.records, self.entries = row, records, entries

    def state_row(self, contact_list_id: str, contact_id: str) -> bytes | None:
        return self.row if (contact_list_id, contact_id) == ("L", "c1") else None

    def configuration(self) -> tuple[Told, ...]:
        return tuple(self.records)

    def dnc_entries(self, phone_numbers: Collection[str]) -> tuple[Told, ...]:
        return tuple(one for one in self.entries if (one.value or {})["phone_number"] in phone_numbers)


def as_told(topic: str, value, offset: int = 0) -> Told:
    one = line(topic, value, at("08:00"))
    return told(one.topic, one.key, one.value, one.at, offset)


def world() -> tuple[Worker, StandIn]:
    settings, entry = campaign(dnc_list_ids=["D"]), {"dnc_list_id": "D", "phone_number": NUMBER}
    worker = Worker(settings)
    worker.send("dnc-entries", entry)
    worker.schedule(scheduled(due_at=at("15:00")))
    other = {"dnc_list_id": "D", "phone_number": "+13105550101"}
    entries = [as_told("dnc-entries", entry), as_told("dnc-entries", other, 1)]
    return worker, StandIn(row_of(worker), [as_told("campaigns", settings)], entries)


def test_a_forecast_by_a_view_is_that_by_the_worker():
    worker, view = world()
    seen = Seen(view)
    expected = forecast(row_of(worker), worker.core.configuration, KEY, NOW)
    assert [one.reason for one in expected.blockers] == ["dnc"]
    assert seen.forecast(KEY, NOW) == expected
    assert seen.forecast(KEY, NOW) == expected


def test_an_entry_that_goes_and_a_record_that_comes_change_it():
    _, view = world()
    seen = Seen(view)
    seen.forecast(KEY, NOW)
    view.entries.clear()
    assert seen.forecast(KEY, NOW).blockers == ()
    view.records.append(as_told("holds", {"hold_id": "h1", "reason": "stop"}))
    assert [one.reason for one in seen.forecast(KEY, NOW).blockers] == ["on_hold"]


def test_a_contact_without_a_row_and_a_row_that_cannot_be_read_are_said_to_be_so():
    _, view = world()
    view.row = b"{"
    assert Seen(view).forecast(KEY, NOW).words == "The contact's state cannot be read"
    assert not Seen(view).forecast(CallbackKey("L", "c9", "k1"), NOW).is_known
