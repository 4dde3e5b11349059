"""What will become of a callback: what would block it at its due time, by which record, and the next open slot.

The worker's own core says so, on the contact as its row in the state has it; see `foresight`.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from streams.console.view.model import CallbackKey
from streams.console.why.foresight import Ahead, callback_of, is_spread, look_ahead, opens_at, verdict_at
from streams.console.why.foretold import Outlook, in_words
from streams.console.why.grounds import Grounds, because, reason_in_words
from streams.console.why.labels import masked
from streams.console.why.moments import Moments
from streams.console.why.reading import Json
from streams.console.why.records import Refused, Rests, records_of
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.callback import Callback, Status
from streams.logic.contact.rows import decode_contact
from streams.logic.contact.state import Contact
from streams.logic.contact.upgrades import UnknownRowVersion
from topics.records import Reason, Transition


class Blocker(Struct, frozen=True, kw_only=True):
    """A reason that would stop the callback or its call. rests_on: the records that say so, where records do."""

    reason: Reason
    words: str
    rests_on: tuple[Rests, ...] = ()


class Foreseen(Struct, frozen=True, kw_only=True):
    """A record of the callback's life that the worker will write. due_at: the due time after it."""

    at: datetime
    transition: Transition
    reasons: tuple[Reason, ...] = ()
    due_at: datetime | None = None


class Forecast(Struct, frozen=True, kw_only=True):
    """What will become of a callback if nothing changes.

    at: when the worker acts on it next by itself, None if it waits for something else. foreseen: what it writes then.
    blockers: what stops it then, or stops its call, which an agent asks for. opens_at: the next open slot from then
    on, None without one within 8 days. Of a callback that waits, or that somebody has, these two are as of now.
    is_known: False if nothing can be foreseen; `words` says why. spread: the rate of its campaign may let it out later.
    """

    words: str
    is_known: bool = True
    at: datetime | None = None
    foreseen: tuple[Foreseen, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    opens_at: datetime | None = None
    spread: bool = False


def forecast(
    row: bytes | None,
    configuration: Configuration,
    key: CallbackKey,
    now: datetime,
    viewer: ZoneInfo | None = None,
) -> Forecast:
    """What will become of a callback from `now` on, aware.

    row: of its contact, from `contact-state`; None if there is none. configuration: as it has been read so far; see
    `configured`. viewer: whose clock the words go by, UTC if None.
    """
    if row is None:
        return Forecast(words="No worker has seen this contact yet, so nothing can be foreseen", is_known=False)
    try:
        contact = decode_contact(row)
    except UnknownRowVersion:
        return Forecast(words="A newer version wrote the contact's state; this one cannot read it", is_known=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Forecast(words="The contact's state cannot be read", is_known=False)
    callback = callback_of(contact, key.callback_id)
    if callback is None:
        ended = any(one.callback_id == key.callback_id for one in contact.ended)
        words = "It has ended: nothing more will become of it" if ended else "No worker knows of this callback"
        return Forecast(words=words, is_known=ended)
    return _forecast(contact, callback, configuration, key, Moments.seen(now, viewer))


def _forecast(
    contact: Contact, callback: Callback, configuration: Configuration, key: CallbackKey, moments: Moments
) -> Forecast:
    now = moments.now
    ahead = look_ahead(contact, callback.callback_id, configuration, now)
    then, as_then = (ahead.at or now, ahead.contact) if callback.status is Status.SCHEDULED else (now, contact)
    mine = callback_of(as_then, callback.callback_id) or callback
    verdict = verdict_at(as_then, mine, configuration, then)
    checks = _as_json(verdict.facts)
    stops = [one for one in _first_stop(ahead, callback, configuration) if one not in verdict.reasons]
    grounds = Grounds(checks, {"campaign_id": callback.campaign_id}, moments)
    refused = Refused(checks, callback.campaign_id, f"{key.contact_list_id}|{key.contact_id}", mine.phone_number)
    outlook = Outlook(
        callback=callback,
        moments=moments,
        at=ahead.at,
        records=tuple(ahead.records),
        refusal=masked(because(verdict.reasons, grounds)),
        stops=masked(because(stops, grounds)),
        opens_at=opens_at(as_then, mine, configuration, then),
        spread=is_spread(callback, configuration),
    )
    return Forecast(
        words=in_words(outlook),
        at=ahead.at,
        foreseen=tuple(
            Foreseen(at=one.occurred_at, transition=one.transition, reasons=one.reasons, due_at=one.due_at)
            for one in ahead.records
        ),
        blockers=tuple(_blockers((*stops, *verdict.reasons), grounds, refused)),
        opens_at=outlook.opens_at,
        spread=outlook.spread,
    )


def _first_stop(ahead: Ahead, callback: Callback, configuration: Configuration) -> tuple[Reason, ...]:
    """Why the callback itself does not go out, by the first record that says so; of one that waits, why it does."""
    if callback.status is Status.WAITING:
        return _waits_for(callback, configuration)
    if callback.status is not Status.SCHEDULED:
        return ()
    return next((one.reasons for one in ahead.records if one.reasons), ())


def _waits_for(callback: Callback, configuration: Configuration) -> tuple[Reason, ...]:
    """What a waiting callback waits for, as the configuration is now."""
    if configuration.holds.stops(callback.campaign_id):
        return (Reason.ON_HOLD,)
    if callback.campaign_id in configuration.unreadable.campaigns:
        return (Reason.CAMPAIGN_UNREADABLE,)
    campaign = configuration.campaigns.get(callback.campaign_id)
    if campaign is None:
        return (Reason.CAMPAIGN_UNKNOWN,)
    if configuration.unreadable.hold_up(campaign):
        return ()  # The checks name which record it is.
    return (Reason.RATE,) if campaign.status == "on" else (Reason.CAMPAIGN_OFF,)


def _blockers(reasons: Iterable[Reason], grounds: Grounds, refused: Refused) -> Iterable[Blocker]:
    for reason in reasons:
        words = masked(reason_in_words(reason, grounds))
        yield Blocker(reason=reason, words=words, rests_on=records_of(reason, refused))


def _as_json(facts: Struct) -> Json:
    found: Json = msgspec.to_builtins(facts)
    return found
