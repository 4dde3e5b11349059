"""The pages of a callback and of a contact: why it was, or was not, dialed, and what will happen."""

import shlex
from typing import Any

from starlette.responses import Response

from streams.console.view.model import CallbackKey, Story
from streams.console.web.asking import Asking
from streams.console.web.not_there import NotThere
from streams.console.web.rendering import callback_address
from streams.console.web.sources import Line

TOLD_FIRST = 200
"""Records of one callback on a page; a button shows the others."""


def callback_page(ask: Asking) -> Response:
    """One callback. With its id alone, if that names several, the page asks which one is meant."""
    callback_id = ask.asked("id")
    if not ask.asked("list"):
        rows = ask.site.looks.callbacks(callback_id)
        if len(rows) == 1:
            return ask.to(callback_address(rows[0].key))
        return ask.page("which.html", 200 if rows else 404, rows=rows, callback_id=callback_id, line=_line(callback_id))
    key = CallbackKey(ask.asked("list"), ask.asked("contact"), callback_id)
    story = ask.site.looks.story(key)
    if story is None:
        raise NotThere("There is no such callback, or the console has not read of it yet.")
    return ask.page("callback.html", **_known(ask, story))


def _known(ask: Asking, story: Story) -> dict[str, Any]:
    words, row = ask.site.words, story.row
    lines = [_fit(ask, one) for one in words.lines(story, ask.now, ask.zone, ask.sees_numbers)]
    ahead = words.forecast(row, ask.now, ask.zone) if row.is_outstanding else None
    is_all = ask.asked("all") == "1" or len(lines) <= TOLD_FIRST
    return {
        "row": row,
        "story": story,
        "sentence": ask.shown(words.sentence(story, ask.now, ask.zone)),
        "lines": lines if is_all else lines[-TOLD_FIRST:],
        "left_out": 0 if is_all else len(lines) - TOLD_FIRST,
        "ahead": ahead,
        "key": row.key,
        "line": _line(row.callback_id, row.key),
    }


def _fit(ask: Asking, line: Line) -> Line:
    if ask.sees_numbers:
        return line
    facts = tuple((label, str(ask.shown({label: value})[label])) for label, value in line.facts)
    return Line(told=line.told, text=str(ask.shown(line.text)), facts=facts, clocks=line.clocks)


def _line(callback_id: str, key: CallbackKey | None = None) -> str:
    which = f" --list {shlex.quote(key.contact_list_id)} --contact {shlex.quote(key.contact_id)}" if key else ""
    return f"ringback callbacks why {shlex.quote(callback_id)}{which}"


def contact_page(ask: Asking) -> Response:
    """One contact: its record, and all its callbacks."""
    contact_list_id, contact_id = ask.asked("list"), ask.asked("contact")
    record, rows = ask.site.looks.contact(contact_list_id, contact_id)
    if record is None and not rows:
        raise NotThere("There is no such contact, or the console has not read of it yet.")
    return ask.page(
        "contact.html",
        record=ask.shown(record) if record is not None else None,
        rows=rows,
        contact_list_id=contact_list_id,
        contact_id=contact_id,
        line=f"ringback callbacks list --list {shlex.quote(contact_list_id)} --contact {shlex.quote(contact_id)}",
    )
