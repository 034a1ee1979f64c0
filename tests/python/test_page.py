"""The page in a real browser: what people see, with a keyboard, on a phone, and by axe's rules.

Needs Debian's chromium (`apt-get install chromium`); without a browser these tests are skipped.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import expect, sync_playwright

from outlines import with_boundaries
from serving import served

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
AXE = Path(__file__).parent / "axe.min.js.gz"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not BROWSER, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def api(warehouse, known, tmp_path_factory):
    """Of a file with boundaries of the postcode's local authority."""
    folder = tmp_path_factory.mktemp("page")
    with_boundaries(warehouse, folder / "bounded.duckdb", known[1])
    with served(folder / "bounded.duckdb", folder / "log") as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser, api):
    """A page that notes each request to another host, and each error."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request",
        lambda request: (
            faults.append(request.url)
            if not request.url.startswith((api, "blob:", "data:"))
            else None
        ),
    )
    yield opened
    context.close()
    assert not faults


@pytest.fixture(scope="module")
def known(warehouse):
    """A postcode, its local authority's code and name, its decile."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute("""
            select min(postcode), any_value(imd.lad_code), any_value(imd.lad_name),
                any_value(imd_decile)
            from postcode_imd as imd
            inner join postcodes using (postcode)
            where edition = 2025 and postcodes.is_live and latitude > 0 and imd_decile > 0
            group by postcode order by 1 limit 1
        """).fetchone()


def test_a_postcode_with_the_keyboard_alone(page, api, known):
    postcode, lad, _, decile = known
    page.goto(api)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "q":
            break
    page.keyboard.type(postcode.lower())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(postcode)
    expect(page.locator(".big .decile")).to_have_text(str(decile))
    expect(page.locator("main")).to_contain_text(f"decile {decile} of 10")
    expect(page.locator("main")).to_contain_text("Synthetic data.")
    page.wait_for_selector(".map[data-ready=yes]", timeout=30_000)
    page.click(f"a[href='./?place=lad:{lad}']")
    expect(page.locator("h1")).to_contain_text("Deprivation in")
    page.wait_for_selector(".map[data-ready=yes]", timeout=30_000)


def test_a_place_by_a_part_of_its_name(page, api, known):
    name = known[2]
    page.goto(api)
    with page.expect_response(lambda answer: "/places?" in answer.url):
        page.type("#q", name[:6])
    page.wait_for_selector(f"#suggestions option[value='{name}']", state="attached")
    page.click("text=Show")
    page.click(f".found a:text-is('{name}') >> nth=0")
    expect(page.locator("h1")).to_contain_text(name)


def test_a_file_comes_back_with_a_chart(page, api, known, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text(f"id,postcode\n1,{known[0]}\n2,nonsense\n3,\n")
    page.goto(api)
    page.set_input_files("#file", people)
    page.click("text=Enrich")
    with page.expect_download() as download:
        page.click("text=Download the file", timeout=30_000)
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 4
    assert ",invalid" in lines[2]
    result = page.locator("#upload-result")
    expect(result).to_contain_text("3 rows by quintile")
    expect(result).to_contain_text("Unknown")
    expect(result).to_contain_text("invalid: is not a postcode")
    page.fill("#column", "nope")
    page.click("text=Enrich")
    expect(page.locator("#upload-status")).to_contain_text("no column 'nope'", timeout=30_000)


def test_what_is_typed_is_escaped(page, api):
    page.goto(f"{api}/?q=%3Cscript%3Ewindow.hit=1%3C/script%3E%22%3E%3Cimg src=x onerror=hit=1%3E")
    expect(page.get_by_role("alert")).to_contain_text("is not a postcode")
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0


def test_a_phone_needs_no_scrolling_sideways(page, api, known):
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("", f"?q={known[0]}", f"?place=lad:{known[1]}"):
        page.goto(f"{api}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_axe_finds_nothing_serious(page, api, known):
    rules = gzip.decompress(AXE.read_bytes()).decode()
    for path in ("", f"?q={known[0]}", f"?place=lad:{known[1]}", "?q=nonsense!", f"?q={known[2]}"):
        page.goto(f"{api}/{path}")
        page.evaluate(rules)
        found = page.evaluate("axe.run()")["violations"]
        serious = [
            (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert not serious, path


def test_docs_work_offline(page, api):
    page.goto(f"{api}/docs")
    expect(page.locator("#docs")).to_contain_text("/postcodes/{postcode}", timeout=30_000)
