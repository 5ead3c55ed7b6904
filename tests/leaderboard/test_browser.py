"""The page in a real headless Chromium. Skipped only where none is installed, and said so."""

import pytest
from leaderboard.browser import CHROMIUM, DRIVER, chromium
from leaderboard.factory import LEVELS, result, study

from vmbench_leaderboard.board import build_boards
from vmbench_leaderboard.render.html import render

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="THE PAGE IS NOT TESTED: install chromium and chromedriver "
    "(Debian: apt-get install chromium chromium-driver)",
)

NASTY = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\"'&"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    results = [
        *study(),
        result("incomplete", 0, {"fsdd/digit": 0.99}),
        result(
            NASTY,
            0,
            {"fsdd/digit": 0.5},
            command=f"vmbench run {NASTY}",
            settings={NASTY: NASTY},
            objective=NASTY,
        ),
    ]
    path = tmp_path_factory.mktemp("page") / "board.html"
    path.write_text(render(build_boards(results)), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, page_file):
    browser.console()
    browser.requests(page_file)
    browser.open(page_file)
    return browser


def column(page, index, table=0):
    """What the visible rows of a table show in one column, from top to bottom."""
    return page.run(
        """return [...document.querySelectorAll("main table")[arguments[0]].tBodies[0].rows]
            .filter((row) => row.offsetParent !== null)
            .map((row) => row.children[arguments[1]].dataset.sort)""",
        table,
        index,
    )


def focus(page, selector):
    page.run("document.querySelector(arguments[0]).focus()", selector)


def status(page):
    return page.run("return document.getElementById('status').textContent")


def test_nothing_is_fetched_and_the_console_is_silent(page, page_file):
    focus(page, "thead button")
    page.press("Enter")
    page.run("document.querySelector('[data-cell]').click()")
    assert page.console() == []
    asked = {url for url in page.requests(page_file) if not url.startswith("data:")}
    assert asked == {page_file.as_uri()}


def test_the_policy_would_stop_a_request_and_foreign_scripts(page):
    """The silence above is not an accident: what the page did not bring cannot load or run."""
    page.run(
        """const script = document.createElement("script");
        script.textContent = "window.hacked = 3";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "https://example.org/x.png";
        document.body.append(image);"""
    )
    assert page.run("return window.hacked") is None
    said = " ".join(page.console())
    assert "script-src" in said
    assert "img-src" in said


def test_names_from_results_stay_text(page):
    assert page.run("return window.hacked") is None
    assert page.run("return document.querySelectorAll('img').length") == 0
    names = page.run(
        "return [...document.querySelectorAll('tbody th.method')].map((th) => th.textContent)"
    )
    assert any(NASTY in name for name in names)


def test_columns_sort_by_keyboard_with_the_best_first(page):
    focus(page, "thead button")
    for _ in range(4):
        page.press("Tab")
    assert page.run("return document.activeElement.textContent") == "Score"
    page.press("Enter")
    scores = column(page, 4)
    known = [float(score) for score in scores if score]
    assert known == sorted(known, reverse=True)
    # Rows without a score come last, whichever way the rest goes.
    assert scores[len(known) :] == ["", ""]
    page.press("Space")
    turned = column(page, 4)
    assert [float(score) for score in turned[: len(known)]] == sorted(known)
    assert turned[len(known) :] == ["", ""]
    heading = "return document.querySelectorAll('main table thead th')[4].ariaSort"
    assert page.run(heading) == "ascending"
    assert status(page) == "9 rows, sorted by Score, ascending"


def test_text_columns_sort_by_alphabet_and_tables_apart(page):
    before = column(page, 1, table=1)
    page.run("document.querySelectorAll('main table')[0].querySelectorAll('th button')[1].focus()")
    page.press("Enter")
    names = column(page, 1)
    assert names == sorted(names, key=page_order(page, names))
    assert column(page, 1, table=1) == before


def page_order(page, names):
    """The browser's own alphabetical order, as a sort key."""
    order = page.run("return arguments[0].sort((a, b) => a.localeCompare(b))", sorted(names))
    return order.index


def test_the_filter_works_by_keyboard_alone(page):
    page.press("/")
    page.press(*"viewmaker simclr")
    assert column(page, 1) == ["viewmaker+handcrafted (simclr)", "viewmaker (simclr)"]
    assert status(page) == "2 of 9 rows"
    marks = page.run(
        """return [...document.querySelectorAll("svg .mark")]
            .filter((mark) => getComputedStyle(mark).display !== "none").length"""
    )
    assert marks == 2 * 2 * 3
    page.press("Escape")
    assert status(page) == "9 rows"
    page.press(*"no such row")
    assert column(page, 1) == []


