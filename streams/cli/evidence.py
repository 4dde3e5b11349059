"""`ringback evidence`: a signed file of every call made and not made to one number, and what such a file is worth."""

import asyncio
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from streams.base.settings import Settings, load
from streams.cli.evidence_files import private_key_of, public_key_of, read_bytes, write
from streams.cli.evidence_making import Wanted, make, program
from streams.cli.import_work import counted
from streams.cli.instants import LENGTH
from streams.cli.options import connection_options
from streams.cli.periods import e164, period_of
from streams.cli.progress import Progress
from streams.evidence.checking import Checked, check
from streams.evidence.document import LOOKED_BACK, Document, decoded, encoded
from streams.evidence.effects import Effect
from streams.evidence.keys import fingerprint
from streams.evidence.page import page_of
from streams.evidence.sealing import seal

_PATH = click.Path(path_type=Path, dir_okay=False)
_NEEDED = {"--number": "number", "--from": "begin", "--to": "end", "--key": "key_path", "--output": "output"}


@click.group(invoke_without_command=True)
@connection_options
@click.option("--number", metavar="NUMBER", help="The phone number, with its country code, such as +12125550101.")
@click.option("--from", "begin", metavar="DAY", help="From this day or instant on, such as 2026-11-01.")
@click.option("--to", "end", metavar="DAY", help="To the end of this day, or up to this instant.")
@click.option("--zone", metavar="NAME", help="The time zone in which days begin and end.  [UTC]")
@click.option("--key", "key_path", type=_PATH, metavar="FILE", help="Ed25519 private key, in PEM, that signs.")
@click.option("--output", "-o", type=_PATH, metavar="FILE", help="Where to.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "json"]),
    help="html: a page that has the JSON in it.  [html, unless FILE ends in .json]",
)
@click.option(
    "--archive",
    "archives",
    multiple=True,
    type=_PATH,
    metavar="FILE",
    help="Read this file of `ringback export --archive`, and not the topics. May be repeated.",
)
@click.option("--look-back", type=LENGTH, metavar="SPAN", help="Read events so much older than the period.  [70d]")
@click.pass_context
def evidence(context: click.Context, /, **given: Any) -> int:
    """Write one signed file with every call made and not made to a number, and the records that say so.

    It has each call with one sentence, the facts that decided, the campaign, rule sets, hours, Do Not Call entries and
    holds that were in force, and the records byte for byte with topic, partition and offset. It says what it cannot
    show. `ringback evidence verify` needs the file alone, and so does openssl (docs/evidence.md).

    \b
    Example:
      openssl genpkey -algorithm ed25519 -out evidence-key.pem
      ringback evidence --number +12125550101 --from 2026-11-01 --to 2026-11-27 --key evidence-key.pem -o evidence.html
      ringback evidence verify evidence.html
    """  # noqa: D301  (click wants the character, not its escape)
    if context.invoked_subcommand is not None:
        return 0
    # Kafka's client logs a missing broker, too; its lines would be printed beside our one line about it.
    logging.getLogger().addHandler(logging.NullHandler())
    missing = [option for option, name in _NEEDED.items() if given[name] is None]
    if missing:
        raise click.UsageError(f"say {', '.join(missing)}")
    period = period_of(given["begin"], given["end"], given["zone"])
    looked_back = LOOKED_BACK if given["look_back"] is None else abs(given["look_back"])
    wanted = Wanted(e164(given["number"]), *period, looked_back, given["archives"])
    key, output = private_key_of(given["key_path"]), given["output"]
    document = _made(load(given["config"], broker=given["broker"], prefix=given["prefix"]), wanted)
    as_html = given["form"] == "html" or (given["form"] is None and output.suffix != ".json")
    content = page_of(document) if as_html else encoded(document) + b"\n"
    write(output, seal(content, key, as_html=as_html))
    _say(document, fingerprint(key.public_key()))
    return 0


def _made(settings: Settings, wanted: Wanted) -> Document:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ringback-evidence-") as folder:
        document, read = asyncio.run(make(settings, wanted, Path(folder), Progress().show))
    took = max(time.monotonic() - began, 0.001)
    click.echo(f"read {read:,} records in {took:.1f} s, {read / took:,.0f} a second", err=True)
    # As whoever verifies it has it.
    return decoded(encoded(document))


def _say(document: Document, signer: str) -> None:
    effects = document.said.summary.effects
    words = ((Effect.MADE, "made"), (Effect.HANDED_OUT, "handed out"), (Effect.NOT_MADE, "not made"))
    counts = [f"{effects[effect]:,} {name}" for effect, name in (*words, (Effect.NOT_KNOWN, "not known"))]
    click.echo(", ".join(counts), err=True)
    for one in document.said.cannot_show:
        click.echo(f"cannot show: {one}", err=True)
    click.echo(f"signed with the key SHA256:{signer}", err=True)


@evidence.command(short_help="Say whether a file is as it was signed, and its records say what it says.")
@click.argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@click.option("--public-key", "key_path", type=_PATH, metavar="FILE", help="Of whoever must have signed it.")
@click.option("--json", "as_json", is_flag=True, help="Print the document of each file that holds, as JSON.")
def verify(files: tuple[Path, ...], key_path: Path | None, as_json: bool) -> int:
    """Check files of evidence: each byte by the signature, and each sentence by the records; exit 1 if one fails.

    It needs the files alone: no Kafka, no network. Without --public-key it says whose key signed, and not whether that
    is the right one: compare the fingerprint with one that you got in another way.
    """
    key = None if key_path is None else public_key_of(key_path)
    failed = False
    for path in files:
        checked = check(read_bytes(path), program(), key)
        failed |= bool(checked.problems)
        _report(path, checked, is_compared=key is not None)
        if as_json and not checked.problems and checked.document is not None:
            click.echo(encoded(checked.document).decode())
    return 1 if failed else 0


def _report(path: Path, checked: Checked, *, is_compared: bool) -> None:
    for problem in checked.problems:
        click.echo(f"{path}: {problem}", err=True)
    for note in checked.notes:
        click.echo(f"{path}: note: {note}", err=True)
    if checked.problems or checked.document is None:
        return
    said, records = checked.document.said, len(checked.document.records)
    whose = "the key that was given" if is_compared else "nobody has said whether that is the right key"
    click.echo(f"{path}: signed with the key SHA256:{checked.signer}, {whose}", err=True)
    click.echo(
        f"{path}: nothing was changed, and what it says follows from {counted(records, 'record', 'records')}: "
        f"{counted(len(said.entries), 'entry', 'entries')}, "
        f"{counted(len(said.cannot_show), 'thing', 'things')} that it cannot show",
        err=True,
    )
