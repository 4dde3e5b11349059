"""Rows as this version writes them are read by the next ones: the file is added to, and never changed."""

import base64
import json
from pathlib import Path

from tests.adapters.play import GOLDEN, Play

STORED = Path(__file__).parent / "rows-1.json"


def rows(name: str, stems: tuple[str, ...], steps: int) -> dict[str, str]:
    """What is kept after the first steps of golden files, each row as base64."""
    kept: dict[str, str] = {}
    for stem in stems:
        play = Play(name)
        for step in json.loads((GOLDEN / f"{stem}.json").read_text("utf-8"))["steps"][:steps]:
            play.hear(step["raw"])
        for kind in ("conversation", "campaign", "contact", "contact_list", "attempt_limits", "callback"):
            kept |= {key: base64.b64encode(row).decode() for key, row in play.table.under(f"{kind}|")}
    return kept


STEMS = (
    "genesys-wrap-up-before-outbound",
    "genesys-callback-joined-and-wrapped-up",
    "genesys-campaign",
    "genesys-contact",
)


def test_rows_of_earlier_versions_are_read_and_their_halves_are_joined_and_given_up() -> None:
    stored: dict[str, dict[str, str]] = json.loads(STORED.read_text("utf-8"))
    for name, found in stored.items():
        play = Play(name)
        for key, row in found.items():
            play.table.put(key, base64.b64decode(row))
            assert play.adapter.due_ms(key, base64.b64decode(row)) or key.startswith(
                ("contact_list", "attempt_limits", "campaign")
            )
        play.wait(hours=24 * 60)
        kept = {key.partition("|")[0] for key in found} & {"contact_list", "attempt_limits", "campaign"}
        assert {key.partition("|")[0] for kind in kept for key, _ in play.table.under(f"{kind}|")} == kept


def test_a_row_of_an_earlier_version_is_joined_with_what_comes_now() -> None:
    stored = json.loads(STORED.read_text("utf-8"))["genesys"]
    play = Play("genesys")
    for key, row in stored.items():
        play.table.put(key, base64.b64decode(row))
    (outbound,) = json.loads((GOLDEN / "genesys-wrap-up-before-outbound.json").read_text("utf-8"))["steps"][3:4]
    play.hear(outbound["raw"])
    assert len(play.values("wrap-up")) == 1


if __name__ == "__main__":
    written = {
        "genesys": rows("genesys", STEMS[:1] + STEMS[2:], 3),
        "vicidial": rows("vicidial", ("vicidial-deleted",), 1),
    }
    STORED.write_text(json.dumps(written, indent=1) + "\n", "utf-8")
