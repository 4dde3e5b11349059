"""Do Not Call entries of a callback's numbers beside its story: a sentence then says since when a number is listed."""

from collections.abc import Iterable

from msgspec.structs import replace

from streams.console.view.model import Story, Told
from streams.console.why.reading import items, text
from streams.logic.hours.numbers import spellings


def numbers_of(story: Story) -> tuple[str, ...]:
    """The numbers that a story and the record of its contact name, in all their spellings, whole."""
    records = [*(told.value or {} for told in story.told), *items(story.contact or {}, "numbers")]
    found = {number for record in records if (number := text(record, "phone_number"))}
    return tuple(sorted({form for number in found for form in (number, *spellings(number))}))


def with_entries(story: Story, entries: Iterable[Told]) -> Story:
    """The story with these entries at their places in time.

    entries: of its numbers, as the view has them: `with_entries(story, view.dnc_entries(numbers_of(story)))`.
    """
    more = [one for one in entries if one.value is not None]
    if not more:
        return story
    told = list(story.told)
    for one in sorted(more, key=lambda entry: entry.at, reverse=True):
        earlier = [place for place, other in enumerate(told) if other.at <= one.at]
        told.insert(earlier[-1] + 1 if earlier else 0, one)
    return replace(story, told=tuple(told))
