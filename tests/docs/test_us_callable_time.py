"""The example of calling hours in the United States: the data are read, and are what the page says, row for row."""

import json
from pathlib import Path

from msgspec.structs import replace

from streams.logic.configuration.prepared import prepare
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.state import Listed, new_contact
from streams.logic.hours.callable_time import CompiledTimes, check_time
from streams.simulator.lines import parse_line
from tests.builders import instant
from tests.topics.contract import sections, table, words
from topics.configuration import CallableTimeSet
from topics.events import ContactNumber

ROOT = Path(__file__).parents[2]
LINE = (ROOT / "examples" / "us-callable-time.jsonl").read_bytes()
PAGE = sections((ROOT / "examples" / "us-callable-time.md").read_text("utf-8"))
HOURS = table(PAGE["Hours"], "region", "jurisdiction")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def compiled() -> tuple[CallableTimeSet, CompiledTimes]:
    value = json.dumps(json.loads(LINE)["value"]).encode()
    prepared = prepare(Arrived("callable-time-sets", 0, 0, b"us-callable-time", value, 0))
    assert prepared.report is None
    assert isinstance(prepared.value, CallableTimeSet) and isinstance(prepared.compiled, CompiledTimes)
    return prepared.value, prepared.compiled


def slots_of(text: str) -> list[tuple[int, str, str]]:
    """What the page says of a week: `Mon-Fri 09:00-18:00; Sat 10:00-17:00`."""
    found = []
    for part in text.split("; "):
        days, clock = part.split(" ")
        first, _, last = days.partition("-")
        start, stop = clock.split("-")
        found += [(day + 1, start, stop) for day in range(DAYS.index(first), DAYS.index(last or first) + 1)]
    return found


def test_the_line_is_one_that_the_simulator_reads() -> None:
    assert parse_line(LINE, "us-callable-time.jsonl:1").topic == "callable-time-sets"


def test_the_regions_are_the_rows_of_the_page() -> None:
    times, _ = compiled()
    said = {words(row[0])[0]: slots_of(row[2]) for row in HOURS.rows}
    assert said == {one.region: [(slot.day, slot.start, slot.stop) for slot in one.slots] for one in times.regions}
    assert len(said) == len(HOURS.rows) == len(times.regions)


def test_every_row_has_its_statute_its_words_its_source_and_its_date() -> None:
    for name in ("statute", "quoted words"):
        assert all(HOURS.column(name))
    assert all(one.startswith("http") for one in HOURS.column("source"))
    assert set(HOURS.column("read on")) == {"2026-11-26"}
    assert f"Held by {len(HOURS.rows)} rows" in PAGE["Hours"]


def test_the_exceptions_are_the_holidays_of_the_page() -> None:
    times, _ = compiled()
    said = [(words(row[0])[0], row[1]) for row in table(PAGE["Holidays"], "region", "date").rows]
    assert said == [(one.region, one.date.isoformat()) for one in times.exceptions]
    assert len(said) == len(set(said)) and not any(one.slots or one.time_zone for one in times.exceptions)


def test_it_holds_for_numbers_of_all_states() -> None:
    """At 17:00 in New York: Providence is open until 18:00, Boston until 20:00, Boise has federal hours."""
    _, times = compiled()
    contact = new_contact("L", "c1")

    def may_be_called(phone_number: str, at: str) -> bool:
        return not check_time(times, contact, phone_number, instant(at)).reasons

    boston, providence, boise, salt_lake = "+16175550101", "+14015550101", "+12085550101", "+18015550101"
    monday = ("2026-11-30T22:00:00Z", "2026-11-30T23:30:00Z", "2026-12-01T01:30:00Z")
    assert [may_be_called(boston, at) for at in monday] == [True, True, False]
    assert [may_be_called(providence, at) for at in monday] == [True, False, False]
    assert [may_be_called(boise, at) for at in monday] == [True, True, True]
    thanksgiving, sunday = "2026-11-26T18:00:00Z", "2026-11-29T18:00:00Z"
    assert [may_be_called(one, thanksgiving) for one in (boston, providence, salt_lake)] == [True, False, False]
    assert [may_be_called(one, sunday) for one in (boston, providence, salt_lake)] == [True, False, False]


def test_a_number_whose_region_nobody_knows_is_refused() -> None:
    _, times = compiled()
    number = ContactNumber(column="home", type="H", phone_number="+18005550101", time_zone="America/New_York")
    at = instant("2026-11-30T18:00:00Z")
    for region, expected in ((None, ["region_unknown"]), ("US-NY", [])):
        contact = replace(new_contact("L", "c1"), listed=Listed(callable=True, numbers=(number,), region=region))
        assert list(check_time(times, contact, number.phone_number, at).reasons) == expected
