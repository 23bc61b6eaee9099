"""Pictures from outside as copies of their pixels, made by a child process with limits.

A photo's file can say where and when it was taken, by whom and with what, in half a dozen ways;
the page gets none of it, only colours. And a decoder that a broken file can steer shall have
nothing worth steering.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoloc.errors import FenceError

_KINDS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF"}
_MOST_PIXELS = 120_000_000  # of the picture as it is stored
_SIDE_PX = 2000  # of the copy, at most
_SECONDS, _MEMORY_BYTES, _MOST_WRITTEN = 30, 3_000_000_000, 100_000_000
_QUALITY = 85
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)  # of EXIF: width and height change places
_EVERYWHERE = (60.0, 29.0, 75.5, 39.0)  # Afghanistan


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's pixels as WebP, upright, and nothing else of it."""

    width: int  # pixels of the original, upright
    height: int
    content: bytes  # WebP, at most 2000 pixels wide and high
    box: tuple[float, float, float, float] | None = None  # west, south, east, north, WGS 84


def sniffed(content: bytes) -> str:
    """Return a picture's suffix by its content: jpg, png, webp or tif.

    Raises
    ------
    FenceError
        If it is none of these.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "tif"
    raise FenceError("This is no JPEG, PNG, WebP or TIFF picture, whatever its name says.")


def picture_of(content: bytes, *, on_ground: bool = False) -> Picture:
    """Return a picture from outside as a copy of its pixels.

    Parameters
    ----------
    content : bytes
        JPEG, PNG, WebP or TIFF.
    on_ground : bool
        Whether it is a GeoTIFF to lie on the map, north up, with the box that it fills.

    Raises
    ------
    FenceError
        If it cannot be read within the limits; one line says why.
    """
    kind = sniffed(content)
    with tempfile.TemporaryDirectory(prefix="geoloc-picture-") as folder:
        scratch = Path(folder)
        (scratch / f"outside.{kind}").write_bytes(content)
        command = [sys.executable, "-P", "-m", "geoloc.studio.pixels", str(scratch), kind]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
                [*command, "ground" if on_ground else "photo"],
                cwd=scratch,
                env=_environment(scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FenceError(f"The picture took longer than {_SECONDS} s to read.") from error
        if done.returncode == 3:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise FenceError(said[-1][:300] if said else "The picture cannot be read.")
        if done.returncode != 0:
            raise FenceError("The picture cannot be read: it is broken, or too large to unpack.")
        about = json.loads((scratch / "about.json").read_text("utf-8"))
        box = about["box"] and tuple(map(float, about["box"]))
        webp = (scratch / "copy.webp").read_bytes()
        return Picture(int(about["width"]), int(about["height"]), webp, box)


def _environment(scratch: Path) -> dict[str, str]:
    kept = ("PATH", "SYSTEMROOT", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)]),
        "PYTHONUTF8": "1",
        "TMPDIR": str(scratch),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "GDAL_PAM_ENABLED": "NO",
        "PROJ_NETWORK": "OFF",
    }


def _main(scratch: Path, kind: str, purpose: str) -> int:
    """Read the one file in the scratch folder and write the copy and its size beside it."""
    from geoloc.errors import InputError
    from geoloc.fence.confinement import confine

    confine(scratch, memory_bytes=_MEMORY_BYTES, seconds=_SECONDS, file_bytes=_MOST_WRITTEN)
    source = scratch / f"outside.{kind}"
    try:
        about = _ground(source, scratch) if purpose == "ground" else _photo(source, kind, scratch)
    except InputError as error:
        print(str(error).replace(str(source), "The picture"), file=sys.stderr)
        return 3
    (scratch / "about.json").write_text(json.dumps(about), "utf-8")
    return 0


def _photo(source: Path, kind: str, scratch: Path) -> dict[str, Any]:
    import warnings

    from PIL import Image, ImageOps

    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # ours is below
    try:
        with Image.open(source, formats=[_KINDS[kind]]) as picture:
            wide, high = picture.size
            if wide * high > _MOST_PIXELS:
                raise FenceError(
                    f"The picture has {wide:,} × {high:,} pixels; up to"
                    f" {_MOST_PIXELS / 1e6:.0f} million are read."
                )
            if picture.getexif().get(_ORIENTATION, 1) in _LYING:
                wide, high = high, wide
            picture.draft("RGB", (2 * _SIDE_PX, 2 * _SIDE_PX))  # a JPEG unpacks smaller, and sooner
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)
            colours = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            bare = Image.frombytes(colours.mode, colours.size, colours.tobytes())
            bare.save(scratch / "copy.webp", "WEBP", quality=_QUALITY)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise FenceError("The picture cannot be read: it is broken or cut off.") from error
    return {"width": wide, "height": high, "box": None}


def _ground(source: Path, scratch: Path) -> dict[str, Any]:
    from geoloc import terrain

    frame = terrain.frame_over(source, _EVERYWHERE)
    frame = frame.coarser(max(1.0, max(frame.rows, frame.cols) / _SIDE_PX))
    colours, _ = terrain.read_picture(source, frame)
    (scratch / "copy.webp").write_bytes(terrain.as_webp(colours, _QUALITY))
    return {"width": frame.cols, "height": frame.rows, "box": frame.box}


if __name__ == "__main__":
    raise SystemExit(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
