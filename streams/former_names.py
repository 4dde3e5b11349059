"""Modules under the names that they had up to 0.3.0, for scripts that import them: for one version, with a warning.

Source: docs/decisions/0035-rooms.md.
"""

import importlib
import importlib.abc
import sys
import warnings
from importlib.machinery import ModuleSpec
from types import ModuleType

# Former package, present package, names; `old=new` where the name is another one, too.
_MOVED = (
    ("", "base", "addresses errors log metrics security settings zone_data"),
    ("engine", "base", "clock"),
    ("engine", "engine", "acquiring=waits"),
    ("", "kafka", "connections credentials diagnosis installations reconnecting secret_files tls tokens"),
    ("", "kafka", "topic_admin topic_differences topic_ids fetch_watch"),
    (
        "engine",
        "kafka",
        "codecs fetched record_parts source_ends doubts overdue reconnects silence membership",
    ),
    ("engine", "kafka", "restore=compacted transaction=transactions patience=request_timeouts"),
    ("", "storage", "state_dir"),
    ("engine", "storage", "disk_rows disk_store store stores dnc_snapshot"),
    ("engine", "faust_edge", "transport=consumer"),
    ("engine", "engine", "dnc_keeper=dnc_maintenance retakes=reacquisitions"),
    ("", "worker", "http process_limits signals standard_streams watches"),
    ("", "simulator", "simulate lines"),
    ("", "dev", "children figures local broker broker.java broker.kafka"),
    ("logic", "logic.contact", "state inputs effects exchange occasion rows upgrades limits bounds ids presentations"),
    ("logic", "logic.contact", "system_codes meanings memory=deduplication clock=clock_check"),
    ("logic", "logic.dnc", "dnc_runs=runs dnc_records=records dnc_batch=batch dnc_appended=appended"),
    (
        "logic",
        "logic.hours",
        "numbers spelling_rows zones zone_areas derived_zones countries same_clock=same_offsets callable_time",
    ),
    ("logic", "logic.hours", "open_slots"),
    ("logic", "logic.rules", "conditions comparisons"),
    ("logic", "logic.configuration", "prepared reports recycles passes unsure=unreadable_campaigns contacts=listed"),
    ("logic", "logic.checks", "attempts"),
    ("logic", "logic.decisions", "step admission due dispatch screening actions wrap_ups placements decide"),
    ("logic", "logic.decisions", "callbacks=changes voids=bulk_cancel held=waiting"),
    ("logic", "logic.partition", "intake outputs lateness fitting own_rows"),
    ("engine", "logic.partition", "partition due_index appends moved_keys stepped"),
    ("engine", "logic.partition", "waiting=waiting_room setbacks=retries following=config_sync"),
)


def _names() -> dict[str, str]:
    moved = {}
    for former, present, names in _MOVED:
        for name in names.split():
            old, _, new = name.partition("=")
            moved[".".join(filter(None, ("streams", former, old)))] = f"streams.{present}.{new or old}"
    return moved


FORMER_NAMES = _names()
"""Former name of a module to its present one."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked first: by its path, a package under its former name would find its modules a second time."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in FORMER_NAMES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        present = FORMER_NAMES[spec.name]
        warnings.warn(f"{spec.name} is {present} now; this name ends with 0.5.0", DeprecationWarning, stacklevel=2)
        module = importlib.import_module(present)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None, "the import system has just set it"
        module.__spec__ = self._specs.pop(module.__spec__.name)  # It stays what it is.


def install() -> None:
    """Have the former names found; once is enough."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
