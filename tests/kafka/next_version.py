"""A worker of the next version, to come: its rows have a higher number, and rows of this version are upgraded."""

import sys

from streams.logic.contact import upgrades

THIS = upgrades.ROW_VERSION
NEXT = THIS + 1


def _upgrade(row: bytes) -> bytes:
    return row.replace(b'{"version":%d,' % THIS, b'{"version":%d,' % NEXT, 1)


# Before anything else is imported that knows the version.
assert "streams.logic.contact.state" not in sys.modules
upgrades.ROW_VERSION = NEXT
upgrades._CURRENT = b'{"version":%d,' % NEXT
upgrades.UPGRADES[THIS] = _upgrade

if __name__ == "__main__":
    from streams.base.settings import load
    from streams.worker.main import run

    sys.exit(run(load()))
