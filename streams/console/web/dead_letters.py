"""The pages *Dead letters*: what was refused, by cause, one letter with both sides of a mistake, and its replay."""

import json
from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.responses import Response

from streams.base.console_settings import Role
from streams.console.access.who import Refused
from streams.console.actions.dead_letters import Edit
from streams.console.view.model import DeadLetter
from streams.console.web.asking import Asking
from streams.console.web.filters import quoted
from streams.console.web.not_there import NotThere
from streams.console.web.sources import NotDone, Replayed

LIMIT = 100
REPLAY_MAX = 10_000
"""Letters that one press of a button replays; `ringback dead-letters replay` has no such bound."""


def groups_page(ask: Asking) -> Response:
    """The causes, and how many letters each has."""
    return ask.page("dead_letters.html", groups=ask.site.looks.dead_letter_groups(), line="ringback dead-letters list")


def group_page(ask: Asking) -> Response:
    """The letters of one cause."""
    code, topic, after = ask.asked("code"), ask.asked("topic"), ask.asked("after")
    start = int(after) if after.isdigit() else 0
    letters = ask.site.looks.dead_letters(code or None, topic or None, start, LIMIT)
    return ask.page(
        "dead_letter_group.html",
        letters=letters,
        code=code,
        topic=topic,
        next_after=letters[-1].number if len(letters) == LIMIT else None,
        line=_line(code, topic),
    )


def _line(code: str, topic: str) -> str:
    chosen = "".join(f" --{name} {quoted(value)}" for name, value in (("code", code), ("topic", topic)) if value)
    return f"ringback dead-letters list{chosen} --each"


def letter_page(ask: Asking) -> Response:
    """One letter, decoded and raw, and the form to mend and replay it."""
    return _letter(ask, _found(ask))


def replay_letter(ask: Asking) -> Response:
    """Try, or replay, one letter. What was not changed is byte for byte what it was."""
    letter = _found(ask)
    edit, deeds = edited(ask, letter), ask.site.deeds
    if ask.asked("do") != "replay":
        return _letter(ask, letter, tried=deeds.try_letter(letter, edit, ask.now))
    try:
        run = deeds.plan_replay((letter,), edit, ask.who)
        deeds.begin(run, ask.who)
    except NotDone as error:
        return _letter(ask, letter, tried=Replayed(fits=False, text=str(error)))
    return ask.to(f"/run?{urlencode({'name': run})}")


def replay_group(ask: Asking) -> Response:
    """Plan to replay all letters of a cause that have not been replayed, as they are, each to where its key belongs."""
    letters = tuple(one for one in _all(ask, ask.asked("code"), ask.asked("topic")) if one.replayed_at is None)
    try:
        run = ask.site.deeds.plan_replay(letters, Edit(), ask.who)
    except NotDone as error:
        raise Refused(409, str(error)) from None
    return ask.to(f"/run?{urlencode({'name': run})}")


def _all(ask: Asking, code: str, topic: str) -> Iterable[DeadLetter]:
    after, count = 0, 0
    while count < REPLAY_MAX:
        letters = ask.site.looks.dead_letters(code, topic, after, LIMIT)
        yield from letters
        count += len(letters)
        if len(letters) < LIMIT:
            return
        after = letters[-1].number


def _found(ask: Asking) -> DeadLetter:
    number = ask.asked("number")
    letter = ask.site.looks.dead_letter(int(number)) if number.isdigit() else None
    if letter is None:
        raise NotThere("There is no such dead letter.")
    return letter


def _letter(ask: Asking, letter: DeadLetter, tried: Replayed | None = None) -> Response:
    text, is_text = _as_text(letter.value)
    key_text, _ = _as_text(letter.key)
    key, value = (ask.asked("key"), ask.asked("value")) if tried else (key_text, _indented(text))
    # Whoever may not see numbers cannot mend what has one: the form would show it, or lose it.
    masked = _pretty(ask.shown(_decoded(text) if is_text else ""))
    may_edit = is_text and ask.who.may(Role.OPERATOR) and ask.sees_numbers
    return ask.page(
        "dead_letter.html",
        letter=letter,
        key_text=ask.shown(key),
        value_text=value if may_edit else masked,
        is_text=is_text,
        may_edit=may_edit,
        headers=[(name, str(ask.shown(_as_text(one)[0]))) for name, one in letter.headers],
        tried=tried,
        line=f"ringback dead-letters show {letter.number}",
    )


def _as_text(value: bytes | None) -> tuple[str, bool]:
    try:
        return (value or b"").decode(), True
    except UnicodeDecodeError:
        return (value or b"").hex(" "), False


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _indented(text: str) -> str:
    """The value as people read it. A replay without a change sends the bytes, not this."""
    decoded = _decoded(text)
    return text if isinstance(decoded, str) else _pretty(decoded)


def _pretty(decoded: object) -> str:
    return decoded if isinstance(decoded, str) else json.dumps(decoded, indent=2, ensure_ascii=False)


def edited(ask: Asking, letter: DeadLetter) -> Edit:
    """What the form changes of a letter. Whoever sees numbers masked changes nothing."""
    if "value" not in ask.form or not ask.sees_numbers:
        return Edit()
    value, key = _sent(ask, "value"), _sent(ask, "key")
    is_same = value.strip() == _indented(_as_text(letter.value)[0]).strip()
    return Edit(
        value=None if is_same else value.encode(),
        key=None if key == _as_text(letter.key)[0] else key.encode(),
    )


def _sent(ask: Asking, name: str) -> str:
    """A field as it was typed: browsers send the ends of lines as CR LF."""
    return str(ask.form.get(name, "")).replace("\r\n", "\n")
