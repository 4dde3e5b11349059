"""Writes the contract as files: `python -m topics.contract_files FOLDER`, which is docs/contract.

In it: a JSON Schema for each message, `schemas/NAME.json`, `channels.json`, `asyncapi.yaml`, and `versions.md` about
what each version added. Examples are kept by hand, `examples/NAME/*.json`, and are shown in the document. With
`--release VERSION` schemas and channels are kept under `released/VERSION` as well, for good: later versions are held
against them. It needs PyYAML.
Source: docs/contract/index.md.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from topics.asyncapi import document
from topics.catalog import CATALOG, STATE_TOPIC
from topics.contract_versions import page
from topics.messages import MESSAGES, Schema, schema_of_message

HEADER = "# Generated from the types in topics/ by `make contract`; change them there.\n"
CHANNELS = "channels.json"
THIS_VERSION = "This version"


def schema_files() -> dict[str, str]:
    """The text of each schema, by the name of its file."""
    return {f"{name}.json": _text(schema) for name, schema in _schemas().items()}


def channels() -> dict[str, dict[str, str]]:
    """What others rely on of each topic: which way it goes, its key, and whether it is compacted."""
    return {
        name: {"direction": topic.direction.value, "key": topic.key, "cleanup": topic.cleanup.value}
        for name, topic in CATALOG.items()
        if name != STATE_TOPIC
    }


def examples_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The examples of each message, by their names."""
    return {
        one.name: {file.stem: json.loads(file.read_bytes()) for file in sorted(one.glob("*.json"))}
        for one in sorted(folder.iterdir())
    }


def asyncapi_text(examples: Mapping[str, Mapping[str, Any]]) -> str:
    """The document in YAML."""
    import yaml

    class Plain(yaml.SafeDumper):
        """Says in full what is there twice, and long texts as blocks."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    Plain.add_representer(
        str,
        lambda dumper, text: dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
        ),
    )
    text = yaml.dump(document(examples), Dumper=Plain, sort_keys=False, allow_unicode=True, width=120)
    return HEADER + str(text)


def contract_files(folder: Path) -> dict[str, str]:
    """The text of each generated file, by its path in the folder."""
    files = {f"schemas/{name}": text for name, text in schema_files().items()}
    return files | {
        CHANNELS: _text(channels()),
        "asyncapi.yaml": asyncapi_text(examples_in(folder / "examples")),
        "versions.md": page([*kept_in(folder), (THIS_VERSION, _schemas())]),
    }


def kept_in(folder: Path) -> list[tuple[str, dict[str, Schema]]]:
    """The schemas of every version that was released, the oldest first."""
    found = [path for path in (folder / "released").glob("*") if path.is_dir()]
    return [(path.name, released(path)) for path in sorted(found, key=lambda path: _numbers(path.name))]


def released(folder: Path) -> dict[str, Schema]:
    """The schemas of one version, by the names of messages in the order of today's; what went away comes last."""
    schemas = {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json") if path.name != CHANNELS}
    return {name: schemas[name] for name in sorted(schemas, key=lambda name: [*MESSAGES, name].index(name))}


def _schemas() -> dict[str, Schema]:
    return {name: schema_of_message(message) for name, message in MESSAGES.items()}


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def main(arguments: list[str] | None = None) -> None:
    """Write the files. arguments: those of the command line when None."""
    parser = argparse.ArgumentParser(prog="python -m topics.contract_files", description="Write the contract as files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--release", metavar="VERSION", help="keep schemas and channels of this version")
    given = parser.parse_args(arguments)
    folder: Path = given.folder
    files = contract_files(folder)
    if given.release:
        kept = {f"released/{given.release}/{name}": text for name, text in schema_files().items()}
        files |= kept | {f"released/{given.release}/{CHANNELS}": files[CHANNELS]}
    for former in (folder / "schemas").glob("*.json"):
        former.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
