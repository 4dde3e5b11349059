"""Follows the topics into a folder, to be killed: `python -m tests.console.view.following BROKER PREFIX FOLDER`.

Its transactions are small and slow, so that it can be killed half-way.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from streams.base.settings import make
from streams.console.view import reader, source, writer
from streams.console.view.reader import Reader

PAUSE_S = 0.02
RECORDS = 20


def main() -> None:
    broker, prefix, folder = sys.argv[1:]
    apply = writer.apply

    def slowly(*given: Any) -> None:
        time.sleep(PAUSE_S)
        apply(*given)

    vars(reader)["apply"] = slowly
    reader.RECORDS_MAX = RECORDS
    source.FETCH_BYTES = 4096
    asyncio.run(Reader(make(broker=broker, prefix=prefix), Path(folder)).run())


if __name__ == "__main__":
    main()
