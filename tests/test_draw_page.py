"""The drawing page in a real browser, with the real session behind it, by hand and by key."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from ruamel.yaml import YAML
from studio_server import Running, copied, running
from test_map_tools import AXE, axe
from test_maps_browser import DESKTOP, PHONE, WATCH, Visit, Words

from geoloc import geo
from geoloc.studio.session import Session

if TYPE_CHECKING:
    from conftest import Oracle
    from playwright.sync_api import Browser, Dialog, Locator, Page

pytestmark = pytest.mark.browser
__all__ = ["axe"]  # a fixture

BROWSER = Path(__file__).parent.parent / "geoloc/browser"


def claim_pd15(case: Path) -> None:
    """Let the case's claims say PD15, and leave no evidence but what will be drawn."""
    record = YAML(typ="safe").load(case)
    record["claims"] = [
        {"claimant": "A source", "place": "PD15", "codes": ["AF-KBL-PD15"], "says": "In PD15."}
    ]
    record["evidence"] = []
    record["geolocation"] = {"status": "not-possible", "reason": "Nothing was drawn yet."}
    YAML(typ="safe").dump(record, case)


@contextmanager
def drawing(
    chromium: Browser,
    served: Running,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
) -> Iterator[Visit]:
    """Open a session's page, and note whatever such a page must not do."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )
    page = context.new_page()
    seen = Visit(page)
    page.on("console", lambda message: seen.trouble.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.trouble.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((served.origin, "data:", "blob:"))
            else seen.trouble.append(f"request: {request.url}")
        ),
    )  # fmt: skip
    page.add_init_script(WATCH)
    page.goto(served.url)
    rest(page)
    yield seen
    context.close()


def rest(page: Page) -> None:
    """Wait until the session has answered what the page shows."""
    page.wait_for_function(
        "() => { const part = document.querySelector('.verdicts[data-waited-ms]');"
        " return part && part.dataset.waitedMs && !part.hasAttribute('aria-busy'); }"
    )


def button(page: Page, name: str) -> Locator:
    """Return the button of exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


def find(page: Page, text: str) -> None:
    """Type into the field for coordinates and names, and wait for its answers."""
    field = page.locator(".search input")
    field.fill(text)
    page.wait_for_selector("#draw-answers [role=option]")


