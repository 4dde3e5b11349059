"""Writes the pages that say no more than the program itself does: `python -m tests.docs.reference`, or `make docs`.

docs/settings.md comes from `streams/base/settings.py`, docs/commands.md from the help of the command line.
"""

import inspect
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from streams.base.adapter_settings import ADAPTER_NAMES
from streams.base.console_settings import CONSOLE_NAMES
from streams.base.security import SECURITY_NAMES
from streams.base.settings import ENV_PREFIX, Settings, describe, names
from streams.cli.group import ringback

DOCS = Path(__file__).parents[2] / "docs"

SETTINGS_HEAD = """# Settings

Made by `make docs` from `streams/base/settings.py`; a test compares the two. [operate.md](operate.md#settings) says
which of them to set when.

A setting comes from an option of the command, else from the environment variable `{prefix}<NAME>`, else from the TOML
file that `--config` or `{prefix}CONFIG` names, else it has its default. The file has the names below. A variable has
them in capitals: `session_timeout_s` is `{prefix}SESSION_TIMEOUT_S`. An unknown name is an error. A worker logs all of
them when it starts, a secret only as `(set)`.
"""

COMMANDS_HEAD = """# Commands

Made by `make docs` from the help of the commands; a test compares the two. `ringback COMMAND --help` says the same.

A command ends with 0 when it has done its work, 1 when something in its environment is wrong, 2 for a mistake in usage
or settings, and 130 when it is interrupted. A worker has [one more](operate.md#start-stop-exit-codes). An expected
error is one line on standard error.

Two more programs come with the event types and need msgspec alone: `python -m topics.rights` prints
[access rights](operate.md#access-rights-on-kafka), `python -m topics.manifests FOLDER` writes the
[topics](../deploy/kafka-topics) for Strimzi.
"""


def pages() -> dict[Path, str]:
    """Each page and its text."""
    return {DOCS / "settings.md": settings_page(), DOCS / "commands.md": commands_page()}


def settings_page() -> str:
    """Every setting, those of the console, of adapters and of a secured Kafka in tables of their own."""
    own = [name for name in names() if name not in (*CONSOLE_NAMES, *ADAPTER_NAMES, *SECURITY_NAMES)]
    return (
        SETTINGS_HEAD.format(prefix=ENV_PREFIX)
        + f"\n## A worker and its Kafka\n\n{_settings(own)}"
        + f"\n## The console\n\n{_settings(list(CONSOLE_NAMES))}"
        + f"\n## Adapters\n\n{_settings(list(ADAPTER_NAMES))}"
        + f"\n## A secured Kafka\n\n{_settings(list(SECURITY_NAMES))}"
    )


def _settings(chosen: list[str]) -> str:
    defaults = dict(describe(Settings()))
    rows: list[tuple[str, ...]] = [("setting", "value", "default", "meaning"), ("---",) * 4]
    for name in chosen:
        field = Settings.model_fields[name]
        rows.append((f"`{name}`", _fitting(field), f"`{defaults[name]}`", field.description or ""))
    return _table(rows)


def _fitting(field: FieldInfo) -> str:
    """Which values a setting takes, in words."""
    kinds = [kind for kind in _parts(field.annotation) if kind is not type(None)]
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    choices += [str(choice) for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for choice in kind]
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    word = {float: "number", int: "whole number", str: "text", SecretStr: "secret"}.get(kinds[0], "path")
    bounds = {type(one): one for one in field.metadata}
    least, most = bounds.get(annotated_types.Ge), bounds.get(annotated_types.Le)
    return f"{word}, {least.ge} to {most.le}" if least and most else word


def _parts(annotation: Any) -> list[Any]:
    """A type without what is annotated to it, as the types that it is the union of."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for one in get_args(annotation) for part in _parts(one)]
    return _parts(annotation.__origin__) if hasattr(annotation, "__metadata__") else [annotation]


def commands_page() -> str:
    """Every command with its options, in the order of the help."""
    return COMMANDS_HEAD + "".join(_command(context) for context in commands())


def commands() -> Iterator[click.Context]:
    """Every command that can be run, as the context that it would run in."""
    yield from _under(click.Context(ringback, info_name="ringback"))


def _under(context: click.Context) -> Iterator[click.Context]:
    if not isinstance(context.command, click.Group) or context.command.invoke_without_command:
        yield context
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None
        yield from _under(click.Context(command, info_name=name, parent=context))


def _command(context: click.Context) -> str:
    """One command: its usage, what it does, its options."""
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    said = inspect.cleandoc(context.command.help or "")
    paragraphs = [_paragraph(one) for one in said.split("\n\n")]
    records = [param.get_help_record(context) for param in context.command.get_params(context)]
    rows = [(f"`{record[0]}`", " ".join(record[1].split())) for record in records if record is not None]
    table = _table([("option", "meaning"), ("---", "---"), *rows])
    return f"\n## {context.command_path}\n\n`{usage}`\n\n" + "".join(f"{one}\n\n" for one in paragraphs) + table


def _paragraph(text: str) -> str:
    """A paragraph on one line; one that click keeps as it is, as a block."""
    if text.startswith("\b\n"):
        return f"```text\n{text.removeprefix(chr(8)).strip(chr(10))}\n```"
    return " ".join(text.split())


def _table(rows: list[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)


def main() -> None:
    """Write the pages that have changed, and name them."""
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.name)


if __name__ == "__main__":
    main()
