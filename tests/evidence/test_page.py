"""The page in a real browser: it says what the document says, runs nothing, and asks for nothing from elsewhere."""

import pytest

from streams.evidence.page import page_of
from tests.console.web.browsers import PHONE, chromium, needs_chromium, violations
from tests.evidence.test_signed import document, file


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@needs_chromium
@pytest.mark.parametrize(("scheme", "size"), [("light", None), ("dark", None), ("light", PHONE)])
def test_a_person_can_read_it_without_scripts_and_without_a_network(browser, tmp_path, scheme, size):
    path = tmp_path / "evidence.html"
    path.write_bytes(file())
    asked: list[str] = []
    with browser.page("", scheme=scheme, size=size) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        assert page.locator("h1").inner_text() == "Calls to +12125550101, 2026-11-23 to 2026-11-24"
        rows = page.locator("#entries tbody tr")
        assert rows.count() == len(document().said.entries)
        for at, one in enumerate(document().said.entries):
            assert one.words in rows.nth(at).inner_text()
        limits = page.locator(".limits li").all_inner_texts()
        assert limits == list(document().said.cannot_show)
        decided = rows.filter(has_text="The call may not be placed").first
        decided.locator("summary").click()
        assert "campaigns P" in decided.inner_text() and "SHA-256" in decided.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.complaints == []
    assert asked == [path.as_uri()]


@needs_chromium
def test_axe_finds_nothing_to_complain_of(browser, tmp_path):
    path = tmp_path / "evidence.html"
    # Its policy refuses every script, and axe is one.
    path.write_bytes(file().replace(b"http-equiv", b"data-none", 1))
    for scheme in ("light", "dark"):
        with browser.page("", scheme=scheme) as page:
            page.goto(path.as_uri())
            assert violations(page) == []


def test_no_text_of_a_record_can_become_markup_or_end_the_document():
    nasty = "</script><script>alert(1)</script><!-- & \" '"
    said = document()
    entries = tuple(type(one)(**{**_fields(one), "words": nasty}) for one in said.said.entries)
    changed = type(said)(**{**_fields(said), "said": type(said.said)(**{**_fields(said.said), "entries": entries})})
    page = page_of(changed)
    assert page.count(b"<script") == 1 and page.count(b"</script>") == 1 and b"<!--" not in page


def _fields(one):
    return {name: getattr(one, name) for name in one.__struct_fields__}
