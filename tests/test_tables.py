"""What is kept is declared once, in `streams/tables.py`: topics, code and docs say the same."""

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from streams.logic.contact.rows import decode_contact, encode_contact
from streams.storage.state_dir import OURS
from streams.tables import CONTACTS, TABLES, Table
from topics.catalog import CATALOG, Cleanup, Direction, Scope
from topics.rights import READ_TOPICS, WRITTEN_TOPICS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "engine.md").read_text("utf-8")
BY_TABLE = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@BY_TABLE
def test_the_changelog_of_a_table_is_a_topic_that_keeps_the_last_row_of_each_key_in_the_partition_of_its_contact(
    table: Table[object],
) -> None:
    changelog = CATALOG[table.changelog]
    assert (changelog.direction, changelog.cleanup) == (Direction.INTERNAL, Cleanup.COMPACT)
    assert (changelog.scope, changelog.partitions) == (Scope.CONTACT, None), "as many as the contact topics have"
    assert table.changelog in READ_TOPICS and table.changelog in WRITTEN_TOPICS, "a worker needs the right to both"


def test_every_internal_topic_is_the_changelog_of_one_table() -> None:
    internal = sorted(topic.name for topic in CATALOG.values() if topic.direction is Direction.INTERNAL)
    assert sorted(table.changelog for table in TABLES) == internal


def test_the_folder_of_a_table_is_known_as_ours_and_no_table_takes_the_folder_of_another() -> None:
    assert len({table.name for table in TABLES}) == len(TABLES)
    assert all(table.folder(0).startswith(OURS) for table in TABLES)


def test_a_row_is_of_the_type_that_its_table_declares() -> None:
    assert get_type_hints(decode_contact)["return"] is CONTACTS.row
    assert get_type_hints(encode_contact)["contact"] is CONTACTS.row


@BY_TABLE
def test_the_name_of_a_changelog_stands_in_the_code_where_its_table_is_declared_and_nowhere_else(
    table: Table[object],
) -> None:
    literal = re.compile(rf"[\"']{table.changelog}[\"']|\bSTATE_TOPIC\b|\bTopicName\.{table.changelog.name}\b")
    said_in = [path for path in (ROOT / "streams").rglob("*.py") if literal.search(path.read_text("utf-8"))]
    assert [str(path.relative_to(ROOT)) for path in said_in] == ["streams/tables.py"]


def test_the_page_has_every_table_as_it_is_declared() -> None:
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \| `(.+?)` \| (.+?) \|$", PAGE, re.MULTILINE)
    declared = [
        (table.name, table.changelog, table.key.replace("|", r"\|"), table.folder("N"), table.reason)
        for table in TABLES
    ]
    assert rows == declared
