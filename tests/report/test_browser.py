"""The page in a real browser: no errors, nothing asked of the network, nothing wider than the window."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beholden.report import page

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=_QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def written(clinic_data: dict[str, Any], tmp_path: Path) -> Path:
    clinic_data["devices"][0]["label"] = "W" * 300
    clinic_data["devices"][1]["hostnames"] = ["a-very-long-name-without-any-space" * 6]
    clinic_data["flows"]["destinations"][0]["names"] = ["x" * 180 + ".example"]
    path = tmp_path / "page.html"
    path.write_text(page.render(clinic_data), "utf-8")
    return path


@pytest.mark.parametrize("width", [800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_renders_quietly_and_fits(browser: Any, written: Path, width: int, scheme: str) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(written.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    wide = tab.evaluate(
        "(width) => [...document.querySelectorAll('main *, header *')]"
        ".filter((one) => !one.closest('.gone') && one.getBoundingClientRect().right > width + 1)"
        ".map((one) => one.outerHTML.slice(0, 120))",
        width,
    )
    assert wide == []
    cut_off = tab.evaluate(
        "() => { const box = document.querySelector('svg.streams').getBoundingClientRect();"
        "return [...document.querySelectorAll('svg.streams text')].map((one) => [one.textContent,"
        "one.getBoundingClientRect()]).filter(([, own]) => own.left < box.left || own.right > box.right)"
        ".map(([text]) => text); }"
    )
    assert cut_off == []
    assert said == []
    assert asked == [written.as_uri()]
    tab.close()


def test_reads_without_script(browser: Any, written: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(written.as_uri())
    assert tab.locator("article.device").count() == 20
    assert not tab.locator("#seek").is_visible()
    assert tab.locator("#risks table").is_visible()
    context.close()


def test_sorts_and_filters_with_script(browser: Any, written: Path) -> None:
    tab = browser.new_page()
    tab.goto(written.as_uri())
    tab.locator("table.worst thead button").nth(2).click()
    tab.locator("table.worst thead button").nth(2).click()
    values = tab.eval_on_selector_all(
        "table.worst tbody td:nth-child(3)", "cells => cells.map((one) => Number(one.dataset.sort))"
    )
    assert values == sorted(values)
    tab.locator("#seek input").fill("nothing is called so")
    assert tab.locator("article.device:visible").count() == 0
    tab.close()


def test_prints_to_paper(browser: Any, written: Path) -> None:
    tab = browser.new_page()
    tab.goto(written.as_uri())
    paper = tab.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    tab.emulate_media(media="print")
    assert not tab.locator("nav").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= tab.evaluate("window.innerWidth")
    tab.close()
