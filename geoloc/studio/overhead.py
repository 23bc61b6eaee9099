"""GeoTIFFs from outside, to lie on the page's map: their colours and the box that they fill."""

from __future__ import annotations

import sys
from pathlib import Path

from geoloc.fence.pictures import (
    QUALITY,
    SIDE_PX,
    About,
    Picture,
    copy_in_child,
    sniffed,
    write_copy,
)

_EVERYWHERE = (60.0, 29.0, 75.5, 39.0)  # Afghanistan


def picture_on_ground(content: bytes) -> Picture:
    """Return a GeoTIFF as a copy of its pixels, north up, with the box that it fills.

    Raises
    ------
    FenceError
        If it cannot be read within the limits; one line says why.
    """
    return copy_in_child("geoloc.studio.overhead", content, sniffed(content))


def _copy_ground(source: Path, target: Path) -> About:
    from geoloc import terrain

    frame = terrain.frame_over(source, _EVERYWHERE)
    frame = frame.coarser(max(1.0, max(frame.rows, frame.cols) / SIDE_PX))
    colours, _ = terrain.read_picture(source, frame)
    target.write_bytes(terrain.as_webp(colours, QUALITY))
    return {"width": frame.cols, "height": frame.rows, "box": frame.box}


if __name__ == "__main__":
    raise SystemExit(write_copy(Path(sys.argv[1]), sys.argv[2], _copy_ground))
