"""The pages on which people act: a form, a plan with its count and sample, and the progress of runs.

Nothing is sent before somebody has seen how many callbacks are meant: the form makes a plan, and only the button on the
page of the plan begins it. A plan is one run, however often that button is pressed.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace
from starlette.responses import Response

from streams.console.access.who import Refused
from streams.console.view.model import CallbackKey, CallbackRow
from streams.console.web import filters
from streams.console.web.asking import Asking
from streams.console.web.not_there import NotThere
from streams.console.web.rendering import key_text
from streams.console.web.sources import Act, Meant, NotDone, Wish
from topics.callback_events import Owner

SELECTED_MAX = 1000
SAMPLE = 5
LABELS = {
    Act.MOVE: "Move to another time",
    Act.CALL_NOW: "Call now",
    Act.REASSIGN: "Give to somebody else",
    Act.CHANGE: "Change number or notes",
    Act.CANCEL: "Cancel",
}


class NotComplete(ValueError):
    """The form lacks something; its text says what."""


def act_page(ask: Asking) -> Response:
    """The form: for the callbacks that the address names, or for all that match its filter."""
    return _form(ask, meant(ask))


def act_on_selected(ask: Asking) -> Response:
    """The form for the callbacks that were ticked in a list; or a plan, as the form says."""
    which = meant(ask)
    if ask.asked("act") not in list(Act):
        return _form(ask, which)
    try:
        run = ask.site.deeds.plan(wish_of(ask), which, ask.who)
    except (NotComplete, NotDone) as error:
        return _form(ask, which, wrong=str(error))
    return ask.to(f"/run?{urlencode({'name': run})}")


def _form(ask: Asking, which: Meant, wrong: str = "") -> Response:
    count, rows = _sample(ask, which)
    return ask.page("act.html", 400 if wrong else 200, **_known(ask, which), count_meant=count, rows=rows, wrong=wrong)


def _sample(ask: Asking, which: Meant) -> tuple[int, tuple[CallbackRow, ...]]:
    """How many have not ended of those that are meant, and the first of them."""
    looks = ask.site.looks
    if which.by is not None:
        by = replace(which.by, outstanding=True)
        return looks.count(by, ask.now), looks.find(by, ask.now, limit=SAMPLE, count_max=None).rows
    found = [row for key in which.keys if (row := looks.callback(key)) is not None and row.is_outstanding]
    return len(found), tuple(found[:SAMPLE])


def _known(ask: Asking, which: Meant) -> dict[str, Any]:
    return {
        "which": which,
        "fields": hidden(which),
        "filter_words": dict(filters.pairs(which.by)) if which.by else {},
        "acts": LABELS,
        "owners": list(Owner),
        "given": {name: ask.asked(name) for name in GIVEN},
        "line": command(ask, which),
    }


GIVEN = ("act", "due_at", "by_minutes", "agent_id", "owner", "queue_id", "phone_number", "notes", "why")


def meant(ask: Asking) -> Meant:
    """Which callbacks an address or a form means. Raises Refused if it means all there are, or too many."""
    given = ask.form if ask.form else ask.request.query_params
    keys = tuple(_key(str(one)) for one in given.getlist("key") if one)
    if len(keys) > SELECTED_MAX:
        raise Refused(413, f"At most {SELECTED_MAX} callbacks can be selected one by one; use a filter.")
    if keys:
        return Meant(keys=keys)
    if given.get("id") and given.get("list"):
        return Meant(keys=(CallbackKey(ask.asked("list"), ask.asked("contact"), ask.asked("id")),))
    by = filters.read(given, ask.zone)
    if by.is_empty:
        raise Refused(400, "Nothing is selected, and the filter is empty: it would mean every callback there is.")
    return Meant(by=by)


def _key(text: str) -> CallbackKey:
    """A key as `key_text` writes it. Raises Refused if it is none."""
    parts = []
    for _ in range(3):
        length, _, text = text.partition(":")
        if not length.isdigit():
            raise Refused(400, "The form names no callback.")
        parts.append(text[: int(length)])
        text = text[int(length) :]
    return CallbackKey(*parts)


def hidden(which: Meant) -> list[tuple[str, str]]:
    """The fields that say in the next form which callbacks are meant."""
    return list(filters.pairs(which.by)) if which.by else [("key", key_text(key)) for key in which.keys]


def wish_of(ask: Asking) -> Wish:
    """What the form asks for. Raises NotComplete."""
    act, reason = Act(ask.asked("act")), ask.asked("why")
    if not reason:
        raise NotComplete("Say why: the reason is kept with each event.")
    due_at, by_minutes = _instant(ask), _minutes(ask)
    agent_id, queue_id = ask.asked("agent_id") or None, ask.asked("queue_id") or None
    owner = Owner(ask.asked("owner")) if ask.asked("owner") in list(Owner) else None
    number, notes = ask.asked("phone_number") or None, ask.asked("notes") or None
    if act is Act.MOVE and (due_at is None) is (by_minutes is None):
        raise NotComplete("Say to when, or by how many minutes, and not both.")
    if act is Act.REASSIGN and not (agent_id or queue_id or owner):
        raise NotComplete("Say to whom: an agent, an owner or a queue.")
    if act is Act.REASSIGN and owner in (Owner.ONLY, Owner.PREFERRED) and not agent_id:
        raise NotComplete("An owner `only` or `preferred` needs an agent.")
    if act is Act.CHANGE and not (number or notes):
        raise NotComplete("Say what to change: the number or the notes.")
    return Wish(
        act=act,
        reason=reason,
        due_at=due_at if act is Act.MOVE else None,
        by_minutes=by_minutes if act is Act.MOVE else None,
        agent_id=agent_id if act is Act.REASSIGN else None,
        owner=owner if act is Act.REASSIGN else None,
        queue_id=queue_id if act is Act.REASSIGN else None,
        phone_number=number if act is Act.CHANGE else None,
        notes=notes if act is Act.CHANGE else None,
    )


def _instant(ask: Asking) -> datetime | None:
    try:
        return filters.instant(ask.asked("due_at"), "due_at", ask.zone) if ask.asked("due_at") else None
    except filters.NotUnderstood as error:
        raise NotComplete(str(error)) from None


def _minutes(ask: Asking) -> int | None:
    text = ask.asked("by_minutes")
    if text and not text.removeprefix("-").isdigit():
        raise NotComplete("Minutes are a whole number.")
    return int(text) if text else None


def command(ask: Asking, which: Meant) -> str:
    """The line of the command line that does the same, with what the form has so far."""
    act = Act(ask.asked("act")) if ask.asked("act") in list(Act) else Act.MOVE
    named = " ".join(map(filters.named, which.keys[:NAMED_MAX])) + (" …" if len(which.keys) > NAMED_MAX else "")
    chosen = filters.options(which.by) if which.by else named
    values = [(option, ask.asked(name)) for option, name in OPTIONS[act] if ask.asked(name)] or EXAMPLES[act]
    told = "".join(f" --{option} {filters.quoted(value)}" for option, value in values)
    return f"ringback callbacks {act} {chosen}{told} --reason {filters.quoted(ask.asked('why') or '…')} --dry-run"


NAMED_MAX = 3
OPTIONS: dict[Act, tuple[tuple[str, str], ...]] = {
    Act.MOVE: (("to", "due_at"), ("by", "by_minutes")),
    Act.REASSIGN: (("to-agent", "agent_id"), ("owner", "owner"), ("to-queue", "queue_id")),
    Act.CHANGE: (("notes", "notes"),),
    Act.CALL_NOW: (),
    Act.CANCEL: (),
}
"""Of each action: the command line's options, and the form's fields. A number is left out, since pages are kept."""
EXAMPLES: dict[Act, list[tuple[str, str]]] = {
    Act.MOVE: [("by", "1h")],
    Act.REASSIGN: [("to-agent", "…")],
    Act.CHANGE: [("notes", "…")],
    Act.CALL_NOW: [],
    Act.CANCEL: [],
}


def runs_page(ask: Asking) -> Response:
    """All runs, the latest first."""
    return ask.page("runs.html", runs=ask.site.deeds.runs(), line="ringback callbacks runs")


def run_page(ask: Asking) -> Response:
    """One run: its count and sample before it is begun, its progress then; a script asks for the part that changes."""
    run = ask.site.deeds.run(ask.asked("name"))
    if run is None:
        raise NotThere("There is no such run.")
    template = "run_live.html" if ask.request.headers.get("hx-request") else "run.html"
    return ask.page(template, run=run, line=f"ringback callbacks runs {filters.quoted(run.name)}")


def act_on_run(ask: Asking) -> Response:
    """Begin a run that was planned, abort one that is under way, or plan to undo one."""
    name, deeds = ask.asked("name"), ask.site.deeds
    try:
        match ask.asked("do"):
            case "begin":
                deeds.begin(name, ask.who)
            case "abort":
                deeds.abort(name, ask.who)
            case "undo":
                name = deeds.plan_undo(name, ask.who)
            case _:
                raise Refused(400, "The form says not what to do.")
    except NotDone as error:
        raise Refused(409, str(error)) from None
    return ask.to(f"/run?{urlencode({'name': name})}")
