"""Which module reads which topic. Pure."""

import logging
from collections.abc import Callable

from streams.console.view.ingest import (
    commands,
    configuration,
    contact_state,
    contacts,
    dead_letters,
    events,
    lifecycle,
    outstanding,
    placements,
    replays,
)
from streams.console.view.record import Record
from streams.console.view.rows import Row
from streams.tables import CONTACTS
from topics.catalog import CONFIGURATION_TOPICS
from topics.names import TopicName

log = logging.getLogger(__name__)

Reading = Callable[[Record], list[Row]]

READ_BY: dict[TopicName, Reading] = {
    TopicName.WRAP_UP: events.rows,
    TopicName.CALLBACK_SCHEDULED: events.rows,
    TopicName.PLACEMENT_REQUESTED: placements.rows,
    TopicName.PLACEMENT_DECIDED: placements.rows,
    TopicName.CONTACTS: contacts.rows,
    CONTACTS.changelog: contact_state.rows,
    TopicName.DIAL_PREVIEW: commands.rows,
    TopicName.DIAL_ANALYSIS: commands.rows,
    TopicName.CALLBACK_LIFECYCLE: lifecycle.rows,
    TopicName.OUTSTANDING_CALLBACKS: outstanding.rows,
    TopicName.DEAD_LETTER: dead_letters.rows,
    **{TopicName(topic): configuration.rows for topic in CONFIGURATION_TOPICS},
}


def rows_of(record: Record) -> list[Row]:
    """The rows that a record leads to; none, and a line in the log, where reading it fails, whatever it is."""
    try:
        return [*READ_BY[record.topic](record), *replays.rows(record)]
    except Exception as error:
        where = f"{record.topic}-{record.partition} at offset {record.offset}"
        log.warning("%s cannot be read and is left out: %s", where, type(error).__name__)
        return []
