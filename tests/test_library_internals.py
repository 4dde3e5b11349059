"""What libraries do not document is touched in `streams/library_internals` alone, listed, and asserted at the start.

A private name begins with an underscore; so does none of what is merely not documented, for which aiokafka's documented
modules are listed here. Source: docs/decisions/0039-private-parts-of-libraries.md.
"""

import ast
import importlib
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka.conn import AIOKafkaConnection

from streams.base.errors import OperatorError
from streams.library_internals import written_for
from streams.library_internals.written_for import AIOKAFKA, FAUST, WrittenFor, check, log_differences
from tests.complaints import complaint

ROOT = Path(__file__).parents[1]
INSIDE = ROOT / "streams" / "library_internals"
MODULES = sorted(path for package in ("streams", "topics") for path in (ROOT / package).rglob("*.py"))
OUTSIDE = [path for path in MODULES if not path.is_relative_to(INSIDE)]
OURS = ("streams", "topics")
DOCUMENTED = {
    "aiokafka", "aiokafka.abc", "aiokafka.admin", "aiokafka.admin.config_resource", "aiokafka.errors",
    "aiokafka.helpers", "aiokafka.structs",
}  # fmt: skip
"""Modules of aiokafka that are for its users: what they take and return, and what arguments of theirs are made of."""
PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_exit", "_current_frames", "_typeshed"}
"""Documented in spite of the underscore: those of named tuples, `os._exit`, `sys._current_frames`, and the types of the
standard library."""
ASSIGNABLE = {"sys.stdin", "sys.stdout", "sys.stderr", "sys.excepthook"}
"""Documented as what may be replaced."""
BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def is_own(node: ast.expr) -> bool:
    """`self`, `cls` or `super()`: what these have is looked at class by class."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def named_here(tree: ast.Module) -> set[str]:
    """What a module gives a name: functions, classes, variables, and attributes of its own objects."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value):
            names.add(node.attr)
    return names


def foreign_names(tree: ast.Module) -> set[str]:
    """The names that a module has from elsewhere than from our packages."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in OURS:
            names |= {alias.asname or alias.name for alias in node.names}
    return names - set(OURS)


def modules_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def root_of(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def pairs_of(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr | None]]:
    if not isinstance(target, ast.Tuple):
        return [(target, value)]
    values: list[Any] = value.elts if isinstance(value, ast.Tuple) else [None] * len(target.elts)
    return list(zip(target.elts, values, strict=True))


def targets_of(tree: ast.Module) -> Iterator[tuple[ast.Attribute, ast.expr | None]]:
    """Each attribute that is assigned to, with the value where there is one for it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for one, value in pairs_of(target, node.value):
                    if isinstance(one, ast.Attribute):
                        yield one, value
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            yield node.target, node.value


def is_function(value: ast.expr | None, functions: set[str]) -> bool:
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Attribute) and is_own(value.value):
        return value.attr in functions
    return isinstance(value, ast.Name) and value.id in functions


def touches(source: str) -> list[str]:
    """The lines of a module at which it touches what is not its own and not public, or replaces it."""
    tree = ast.parse(source)
    own, foreign = named_here(tree), foreign_names(tree)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    found: list[ast.stmt | ast.expr] = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=name) if is_private(name) and not is_own(value):
                if name not in PUBLIC and name not in own:
                    found.append(node)
            case ast.Call(func=ast.Name(id=function), args=[_, ast.Constant(value=str(name)), *_]):
                if function in BY_NAME and (is_private(name) or function in ("setattr", "delattr")):
                    found.append(node)
            case ast.Import() | ast.ImportFrom():
                modules, names = modules_of(node), [alias.name for alias in node.names]
                undocumented = [one for one in modules if one.split(".")[0] == "aiokafka" and one not in DOCUMENTED]
                if undocumented or any(
                    is_private(part) and part not in PUBLIC for one in modules + names for part in one.split(".")
                ):
                    found.append(node)
    for target, given in targets_of(tree):
        if ast.unparse(target) in ASSIGNABLE:
            continue
        if root_of(target) in foreign or (not is_own(target.value) and is_function(given, functions)):
            found.append(target)
    lines = source.splitlines()
    return [f"{node.lineno}: {lines[node.lineno - 1].strip()}" for node in found]


