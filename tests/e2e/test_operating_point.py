"""The operating point in a browser: what a choice would do is shown before it is saved."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import DESKTOP, PHONE, log_in, screenshot, watched


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("viewport", "wanted"), [(DESKTOP, "93.5"), (PHONE, "85")], ids=["1440x900", "360x740"]
)
def test_an_administrator_sees_what_a_wish_does_and_saves_it(
    server, heart_browser: Browser, viewport, wanted
):
    with watched(heart_browser.new_context(viewport=viewport)) as page:
        log_in(page, server, "admin")
        page.goto(f"{server.url}/model/")
        expect(page.get_by_text("In force", exact=True)).to_be_visible()
        page.get_by_role("slider", name="Wanted sensitivity").fill(wanted)
        expect(page.get_by_role("spinbutton", name="Wanted sensitivity")).to_have_value(wanted)
        expect(page.get_by_role("radio", name=re.compile("Adjusted"))).to_be_checked()
        expect(page.get_by_text("Not saved yet")).to_be_visible()
        chosen = page.locator("tr[data-chosen]")
        expect(chosen).to_contain_text("Adjusted")
        shown = chosen.inner_text()
        screenshot(page, f"operating-point-{viewport['width']}")
        page.get_by_role("spinbutton", name="Wanted sensitivity").fill("60")
        expect(page.get_by_text("Ask for 80 to 98")).to_be_visible()
        page.get_by_role("spinbutton", name="Wanted sensitivity").fill(wanted)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("earlier results keep theirs")).to_be_visible()
        expect(page.get_by_text("In force", exact=True)).to_be_visible()
        assert chosen.inner_text() == shown
        page.get_by_role("radio", name=re.compile("Balanced")).check()
        page.get_by_role("button", name="Save").click()
        expect(chosen).to_contain_text("Balanced")
