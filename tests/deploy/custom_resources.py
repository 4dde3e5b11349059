"""Custom resources, judged by the schemas of their operators: values by validators, and fields by their types.

The packages are those of crds/package.json. The validators let a field pass that they do not know; TypeScript does not.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).with_name("crds")
MODULES = {
    "KafkaTopic": "@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1",
    "KafkaUser": "@kubernetes-models/strimzi-kafka-operator/kafka.strimzi.io/v1",
    "PodMonitor": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    "PrometheusRule": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    "ScaledObject": "@kubernetes-models/keda/keda.sh/v1alpha1",
}
TSC = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022")


class Judge:
    """Says what is wrong with custom resources; `folder` has the packages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def complaints(self, resources: list[dict[str, Any]]) -> list[str]:
        """A line for each thing that is wrong; nothing if all is well."""
        (self._folder / "resources.json").write_text(json.dumps(resources))
        (self._folder / "resources.ts").write_text("\n".join(self._typed(resources)))
        said = self._run("node", "validate.mjs", "resources.json")
        return said + self._run("node", "node_modules/typescript/bin/tsc", *TSC, "resources.ts")

    def _typed(self, resources: list[dict[str, Any]]) -> Iterator[str]:
        for kind, module in MODULES.items():
            yield f'import type {{ I{kind} }} from "{module}";'
        for number, one in enumerate(resources):
            yield f"export const r{number}: I{one['kind']} = {json.dumps(one)};"

    def _run(self, *command: str) -> list[str]:
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=200, check=False)
        assert not done.stderr, done.stderr
        return done.stdout.splitlines()


@contextmanager
def judge() -> Iterator[Judge]:
    """A judge with its packages, which npm fetches. Raises subprocess.CalledProcessError if they cannot be had."""
    with TemporaryDirectory(prefix="ringback-crds-") as name:
        folder = Path(name)
        for path in HERE.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
        subprocess.run(["npm", "install", *quiet], cwd=folder, capture_output=True, text=True, timeout=300, check=True)
        yield Judge(folder)
