"""What is kept of the present version of rows says all that a row can say."""

from inspect import getmembers

from msgspec import Struct
from msgspec.structs import fields

from streams.logic.contact import callback, state
from tests.logic.stored_rows import said
from tests.logic.test_stored_state import ADDED, CHANGELOGS, OF_SCENARIOS, contacts, stored
from topics.events import ContactNumber

KINDS = {
    kind
    for module in (callback, state)
    for _, kind in getmembers(module, lambda one: isinstance(one, type) and issubclass(one, Struct))
    if kind.__module__ == module.__name__
} | {ContactNumber}


def test_every_field_of_a_row_is_in_some_stored_row_of_the_present_version() -> None:
    files = [CHANGELOGS[-1], *(path for path in ADDED if path.name.startswith(CHANGELOGS[-1].stem))]
    kept = {name for path in files for contact in contacts(stored(path)) for name in said(contact)}
    assert {(kind.__name__, one.name) for kind in KINDS for one in fields(kind)} - kept == set()


def test_rows_of_scenarios_are_kept_of_the_present_version() -> None:
    assert OF_SCENARIOS[-1].name == CHANGELOGS[-1].name.replace(".tsv", ".scenarios.tsv")
