"""Makes clock, chance, files, sockets, programs and threads raise while the core decides, and says what touched them.

Two watchers see what the import contract cannot: the interpreter's profiler sees each call of a function, written in
Python or in C, and its audit hooks see what C code opens by itself. What C code asks of clock or chance on its own is
seen by neither. An audit hook stays for the life of a process, so a guarded run has a process of its own.
"""

import _random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO, IOBase, StringIO
from types import FrameType
from typing import Any

OURS = ("streams.", "topics.")


@dataclass(frozen=True, slots=True)
class Restriction:
    """Something that is not the core's to touch.

    what: its name. instead: what to do. modules: none of their functions may be called. events: of audit hooks, or how
    they begin. methods: of which types, and which; no name stands for all of them.
    """

    what: str
    instead: str
    modules: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    methods: tuple[tuple[type, tuple[str, ...]], ...] = ()


_PROGRAMS = (
    *(f"posix.{name}" for name in ("system", "fork", "forkpty", "posix_spawn", "execv", "execve", "kill")),
    *(f"_thread.{name}" for name in ("start_new_thread", "start_new", "start_joinable_thread")),
)

RESTRICTIONS = (
    Restriction(
        "programs and threads",
        "Return what is to be done; the edge does it.",
        modules=("subprocess", "threading", "multiprocessing", "concurrent", "signal", *_PROGRAMS),
        events=("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "_thread.", "os.kill"),
    ),
    Restriction(
        "the clock",
        "Take the argument `now`; only streams/base/clock.py reads the clock.",
        modules=("time",),
        events=("time.",),
        methods=((date, ("now", "today", "utcnow")),),
    ),
    Restriction(
        "chance",
        "Make it from the ids of the event, or let the edge draw it and hand it in.",
        modules=("random", "secrets", "uuid", "numpy.random", "posix.urandom", "posix.getrandom"),
        methods=((_random.Random, ()),),
    ),
    Restriction(
        "sockets",
        "Return a record; streams/engine sends it.",
        modules=("socket", "_socket", "ssl", "select", "asyncio", "selectors", "urllib.request", "http"),
        events=("socket.", "ssl.", "urllib.", "http."),
    ),
    Restriction(
        "files and the environment",
        "Read it in `load_tables` of streams/base/zone_data.py, before anything is decided, or in the edge.",
        modules=(
            "os",
            "posix",
            "io",
            "_io",
            "pathlib",
            "shutil",
            "tempfile",
            "glob",
            "logging",
            "builtins.print",
            "builtins.input",
        ),
        events=("open", "os.", "shutil.", "tempfile.", "glob.", "import"),
        methods=((IOBase, ()),),
    ),
)
"""In this order: the first that fits is told."""

_IN_MEMORY = (BytesIO, StringIO)


class Impure(BaseException):
    """The core touched what it must not. No `except Exception` on the way hides it."""


class _Guard:
    """What is armed in this process. touched: what was said, also if somebody kept it from being seen."""

    armed = False
    hooked = False
    touched: list[str]


@contextmanager
def guarded() -> Iterator[None]:
    """Raise Impure, where it happens, for everything that RESTRICTIONS name; and at the end, if it was caught there."""
    if not _Guard.hooked:
        sys.addaudithook(_audited)
        _Guard.hooked = True
    _Guard.touched, _Guard.armed = [], True
    sys.setprofile(_called)
    try:
        yield
    finally:
        _Guard.armed = False
        sys.setprofile(None)
    if _Guard.touched:
        raise Impure(_Guard.touched[0])


def _audited(event: str, arguments: tuple[Any, ...]) -> None:
    if _Guard.armed:
        for one in RESTRICTIONS:
            if any(event == name or (name.endswith(".") and event.startswith(name)) for name in one.events):
                _touch(one, f"{event} {arguments[0] if arguments else ''}".strip(), sys._getframe(1))


def _called(frame: FrameType, event: str, arg: Any) -> None:
    if not _Guard.armed:
        return
    if event == "call":
        _check(str(frame.f_globals.get("__name__")), frame.f_code.co_qualname, None, frame.f_back or frame)
    elif event == "c_call":
        _check(str(getattr(arg, "__module__", "")), arg.__name__, getattr(arg, "__self__", None), frame)


def _check(module: str, name: str, owner: Any, frame: FrameType) -> None:
    kind = owner if isinstance(owner, type) else type(owner)
    if (one := _restriction(module, name, kind)) is not None:
        _touch(one, f"{module if module in sys.modules else kind.__name__}.{name}", frame)


@cache
def _restriction(module: str, name: str, kind: type) -> Restriction | None:
    for one in RESTRICTIONS:
        if any(f"{module}.{name}.".startswith(f"{restricted}.") for restricted in one.modules):
            return one
        if kind not in _IN_MEMORY and any(
            issubclass(kind, restricted) and (name in names or not names) for restricted, names in one.methods
        ):
            return one
    return None


def _touch(restriction: Restriction, what: str, frame: FrameType) -> None:
    _Guard.armed = False  # What says so must not be stopped by it.
    at: FrameType | None = frame
    while at is not None and not str(at.f_globals.get("__name__")).startswith(OURS):
        at = at.f_back
    place = at or frame
    where = f"{place.f_globals.get('__name__')}, line {place.f_lineno}"
    _Guard.touched.append(f"{where} touches {restriction.what}: {what}. {restriction.instead}")
    raise Impure(_Guard.touched[-1])
