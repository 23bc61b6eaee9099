"""Take the pictures of maps/README.md from the pages that `make demo` wrote.

Run by `make pictures`; needs Chromium. The pages make no request, so the pictures show what a
reader sees offline.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
SHOTS = {  # page -> (width, height) of the window
    "2023-05-08-bagrami-pd22": (1280, 800),
    "2022-11-12-khairkhana-pd15": (1280, 800),
    "2023-05-08-shakardara": (1280, 800),
    "overview": (1280, 800),
    "police-districts": (1280, 800),
    "index": (1280, 800),
}


def main() -> None:
    """Write one PNG beside each page."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, (width, height) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto((HERE / f"{name}.html").as_uri())
            page.wait_for_timeout(500)
            page.screenshot(path=HERE / f"{name}.png")
            print(f"maps/{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
