"""docs/contract.md taken apart into tables, and the types taken apart into fields, to hold one against the other."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import NODEFAULT, Struct, inspect

from topics.names import TopicName
from topics.records import Reason, Transition
from topics.rules import Operator

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"

_CODE = re.compile(r"`([^`]+)`")


class Table(NamedTuple):
    """A table: the words of its head, and its rows, a cell for each of them."""

    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def column(self, name: str) -> list[str]:
        at = self.head.index(name)
        return [row[at] for row in self.rows]


def sections(page: str) -> dict[str, str]:
    """The text below each heading, up to the next one of any depth."""
    parts = re.split(r"^#{1,4} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tables(text: str) -> list[Table]:
    """The tables of a section, in their order."""
    found: list[Table] = []
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            head, rule, *rows = [_cells(one) for one in lines]
            assert all(set(cell) <= set("-: ") for cell in rule), f"no rule below {head}"
            for row in rows:
                assert len(row) == len(head), row
            found.append(Table(head, rows))
            lines = []
    return found


def table(text: str, *head: str) -> Table:
    """The one table of a section whose head begins with these words."""
    (found,) = [one for one in tables(text) if one.head[: len(head)] == head]
    return found


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])


def words(cell: str) -> list[str]:
    """What stands between back ticks, in order."""
    return _CODE.findall(cell)


def paths(cell: str) -> Iterator[str]:
    """The fields that a cell names: of `a.b`, `.c` the second is `a.c`; `a[]` is a list named `a`."""
    parent = ""
    for word in words(cell):
        path = parent + word if word.startswith(".") else word
        parent = path.rpartition(".")[0]
        yield path.removesuffix("[]")


def cells_of(shown: Table, column: str) -> dict[str, dict[str, str]]:
    """By the path of each field that the column names, the cells of its row by the head of their column."""
    found: dict[str, dict[str, str]] = {}
    for row in shown.rows:
        cells = dict(zip(shown.head, row, strict=True))
        for path in paths(cells[column]):
            assert path not in found, f"{path} is there twice"
            found[path] = dict(cells)
    return found


def named_once(names: Iterable[str]) -> list[str]:
    """The names as a list; a name that stands there twice fails."""
    found = list(names)
    assert len(found) == len(set(found)), sorted({name for name in found if found.count(name) > 1})
    return found


def examples(text: str) -> list[str]:
    """The JSON examples of a section."""
    return re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)


class Field(NamedTuple):
    """A field as a type or as the page has it.

    kind: the word of the page for its values. words: those that it may be. must: it has to be there and not null.
    null: it may be null. left_out: it is not written where it has its default, be that null.
    """

    kind: str
    words: frozenset[str]
    must: bool
    null: bool
    left_out: bool = False


# ---- what the types say


def fields_of(kind: type[Struct]) -> dict[str, Field]:
    """Every field of a struct by its path, those of structs within it too."""
    found: dict[str, Field] = {}
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    if info.tag is not None:
        found[info.tag_field or ""] = Field("word", frozenset({str(info.tag)}), must=True, null=False)
    _collect(info, "", found)
    return found


def _collect(info: inspect.StructType, above: str, found: dict[str, Field]) -> None:
    leaves_out = info.cls.__struct_config__.omit_defaults
    for field in info.fields:
        members, null = _members(field.type)
        path = above + field.encode_name
        must = field.default is NODEFAULT and field.default_factory is NODEFAULT
        found[path] = Field(
            _kind(members), _words(members), must and not null, null, leaves_out and field.default is None
        )
        for member in members:
            inner = member.item_type if isinstance(member, inspect.VarTupleType) else member
            if isinstance(inner, inspect.StructType):
                _collect(inner, f"{path}[]." if inner is not member else f"{path}.", found)


def _members(info: inspect.Type) -> tuple[list[inspect.Type], bool]:
    if not isinstance(info, inspect.UnionType):
        return [info], False
    rest = [member for member in info.types if not isinstance(member, inspect.NoneType)]
    return rest, len(rest) < len(info.types)


def _kind(members: list[inspect.Type]) -> str:
    first = members[0]
    match first:
        case inspect.StrType():
            phone = (first.pattern or "").startswith(r"\A\+")
            return "phone number" if phone else "text"
        case inspect.EnumType(cls=cls) if cls is TopicName:
            return "text"
        case inspect.IntType() | inspect.FloatType():
            return "number"
        case inspect.DictType() | inspect.AnyType():
            return "object"
        case inspect.VarTupleType():
            return "list"
    plain: dict[type[inspect.Type], str] = {
        inspect.BoolType: "true or false",
        inspect.DateType: "date",
        inspect.DateTimeType: "instant",
        inspect.EnumType: "word",
        inspect.StructType: "object",
    }
    return plain[type(first)]


def _words(members: list[inspect.Type]) -> frozenset[str]:
    """The words of an enum, or of a list or an object of them. Words that a table of their own lists are left out."""
    found: set[str] = set()
    for member in members:
        if isinstance(member, inspect.VarTupleType):
            member = member.item_type
        elif isinstance(member, inspect.DictType):
            (member,), _ = _members(member.value_type)
            member = member.item_type if isinstance(member, inspect.VarTupleType) else member
        if isinstance(member, inspect.EnumType) and member.cls not in (Reason, Transition, Operator, TopicName):
            found.update(member.cls)
    return frozenset(found)


# ---- what the page says

KINDS = {
    "instant": ("instant",),
    "date": ("date",),
    "phone number": ("phone number",),
    "true or false": ("true or false",),
    "number": ("whole number", "whole seconds", "number", "1 (Monday) to 7"),
    "word": ("word",),
    "list": ("list", "ids", "conditions", "actions"),
    "object": ("object", "attributes"),
    "text": (
        "id",
        "string",
        "time zone",
        "region",
        "name without prefix",
        "32 hex digits",
        "`HH:MM`",
        "`never`, `today`",
    ),
}


def stated_kind(cell: str, words_of_type: frozenset[str]) -> str:
    """The kind that the page gives, where the words of a type count as a list if the field is one."""
    for kind, beginnings in KINDS.items():
        if cell.startswith(beginnings):
            return kind
    return "word" if words(cell) and words_of_type else cell