def private_names_of(owner: type) -> set[str]:
    """What a class has or uses, on the class or on its instances."""
    members = [inspect.unwrap(getattr(one, "__func__", one)) for one in vars(owner).values() if callable(one)]
    used = {name for one in members if hasattr(one, "__code__") for name in one.__code__.co_names}
    return {name for name in used | set(vars(owner)) if is_private(name)}


def is_ours(owner: type) -> bool:
    return owner.__module__.partition(".")[0] in (*OURS, "tests")


def inherited(owner: type) -> set[str]:
    """The private names of a library that a class of ours, derived from one of its classes, calls or overrides."""
    libraries = [base for base in owner.__mro__ if not is_ours(base) and base.__module__ not in ("builtins", "typing")]
    of_libraries = {name for base in libraries for name in private_names_of(base)}
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    said = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    said |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_own(node.value)}
    return {name for name in said & of_libraries if is_private(name)} - PUBLIC


def module_of(path: Path) -> Any:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return importlib.import_module(name)


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_touches_nothing_private_of_anybody_else(path: Path) -> None:
    """A touch belongs into `streams/library_internals`, as a small function with its reason, and into its list."""
    assert touches(path.read_text("utf-8")) == []
    module = module_of(path)
    classes = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
    assert {one.__name__: names for one in classes if (names := inherited(one))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def f(consumer): consumer._coordinator.check_errors()",
        "def f(self): return self.client._conns",
        "def f(self): return self._client._conns",
        "def f(client): client.get()._state = 1",
        "import aiokafka\naiokafka.producer.sender.BACKOFF_OVERRIDE = 1",
        "from aiokafka import structs\nstructs.OffsetAndMetadata = None",
        "from aiokafka import AIOKafkaProducer\nAIOKafkaProducer.stop, a = None, 1",
        "from aiokafka.client import AIOKafkaClient",
        "import aiokafka.conn",
        "import asyncio\nasyncio.sleep += 1",
        "from faust.app import _attached",
        "from faust._cython import streams",
        "getattr(producer, '_txn_manager', None)",
        "hasattr(producer, '_txn_manager')",
        "setattr(client, 'send', print)",
        "def f(client):\n    async def send(): ...\n    client.send = send",
        "class A:\n    def send(self): ...\n    def f(self, client): client.send = self.send",
        "def f(client): client.ready, client.send = 1, lambda: 2",
    ],
)
def test_every_way_to_touch_what_is_private_is_found(source: str) -> None:
    assert touches(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def f(self): self._x = self._g()\n    def _g(self): ...",
        "class A:\n    _x: int\ndef f(a): a._x = 1",
        "def f(pair): return pair._replace(x=1)",
        "import os\nos._exit(1)",
        "from aiokafka.errors import KafkaError",
        "def f(app, engines): app.engines = engines",
        "getattr(error, 'errno', None)",
    ],
)
def test_what_is_a_modules_own_or_documented_is_none_of_it(source: str) -> None:
    assert touches(source) == []


def test_a_private_name_of_a_base_class_is_found_where_it_is_used_and_where_it_is_overridden() -> None:
    class Connection(AIOKafkaConnection):  # type: ignore[misc]
        def _handle_frame(self, resp: bytes) -> None:
            self._own = self._requests

    assert inherited(Connection) == {"_handle_frame", "_requests"}


INTERNALS = sorted(path for path in INSIDE.rglob("*.py") if path.parent != INSIDE)


