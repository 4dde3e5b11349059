"""The page *Search*: one box, filters in the address, a list that is complete page by page."""

from msgspec.structs import replace
from starlette.responses import Response

from streams.console.access import masking
from streams.console.view.model import OUTSTANDING, Filter, Order, Standing
from streams.console.web import filters
from streams.console.web.asking import Asking
from topics.commands import Origin
from topics.records import Reason

LIMIT = 50


def search_page(ask: Asking) -> Response:
    """A page of the callbacks that the address means. An address with a whole number leads to one without it."""
    query = ask.request.query_params
    given = filters.read(query, ask.zone)
    by = _for_address(ask, given)
    if by != given:
        return ask.to(filters.address(by))
    order = Order.CHANGED if ask.asked("order") == Order.CHANGED else Order.DUE
    page = ask.site.looks.find(by, ask.now, order=order, after=ask.asked("after") or None, limit=LIMIT)
    more = {"order": order if order is not Order.DUE else ""}
    return ask.page(
        "search.html",
        by=by,
        page=page,
        order=order,
        next_address=filters.address(by, **more, after=page.after) if page.after else None,
        first_address=filters.address(by, **more),
        is_first=not ask.asked("after"),
        other_order=filters.address(by, order=Order.CHANGED if order is Order.DUE else ""),
        act_address=None if by.is_empty else filters.address(by, "/act"),
        chips=[(name, value) for name, value in filters.pairs(by) if name != "q"],
        choices={
            "standings": list(Standing),
            "origins": list(Origin),
            "reasons": sorted(Reason),
            "campaigns": ask.site.looks.campaigns(),
        },
        outstanding=OUTSTANDING,
        line=filters.command("ringback callbacks list", by),
    )


def find(ask: Asking) -> Response:
    """The box was sent: it is a post, so that a whole number that somebody types is in no address."""
    by = _for_address(ask, filters.read(ask.form, ask.zone))
    return ask.to(filters.address(by, order=ask.asked("order")))


def _for_address(ask: Asking, by: Filter) -> Filter:
    """The filter without whole numbers. Bare digits may be an id, which stays."""

    def is_id(digits: str) -> bool:
        return bool(ask.site.looks.find(Filter(text=digits), ask.now, limit=1, count_max=None).rows)

    return replace(by, text=masking.for_address(by.text, is_id))
