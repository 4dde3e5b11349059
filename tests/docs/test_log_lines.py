"""What docs/operate.md says of the lines of the log is what the code writes."""

import re

from tests.docs.test_docs import OPERATE, ROOT, section, table

SOURCES = [path.read_text("utf-8") for path in sorted((ROOT / "streams").rglob("*.py"))]
PAGE = section(OPERATE, "Reading the log")


def test_every_line_that_has_a_name_stands_on_the_page_and_no_other_does() -> None:
    written = {name for text in SOURCES for name in re.findall(r'\babout\(\s*"(\w+)"', text)}
    rows = table(PAGE, "`event`", "level", "fields", "the line")
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert len(written) > 10 and named == written
    assert all(row[1] and row[3] for row in rows)
