"""Write the dashboards: `python grafana/build_dashboards.py [--docs URL] [--out DIR]`.

Without options it writes the committed files, grafana/dashboards/*.json; a test compares them with their source.
"""

import argparse
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from grafana.ringback_dashboards import campaign, engine, not_made, on_time  # noqa: E402
from grafana.ringback_dashboards.frame import DOCS  # noqa: E402

PAGES = {"on-time": on_time, "not-made": not_made, "engine": engine, "campaign": campaign}
FOLDER = ROOT / "grafana" / "dashboards"


def dashboards(docs: str = DOCS) -> dict[str, str]:
    """The text of each file, by name; `docs`: the address of the documentation, for links to runbooks."""
    made = {}
    for name, page in PAGES.items():
        built = page.build(docs).build()
        if any(panel.id_val for panel in built.panels or []):
            raise ValueError("ids of panels are given here")
        in_panels = (link for panel in built.panels or [] for link in getattr(panel, "links", None) or [])
        marks = built.annotations.list_val if built.annotations else None
        for shown in (*(built.links or []), *(marks or []), *in_panels):
            shown.placement = None  # In sight, at the top; the SDK hides them in a menu.
        for number, panel in enumerate(built.panels or [], start=1):
            panel.id_val = number
        made[f"{name}.json"] = json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
    return made


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description="Write the dashboards of Ringback.")
    parser.add_argument("--docs", default=DOCS, help="address of the documentation, for links to runbooks")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the files")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, text in dashboards(chosen.docs).items():
        (chosen.out / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
