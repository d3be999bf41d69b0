"""Log in, new session, phone page in a second browser context, Record, live view moves, result."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, log_in, open_session, screenshot, watched

VERDICT = re.compile(r"\b(Normal|Abnormal|Unsure)\b")


def consent_and_prepare(phone: Page) -> None:
    """From the welcome to the Record button, as a patient would."""
    phone.get_by_role("checkbox", name=re.compile("agree")).check()
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("button", name="Record", exact=True)).to_be_visible()


def canvas_sum(page: Page, selector: str) -> float:
    """A fingerprint of what a canvas shows."""
    return page.locator(selector).evaluate(
        """(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
             .reduce((sum, value, i) => (sum * 31 + value * (i % 7 + 1)) % 1000003, 0)"""
    )


@pytest.mark.e2e
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["1440x900", "360x740"])
def test_a_heart_sound_goes_from_the_phone_to_a_result(server, heart_browser: Browser, viewport):
    width = viewport["width"]
    with watched(heart_browser.new_context(viewport=viewport)) as desktop:
        log_in(desktop, server)
        address = open_session(desktop, server, f"E2E-{width}")
        expect(desktop.get_by_alt_text("QR code for the phone")).to_be_visible()
        expect(desktop.get_by_text("Waiting for the phone").first).to_be_visible()
        screenshot(desktop, f"session-waiting-{width}")
        with watched(heart_browser.new_context(viewport=PHONE, permissions=["microphone"])) as phone:
            phone.goto(address)
            consent_and_prepare(phone)
            assert "#" not in phone.url, "the token must not stay in the address bar"
            phone.get_by_role("button", name="Record", exact=True).click()

            expect(desktop.locator("#live[data-mode=live]")).to_be_visible()
            desktop.wait_for_function(
                "() => !document.querySelector('[data-clock]').textContent.includes('settling')"
            )
            before = canvas_sum(desktop, "[data-spectrogram]"), canvas_sum(desktop, "[data-wave]")
            clock = desktop.locator("[data-clock]")
            shown = clock.inner_text()
            expect(clock).not_to_have_text(shown)
            after = canvas_sum(desktop, "[data-spectrogram]"), canvas_sum(desktop, "[data-wave]")
            assert before[0] != after[0], "the live spectrogram stands still"
            assert before[1] != after[1], "the live waveform stands still"
            screenshot(desktop, f"session-live-{width}")
            screenshot(phone, f"phone-recording-{width}")

            result = desktop.get_by_role("region", name="Result")
            expect(result).to_contain_text(VERDICT)
            expect(phone.get_by_text("Sent to the clinic")).to_be_visible()
            expect(phone.get_by_role("button", name="Download")).to_be_visible()
            phone_text = phone.locator("body").inner_text()
            assert not VERDICT.search(phone_text), "no result on the phone"
            screenshot(phone, f"phone-sent-{width}")

        assert len(set(VERDICT.findall(result.inner_text()))) == 1
        expect(result).to_contain_text("accuracy on phones not established")
        expect(result.get_by_role("img", name=re.compile("Probability"))).to_be_visible()
        expect(desktop.locator("[data-recording-panel][data-ready=true]")).to_be_visible()
        screenshot(desktop, f"session-result-{width}")
        desktop.get_by_role("link", name=re.compile("Take 1")).click()
        expect(desktop.locator("[data-recording-panel][data-ready=true]")).to_be_visible()
        screenshot(desktop, f"recording-{width}")


@pytest.mark.e2e
def test_the_page_plays_from_where_one_clicks(server, heart_browser: Browser):
    with watched(heart_browser.new_context(viewport=DESKTOP)) as page:
        log_in(page, server)
        page.goto(f"{server.url}/recordings/")
        page.locator("main a[href^='/recordings/']").first.click()
        panel = page.locator("[data-recording-panel][data-ready=true]")
        expect(panel).to_be_visible()
        box = page.locator("[data-canvas]").bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 80)
        play = page.get_by_role("button", name="Pause")
        expect(play).to_be_visible()
        page.get_by_role("button", name="Zoom in").click()
        expect(page.locator("[data-scroll]")).to_be_visible()
        play.click()
        expect(page.get_by_role("button", name="Play")).to_be_visible()
