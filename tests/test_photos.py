"""Photos in figures: bare pixels, numbered features, nothing that leads to the place unasked."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image
from shell import Shell
from test_figures_findings import is_sound

from geoloc import figures, report
from geoloc.casebook import Finding, Incident, investigate, schema
from geoloc.errors import FenceError, InputError
from geoloc.fence.pictures import Picture, picture_of, sniffed
from geoloc.figures import marks
from geoloc.figures.paper import Sheet
from geoloc.figures.photos import plate_of

ROOT = Path(__file__).parent.parent
ID = "2024-01-31-invented"
PLACED = {"lon": 69.2874321, "lat": 34.4912345}


def picture(number: int = 0, size: tuple[int, int] = (600, 400), kind: str = "PNG") -> bytes:
    """Return a picture of sky above ground."""
    out, high = io.BytesIO(), size[1]
    rows = np.where(np.arange(high) < high * 0.4, 210, 120)[:, None, None]
    shades = np.broadcast_to(rows + np.array([0, 10, 20 * (number % 3)]), (high, size[0], 3))
    Image.fromarray(shades.astype(np.uint8)).save(out, kind)
    return out.getvalue()


def kept(folder: Path, name: str, content: bytes, **more: Any) -> dict[str, Any]:
    """Write a photo into a case's folder, and return it as the case records it."""
    path = folder / "photos" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return {"file": f"photos/{name}", "sha256": sha256, "origin": f"photo {name}", **more}


def feature(number: int, x: float, y: float, **more: Any) -> dict[str, Any]:
    """Return a feature as the case records it."""
    return {"number": number, "x": x, "y": y, **more}


def found(photos: list[dict[str, Any]]) -> Finding:
    """Return an invented finding with photos."""
    case = {
        "id": ID, "title": "Invented", "date": "2024-01-31", "summary": "Nothing of this happened.",
        "claims": [{"claimant": "A", "says": "A raid.", "place": "PD8", "codes": ["AF-KBL-PD8"]}],
        "geolocation": {"status": "not-stated", "reason": "Invented."}, "photos": photos,
        "sources": [{"id": "s", "title": "A thread", "publisher": "Observer"}],
    }  # fmt: skip
    return investigate(Incident.model_validate(case))


