"""Write the rules for Prometheus: `python grafana/build_rules.py [--scale 0.1] [--out DIR] [--runbooks URL]`.

Without options it writes the committed files, grafana/rules/*.yaml; a test compares them with their source.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from grafana.ringback_rules import ALERTS, RECORDINGS  # noqa: E402

RUNBOOKS = "docs/runbooks"
HEAD = "# Written by grafana/build_rules.py from grafana/ringback_rules. docs/runbooks has a page for each alert.\n"
FILES = ("ringback-recording.yaml", "ringback-alerts.yaml")


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as lines."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def rules(scale: float = 1, runbooks: str = RUNBOOKS) -> dict[str, dict[str, Any]]:
    """What the files have, by their names. scale: 1 is full length."""
    recording = [{"name": name, "rules": [rule.as_yaml(scale) for rule in group]} for name, group in RECORDINGS.items()]
    alerts = [{"name": "ringback-alerts", "rules": [alert.as_yaml(scale, runbooks) for alert in ALERTS]}]
    return dict(zip(FILES, ({"groups": recording}, {"groups": alerts}), strict=True))


def written(scale: float = 1, runbooks: str = RUNBOOKS) -> dict[str, str]:
    """The files as text, by their names."""
    return {
        name: HEAD + yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=118, allow_unicode=True)
        for name, content in rules(scale, runbooks).items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description="Write the rules for Prometheus.")
    parser.add_argument("--scale", type=float, default=1, help="factor for each time, as 0.1 for a drill")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "rules", help="folder of the files")
    parser.add_argument("--runbooks", default=RUNBOOKS, help="address of the folder with the runbooks")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    for name, text in written(given.scale, given.runbooks).items():
        (given.out / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
