"""The chart as Helm renders it, by Helm's own code in the package helm-python-sdk (group `deploy`)."""

from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "deploy" / "chart"


class ValuesRefused(Exception):
    """What Helm, the chart or the schema of its values says against them."""


def render(values: dict[str, Any], name: str = "ringback", namespace: str = "calls") -> dict[str, str]:
    """Each template's text, by its path. Raises ValuesRefused, and ImportError without the package."""
    import helm_python

    try:
        with helm_python.Chart.load(str(CHART)) as chart:
            chart.validate_schema(values)
            rendered: dict[str, str] = chart.render(values, name=name, namespace=namespace)
    except helm_python.HelmError as error:
        raise ValuesRefused(str(error)) from None
    return rendered


def documents(text: str) -> list[dict[str, Any]]:
    """The resources of a text of YAML."""
    return [one for one in yaml.safe_load_all(text) if isinstance(one, dict)]


def resources(values: dict[str, Any], name: str = "ringback", namespace: str = "calls") -> list[dict[str, Any]]:
    """All that the chart renders. Raises as `render` does."""
    texts = render(values, name, namespace)
    return [one for path, text in sorted(texts.items()) if path.endswith(".yaml") for one in documents(text)]
