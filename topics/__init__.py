"""The vocabulary: every event, command and record that is said on Kafka, and every topic it is said on.

It needs nothing but msgspec and reads no clock, so a producer of events can use it as it is:

    >>> from datetime import UTC, datetime
    >>> from topics.codec import encode, value_key
    >>> from topics.events import CallbackCancelled
    >>> from topics.partitions import partition_for
    >>> event = CallbackCancelled(
    ...     event_id="s3",
    ...     occurred_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
    ...     callback_id="k1",
    ...     campaign_id="P",
    ...     contact_list_id="L",
    ...     contact_id="c1",
    ...     reason="contract signed",
    ... )
    >>> value = encode(event)
    >>> value[:62]
    b'{"type":"cancelled","event_id":"s3","occurred_at":"2026-11-23T'
    >>> key = value_key("callback-scheduled", event)
    >>> key, partition_for(key.encode(), 12)
    ('L|c1', 4)

A producer in another language writes the same JSON under the same key and picks the partition by murmur2,
which is what Kafka's Java client does by itself (librdkafka: `partitioner=murmur2_random`).
"""
