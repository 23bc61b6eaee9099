"""A small map in the terminal: lines of units in Braille dots, their numbers on top."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, radians
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

# Unicode numbers the dots of a Braille character by column: bit of (row, column).
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_MOST_LABELS = 40


def braille(
    shapes: Mapping[str, Polygon | MultiPolygon], columns: int = 72, rows: int = 24
) -> list[str]:
    """Return lines of text that show where the units lie, north up.

    Parameters
    ----------
    shapes : mapping of label to Polygon or MultiPolygon
        WGS 84. Labels are written into the units where there are few of them.
    columns, rows : int
        The most that the picture may take.
    """
    import numpy as np
    import shapely

    west, south, east, north = shapely.total_bounds(list(shapes.values()))
    squeeze = cos(radians((south + north) / 2))  # a degree of longitude is shorter
    dots_wide, dots_high = columns * 2 - 2, rows * 4 - 2
    scale = min(dots_wide / ((east - west) * squeeze), dots_high / (north - south))

    def place(points: Any) -> Any:
        return np.column_stack(
            [(points[:, 0] - west) * squeeze * scale, (north - points[:, 1]) * scale]
        )

    lines = [shapely.transform(shape.boundary, place) for shape in shapes.values()]
    corners = shapely.get_coordinates(shapely.segmentize(lines, 0.5)).round().astype(int)
    wide, high = corners.max(axis=0) // (2, 4) + 1
    cells = np.full((high, wide), 0x2800)
    for x, y in set(map(tuple, corners.tolist())):
        cells[y // 4, x // 2] |= _BITS[y % 4][x % 2]
    text = [[chr(cell) for cell in row] for row in cells]
    if len(shapes) <= _MOST_LABELS:
        for label, shape in shapes.items():
            (x, y), *_ = place(np.array(shape.representative_point().coords))
            _write(text[int(y) // 4], int(x) // 2, label)
    return ["".join(row).rstrip("\u2800") for row in text]


def _write(row: list[str], middle: int, label: str) -> None:
    start = max(0, min(middle - len(label) // 2, len(row) - len(label)))
    for offset, letter in enumerate(label[: len(row)]):
        row[start + offset] = letter
