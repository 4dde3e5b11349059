"""The tables of the view, and the indexes without which it can be filled, but not asked quickly.

What is derived from a table lies beside it and changes in the same transaction. Source:
docs/decisions/0060-what-the-console-keeps.md.
"""

from streams.console.view.model import Standing
from topics.records import Reason

VERSION = 3
"""Of the tables and of what the records are taken for. A database of another version is read again from Kafka."""

STANDINGS = tuple(Standing)
CODE_OF = {standing: code for code, standing in enumerate(STANDINGS)}
"""Standings in the database. One that is NULL is of a callback of which there is nothing to show yet."""

REASONS = tuple(Reason)
MASK_OF = {str(reason): 1 << bit for bit, reason in enumerate(REASONS)}

NO_DUE = 1 << 62
"""The due time of a callback that has none: after every other."""

TABLES = f"""
CREATE TABLE positions (
    topic TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, end INTEGER NOT NULL,
    topic_id TEXT NOT NULL DEFAULT '', PRIMARY KEY (topic, number)
) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE callback (
    id INTEGER PRIMARY KEY, list_id TEXT NOT NULL, contact_id TEXT NOT NULL, callback_id TEXT NOT NULL,
    campaign_id TEXT, standing INTEGER, due_at INTEGER NOT NULL DEFAULT {NO_DUE}, changed_at INTEGER,
    scheduled_at INTEGER, origin TEXT, reasons TEXT NOT NULL DEFAULT '', mask INTEGER NOT NULL DEFAULT 0,
    agent_id TEXT, queue_id TEXT, owner TEXT, last_four TEXT NOT NULL DEFAULT '',
    source INTEGER, last INTEGER, refused BLOB, said BLOB, awaits BLOB,
    UNIQUE (list_id, contact_id, callback_id)
);
CREATE TABLE why (reason INTEGER NOT NULL, callback INTEGER NOT NULL, PRIMARY KEY (reason, callback)) WITHOUT ROWID;
CREATE TABLE told (
    number INTEGER PRIMARY KEY, callback INTEGER, contact INTEGER, event INTEGER, at INTEGER NOT NULL,
    written INTEGER NOT NULL, value BLOB, headers BLOB
);
CREATE TABLE listed (
    list_id TEXT NOT NULL, contact_id TEXT NOT NULL, callbacks BLOB NOT NULL, written INTEGER NOT NULL,
    PRIMARY KEY (list_id, contact_id)
) WITHOUT ROWID;
CREATE TABLE contact (
    id INTEGER PRIMARY KEY, list_id TEXT NOT NULL, contact_id TEXT NOT NULL, value BLOB, state BLOB,
    UNIQUE (list_id, contact_id)
);
CREATE TABLE configuration (
    number INTEGER PRIMARY KEY, topic INTEGER NOT NULL, key TEXT NOT NULL, written INTEGER NOT NULL, value BLOB,
    headers BLOB
);
CREATE INDEX configuration_key ON configuration (topic, key);
CREATE TABLE dnc (
    key TEXT PRIMARY KEY, phone_number TEXT NOT NULL, number INTEGER NOT NULL, written INTEGER NOT NULL, value BLOB
) WITHOUT ROWID;
CREATE TABLE dead (
    number INTEGER PRIMARY KEY, code TEXT NOT NULL, message TEXT NOT NULL, topic TEXT NOT NULL,
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, written INTEGER NOT NULL, key BLOB, value BLOB,
    headers BLOB, hashed INTEGER, event INTEGER
);
CREATE TABLE replay (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, written INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, offset)
) WITHOUT ROWID;
CREATE TABLE erased (
    digest TEXT PRIMARY KEY, asked INTEGER NOT NULL, others INTEGER NOT NULL, ours INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE erasing (digest TEXT PRIMARY KEY, list_id TEXT, contact_id TEXT, at INTEGER) WITHOUT ROWID;
CREATE TABLE tally (
    campaign_id TEXT NOT NULL, standing INTEGER NOT NULL, origin TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, standing, origin)
) WITHOUT ROWID;
CREATE TABLE spread (
    reason INTEGER NOT NULL, standing INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (reason, standing)
) WITHOUT ROWID;
CREATE TABLE ahead (
    quarter INTEGER NOT NULL, campaign_id TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (quarter, campaign_id)
) WITHOUT ROWID;
CREATE TABLE minutes (
    kind TEXT NOT NULL, minute INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (kind, minute)
) WITHOUT ROWID;
"""

INDEXES = (
    "callback_all_due ON callback (due_at, id)",
    "callback_all_changed ON callback (changed_at, id)",
    "callback_due ON callback (standing, due_at, id)",
    "callback_changed ON callback (standing, changed_at, id)",
    "callback_campaign_due ON callback (campaign_id, standing, due_at, id)",
    "callback_campaign_changed ON callback (campaign_id, standing, changed_at, id)",
    "callback_list_due ON callback (list_id, standing, due_at, id)",
    "callback_agent ON callback (agent_id COLLATE NOCASE, due_at, id) WHERE agent_id IS NOT NULL",
    "callback_queue ON callback (queue_id COLLATE NOCASE, due_at, id) WHERE queue_id IS NOT NULL",
    "callback_four ON callback (last_four, due_at, id) WHERE last_four != ''",
    "callback_id ON callback (callback_id COLLATE NOCASE)",
    "callback_contact ON callback (contact_id COLLATE NOCASE)",
    "told_callback ON told (callback) WHERE callback IS NOT NULL",
    "told_contact ON told (contact) WHERE contact IS NOT NULL",
    "told_event ON told (event) WHERE event IS NOT NULL",
    "dead_cause ON dead (code, topic, message)",
    "dead_event ON dead (event) WHERE event IS NOT NULL",
    "dnc_phone ON dnc (phone_number)",
)
"""Made when all that there is has been read: to keep them up to date meanwhile takes longer."""
