"""The pages on which people act: a form, a count with a sample, and the progress of runs.

Nothing is asked for before somebody has seen how many callbacks are meant: the form leads to a page with count and
sample, and only the button there begins a run. A run's name is in that form, so that pressing it twice is one run.
"""

import secrets
from datetime import datetime
from typing import Any

from starlette.responses import Response

from streams.console.access.who import Refused
from streams.console.view.model import CallbackKey, Filter
from streams.console.web import filters
from streams.console.web.asking import Asking
from streams.console.web.not_there import NotThere
from streams.console.web.sources import Act, Meant, NotDone, Wish
from topics.callback_events import Owner

SELECTED_MAX = 1000
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
    """The form for the callbacks that were ticked in a list, or what comes of a form: its count and sample."""
    which = meant(ask)
    if ask.asked("act") not in list(Act):
        return _form(ask, which)
    try:
        wish = wish_of(ask)
    except NotComplete as error:
        return _form(ask, which, wrong=str(error))
    sample = ask.site.deeds.sample(which, ask.now)
    if ask.asked("do") != "begin":
        name = ask.asked("name") or secrets.token_hex(6)
        return ask.page("act_sample.html", **_known(ask, which), wish=wish, sample=sample, name=name, wrong="")
    try:
        run = ask.site.deeds.begin(wish, which, ask.who, ask.asked("name"), ask.now)
    except NotDone as error:
        return ask.page(
            "act_sample.html", 409, **_known(ask, which), wish=wish, sample=sample, name="", wrong=str(error)
        )
    return ask.to(f"/run?name={run}")


def _form(ask: Asking, which: Meant, wrong: str = "") -> Response:
    return ask.page(
        "act.html",
        400 if wrong else 200,
        **_known(ask, which),
        sample=ask.site.deeds.sample(which, ask.now, limit=5),
        wrong=wrong,
    )


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
    """A key as forms have it: each part after its length, since an id may have any character."""
    parts = []
    for _ in range(3):
        length, _, text = text.partition(":")
        if not length.isdigit():
            raise Refused(400, "The form names no callback.")
        parts.append(text[: int(length)])
        text = text[int(length) :]
    return CallbackKey(*parts)


def key_text(key: CallbackKey) -> str:
    """A key for a form."""
    return "".join(f"{len(one)}:{one}" for one in (key.contact_list_id, key.contact_id, key.callback_id))


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
    """The line of the command line that does the same."""
    act = ask.asked("act") if ask.asked("act") in list(Act) else Act.MOVE
    ids = " ".join(filters.quoted(key.callback_id) for key in which.keys[:3]) + (" …" if len(which.keys) > 3 else "")
    options = ids if which.keys else filters.options(which.by or Filter())
    return f"ringback callbacks {act} {options} --dry-run"


def runs_page(ask: Asking) -> Response:
    """All runs, the latest first."""
    return ask.page("runs.html", runs=ask.site.deeds.runs(), line="ringback callbacks runs")


def run_page(ask: Asking) -> Response:
    """One run and its progress; a script asks for the part that changes."""
    run = ask.site.deeds.run(ask.asked("name"))
    if run is None:
        raise NotThere("There is no such run.")
    template = "run_live.html" if ask.request.headers.get("hx-request") else "run.html"
    return ask.page(template, run=run, line=f"ringback callbacks runs {run.name}")


def end_run(ask: Asking) -> Response:
    """Abort a run, or undo it by another one."""
    name = ask.asked("name")
    try:
        if ask.asked("do") == "undo":
            name = ask.site.deeds.undo(name, ask.who, ask.now)
        else:
            ask.site.deeds.abort(name, ask.who, ask.now)
    except NotDone as error:
        raise Refused(409, str(error)) from None
    return ask.to(f"/run?name={name}")
