"""Hypothesis strategies for every struct, read off the structs themselves: each field within its own limits."""

from datetime import UTC
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from msgspec import Struct, inspect

from topics.fields import DoesNotFit

CHARACTERS = st.characters(exclude_categories=["Cs"])


def structs(kind: type[Struct]) -> st.SearchStrategy[Struct]:
    """Any struct of this class that its own rules allow."""
    return _struct(inspect.type_info(kind))


def _struct(info: inspect.Type) -> st.SearchStrategy[Any]:
    assert isinstance(info, inspect.StructType)
    fields = {field.name: _values(field.type) for field in info.fields}

    def build(values: dict[str, Any]) -> Struct:
        try:
            return info.cls(**values)
        except DoesNotFit:
            reject()

    return st.fixed_dictionaries(fields).map(build)


def _text(info: inspect.StrType) -> st.SearchStrategy[str]:
    if info.pattern is not None:
        drawn = st.from_regex(info.pattern)
    else:
        drawn = st.text(CHARACTERS, min_size=info.min_length or 0, max_size=info.max_length)
    shortest, longest = info.min_length or 0, info.max_length or 1000
    return drawn.filter(lambda text: shortest <= len(text) <= longest)


def _values(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StructType():
            return _struct(info)
        case inspect.UnionType():
            return st.one_of([_values(member) for member in info.types])
        case inspect.StrType():
            return _text(info)
        case inspect.IntType():
            return st.integers(info.ge if info.ge is not None else -(2**53), info.le if info.le is not None else 2**53)
        case inspect.FloatType():
            return st.floats(info.ge, info.le)
        case inspect.EnumType():
            return st.sampled_from(list(info.cls))
        case inspect.VarTupleType():
            return st.lists(_values(info.item_type), max_size=3).map(tuple)
        case inspect.DictType():
            return st.dictionaries(_values(info.key_type), _values(info.value_type), max_size=3)
    return _plain(info)


def _plain(info: inspect.Type) -> st.SearchStrategy[Any]:
    plain: dict[type[inspect.Type], st.SearchStrategy[Any]] = {
        inspect.BoolType: st.booleans(),
        inspect.NoneType: st.none(),
        inspect.DateType: st.dates(),
        inspect.DateTimeType: st.datetimes(timezones=st.just(UTC)),
        inspect.AnyType: st.none() | st.booleans() | st.integers(-100, 100) | st.text(CHARACTERS),
    }
    return plain[type(info)]
