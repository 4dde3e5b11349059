"""The page *What if*: a change of configuration, what it would do to what the topics hold, and then the change."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from streams.base.console_settings import Role
from streams.console.access.who import Refused
from streams.console.trial.change import CHANGED_TOPICS, KINDS, Change, NotUsable, as_line, record, recycle, removal
from streams.console.trial.files import Asked
from streams.console.trial.trials import Busy, Trial, new_name
from streams.console.view.model import Told
from streams.console.web import filters
from streams.console.web.asking import Asking
from streams.console.web.leaves import NotFitting, leaves, with_changes
from streams.console.web.not_there import NotThere
from streams.console.web.sources import NotDone
from streams.console.why.lost_because import lost_because
from topics.fields import legible_number
from topics.names import TopicName

AHEAD = timedelta(days=1)
"""How far the clocks run beyond now, unless the form says otherwise."""
SHOWN = 200
FIELD = "field:"
EDITED_TOPICS = tuple(topic for topic in CHANGED_TOPICS if topic != TopicName.DNC_ENTRIES)
"""What is edited as a record; entries of Do Not Call lists have fields of their own."""


class NotComplete(ValueError):
    """The form lacks something; its text says what."""


def what_if_page(ask: Asking) -> Response:
    """The form, for the record that the address names, and the latest trials."""
    return _form(ask)


def _form(ask: Asking, wrong: str = "") -> Response:
    told = {(one.topic, one.key): one for one in _records(ask)}
    topic, _, key = (
        ask.asked("record").partition(" ") if ask.asked("record") else (ask.asked("topic"), "", ask.asked("key"))
    )
    chosen = next((one for place, one in told.items() if place == (topic, key)), None)
    value = chosen.value if chosen else None
    return ask.page(
        "what_if.html",
        400 if wrong else 200,
        wrong=wrong,
        trials=ask.site.trials.all(),
        kinds=KINDS,
        campaigns=ask.site.looks.campaigns(),
        records=sorted(told, key=lambda one: (EDITED_TOPICS.index(one[0]), one[1])),
        chosen=chosen,
        fields=list(leaves(ask.shown(value))) if value else [],
        may_edit=ask.shown(value) == value,
        text=ask.asked("text") or json.dumps(ask.shown(value), indent=2, ensure_ascii=False),
        given={name: ask.asked(name) for name in GIVEN} | _defaults(ask, chosen is not None),
        line="ringback export -o day.jsonl && ringback replay day.jsonl --with change.jsonl",
    )


GIVEN = ("kind", "campaign", "list", "number", "entry", "at", "from", "until", "only")


def _defaults(ask: Asking, is_chosen: bool) -> dict[str, str]:
    """What the form proposes: the record that is looked at, and a day ahead."""
    until = ask.asked("until") or f"{(ask.now + AHEAD).astimezone(ask.zone):%Y-%m-%dT%H:%M}"
    return {"kind": ask.asked("kind") or ("record" if is_chosen else "recycle"), "until": until}


def _records(ask: Asking) -> list[Told]:
    """What is configured now, but for Do Not Call entries."""
    told = ask.site.looks.configuration()
    return [one for one in told if one.topic in EDITED_TOPICS and one.value is not None]


def try_change(ask: Asking) -> Response:
    """Start a trial of what the form says."""
    try:
        asked = Asked(
            name=new_name(ask.now),
            actor=ask.who.name,
            asked_at=ask.now,
            change=_change(ask),
            begin=_instant(ask, "from"),
            until=max(_instant(ask, "until") or ask.now + AHEAD, ask.now),
            campaigns=tuple(one.strip() for one in ask.asked("only").split(",") if one.strip()),
        )
        ask.site.trials.begin(asked)
    except (NotComplete, NotUsable, NotFitting) as error:
        return _form(ask, str(error))
    except Busy as busy:
        return _form(ask, f"{busy} is running. Wait for its end, or abort it.")
    return ask.to(_address(asked.name))


def _change(ask: Asking) -> Change:
    at = _instant(ask, "at")
    match ask.asked("kind"):
        case "recycle":
            return recycle(ask.asked("campaign"), at or ask.now)
        case "entry":
            return _entry(ask, at)
        case "record":
            return _edited(ask, at)
    raise NotComplete("Say what is to be different.")


def _entry(ask: Asking, at: datetime | None) -> Change:
    list_id, number = ask.asked("list"), legible_number(ask.asked("number"))
    if not list_id or number is None:
        raise NotComplete("Say which list, and a whole number such as +49 30 1234567.")
    if ask.asked("entry") == "remove":
        return removal(TopicName.DNC_ENTRIES, f"{list_id}|{number}", at)
    return record(TopicName.DNC_ENTRIES, json.dumps({"dnc_list_id": list_id, "phone_number": number}), at)


def _edited(ask: Asking, at: datetime | None) -> Change:
    topic, key = ask.asked("topic"), ask.asked("key")
    told = next((one for one in _records(ask) if (one.topic, one.key) == (topic, key)), None)
    if told is None or told.value is None:
        raise NotComplete("Choose the record that is to be different.")
    if ask.shown(told.value) != told.value:
        raise NotComplete(f"It has phone numbers, which are masked for the role {ask.who.role}.")
    try:
        value = json.loads(str(ask.form.get("text") or "null")) or told.value
    except ValueError as error:
        raise NotComplete(f"That is no JSON: {error}.") from None
    # A field that was changed counts, and so does the text, since most people change only one of the two.
    texts = {name.removeprefix(FIELD): str(text) for name, text in ask.form.items() if name.startswith(FIELD)}
    changed = {one.pointer for one in leaves(told.value) if texts.get(one.pointer, one.text) != one.text}
    value = with_changes(value, {pointer: texts[pointer] for pointer in changed})
    if value == told.value:
        raise NotComplete("Nothing is different: change a field.")
    change = record(topic, json.dumps(value, ensure_ascii=False), at)
    if change.key != key:
        raise NotComplete("The id has to stay: another id is another record.")
    return change


def _instant(ask: Asking, name: str) -> datetime | None:
    try:
        return filters.instant(ask.asked(name), name, ask.zone) if ask.asked(name) else None
    except filters.NotUnderstood as error:
        raise NotComplete(str(error)) from None


def trial_page(ask: Asking) -> Response:
    """One trial: how far it is, then what is different; a script asks for the part that changes."""
    trial = _known(ask)
    template = "trial_live.html" if ask.request.headers.get("hx-request") else "trial.html"
    found = trial.found
    shown = found.changed[:SHOWN] if found else ()
    return ask.page(
        template,
        trial=trial,
        change=trial.asked.change,
        rows=[(one, ask.shown(lost_because(one, ask.zone))) for one in shown],
        may_make=found is not None and not found.refused and ask.who.may(needed(trial.asked.change)),
        needed=needed(trial.asked.change),
        line=_line(ask, trial),
    )


def needed(change: Change) -> Role:
    """Which role may make a change: whoever may act may recycle; configuration is for admins."""
    return Role.OPERATOR if change.is_recycle else Role.ADMIN


def on_trial(ask: Asking) -> Response:
    """Abort a trial, or plan to make its change."""
    trial = _known(ask)
    if ask.asked("do") == "abort":
        ask.site.trials.abort(trial.asked.name)
        return ask.to(_address(trial.asked.name))
    role = needed(trial.asked.change)
    if not ask.who.may(role):
        raise Refused(403, f"This needs the role {role}; you have the role {ask.who.role}.")
    if not ask.asked("why"):
        raise Refused(400, "Say why: the reason is audited.")
    try:
        run = ask.site.deeds.plan_change(trial.asked.change, ask.asked("why"), ask.who)
    except NotDone as error:
        raise Refused(409, str(error)) from None
    return ask.to(f"/run?{urlencode({'name': run})}")


def _known(ask: Asking) -> Trial:
    trial = ask.site.trials.trial(ask.asked("name"))
    if trial is None:
        raise NotThere("There is no such trial, or it is an old one.")
    return trial


def _address(name: str) -> str:
    return f"/trial?{urlencode({'name': name})}"


def _line(ask: Asking, trial: Trial) -> str:
    """The same in a terminal."""
    asked, change = trial.asked, trial.asked.change
    parts = ["ringback export -o day.jsonl"]
    parts += [f"--from {_said(asked.begin)}"] if asked.begin else []
    parts += [f"--campaign {filters.quoted(one)}" for one in asked.campaigns]
    until = f" --until {_said(asked.until)}" if asked.until else ""
    if change.is_recycle and change.at:
        recycles = filters.quoted(f"{change.key}@{_said(change.at)}")
        made = f"ringback apply --recycle {filters.quoted(change.key)}"
        return f"{' '.join(parts)}\nringback replay day.jsonl --recycle {recycles}{until}\n{made}"
    written = f"cat > change.jsonl <<'END'\n{ask.shown(as_line(change))}\nEND"
    tried = f"ringback replay day.jsonl --with change.jsonl{until}"
    return f"{' '.join(parts)}\n{written}\n{tried}\nringback apply change.jsonl"


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