def test_views_and_yardsticks_filter_too(page):
    focus(page, "#views")
    page.press("l")
    learned = ["viewmaker+handcrafted (simclr)", "viewmaker (simclr)"]
    assert column(page, 1) == learned
    page.run(
        """const views = document.getElementById("views");
        views.value = "";
        views.dispatchEvent(new Event("input"));"""
    )
    focus(page, "#yardsticks")
    page.press("Space")
    assert "supervised" not in column(page, 1)
    assert status(page) == "6 of 9 rows"


def test_a_cell_opens_by_keyboard_to_its_runs_command_and_configuration(page):
    focus(page, "[data-row^='viewmaker (simclr)'] [data-cell]")
    page.press("Enter")
    dialog = "document.getElementById('cell')"
    assert page.run(f"return {dialog}.open")
    assert page.run("return document.getElementById('cell-title').textContent") == (
        "viewmaker (simclr) on audio:fsdd/digit"
    )
    seeds = page.run(f"return [...{dialog}.querySelectorAll('summary')].map((s) => s.textContent)")
    assert [seed.partition(":")[0] for seed in seeds] == [f"seed {seed}" for seed in range(5)]
    page.run(f"{dialog}.querySelector('summary').focus()")
    page.press("Enter")
    shown = page.run(f"return {dialog}.querySelector('details[open]').innerText")
    assert "vmbench run --domain audio --method viewmaker --preset small --seed 0" in shown
    assert '"epsilon": 0.05' in shown
    page.press("Escape")
    assert not page.run(f"return {dialog}.open")


def test_a_nasty_cell_opens_as_text(page):
    page.run("""document.querySelector("tr[data-row^='<'] [data-cell]").click();""")
    shown = page.run("return document.getElementById('cell').textContent")
    assert f"vmbench run {NASTY}" in shown
    assert page.run("return window.hacked") is None
    assert page.run("return document.querySelectorAll('dialog img, dialog script').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_schemes(page, scheme):
    """WCAG 2.1 asks 4.5 for text; measured on what the browser computed."""
    page.emulate(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )
    ratio = page.run(
        """const channels = (text) => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
        const light = (text) => {
          const [r, g, b] = channels(text).map((c) => {
            const s = c / 255;
            return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const paper = light(getComputedStyle(document.body).backgroundColor);
        const ratios = {paper};
        for (const selector of ["body", ".sub", ".kind.learned", ".kind.handcrafted",
                                ".kind.fixed", ".kind.none", "nav a", ".tag"]) {
          const ink = light(getComputedStyle(document.querySelector(selector)).color);
          ratios[selector] = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        }
        return ratios;"""
    )
    assert (ratio.pop("paper") > 0.5) == (scheme == "light")
    assert min(ratio.values()) >= 4.5, ratio


def test_on_a_phone_the_page_fits_and_the_method_stays_in_view(page, page_file):
    page.emulate(
        "Emulation.setDeviceMetricsOverride",
        width=390,
        height=844,
        deviceScaleFactor=2,
        mobile=True,
    )
    try:
        page.open(page_file)
        assert page.run("return document.documentElement.scrollWidth") == 390
        left = page.run(
            """const box = document.querySelector(".scroll");
            box.scrollLeft = 300;
            const cell = box.querySelector("tbody th.method");
            const left = (element) => element.getBoundingClientRect().left;
            return [box.scrollLeft, left(cell), left(box)]"""
        )
        assert left[0] > 0
        assert abs(left[1] - left[2]) <= 2
    finally:
        page.emulate("Emulation.clearDeviceMetricsOverride")


def test_the_widest_table_fits_a_screen_of_1400_pixels(page, tmp_path):
    """Five domains, one of them with eight tasks, and the longest names that vmbench has."""
    audio = [f"spoken-digits/{task}" for task in ("digit", "voice", "accent")]
    audio += ["fsdd/digit", "fsdd/speaker", "superposed/first", "superposed/second", "words/word"]
    domains = {"audio": audio} | {
        d: ["a/b", "a/c"] for d in ("image", "medical", "sensor", "tabular")
    }
    methods = LEVELS | {"random-init-calibrated": 0.6, "randomized-quantization": 0.77}
    path = tmp_path / "wide.html"
    path.write_text(render(build_boards(study(methods, domains, groups=6))), encoding="utf-8")
    page.emulate(
        "Emulation.setDeviceMetricsOverride",
        width=1400,
        height=1000,
        deviceScaleFactor=1,
        mobile=False,
    )
    try:
        page.open(path)
        widths = page.run(
            """return [...document.querySelectorAll("section > .scroll")]
                .map((box) => [box.scrollWidth, box.clientWidth])"""
        )
        assert len(widths) == 6
        assert all(inside <= outside for inside, outside in widths), widths
    finally:
        page.emulate("Emulation.clearDeviceMetricsOverride")


def test_without_scripts_every_number_is_there(browser, page_file):
    browser.emulate("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page_file)
        tree = browser.source()
        assert "9 rows on 5 tasks" in tree
        assert tree.count("<td") > 100
    finally:
        browser.emulate("Emulation.setScriptExecutionDisabled", value=False)
