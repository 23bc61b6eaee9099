"""Pictures from outside as copies of their pixels, made by a child process with limits.

A photo's file can say where and when it was taken, by whom and with what, in half a dozen ways;
outputs get none of it, only colours. And a decoder that a broken file can steer shall have nothing
worth steering.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoloc.errors import FenceError, InputError
from geoloc.fence.confinement import confine

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX = 2000  # of the copy, at most
QUALITY = 85  # of the copy, WebP
_KINDS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF", "heic": "HEIF"}
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MOST_PIXELS = 120_000_000  # of the picture as it is stored
_SECONDS, _MEMORY_BYTES, _MOST_WRITTEN = 30, 3_000_000_000, 100_000_000
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)  # of EXIF: width and height change places
_BLUR_CELLS = 4  # colours that are left of a blurred box, to a side
_BLEED_PX = 3  # as far as shrinking carries colours over the edge of a box

Share4 = tuple[float, float, float, float]  # x, y, width, height: shares from the upper left
About = dict[str, Any]  # width, height, box or None, and frames where it may be several


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's pixels as WebP, upright, and nothing else of it."""

    width: int  # pixels of the original, upright
    height: int
    content: bytes  # WebP, at most 2000 pixels wide and high
    box: tuple[float, float, float, float] | None = None  # west, south, east, north, WGS 84
    frames: int = 1  # pictures in the file, of which this is the first


