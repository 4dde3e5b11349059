"""The page *Reading*: how far the view has read each topic, while it is built anew and at any other time."""

from starlette.responses import Response

from streams.console.view.model import Reading
from streams.console.web.asking import Asking
from streams.console.web.rendering import percent


def progress_page(ask: Asking) -> Response:
    """How far the view is; a script asks for the part that changes."""
    readings = ask.site.looks.readings()
    template = "progress_live.html" if ask.request.headers.get("hx-request") else "progress.html"
    return ask.page(
        template,
        topics=by_topic(readings),
        percent=percent(readings),
        is_caught_up=ask.site.looks.is_caught_up(),
        line="ringback callbacks list --outstanding",
    )


def by_topic(readings: tuple[Reading, ...]) -> list[tuple[str, int, int, int]]:
    """Of each topic: its partitions, how many records were read, how many there are."""
    topics: dict[str, list[Reading]] = {}
    for one in readings:
        topics.setdefault(one.topic, []).append(one)
    return [
        (name, len(some), sum(one.position for one in some), sum(max(one.end, one.position) for one in some))
        for name, some in sorted(topics.items())
    ]
