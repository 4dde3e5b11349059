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