def three(folder: Path) -> Finding:
    """Return a finding with a lying, an upright and a dense photo, features among them."""
    dense = [feature(n, 0.4 + 0.03 * (n % 5), 0.5 + 0.04 * (n // 5)) for n in range(1, 13)]
    return found([
        kept(folder, "a.png", picture(1), caption="From the roof to the south.", source="s",
             features=[feature(1, 0.2, 0.6, name="Minaret", **PLACED),
                       feature(2, 0.7, 0.4, lon=69.29, lat=34.493), feature(3, 0.02, 0.98)],
             ridge=[[k / 20, 0.4] for k in range(21)], blur=[[0.4, 0.5, 0.2, 0.3]]),
        kept(folder, "b.jpg", picture(2, (300, 500), "JPEG"), caption="همان محل از سوی سرک.",
             features=[feature(1, 0.5, 0.5, name="Minaret")]),
        kept(folder, "c.webp", picture(3, (800, 450), "WEBP"), features=dense),
    ])  # fmt: skip


def drawn(finding: Finding, folder: Path, **given: Any) -> Figure:
    """Return the figure of a finding's photos."""
    return figures.finding_figure(finding, kind="photos", photos=folder, **given)


def words(figure: Any) -> str:
    """Return all that is written on a figure, as an SVG holds it."""
    return figures.picture(figure, ".svg").decode()


# Nothing but pixels


def leaks(numbers: range, folder: Path, pdf_every: int) -> tuple[int, int, int]:
    """Return how many pictures were drawn, marks planted, and marks found in any output."""
    copied = cache(picture_of)  # the studio's copy and the figure's are made by one function
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures.photos, "picture_of", copied)
        return _leaks(numbers, folder, pdf_every, copied)


def _leaks(
    numbers: range, folder: Path, pdf_every: int, copied: Callable[..., Picture]
) -> tuple[int, int, int]:
    kinds = [kind for kind in planted.KINDS if planted.can_write(kind)]
    sown = left = 0
    for first in range(numbers.start, numbers.stop, 3):
        here = range(first, min(first + 3, numbers.stop))
        files = [planted.planted(kinds[number % len(kinds)], number) for number in here]
        sown += sum(planted.marks_in(content, mark) for content, mark in files)
        outputs = [copied(content, blur=()).content for content, _ in files]
        photos = [kept(folder, f"{n}.bin", files[n - first][0]) for n in here]
        finding = found(photos)
        figure = drawn(finding, folder, size="column")
        outputs += [figures.picture(figure, suffix) for suffix in figures.SUFFIXES]
        png = outputs[len(files)]
        document = report.document([finding], pictures={f"{ID}/photos": png})
        outputs += [report.as_html(document), report.as_docx(document)]
        if pdf_every and (first // 3) % pdf_every == 0:
            outputs.append(report.as_pdf(document))
        left += sum(planted.marks_in(each, mark) for each in outputs for _, mark in files)
    return len(numbers), sown, left


def test_no_planted_mark_is_left_in_any_output(tmp_path: Path) -> None:
    """EXIF, GPS, XMP, IPTC, comments, profiles, thumbnails, text, tails: none of them comes out."""
    count, sown, left = leaks(range(15), tmp_path, 0)
    assert sown > 10 * count
    assert left == 0


@pytest.mark.long
def test_no_planted_mark_of_500_pictures_is_left(tmp_path: Path) -> None:
    """The same for 500; a PDF report of every twentieth figure, as it holds the same picture."""
    count, sown, left = leaks(range(500), tmp_path, 20)
    print(f"{count} pictures, {sown:,} marks planted, {left} left")  # the count is the result
    assert count == 500
    assert sown > 10 * count
    assert left == 0


def test_a_blurred_box_keeps_no_more_than_its_means() -> None:
    """Two faces of the same 4 by 4 mean colours give one copy, to rounding: neither comes back."""
    random = np.random.default_rng(3)
    one = np.full((400, 400, 3), 128, np.uint8)
    one[100:300, 100:300] = random.integers(0, 255, (200, 200, 3), np.uint8)
    other = one.copy()
    for row in range(100, 300, 50):
        for column in range(100, 300, 50):
            cell = one[row : row + 50, column : column + 50].reshape(-1, 3)
            other[row : row + 50, column : column + 50] = random.permutation(cell).reshape(
                50, 50, 3
            )
    box = [(103 / 400, 103 / 400, 194 / 400, 194 / 400)]
    copies = []
    for pixels in (one, other):
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        with Image.open(io.BytesIO(picture_of(out.getvalue(), blur=box).content)) as copy:
            copies.append(np.asarray(copy.convert("RGB"), int))
    assert np.abs(one.astype(int) - other).mean() > 15
    assert np.abs(copies[0] - copies[1]).max() <= 6  # means to 1 level, then lossy WebP


def test_heic_is_read_where_it_can_be() -> None:
    """A HEIC photo is told by its content and becomes a copy like any other."""
    if not planted.can_write("HEIF"):
        pytest.skip("pillow-heif is not installed")
    content, _ = planted.planted("HEIF", 1)
    assert sniffed(content) == "heic"
    assert (picture_of(content).width, picture_of(content).height) == (160, 120)


def test_heic_without_its_reader_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pillow-heif is missing, the message names it."""
    from geoloc.fence import pictures

    monkeypatch.setitem(pictures._KINDS, "heic", "NO-SUCH-READER")
    with pytest.raises(FenceError, match="needs pillow-heif"):
        pictures._copy_photo(Path("x"), Path("y"), "heic", ())


# What a figure tells


@cache
def _folder() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="geoloc-photos-"))


EVERY = [
    (size, language, exact)
    for size in figures.SIZES
    for language in figures.LANGUAGES
    for exact in (False, True)
]


@pytest.mark.parametrize(("size", "language", "exact"), EVERY)
def test_no_words_overlap_or_are_cut(size: Any, language: Any, exact: bool) -> None:
    """Captions, numbers and keys of three photos and a map are apart and inside the page."""
    figure = drawn(three(_folder()), _folder(), size=size, language=language, exact=exact)
    is_sound(figure, size)


def test_features_have_a_map_only_on_request(tmp_path: Path) -> None:
    """Without `exact` no coordinate is in the figure and it says so; with it the map is there."""
    finding = three(tmp_path)
    plain = words(drawn(finding, tmp_path))
    assert "Places on the map are withheld." in plain
    assert "69.2" not in plain
    assert "1 : " not in plain
    exact = words(drawn(finding, tmp_path, exact=True))
    assert "Shown exactly: not to be published" in exact
    assert "on the map" in exact
    assert "1 : " in exact


def test_one_number_stands_in_every_photo_and_on_the_map(tmp_path: Path) -> None:
    """Number 1 is marked in three photos, on the map, and in the key; 12 only where it is seen."""
    figure = drawn(three(tmp_path), tmp_path, exact=True)
    told = [each.get_text() for axes in figure.axes for each in axes.texts]
    assert told.count("1") == 5
    assert told.count("12") == 2
    assert "Photo 1" in told
    assert any("SHA-256" in each for each in told)


def test_what_cannot_be_shown_leaves_a_frame_that_says_why(tmp_path: Path) -> None:
    """Missing, changed, broken and graphic photos each have their reason; no file is drawn."""
    good = picture()
    photos = [
        kept(tmp_path, "gone.png", good),
        kept(tmp_path, "other.png", good) | {"sha256": "0" * 64},
        kept(tmp_path, "cut.png", good[:200]),
        kept(tmp_path, "dead.png", good, graphic=True),
        kept(tmp_path, "no.txt", b"no picture at all"),
    ]
    (tmp_path / "photos/gone.png").unlink()
    finding = found(photos)
    first = words(drawn(finding, tmp_path, chosen=(1, 2, 3)))
    assert "The file is not in the case's folder." in first
    assert "The file is not the one that" in first
    assert "or cut off" in first
    assert "<image" not in first
    assert "2 more photos are not shown." in first
    second = words(drawn(finding, tmp_path, chosen=(4, 5)))
    assert "Graphic: shows violence or the dead" in second
    assert "This is no JPEG, PNG" in second
    assert "<image" not in second
    assert "<image" in words(drawn(finding, tmp_path, chosen=(4,), graphic=True))


def test_a_photo_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    """A link that leads out of the case's folder is as good as missing."""
    (tmp_path / "secret.png").write_bytes(picture())
    photo = kept(tmp_path / "case", "a.png", picture())
    (tmp_path / "case/photos/a.png").unlink()
    (tmp_path / "case/photos/a.png").symlink_to(tmp_path / "secret.png")
    plate = plate_of(1, found([photo]).incident.photos[0], tmp_path / "case", graphic=False)
    assert (plate.state, plate.pixels) == ("missing", None)


def test_sixty_megapixels_make_a_figure(tmp_path: Path) -> None:
    """A photo of 10,000 by 6,000 pixels is drawn from a small copy."""
    photo = kept(tmp_path, "large.jpg", picture(size=(10_000, 6_000), kind="JPEG"))
    plate = plate_of(1, found([photo]).incident.photos[0], tmp_path, graphic=False)
    assert plate.pixels is not None
    assert plate.pixels.shape == (1200, 2000, 3)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"photos": None}, "needs the folder of the case file"),
        ({"chosen": (9,)}, "has the photos 1 to 3, of which up to 3 can be shown at once; got 9"),
        ({"base": "a.tif"}, "which needs --exact"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    """The message names what there is."""
    asked: dict[str, Any] = {"photos": tmp_path, **given}
    with pytest.raises(InputError, match=told):
        figures.finding_figure(three(tmp_path), kind="photos", **asked)


@pytest.mark.parametrize("box", [[0.5, 0.5, 0.6, 0.1], [0.1, 0.1, 0.0, 0.2]])
def test_a_box_to_blur_lies_inside_the_photo(tmp_path: Path, box: list[float]) -> None:
    """A box without an area, or over the edge, is refused with an example."""
    photo = kept(tmp_path, "a.png", picture(), blur=[box])
    with pytest.raises(ValueError, match=r"an\s+area inside the photo, e.g. \[0.4"):
        Incident.model_validate(found([]).incident.model_dump() | {"photos": [photo]})


def test_the_schema_beside_the_cases_is_ours() -> None:
    """Editors complete `blur` too."""
    assert (ROOT / "cases/incident.schema.json").read_text("utf-8") == schema()


@settings(max_examples=12)
@given(st.lists(st.tuples(st.floats(0, 80), st.floats(0, 53)), min_size=1, max_size=25))
def test_circles_never_lie_on_each_other(spots: list[tuple[float, float]]) -> None:
    """Wherever up to 25 spots are, their circles are apart and in the frame, if they have room."""
    sheet = Sheet(90, 63)
    placed = [marks.Mark(str(n), 5 + x, 5 + y) for n, (x, y) in enumerate(spots, 1)]
    marks.draw_marks(sheet, (5, 5, 80, 53), placed)
    circles = [p for axes in sheet.figure.axes for p in axes.patches if isinstance(p, Circle)]
    at = np.array([circle.center for circle in circles])
    assert len(at) == len(spots)
    far = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    assert (far[np.triu_indices(len(at), 1)] > 2 * marks.RADIUS_MM).all()
    assert (at[:, 0] >= 5).all()
    assert (at[:, 0] <= 85).all()


# The command line


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    """Return a function that runs geoloc in a folder with one invented case."""
    finding = three(tmp_path)
    case = finding.incident.model_dump(mode="json", exclude_none=True)
    (tmp_path / f"{ID}.yaml").write_text(json.dumps(case), "utf-8")
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


def test_a_figure_has_a_manifest_and_is_made_again(run: Shell, tmp_path: Path) -> None:
    """Case and photos are its inputs, without a path of this machine; again, the same bytes."""
    done = run("figure", ID, "--kind", "photos", "--photo", "2", "--cases", ".", "-o", "a.svg",
               "--json")  # fmt: skip
    assert done.status == 0, done.err
    text = (tmp_path / "a.svg.manifest.json").read_text("utf-8")
    manifest = json.loads(text)
    assert str(tmp_path) not in text
    assert manifest["settings"]["photo"] == [2]
    assert [each["path"] for each in manifest["inputs"]] == [
        f"{ID}.yaml", "photos/a.png", "photos/b.jpg", "photos/c.webp",
    ]  # fmt: skip
    assert done.json["sha256"] == hashlib.sha256((tmp_path / "a.svg").read_bytes()).hexdigest()
    assert (
        run("verify-report", "a.svg", "--again", "--cases", ".", "--fail-on", "differs").status == 0
    )
    (tmp_path / "photos/b.jpg").write_bytes(b"another")
    told = run("verify-report", "a.svg", "--again", "--cases", ".", "--fail-on", "differs")
    assert told.status == 1
    assert "photos/b.jpg" in told.out
    assert "again" in told.out


def test_a_raster_is_named_without_its_folder(run: Shell, tmp_path: Path) -> None:
    """The base is an input with its hash value; made again it is found beside the figure."""
    import rasterio
    from rasterio.transform import Affine

    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "width": 90, "height": 90}
    profile |= {"crs": "EPSG:4326", "transform": Affine(0.001, 0, 69.25, 0, -0.001, 34.53)}
    (tmp_path / "out").mkdir()
    with rasterio.open(tmp_path / "out/ground.tif", "w", **profile) as raster:
        raster.write(np.random.default_rng(0).integers(0, 255, (3, 90, 90), np.uint8))
    done = run("figure", ID, "--kind", "photos", "--exact", "--base", tmp_path / "out/ground.tif",
               "--base-credit", "Own", "--cases", ".", "-o", "out/a.png")  # fmt: skip
    assert done.status == 0, done.err
    text = (tmp_path / "out/a.png.manifest.json").read_text("utf-8")
    assert str(tmp_path) not in text
    assert json.loads(text)["settings"]["base"] == "ground.tif"
    assert "ground.tif" in [each["path"] for each in json.loads(text)["inputs"]] or (
        "out/ground.tif" in [each["path"] for each in json.loads(text)["inputs"]]
    )
    again = run("verify-report", "out/a.png", "--again", "--cases", ".", "--fail-on", "differs")
    assert again.status == 0, again.out + again.err


def test_photos_are_chosen_only_among_photos(run: Shell, tmp_path: Path) -> None:
    """`--photo` with another kind is one line, and nothing is written."""
    done = run("figure", ID, "--photo", "1", "--cases", ".", "-o", "a.png")
    assert done.status == 2
    assert "for --kind photos" in done.err
    assert not (tmp_path / "a.png").exists()
