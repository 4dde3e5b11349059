"""The ids of records, where no scenario gets to."""

from streams.logic.contact.effects import DncAppended
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.outputs import records_of
from streams.logic.partition.record_ids import event_ids, time_ids
from tests.builders import instant
from topics.configuration import DncEntry
from topics.names import TopicName

NOW = instant("2026-11-23T15:00:00Z")


def entries(count: int) -> list[DncAppended]:
    return [DncAppended(DncEntry(dnc_list_id="D", phone_number=f"+1212555{number:04}")) for number in range(count)]


def test_an_event_may_lead_to_any_number_of_records_each_with_an_id() -> None:
    arrived = Arrived(TopicName.WRAP_UP, 3, 1204, b"L|c1", b"{}", 1_795_446_000_000)
    for count in (1, 64, 65, 300):
        effects = entries(count)
        records = records_of(b"L|c1", effects, event_ids(arrived, effects), NOW)
        ids = [record.event.id for record in records if record.event]
        assert len(set(ids)) == len(ids) == len(records) == count
        assert ids[-1] == b"wrap-up-3-1204-1795446000000-%d" % (count - 1)


def test_what_comes_without_a_transition_has_the_id_of_its_content() -> None:
    one, other = entries(2)
    assert list(time_ids(b"L|c1", None, [one])) == list(time_ids(b"L|c1", None, [one]))
    assert (
        len({*time_ids(b"L|c1", None, [one]), *time_ids(b"L|c1", None, [other]), *time_ids(b"L|c2", None, [one])}) == 3
    )
