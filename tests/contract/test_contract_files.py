"""docs/contract says what the types say, its examples fit both, and it keeps what every released version promised."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.topics.contract import PAGE, examples, sections
from tests.topics.test_records_of_earlier_versions import records
from topics.catalog import CATALOG, STATE_TOPIC
from topics.codec import BadEvent, decode, encode
from topics.compatibility import Finding, broken_by, channels_broken_by
from topics.contract_files import CHANNELS, channels, contract_files, main, released
from topics.messages import MESSAGES, Message, schema_of_message

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "contract"
RELEASED = sorted(path for path in (FOLDER / "released").iterdir() if path.is_dir())
EXAMPLES = sorted((FOLDER / "examples").rglob("*.json"))
ASYNCAPI = Path(__file__).parent / "asyncapi"
GOLDEN = sorted((ROOT / "tests" / "golden" / "topics").glob("records.*.jsonl.gz"))
VALIDATORS = {
    name: jsonschema.Draft202012Validator(
        schema_of_message(message), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for name, message in MESSAGES.items()
}


def message_of(topic: str, value: object) -> Message:
    (found,) = [one for one in MESSAGES.values() if one.topic.name == topic and isinstance(value, origin(one))]
    return found


def origin(message: Message) -> type:
    return getattr(message.value, "__origin__", message.value)


def as_text(path: Path) -> str:
    return str(path.relative_to(FOLDER))


# ---- generated


def test_the_committed_files_are_the_generated_ones() -> None:
    generated = contract_files(FOLDER)
    assert {name: (FOLDER / name).read_text("utf-8") for name in generated} == generated, "`make contract` writes them"
    assert {f"schemas/{path.name}" for path in (FOLDER / "schemas").iterdir()} <= set(generated)


def test_every_topic_but_the_internal_one_has_a_message_or_is_of_dead_letters() -> None:
    with_message = {message.topic.name for message in MESSAGES.values()}
    assert set(CATALOG) - with_message == {STATE_TOPIC, "dead-letter"}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_schema_is_a_good_one_and_is_complete_in_itself(name: str) -> None:
    schema = json.loads((FOLDER / "schemas" / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == name and schema["$id"].endswith(f":{name}")
    references = set(re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(schema)))
    assert references == {f"#/$defs/{one}" for one in schema.get("$defs", {})}


def test_a_release_keeps_its_schemas_and_channels(tmp_path: Path) -> None:
    folder = tmp_path / "contract"
    shutil.copytree(FOLDER / "examples", folder / "examples")
    main([str(folder), "--release", "9.9.9"])
    kept = {path.name: path.read_text("utf-8") for path in (folder / "released" / "9.9.9").iterdir()}
    assert set(kept) == {*(f"{name}.json" for name in MESSAGES), CHANNELS}
    assert all(
        text == (FOLDER / "schemas" / name).read_text("utf-8") for name, text in kept.items() if name != CHANNELS
    )


# ---- examples


def test_every_message_has_an_example() -> None:
    assert {path.parent.name for path in EXAMPLES} == set(MESSAGES)


@pytest.mark.parametrize("path", EXAMPLES, ids=as_text)
def test_an_example_is_read_by_the_types_and_fits_its_schema(path: Path) -> None:
    text, message = path.read_bytes(), MESSAGES[path.parent.name]
    value = decode(message.topic.name, text)
    assert message_of(message.topic.name, value) is message
    VALIDATORS[message.name].validate(json.loads(text))
    # And what the types write of it does, too.
    VALIDATORS[message.name].validate(json.loads(encode(value)))


def test_the_examples_of_the_page_are_among_them() -> None:
    kept = [json.loads(path.read_bytes()) for path in EXAMPLES]
    parts = sections(PAGE.read_text("utf-8"))
    shown = [example for topic in CATALOG for example in examples(parts.get(topic, ""))]
    shown += examples(parts["dial-preview and dial-analysis"])
    assert len(shown) >= len(MESSAGES) - 1
    assert [one for one in shown if json.loads(one) not in kept] == []


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.name)
def test_every_event_that_a_version_accepted_fits_the_schema_of_today(file: Path) -> None:
    accepted = [one for one in records(file, "in") if one["value"] is not None and _fits(one)]
    assert len(accepted) > 1000
    for one in accepted:
        value = decode(one["topic"], one["value"].encode())
        VALIDATORS[message_of(one["topic"], value).name].validate(json.loads(one["value"]))


def _fits(record: dict[str, Any]) -> bool:
    """As a whole; a blank `expires_at` is taken as well, where records are read cell by cell."""
    try:
        decode(record["topic"], record["value"].encode())
    except BadEvent:
        return False
    return True


def test_everything_that_is_written_for_the_scenarios_fits_its_schema() -> None:
    stored = gzip.decompress((ROOT / "tests" / "golden" / "scenarios.jsonl.gz").read_bytes())
    seen = set()
    for line in (json.loads(line) for one in stored.splitlines() for line in json.loads(one)["lines"]):
        if line["topic"] != "dead-letter" and line["value"] is not None:
            VALIDATORS[line["topic"]].validate(line["value"])
            seen.add(line["topic"])
    assert {"dial-preview", "dial-analysis", "placement-decided", "callback-lifecycle", "outstanding-callbacks"} <= seen


# ---- earlier versions


def test_every_version_of_the_changelog_has_kept_its_schemas() -> None:
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(path.name for path in RELEASED) == sorted(versions)


def found_since(folder: Path) -> list[Finding]:
    new = {name: schema_of_message(message) for name, message in MESSAGES.items()}
    return broken_by(released(folder), new, [name for name, message in MESSAGES.items() if message.is_input])


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)
def test_what_a_version_promised_still_holds_but_for_what_was_allowed_by_name(folder: Path) -> None:
    allowed = json.loads((FOLDER / "released" / "allowed.json").read_bytes())
    by_name = {(one["message"], one["path"], one["what"]) for one in allowed if one["version"] == folder.name}
    assert all(len(one["why"]) > 20 for one in allowed)
    assert {(one.message, one.path, str(one.what)) for one in found_since(folder)} == by_name
    assert channels_broken_by(json.loads((folder / CHANNELS).read_bytes()), channels()) == []


# ---- AsyncAPI


@pytest.mark.timeout(600)
def test_the_asyncapi_parser_finds_nothing_wrong_with_the_document(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm: apt install npm")
    for name in ("package.json", "package-lock.json", ".npmrc", "validate.mjs"):
        shutil.copy(ASYNCAPI / name, tmp_path / name)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=tmp_path, check=True)
    validate = ["node", "validate.mjs"]
    good = subprocess.run([*validate, FOLDER / "asyncapi.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert good.returncode == 0, good.stdout + good.stderr
    shown = {name for name in CATALOG if name != STATE_TOPIC}
    assert json.loads(good.stdout) == {
        "channels": len(shown),
        "operations": len(shown) + 1,
        "messages": len(MESSAGES) + 1,
    }
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((FOLDER / "asyncapi.yaml").read_text("utf-8").replace("action: send", "action: shout", 1))
    shutil.copytree(FOLDER / "schemas", tmp_path / "schemas")
    bad = subprocess.run([*validate, wrong], cwd=tmp_path, capture_output=True, text=True)
    assert bad.returncode == 1 and "Error operations." in bad.stdout