def sniffed(content: bytes) -> str:
    """Return a picture's suffix by its content: jpg, png, webp, tif or heic.

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
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "heic"
    raise FenceError("This is no JPEG, PNG, WebP, TIFF or HEIC picture, whatever its name says.")


def picture_of(content: bytes, *, blur: Sequence[Share4] = ()) -> Picture:
    """Return a picture from outside as a copy of its pixels.

    Parameters
    ----------
    content : bytes
        JPEG, PNG, WebP, TIFF or, where pillow-heif is installed, HEIC.
    blur : sequence of tuple
        Boxes to blur, as shares of the upright picture: x, y from its upper left corner, width,
        height. Of each box at most 4 by 4 mean colours are left, so that no copy of the result
        leads back to the face. It is done on the copy; the file is not touched.

    Raises
    ------
    FenceError
        If it cannot be read within the limits; one line says why.
    """
    return copy_in_child("geoloc.fence.pictures", content, sniffed(content), json.dumps([*blur]))


def copy_in_child(module: str, content: bytes, kind: str, told: str = "") -> Picture:
    """Return the copy that a module of ours makes of a picture, by `write_copy`, in a child.

    Raises
    ------
    FenceError
        If it cannot be read within the limits; one line says why.
    """
    with tempfile.TemporaryDirectory(prefix="geoloc-picture-") as folder:
        scratch = Path(folder)
        (scratch / f"outside.{kind}").write_bytes(content)
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
                [sys.executable, "-P", "-m", module, str(scratch), kind, told],
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
        frames = int(about.get("frames", 1))
        return Picture(int(about["width"]), int(about["height"]), webp, box, frames)


def write_copy(scratch: Path, kind: str, copy: Callable[[Path, Path], About]) -> int:
    """Confine this process, and let `copy` read the one file in its folder and write beside it.

    Returns the process's exit status: 3 with one line on standard error if it was refused.
    """
    source = scratch / f"outside.{kind}"
    if kind == "heic":
        _know_heic()  # before the door closes: its library lies beside Python's own
    confine(scratch, memory_bytes=_MEMORY_BYTES, seconds=_SECONDS, file_bytes=_MOST_WRITTEN)
    try:
        about = copy(source, scratch / "copy.webp")
    except InputError as error:
        print(str(error).replace(str(source), "The picture"), file=sys.stderr)
        return 3
    (scratch / "about.json").write_text(json.dumps(about), "utf-8")
    return 0


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


def _know_heic() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener(thumbnails=False)


def _copy_photo(source: Path, target: Path, kind: str, blur: Sequence[Share4]) -> About:
    """Write the upright, bare copy of a photo, its boxes blurred."""
    from PIL import Image, ImageOps

    Image.init()
    if kind == "heic" and _KINDS[kind] not in Image.OPEN:
        raise FenceError(
            "This is a HEIC picture, which needs pillow-heif: install it, or keep a JPEG copy."
        )
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # ours is below
    try:
        # Of a path, Pillow 13 maps the bytes of a TIFF, and garbles one that is to be turned.
        with source.open("rb") as bytes_of, Image.open(bytes_of, formats=[_KINDS[kind]]) as picture:
            wide, high = picture.size
            if wide * high > _MOST_PIXELS:
                raise FenceError(
                    f"The picture has {wide:,} × {high:,} pixels; up to"
                    f" {_MOST_PIXELS / 1e6:.0f} million are read."
                )
            picture.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))  # a JPEG unpacks smaller, and sooner
            picture.load()  # Pillow turns a TIFF upright by this, and no other
            if picture.getexif().get(_ORIENTATION, 1) in _LYING:
                wide, high = high, wide
            upright = ImageOps.exif_transpose(_in_eight_bits(picture, kind))
            upright.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
            colours = _in_srgb(upright)
            bare = Image.frombytes(colours.mode, colours.size, colours.tobytes())
            for box in blur:
                _blur(bare, box)
            bare.save(target, "WEBP", quality=QUALITY)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise FenceError("The picture cannot be read: it is broken or cut off.") from error
    return {"width": wide, "height": high, "box": None, "frames": _frames(source, kind)}


def _in_eight_bits(picture: Image, kind: str) -> Image:
    """Return deep greys as 8-bit greys, and other pictures as they are.

    Greys of 16 bits keep their scale. Other numbers have none that is known: the least in the
    picture becomes black, the greatest white. It comes first: Pillow 13 neither turns nor shrinks
    them well.
    """
    import numpy as np
    from PIL import Image

    sixteen = picture.mode.startswith("I;16") or (picture.mode == "I" and kind == "png")
    if not sixteen and picture.mode not in ("I", "F"):
        return picture
    greys = np.asarray(picture, np.float32)
    known = greys[np.isfinite(greys)]
    if not known.size:
        raise FenceError("The picture holds no number that can be shown as a grey.")
    low, high = (0.0, 65_535.0) if sixteen else (float(known.min()), float(known.max()))
    shares = (np.nan_to_num(greys, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    shown = Image.fromarray(np.rint(255 * shares.clip(0, 1)).astype(np.uint8))
    shown.info = {key: picture.info[key] for key in ("icc_profile",) if key in picture.info}
    shown.getexif()[_ORIENTATION] = picture.getexif().get(_ORIENTATION, 1)
    return shown


def _in_srgb(picture: Image) -> Image:
    """Return a picture in the colours of screens; a profile that cannot be followed is ignored."""
    from PIL import ImageCms

    mode = "RGBA" if picture.has_transparency_data else "RGB"
    screen = ImageCms.createProfile("sRGB")
    if picture.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        return _required(ImageCms.profileToProfile(picture, lab, screen, outputMode="RGB"))
    profile = picture.info.get("icc_profile")
    if not profile:
        return picture.convert(mode)
    own = picture if picture.mode in ("L", "CMYK") else picture.convert(mode)
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        followed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return _required(ImageCms.profileToProfile(own, followed, screen, outputMode=mode))
    return picture.convert(mode)


def _required(converted: Image | None) -> Image:
    """Return what was converted; Pillow returns None only where it converts in place."""
    if converted is None:
        raise ValueError("nothing was converted")
    return converted


def _frames(source: Path, kind: str) -> int:
    """Return how many pictures a file holds: pages, or those of an animation."""
    from PIL import Image

    if kind == "jpg":  # further ones are previews and other exposures of the same
        return 1
    with (
        contextlib.suppress(OSError, SyntaxError, ValueError, EOFError, struct.error),
        Image.open(source, formats=[_KINDS[kind]]) as picture,
    ):
        return int(getattr(picture, "n_frames", 1))
    return 1


def _blur(picture: Image, share: Share4) -> None:
    """Leave of a box no more than a few mean colours, and smooth them."""
    from PIL import Image

    x, y, wide, high = share
    left, top = (max(0, math.floor(at * side) - _BLEED_PX)
                 for at, side in zip((x, y), picture.size, strict=True))  # fmt: skip
    right, low = (min(side, math.ceil(at * side) + _BLEED_PX)
                  for at, side in zip((x + wide, y + high), picture.size, strict=True))  # fmt: skip
    box = left, top, right, low
    size = right - left, low - top
    cells = min(size[0], _BLUR_CELLS), min(size[1], _BLUR_CELLS)
    means = picture.crop(box).resize(cells, Image.Resampling.BOX)
    picture.paste(means.resize(size, Image.Resampling.BICUBIC), box)


def _main(scratch: Path, kind: str, told: str) -> int:
    blur = json.loads(told)
    return write_copy(scratch, kind, lambda source, to: _copy_photo(source, to, kind, blur))


if __name__ == "__main__":
    raise SystemExit(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
