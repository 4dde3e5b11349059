"""deploy/compose/compose.yaml as data."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
FILE = FOLDER / "compose.yaml"

NETWORK: str = yaml.safe_load(FILE.read_text("utf-8"))["networks"]["default"]["name"]
"""The network of all services, by which other containers reach them."""


def services() -> dict[str, dict[str, Any]]:
    """Each service by its name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    return found