def paste(page: Page, text: str) -> None:
    """Paste lines into the field for coordinates."""
    page.locator(".search input").focus()
    page.evaluate(
        """(text) => { const data = new DataTransfer(); data.setData('text/plain', text);
        document.activeElement.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )
    page.wait_for_selector("#draw-answers [role=option]")


def click_at(page: Page, *points: tuple[float, float]) -> None:
    """Click places on the map, each a pixel from its upper left corner."""
    box = page.locator(".geoloc-draw .map").bounding_box()
    assert box
    for x, y in points:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_timeout(40)


def drawn(case: Path, what: str = "drawings") -> list[dict[str, Any]]:
    """Return what the case file holds."""
    found: list[dict[str, Any]] = YAML(typ="safe").load(case).get(what) or []
    return found


def save(page: Page) -> None:
    """Save with a name and a reason."""
    button(page, "Save").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Author").fill("A. Nalyst")
    dialog.get_by_label("Why").fill("matched in imagery")
    dialog.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("dialog[open]", state="detached")


def grade(page: Page) -> str:
    """Return the first verdict's word."""
    return str(page.locator(".verdict .grade").first.inner_text())


def square(lon: float, lat: float, metres: float = 400) -> str:
    """Return four lines of coordinates, latitude first, around a place."""
    steps = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return "\n".join(
        f"{lat + y * metres / 110_950:.6f}, {lon + x * metres / 91_800:.6f}" for x, y in steps
    )


def pd15_inside_and_out() -> tuple[tuple[float, float], tuple[float, float]]:
    """Return a place well inside PD15 and one well outside, by the boundaries themselves."""
    from geoloc import load_boundaries

    units = load_boundaries("police-districts")
    shape = units[units["code"] == "AF-KBL-PD15"].geometry.iloc[0]
    inside = shape.representative_point()
    west, south, _, _ = shape.bounds
    return (inside.x, inside.y), (west - 0.06, south - 0.03)


def test_a_whole_investigation(chromium: Browser, tmp_path: Path, oracle: Oracle) -> None:
    """Paste, draw, pull, undo, cross the PD15 line, link a photo, save, reload: all is there."""
    case = copied(tmp_path)
    claim_pd15(case)
    inside, outside = pd15_inside_and_out()
    with running(case) as served, drawing(chromium, served) as seen:
        page = seen.page
        assert grade(page) == "Not assessable"

        paste(page, square(*inside))
        page.get_by_role("option", name="Draw an area with 4 corners").click()
        rest(page)
        assert "says where it happened" in page.locator(".stated .is-wrong").inner_text()
        page.get_by_label("Geolocation").select_option("approximate")
        page.wait_for_timeout(50)
        rest(page)
        assert grade(page) in ("Consistent", "Leans consistent")
        assert "0.64" in page.locator(".measure").inner_text()  # 800 m × 800 m

        # The same shape's corners, typed anew beyond the line: the verdict turns.
        page.locator(".corners summary").click()
        for row, line in enumerate(square(*outside).split("\n")):
            lat, lon = line.split(", ")
            cells = page.locator(".corners tbody tr").nth(row).locator("input")
            cells.nth(0).fill(lat)
            cells.nth(1).fill(lon)
        rest(page)
        page.wait_for_function(
            "() => document.querySelector('.verdict .grade').textContent.includes('nconsistent')"
        )
        for _ in range(8):
            page.keyboard.press("Escape")
            button(page, "Undo").click()
        page.wait_for_function(
            "() => ['Consistent', 'Leans consistent'].includes("
            "document.querySelector('.verdict .grade').textContent)"
        )

        page.get_by_label("Origin: the material").fill("a video of 8 May")
        page.get_by_label("Why here").fill("the water tower")
        page.get_by_label("Confidence").fill("0.7")
        button(page, "Done").click()

        photo = tmp_path / "view.jpg"
        Image.new("RGB", (600, 400), "#9bc").save(photo)
        page.locator("input[accept^='image']").set_input_files(photo)
        page.locator(".plate img[src]").wait_for()
        button(page, "Mark features").click()
        frame = page.locator(".holder").bounding_box()
        assert frame
        page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
        button(page, "Place on the map: 1").click()
        click_at(page, (120, 200))
        button(page, "Trace the ridge").click()
        for share in (0.3, 0.5, 0.7):
            page.mouse.click(frame["x"] + share * frame["width"], frame["y"] + frame["height"] / 2)
        page.get_by_label("Origin: the material").fill("the photo of 9 May")
        assert page.locator(".badge.of-pair", has_text=re.compile("^1$")).count() == 3

        save(page)
        assert page.locator(".state").inner_text() == "Saved"
        page.reload()
        rest(page)
        assert "1\nArea 1" in page.locator(".drawings").inner_text()
        assert "Features: 1, on the map: 1" in page.locator(".photos").inner_text()
        seen.check()

    [kept] = drawn(case)
    assert (kept["origin"], kept["confidence"]) == ("a video of 8 May", 0.7)
    west, south = (float(word) for word in reversed(square(*inside).split("\n")[0].split(", ")))
    assert kept["geometry"]["coordinates"][0][0] == pytest.approx([west, south], abs=1e-6)
    [photo_kept] = drawn(case, "photos")
    assert len(photo_kept["ridge"]) == 3
    [feature] = photo_kept["features"]
    assert feature["x"] == pytest.approx(0.5, abs=0.01)
    assert 60 < feature["lon"] < 75
    assert 29 < feature["lat"] < 39
    assert oracle.calls == []


def test_a_triangle_by_key_alone(chromium: Browser, tmp_path: Path) -> None:
    """Without a pointer: choose Area, walk the map, add three middles, finish, move a corner."""
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        button(page, "Snap").focus()
        page.keyboard.press("Enter")
        button(page, "Area").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        for keys in (["ArrowRight"] * 2, ["ArrowDown"] * 2):
            for key in keys:
                page.keyboard.press(key)
                page.wait_for_timeout(400)  # the map glides
            page.keyboard.press("Enter")
        told = page.locator(".geoloc-draw > [role=status]")
        assert re.match(r"Corner 3 at 3\d\.\d+, 69\.\d+\.", told.inner_text())
        page.keyboard.press("End")
        rest(page)
        assert "Area 1" in page.locator(".drawings").inner_text()
        page.wait_for_function(
            "() => /km².*outline/.test("
            "document.querySelector('.geoloc-draw > [role=status]').textContent)"
        )
        before = page.locator(".measure").inner_text()

        page.locator(".corners summary").focus()
        page.keyboard.press("Enter")
        first = page.locator(".corners tbody tr").first
        from_lat = float(first.locator("input").nth(0).input_value())
        from_lon = float(first.locator("input").nth(1).input_value())
        first.locator(".move").focus()
        for _ in range(10):
            page.keyboard.press("Shift+ArrowUp")
        rest(page)
        to_lat = float(first.locator("input").nth(0).input_value())
        moved = geo.distance_m(from_lon, from_lat, from_lon, to_lat)
        assert moved == pytest.approx(1000, abs=1)
        assert page.locator(".measure").inner_text() != before
        page.keyboard.press("Control+z")
        rest(page)
        assert page.locator(".measure").inner_text() == before
        seen.check()


def test_names_from_strangers_are_only_words(
    chromium: Browser, tmp_path: Path, oracle: Oracle
) -> None:
    """Hostile words in a case, a drawing, a file's name and a photo's caption do nothing."""
    case = copied(tmp_path)
    words = Words(oracle.address)
    record = YAML(typ="safe").load(case)
    record["title"], record["claims"][0]["place"] = words(900), words(400)
    record["claims"][0]["claimant"], record["evidence"][0]["origin"] = words(400), words(400)
    record["sources"][0]["title"] = words(400)
    record["drawings"] = [
        {"name": words(400), "means": "area", "origin": words(400), "rationale": words(900)}
        | {"geometry": {"type": "Polygon", "coordinates": [[[69.2, 34.5], [69.3, 34.5],
                                                            [69.3, 34.6], [69.2, 34.5]]]}}
    ]  # fmt: skip
    with case.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(record, file)
    with running(case) as served, drawing(chromium, served) as seen:
        page = seen.page
        page.locator(".drawings .entry").click()
        shown = page.locator(".geoloc-draw").inner_text()
        values = page.evaluate(
            "[...document.querySelectorAll('input,textarea,option')].map((e) => e.value)"
        )
        for number in range(len(words.given)):
            assert f"[{number}]" in shown or any(f"[{number}]" in value for value in values)
        page.get_by_label("Name", exact=True).fill("</script><img src=x onerror=alert(1)>{{7*7}}")
        rest(page)
        photo = tmp_path / "<img src=x onerror=alert(1)>.jpg"
        Image.new("RGB", (60, 40), "#9bc").save(photo)
        page.locator("input[accept^='image']").set_input_files(photo)
        page.locator(".plate img[src]").wait_for()
        assert page.locator(".geoloc-draw img").count() == 1  # the photo, and nothing else
        assert "49" not in page.locator(".drawings").inner_text()
        seen.check()
    assert oracle.calls == []


LOOKS = [
    ("en", False, DESKTOP), ("fa-AF", True, PHONE),
    pytest.param("fa-AF", True, DESKTOP, marks=pytest.mark.long),
    pytest.param("ps", False, PHONE, marks=pytest.mark.long),
]  # fmt: skip


@pytest.mark.parametrize(("language", "dark", "size"), LOOKS)
def test_axe_finds_nothing_serious(
    chromium: Browser,
    tmp_path: Path,
    axe: str,
    language: str,
    dark: bool,
    size: tuple[int, int],
) -> None:
    """Neither as it opens, nor with a form, its corners, a photo and a dialog open."""
    with (
        running(copied(tmp_path), language) as served,
        drawing(chromium, served, dark=dark, size=size) as seen,
    ):
        page = seen.page
        page.evaluate(axe)  # the driver's door, which no policy of the page closes
        assert page.evaluate(AXE) == []
        paste(page, square(69.27, 34.49))
        page.locator("#draw-answers [role=option]").first.click()
        page.locator(".corners summary").click()
        photo = tmp_path / "view.jpg"
        Image.new("RGB", (60, 40), "#9bc").save(photo)
        page.locator("input[accept^='image']").set_input_files(photo)
        page.locator(".plate img[src]").wait_for()
        page.locator(".bar button").nth(1).click()
        page.locator(".holder").press("Enter")
        page.locator(".legend summary").click()
        rest(page)
        page.wait_for_timeout(300)
        assert page.evaluate(AXE) == []
        page.locator("[data-tool=area]").click()
        assert page.evaluate(AXE) == []
        page.keyboard.press("Control+s")
        page.locator("dialog[open]").wait_for()
        assert page.evaluate(AXE) == []
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        seen.check()


def ready(page: Page, *, snap: bool = False) -> None:
    """Have corners stay where they are clicked, unless they are to snap."""
    if not snap:
        button(page, "Snap").click()


def test_by_pointer_draw_pierce_split_pull_and_undo_it_all(
    chromium: Browser, tmp_path: Path
) -> None:
    """Each tool does its work, the panel follows the pull, and one history takes all back."""
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        ready(page)
        button(page, "Area").click()
        click_at(page, (150, 300), (450, 300), (450, 600))
        page.mouse.move(200, 640)
        page.wait_for_function("() => /km²/.test(document.querySelector('.sketched').textContent)")
        click_at(page, (150, 600), (150, 600))
        rest(page)
        whole = page.locator(".measure").inner_text()
        assert page.locator(".touched tbody tr").count() >= 3

        button(page, "Cut hole").click()
        click_at(page, (250, 400), (350, 400), (300, 500), (300, 500))
        page.get_by_text("The hole is cut.").first.wait_for()
        changed = "(whole) => document.querySelector('.measure').innerText !== whole"
        page.wait_for_function(changed, arg=whole)

        button(page, "Split").click()
        click_at(page, (100, 350), (500, 350), (500, 350))
        page.get_by_text("Split into 2.").first.wait_for()
        rest(page)
        assert page.locator(".drawings li").count() == 2
        button(page, "Split").click()
        click_at(page, (600, 250), (700, 250), (700, 250))
        page.get_by_text("does not cross the shape").first.wait_for()

        button(page, "Undo").click()
        button(page, "Undo").click()
        rest(page)
        page.locator(".measure", has_text=whole).wait_for()
        box = page.locator(".geoloc-draw .map").bounding_box()
        assert box
        page.mouse.move(box["x"] + 450, box["y"] + 600)
        page.mouse.down()
        page.mouse.move(box["x"] + 520, box["y"] + 640, steps=5)
        page.wait_for_function(changed, arg=whole)
        page.mouse.up()
        rest(page)
        pulled = page.locator(".measure").inner_text()
        assert pulled != whole
        button(page, "Undo").click()
        page.locator(".measure", has_text=whole).wait_for()
        button(page, "Redo").click()
        page.locator(".measure", has_text=pulled).wait_for()
        button(page, "Undo").click()
        button(page, "Undo").click()
        assert page.locator(".drawings li").count() == 0
        assert page.locator(".state").inner_text() == "Saved"
        seen.check()


def test_the_page_never_scrolls_away(chromium: Browser, tmp_path: Path) -> None:
    """With a form, its corners and a photo the window holds all; End ends what is drawn."""
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        paste(page, square(69.27, 34.49))
        page.locator("#draw-answers [role=option]").first.click()
        page.locator(".corners summary").click()
        photo = tmp_path / "view.jpg"
        Image.new("RGB", (600, 400), "#9bc").save(photo)
        page.locator("input[accept^='image']").set_input_files(photo)
        page.locator(".plate img[src]").wait_for()
        button(page, "Close the photo").click()
        rest(page)
        panel = "document.querySelector('.work')"
        assert page.evaluate(f"{panel}.scrollHeight > {panel}.clientHeight")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")

        ready(page)
        button(page, "Area").click()
        click_at(page, (150, 300), (450, 300), (450, 600))
        page.locator(".panel").focus()
        page.keyboard.press("Backspace")
        click_at(page, (450, 500))
        page.locator(".drawings .entry").first.focus()
        page.evaluate(f"{panel}.scrollTop = 0")
        page.keyboard.press("End")
        page.locator(".drawings li").nth(1).wait_for()
        page.wait_for_timeout(200)
        assert page.evaluate("[scrollY, document.querySelector('.geoloc-draw').scrollTop]") == [
            0,
            0,
        ]
        assert page.evaluate(f"{panel}.scrollTop") == 0
        seen.check()


def test_a_split_area_stays_one_statement(chromium: Browser, tmp_path: Path) -> None:
    """One part goes on saying what the whole said; the other is a mark, and the page says so."""
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        ready(page)
        paste(page, square(69.27, 34.49))
        page.locator("#draw-answers [role=option]").first.click()
        page.get_by_label("Origin: the material").fill("a video of 8 May")
        page.get_by_label("Why here").fill("the water tower")
        rest(page)
        shape = page.locator("path.drawn").first.bounding_box()
        frame = page.locator(".geoloc-draw .map").bounding_box()
        assert shape
        assert frame
        middle = shape["x"] - frame["x"] + shape["width"] / 2
        top = shape["y"] - frame["y"]
        button(page, "Split").click()
        bottom = top + shape["height"] + 40
        click_at(page, (middle, top - 40), (middle, bottom), (middle, bottom))
        page.get_by_text("The second part is a mark until you say what it means.").first.wait_for()
        rest(page)
        assert served.session.area is not None
        both = served.session.area.regions[-1].area_km2
        save(page)
        seen.check()
    first, second = drawn(served.case)
    assert (first["means"], second["means"]) == ("area", "mark")
    assert second["name"] == f"{first['name']} (2)"
    assert second["rationale"] == first["rationale"] == "the water tower"
    assert "origin" not in second
    alone = Session(served.case).answer("judge", {"drawings": [first]})
    assert both >= alone["area"]["regions"][-1]["area_km2"] - 1e-6


def test_coordinates_in_persian_digits_are_read(chromium: Browser, tmp_path: Path) -> None:
    """A place typed with the digits and the decimal sign of Dari is offered as a place."""
    with running(copied(tmp_path), "fa-AF") as served, drawing(chromium, served) as seen:
        find(seen.page, "۳۴٫۴۹۳۸ ۶۹٫۲۷۴۳")
        assert "34.4938" in geo_digits(seen.page.locator("#draw-answers").inner_text())
        seen.check()


def geo_digits(text: str) -> str:
    """Return a text with its Persian digits as ASCII."""
    return text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹٫", "0123456789."))


def test_no_share_is_certain(chromium: Browser, tmp_path: Path) -> None:
    """Nothing in the panel is 0 or 100 %, and land in no police district has its row."""
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        paste(page, square(69.27, 34.40, 6000))
        page.locator("#draw-answers [role=option]").first.click()
        rest(page)
        assert "in no police district" in page.locator(".touched").inner_text()
        words = page.locator(".panel").inner_text()
        assert "> 99" in words
        assert not re.search(r"\b(0|100)\s?%", words)
        seen.check()


def test_corners_snap_to_the_lines(chromium: Browser, tmp_path: Path) -> None:
    """A click beside a police district's line lands on it; a typed corner never moves."""
    from geoloc import load_boundaries

    units = load_boundaries("police-districts")
    line = units[units["code"] == "AF-KBL-PD22"].geometry.iloc[0].exterior
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        near = line.interpolate(0.3, normalized=True)
        typed = (near.x + 0.0004, near.y)
        for snap in (True, False):
            find(page, f"{typed[1]:.6f}, {typed[0]:.6f}")
            page.get_by_role("option", name="Go to").click()
            button(page, "Point").click()
            if snap:
                page.keyboard.press("Enter")
            else:
                find(page, f"{typed[1]:.6f}, {typed[0]:.6f}")
                page.get_by_role("option", name="Add").click()
            page.locator(".form h3").wait_for()
        rest(page)
        save(page)
        seen.check()
    from shapely import Point

    snapped, exact = (Point(each["geometry"]["coordinates"]) for each in drawn(served.case))
    assert line.distance(snapped) < 1e-6  # degrees: 0.1 m
    assert (exact.x, exact.y) == pytest.approx(typed, abs=1e-6)


def test_a_distance_and_a_bearing_move_the_likely_area(chromium: Browser, tmp_path: Path) -> None:
    """A landmark's distance is typed, its handle pulled; then it is a bearing: the map follows."""
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page

        def likely() -> str:
            rest(page)
            return str(page.evaluate("document.querySelector('path.likely').getAttribute('d')"))

        find(page, "34°29'N 69°16'E")
        page.get_by_role("option", name="Put a point").click()
        shapes = [likely()]
        page.get_by_label("What it says").select_option("near")
        page.wait_for_timeout(60)
        shapes.append(likely())
        page.get_by_label("Distance, metres").fill("1500")
        page.wait_for_timeout(60)
        shapes.append(likely())
        handle = page.locator(".handle").bounding_box()
        assert handle
        page.mouse.move(handle["x"] + 10, handle["y"] + 10)
        page.mouse.down()
        page.mouse.move(handle["x"] - 60, handle["y"] + 10, steps=5)
        page.mouse.up()
        page.wait_for_timeout(60)
        shapes.append(likely())
        assert 100 < float(page.get_by_label("Distance, metres").input_value()) < 1500
        page.get_by_label("What it says").select_option("bearing")
        page.get_by_label("Azimuth").fill("45")
        page.wait_for_timeout(60)
        shapes.append(likely())
        assert len(set(shapes)) == len(shapes)
        page.get_by_label("Azimuth").fill("400")
        page.locator(".field", has=page.get_by_label("Azimuth")).locator(".is-wrong").wait_for()
        assert "to mend" in page.locator(".drawings").inner_text()
        seen.check()


def test_a_conflict_is_shown_and_nothing_is_lost(chromium: Browser, tmp_path: Path) -> None:
    """Somebody saves meanwhile: the difference is shown, theirs can be taken, mine put over it."""
    case = copied(tmp_path)
    with running(case) as served, drawing(chromium, served) as seen:
        page = seen.page
        paste(page, square(69.27, 34.49))
        page.locator("[role=option]").first.click()
        text = case.read_text(encoding="utf-8")
        case.write_text(text.replace("The exact residence was", "Their words: it was"), "utf-8")
        button(page, "Save").click()
        dialog = page.locator("dialog[open]")
        dialog.get_by_label("Author").fill("A. Nalyst")
        dialog.get_by_label("Why").fill("drawn")
        dialog.get_by_role("button", name="Save", exact=True).click()
        page.locator(".diff").wait_for()
        told = page.locator(".diff").inner_text()
        assert "Their words" in told
        assert "alike" not in told
        button(page, "Take theirs").click()
        page.wait_for_selector("dialog[open]", state="detached")
        assert "Their words" in page.get_by_label("Reason").input_value()
        assert page.locator(".drawings li").count() == 0
        button(page, "Undo").click()
        assert page.locator(".drawings li").count() == 1
        save(page)
        seen.check()
    assert len(drawn(case)) == 1


def test_a_conflict_names_fields_as_the_form_does(chromium: Browser, tmp_path: Path) -> None:
    """What both changed is called by the drawing's name and the field's label."""
    case = copied(tmp_path)
    with running(case) as served, drawing(chromium, served) as seen:
        page = seen.page
        paste(page, square(69.27, 34.49))
        page.locator("[role=option]").first.click()
        page.get_by_label("Why here").fill("the water tower")
        save(page)
        text = case.read_text(encoding="utf-8")
        case.write_text(text.replace("the water tower", "the mosque"), "utf-8")
        page.get_by_label("Why here").fill("the mill")
        button(page, "Save").click()
        dialog = page.locator("dialog[open]")
        dialog.get_by_label("Why").fill("looked again")
        dialog.get_by_role("button", name="Save", exact=True).click()
        page.locator(".diff").wait_for()
        told = page.locator(".diff").inner_text()
        assert "Area 1: Why here" in told
        assert "drawings[" not in told
        button(page, "Save my drawings, photos and place; keep all else of theirs").click()
        page.wait_for_selector("dialog[open]", state="detached")
        seen.check()
    assert drawn(case)[0]["rationale"] == "the mill"


def test_a_draft_is_kept_and_offered(chromium: Browser, tmp_path: Path) -> None:
    """What was not saved is there again after the page was lost, and leaving asks first."""
    case = copied(tmp_path)
    with running(case) as served, drawing(chromium, served) as seen:
        page = seen.page
        paste(page, square(69.27, 34.49))
        page.locator("[role=option]").first.click()
        page.get_by_text("a draft is kept").wait_for()
        asked: list[str] = []

        def accept(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", accept)
        draft = case.parent / ".geoloc" / "drafts" / case.name
        for path, later in ((case, 5), (draft, 10)):
            os.utime(path, (time.time() + later, time.time() + later))
        page.reload()
        rest(page)
        assert asked == ["beforeunload"]
        assert "The case was changed since." in page.locator(".offer").inner_text()
        assert page.locator(".drawings li").count() == 0
        button(page, "Take up the draft").click()
        assert page.locator(".drawings li").count() == 1
        button(page, "Close").click()
        button(page, "Drop it and close").click()
        page.get_by_text("Nothing of the case is left").wait_for()
        assert "Bagrami" not in page.content()
        seen.check()
    assert drawn(case) == []


def test_what_is_exported_comes_back_equal(chromium: Browser, tmp_path: Path) -> None:
    """A drawing leaves as KML and is taken again from that file, whole."""
    case = copied(tmp_path)
    with running(case) as served, drawing(chromium, served) as seen:
        page = seen.page
        paste(page, square(69.27, 34.49))
        page.locator("[role=option]").first.click()
        page.get_by_label("Origin: the material").fill("a video of 8 May")
        page.get_by_label("Why here").fill("the water tower")
        page.get_by_label("Confidence").fill("0.7")
        save(page)
        before = drawn(case)
        button(page, "Export").click()
        with page.expect_download() as download:
            page.locator("dialog[open]").get_by_role("button", name="Export", exact=True).click()
        file = tmp_path / "out.kml"
        download.value.save_as(file)
        button(page, "Close").last.click()
        page.locator(".form").get_by_role("button", name="Delete", exact=True).click()
        page.locator("input[type=file][accept*='.kml']").set_input_files(file)
        dialog = page.locator("dialog.take[open]")
        dialog.wait_for()
        dialog.locator("label", has_text="drawn in geoloc").locator("input").check()
        dialog.get_by_role("button", name="Take 1").click()
        rest(page)
        save(page)
        seen.check()
    [was], [now] = before, drawn(case)
    assert now == was


def test_a_strange_file_is_listed_before_anything_is_taken(
    chromium: Browser, tmp_path: Path
) -> None:
    """Shapes of a GeoJSON file are chosen one by one; nothing comes in by itself."""
    file = tmp_path / "theirs.geojson"
    point = '{"type":"Feature","properties":{"name":"%s"},"geometry":'
    point += '{"type":"Point","coordinates":[69.%d,34.5]}}'
    bow = "[[[69.2,34.5],[69.3,34.6],[69.3,34.5],[69.2,34.6],[69.2,34.5]]]"
    features = ",".join(point % (f"mark {number}", 20 + number) for number in range(3))
    features += ',{"type":"Feature","properties":{"name":"bow"},"geometry":'
    features += '{"type":"Polygon","coordinates":' + bow + "}}"
    file.write_text('{"type":"FeatureCollection","features":[' + features + "]}", "utf-8")
    with running(copied(tmp_path)) as served, drawing(chromium, served) as seen:
        page = seen.page
        page.locator("input[type=file][accept*='.kml']").set_input_files(file)
        dialog = page.locator("dialog.take[open]")
        dialog.wait_for()
        assert page.locator(".drawings li").count() == 0
        assert dialog.get_by_role("button", name="Take 0").is_disabled()
        assert dialog.get_by_label("bow").is_disabled()
        dialog.get_by_role("button", name="Mend what can be mended").click()
        dialog.get_by_text("Mended: its area changed").wait_for()
        assert page.locator(".drawings li").count() == 0
        dialog.get_by_label("mark 1").check()
        dialog.get_by_role("button", name="Take 1").click()
        assert "mark 1" in page.locator(".drawings").inner_text()
        assert page.locator(".drawings li").count() == 1
        seen.check()


def test_every_word_is_there_in_dari_and_pashto() -> None:
    """Each text of the drawing page has both translations, with the same values in them."""
    entry = re.compile(r"^  '((?:[^'\\]|\\.)*)': \['(.*?)', '(.*?)'\],$", re.MULTILINE)
    tables = [(BROWSER / name).read_text("utf-8") for name in ("dictionary.js", "draw-words.js")]
    known = {english: both for table in tables for english, *both in entry.findall(table)}
    used = {
        text
        for script in BROWSER.glob("draw*.js")
        for text in re.findall(r"(?<![\w.])t\('((?:[^'\\]|\\.)*)'", script.read_text("utf-8"))
    }
    assert len(used) > 150
    assert used - known.keys() == set()
    own = entry.findall(tables[1])
    assert {english for english, *_ in own} - used == set()
    for english, *both in own:
        for words in both:
            assert sorted(re.findall(r"\{\w+\}", words)) == sorted(re.findall(r"\{\w+\}", english))
            assert re.search("[\u0600-\u06ff]", words), english
