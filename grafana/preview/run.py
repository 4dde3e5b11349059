"""Pictures of the dashboards with data of a real run: `python grafana/preview/run.py [--minutes 8] [--out DIR]`.

It runs an embedded Kafka, two workers, a little traffic, a dialer, and Prometheus with the rules; a worker is killed
and comes back, and one restarts. Then each page is drawn by Grafana's components in headless Chromium. It needs
Debian's `prometheus`, `chromium` and `pngquant`, and `npm install --legacy-peer-deps --ignore-scripts` in this folder.
Nothing is left running.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from grafana.preview.traffic import CAMPAIGNS, traffic  # noqa: E402
from streams.base.settings import make  # noqa: E402
from streams.dev.broker.java import free_ports  # noqa: E402
from streams.dev.broker.kafka import HOST, EmbeddedKafka  # noqa: E402
from streams.dev.local import LocalWorker  # noqa: E402
from streams.kafka import topic_admin  # noqa: E402
from streams.kafka.clients import Clients  # noqa: E402

HERE = Path(__file__).parent
PAGES = ("on-time", "not-made", "engine", "campaign")
PARTITIONS = 8
WORKERS = 2
SCRAPE_S = 5
SESSION_S = 10


@contextmanager
def started(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None, log: Path) -> Iterator[None]:
    """A program that runs meanwhile, and has ended afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, env=os.environ | (env or {}), stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def prometheus(folder: Path, port: int, targets: list[str]) -> list[str]:
    """The command of a Prometheus that scrapes the targets, with the rules of `grafana/rules`."""
    rules = sorted((ROOT / "grafana" / "rules").glob("*.yaml"))
    named = "".join(f"  - {path}\n" for path in rules)
    (folder / "prometheus.yml").write_text(
        f"global:\n  scrape_interval: {SCRAPE_S}s\n  evaluation_interval: {SCRAPE_S}s\n"
        + (f"rule_files:\n{named}" if rules else "")
        + f"scrape_configs:\n- job_name: ringback\n  static_configs:\n  - targets: {targets}\n",
        "utf-8",
    )
    return [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}", "--enable-feature=exemplar-storage",
    ]  # fmt: skip


class Pictures:
    """Draws pages at an instant. `site`: where the preview is served; `out`: the folder of the pictures."""

    def __init__(self, site: str, out: Path, minutes: float) -> None:
        self._site, self._out, self._seconds = site, out, round(minutes * 60)

    def draw(self, page: str, name: str | None = None, *, at: float | None = None) -> None:
        """One picture of a page, as it is now or was."""
        shown = f"dashboard={page}&seconds={self._seconds}&scrape={SCRAPE_S}&expected_workers={WORKERS}"
        address = f"{self._site}/?{shown}&end={at or time.time():.0f}"
        file = self._out / f"{name or page}.png"
        subprocess.run(["node", "shoot.mjs", address, str(file.resolve())], cwd=HERE, check=True)
        subprocess.run(["pngquant", "--force", "--output", str(file), "128", str(file)], check=True)
        print(f"{file}: {file.stat().st_size / 1024:.0f} kB", flush=True)


async def story(broker: str, workers: list[LocalWorker], minutes: float) -> float:
    """What happens in the run; returns an instant at which a worker had been killed and its callbacks waited."""
    sending = asyncio.create_task(traffic(broker, PARTITIONS, minutes * 60))
    await asyncio.sleep(minutes * 60 * 0.4)
    print("a worker is killed", flush=True)
    await asyncio.to_thread(workers[1].kill)
    await asyncio.sleep(SESSION_S - 1)
    killed = time.time()
    await asyncio.sleep(30)
    print("it comes back", flush=True)
    workers[1].start()
    await asyncio.sleep(minutes * 60 * 0.2)
    print("the other one restarts", flush=True)
    await asyncio.to_thread(workers[0].stop)
    workers[0].start()
    await sending
    return killed


def run(minutes: float, out: Path, stay: bool) -> None:
    """The run, and its pictures."""
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npx", "vite", "build", "--logLevel", "error"], cwd=HERE, check=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringback-preview-")))
        kafka = stack.enter_context(EmbeddedKafka())
        topic_admin.create(Clients(make(broker=kafka.bootstrap)), PARTITIONS, 1)
        database, site, *ports = free_ports(HOST, 2 + WORKERS)
        targets = [f"{HOST}:{port}" for port in ports]
        stack.enter_context(started(*prometheus(folder, database, targets), log=folder / "prometheus.log"))
        served = {"PROMETHEUS": f"http://{HOST}:{database}"}
        preview = ("node", "node_modules/vite/bin/vite.js", "preview", "--host", HOST, "--port", str(site))
        stack.enter_context(started(*preview, cwd=HERE, env=served, log=folder / "preview.log"))
        workers = [
            stack.enter_context(LocalWorker(
                folder / f"worker-{number}.log", broker=kafka.bootstrap, metrics_port=port, session_timeout_s=SESSION_S,
                metrics_campaigns=",".join(CAMPAIGNS),
            ))
            for number, port in enumerate(ports)
        ]  # fmt: skip
        for worker in workers:
            worker.wait_ready()
        killed = asyncio.run(story(kafka.bootstrap, workers, minutes))
        if stay:
            print(
                f"http://{HOST}:{site}/?dashboard=on-time, Prometheus {served['PROMETHEUS']}; Ctrl-C ends it",
                flush=True,
            )
            with suppress(KeyboardInterrupt):
                Event().wait()
        pictures = Pictures(f"http://{HOST}:{site}", out, minutes + 1)
        for page in PAGES:
            pictures.draw(page)
        pictures.draw("on-time", "on-time-killed", at=killed)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description="Draw the dashboards with data of a real run.")
    parser.add_argument("--minutes", type=float, default=8.0, help="how long the traffic lasts")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="folder of the pictures")
    parser.add_argument("--stay", action="store_true", help="wait before the pictures are drawn, to look around")
    chosen = parser.parse_args()
    run(chosen.minutes, chosen.out, chosen.stay)


if __name__ == "__main__":
    main()
