"""What CONTRIBUTING.md asks of the size of modules and functions, and that no tool can be told."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path for package in ("streams", "topics", "benchmarks", "examples") for path in (ROOT / package).rglob("*.py")
)
MODULE_LINES_MAX = 250
FUNCTION_LINES_MAX = 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_are_short_enough_to_be_read_at_once(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= MODULE_LINES_MAX
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES_MAX} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_field_has_the_name_of_its_type(path):
    # Annotations are read late from Python 3.14 on: the name would be that of the field by then.
    classes = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ClassDef))
    for one in classes:
        fields = [node for node in one.body if isinstance(node, ast.AnnAssign)]
        own = {node.id for field in fields for node in ast.walk(field.target) if isinstance(node, ast.Name)}
        types = {node.id for field in fields for node in ast.walk(field.annotation) if isinstance(node, ast.Name)}
        assert own & types == set(), one.name