def touched_inside(path: Path) -> set[str]:
    """The private names that a module of `library_internals` touches."""
    tree, module = ast.parse(path.read_text("utf-8")), module_of(path)
    classes = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
    names = {name for one in classes for name in inherited(one)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_own(node.value):
            names.add(node.attr)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_private(node.value.strip()):
            names.add(node.value)
    return names


@pytest.mark.parametrize("path", INTERNALS, ids=lambda path: str(path.relative_to(INSIDE)))
def test_every_private_name_that_is_touched_is_in_the_list_and_so_is_every_undocumented_module(path: Path) -> None:
    listed = [name.partition(":") for written in (AIOKAFKA, FAUST) for name in written.names]
    assert touched_inside(path) - {name.rpartition(".")[2] for _, _, name in listed} == set()
    imported = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    undocumented = {
        (node.module, alias.name)
        for node in imported
        for alias in node.names
        if (node.module or "").split(".")[0] == "aiokafka" and node.module not in DOCUMENTED
    }
    known = {(module, name.partition(".")[0]) for module, _, name in listed} | {
        tuple(module.rsplit(".", 1)) for module, _, _ in listed
    }
    assert undocumented - known == set()


def test_nothing_is_listed_that_is_not_used() -> None:
    text = "".join(path.read_text("utf-8") for path in MODULES if path.name != "written_for.py")
    names = [name for written in (AIOKAFKA, FAUST) for name in written.names]
    assert [name for name in names if name.replace(":", ".").rpartition(".")[2] not in text] == []


def test_the_decision_lists_every_name() -> None:
    decision = (ROOT / "docs/decisions/0039-private-parts-of-libraries.md").read_text("utf-8")
    names = [name.rpartition(":")[2] for written in (AIOKAFKA, FAUST) for name in written.names]
    assert [name for name in names if f"`{name}`" not in decision] == []


@pytest.mark.parametrize("written", [AIOKAFKA, FAUST], ids=lambda written: written.library)
def test_what_is_installed_has_all_that_is_used_of_it(written: WrittenFor) -> None:
    check(written)


@pytest.mark.parametrize(
    "gone",
    [
        "aiokafka.conn:AIOKafkaConnection._renamed",
        "aiokafka.conn:Renamed._reader",
        "aiokafka.moved:AIOKafkaConnection",
        "aiokafka.producer.sender:BACKOFF",
    ],
)
def test_a_name_that_is_gone_is_told_with_what_is_installed_and_what_would_do(gone: str) -> None:
    lacking = replace(AIOKAFKA, names=(*AIOKAFKA.names, gone))
    with pytest.raises(OperatorError) as told:
        check(lacking)
    assert str(told.value) == (
        f"aiokafka {AIOKAFKA.installed} lacks what Ringback uses of it: {gone}. Ringback was written for "
        f"{AIOKAFKA.version}. Install that version of it, or a newer Ringback"
    )
    assert told.value.exit_code == 1


@pytest.mark.parametrize("command", [["worker"], ["topics", "check"]], ids=" ".join)
def test_a_command_that_would_use_a_name_that_is_gone_ends_with_one_line_and_exit_code_1(command: list[str]) -> None:
    program = f"""
import sys
import aiokafka.producer.sender
del aiokafka.producer.sender.BACKOFF_OVERRIDE
from streams.cli.group import run
sys.exit(run({command}))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    said = [complaint(line, of_worker=command == ["worker"]) for line in done.stderr.splitlines()]
    assert said == [
        f"aiokafka {AIOKAFKA.installed} lacks what Ringback uses of it: "
        f"aiokafka.producer.sender:BACKOFF_OVERRIDE. Ringback was written for {AIOKAFKA.version}. "
        "Install that version of it, or a newer Ringback"
    ]


def test_a_text_that_has_changed_is_told_too() -> None:
    where = "aiokafka.client:AIOKafkaClient.bootstrap"
    with pytest.raises(OperatorError, match="bootstrap with 'Cannot ask"):
        check(replace(AIOKAFKA, texts=((where, "Cannot ask %s"),)))


def test_a_version_that_nobody_has_looked_at_is_one_line_and_starts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(written_for, "FAUST", replace(FAUST, version="0.15.2"))
    with caplog.at_level("INFO"):
        log_differences()
    assert caplog.messages == [f"faust-streaming is {FAUST.installed}, Ringback was written for 0.15.2"]
