"""The pages of a callback and of a contact: why it was, or was not, dialed, and what will happen."""

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from streams.console.view.model import CallbackKey, Filter, Story
from streams.console.web import filters
from streams.console.web.asking import Asking
from streams.console.web.not_there import NotThere
from streams.console.web.rendering import callback_address
from streams.console.why.labels import Fact
from streams.console.why.listing import numbers_of, with_entries
from streams.console.why.sentence import sentence
from streams.console.why.timeline import Line, lines

TOLD_FIRST = 200
"""Records of one callback on a page; a button shows the others."""


def callback_page(ask: Asking) -> Response:
    """One callback. With its id alone, if that names several, the page asks which one is meant."""
    callback_id = ask.asked("id")
    if not ask.asked("list"):
        rows = ask.site.looks.callbacks(callback_id)
        if len(rows) == 1:
            return ask.to(callback_address(rows[0].key))
        line = f"ringback callbacks list --text {filters.quoted(callback_id)}"
        return ask.page("which.html", 200 if rows else 404, rows=rows, callback_id=callback_id, line=line)
    key = CallbackKey(ask.asked("list"), ask.asked("contact"), callback_id)
    story = ask.site.looks.story(key)
    if story is None:
        raise NotThere("There is no such callback, or the console has not read of it yet.")
    # With the entries of its numbers, the sentence says since when they are listed.
    return ask.page("callback.html", **_known(ask, with_entries(story, ask.site.looks.dnc_entries(numbers_of(story)))))


def _known(ask: Asking, story: Story) -> dict[str, Any]:
    row = story.row
    # Whole numbers, since the mask is ours: it depends on the role, and shows two digits.
    told = lines(story, ask.zone, numbers=True)
    is_all = ask.asked("all") == "1" or len(told) <= TOLD_FIRST
    shown = told if is_all else told[-TOLD_FIRST:]
    ahead = ask.site.forecasts.forecast(row, ask.now, ask.zone) if row.is_outstanding else None
    return {
        "row": row,
        "story": story,
        "sentence": ask.shown(sentence(story, ask.now, ask.zone)),
        "lines": [_fit(ask, one) for one in shown],
        "left_out": len(told) - len(shown),
        "ahead": ahead,
        "key": row.key,
        "asked": ask.site.deeds.about(row.key),
        "line": f"ringback callbacks show {filters.named(row.key)} --facts",
    }


def _fit(ask: Asking, line: Line) -> Line:
    if ask.sees_numbers:
        return line
    return replace(line, text=ask.shown(line.text), facts=_facts(ask, line.facts), fields=_facts(ask, line.fields))


def _facts(ask: Asking, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Facts, masked by the name of the field that each is."""
    return tuple(replace(one, value=ask.shown_field(one.path.rpartition(".")[2], one.value)) for one in facts)


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
        line=filters.command("ringback callbacks list", Filter(contact_list_id=contact_list_id, contact_id=contact_id)),
    )
