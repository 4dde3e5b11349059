"""`ringback tail`: what happens to callbacks, in words, as it happens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import Settings, load
from streams.cli import tables
from streams.cli.instants import LENGTH
from streams.cli.looking import quiet
from streams.cli.options import connection_options
from streams.console.access import masking
from streams.console.view.model import Told
from streams.console.why.entries import entry_of
from streams.console.why.moments import Moments, in_zone
from streams.console.why.timeline import text_of
from streams.kafka.clients import Clients
from streams.kafka.diagnosis import RIGHTS
from streams.kafka.whole_topic import partitions_there
from topics.names import TopicName
from topics.records import Reason, Transition

POLL_MS = 500
FOLLOWED = (TopicName.CALLBACK_LIFECYCLE, TopicName.DEAD_LETTER)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@click.command()
@connection_options
@click.option("--campaign", "campaign_id", metavar="ID", help="Of this campaign.")
@click.option("--list", "contact_list_id", metavar="ID", help="Of this contact list.")
@click.option("--contact", "contact_id", metavar="ID", help="Of this contact.")
@click.option("--callback", "callback_id", metavar="ID", help="Of this callback.")
@click.option(
    "--transition", "transitions", multiple=True, type=click.Choice([*map(str, Transition)]), help="Repeatable."
)
@click.option("--reason-is", "reasons", multiple=True, metavar="REASON", type=click.Choice([*map(str, Reason)]),
              help="With this reason, such as dnc; repeatable.")  # fmt: skip
@click.option("--no-dead-letters", is_flag=True, help="No dead letters; a condition leaves them out, too.")
@click.option("--since", type=LENGTH, help="Begin so much earlier, such as 1h.")
@click.option("--until-now", is_flag=True, help="End where the topics end now.")
@click.option("--zone", metavar="NAME", help="Your time zone.  [console_time_zone]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.option("--numbers", is_flag=True, help="Show phone numbers, not only their last two digits.")
def tail(
    config: Path | None,
    broker: str | None,
    prefix: str | None,
    since: timedelta | None,
    until_now: bool,
    zone: str | None,
    as_json: bool,
    numbers: bool,
    no_dead_letters: bool,
    **wanted: Any,
) -> int:
    """Follow what happens to callbacks, in words, as it happens, until it is interrupted.

    It reads with a consumer of its own, and delays no worker.

    \b
    Example:
      ringback tail --campaign spring-renewals --transition blocked --since 1h
    """  # noqa: D301  (click wants the character, not its escape)
    quiet()
    settings = load(config, broker=broker, prefix=prefix)
    viewer = _zone(zone or settings.console_time_zone)
    begin = None if since is None else SystemClock().now() - abs(since)
    asyncio.run(_follow(settings, wanted | {"dead": not no_dead_letters}, begin, until_now, viewer, as_json, numbers))
    return 0


async def _follow(
    settings: Settings,
    wanted: dict[str, Any],
    begin: datetime | None,
    until_now: bool,
    viewer: ZoneInfo,
    as_json: bool,
    numbers: bool,
) -> None:
    async for told in _told(settings, begin, until_now):
        if not is_wanted(told, wanted):
            continue
        if as_json:
            value = told.value if numbers else masking.in_value(told.value)
            place = {"topic": told.topic, "partition": told.partition, "offset": told.offset}
            tables.json_line({"at": tables.instant(told.at), **place, "value": value, "headers": dict(told.headers)})
        else:
            click.echo(in_words(told, viewer, numbers))


def is_wanted(told: Told, wanted: dict[str, Any]) -> bool:
    """Whether a record meets every condition. A dead letter says of nothing what it is about, so it meets none."""
    value = told.value or {}
    fields = {name: one for name in ("campaign_id", "contact_list_id", "contact_id", "callback_id")
              if (one := wanted.get(name))}  # fmt: skip
    if told.topic == TopicName.DEAD_LETTER:
        return bool(wanted["dead"]) and not (fields or wanted["transitions"] or wanted["reasons"])
    return (
        all(value.get(name) == one for name, one in fields.items())
        and (not wanted["transitions"] or value.get("transition") in wanted["transitions"])
        and (not wanted["reasons"] or not set(wanted["reasons"]).isdisjoint(value.get("reasons") or ()))
    )


def in_words(told: Told, viewer: ZoneInfo, numbers: bool) -> str:
    """One record as a line: when, which callback of which contact and campaign, and what happened."""
    at = in_zone(told.at, viewer)
    if told.topic == TopicName.DEAD_LETTER:
        found = told.headers
        place = "/".join(found.get(f"__connect.errors.{part}", "?") for part in ("topic", "partition", "offset"))
        return f"{at}  refused: {found.get('__connect.errors.exception.message', 'dead letter')}  [{place}]"
    value = told.value or {}
    text = text_of(told, entry_of(told, Moments.seen(told.at, viewer), ()))
    contact = f"{value.get('contact_list_id')}|{value.get('contact_id')}"
    shown = text if numbers else masking.in_text(text)
    return f"{at}  {value.get('callback_id') or '-'}  {contact}  {value.get('campaign_id')}  {shown}"


async def _told(settings: Settings, begin: datetime | None, until_now: bool) -> AsyncIterator[Told]:
    clients = Clients(settings)
    tps = [
        TopicPartition(settings.topic(name), number)
        for name in FOLLOWED
        for number in range(await partitions_there(clients, settings.topic(name)))
    ]
    consumer = clients.consumer(isolation_level="read_committed", enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        await _seek(consumer, ends, begin)
        while not until_now or any([await consumer.position(tp) < end for tp, end in ends.items()]):
            found = await consumer.getmany(timeout_ms=POLL_MS)
            records = sorted((one for some in found.values() for one in some), key=lambda one: one.timestamp)
            for one in records:
                yield told_of(one, settings.prefix)
    except TopicAuthorizationFailedError:
        raise OperatorError(f"this user has no right to Read {' and '.join(FOLLOWED)}. {RIGHTS}") from None
    except KafkaError as error:
        raise OperatorError(f"{' and '.join(FOLLOWED)} cannot be read: {error or type(error).__name__}") from None
    finally:
        await consumer.stop()


async def _seek(consumer: Any, ends: dict[Any, int], begin: datetime | None) -> None:
    found: dict[Any, Any] = {}
    if begin is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(ends, int(begin.timestamp() * 1000)))
    for tp, end in ends.items():
        at = found.get(tp)
        consumer.seek(tp, end if at is None else at.offset)


def told_of(record: Any, prefix: str) -> Told:
    """A record of the consumer as the view tells it."""
    written_at = datetime.fromtimestamp(max(0, record.timestamp) / 1000, UTC)
    try:
        value: dict[str, Any] | None = None if record.value is None else _decode(record.value)
        at = datetime.fromisoformat((value or {})["occurred_at"]).astimezone(UTC)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        value, at = {}, written_at
    name = TopicName(record.topic.removeprefix(prefix))
    headers = {key: (text or b"").decode(errors="replace") for key, text in record.headers}
    return Told(
        topic=name, partition=record.partition, offset=record.offset, written_at=written_at, value=value,
        at=written_at if name == TopicName.DEAD_LETTER else at, headers=headers,
    )  # fmt: skip


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise click.UsageError("--zone should be a name of the tz database, such as Europe/Berlin") from None
