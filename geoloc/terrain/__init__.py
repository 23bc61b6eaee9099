"""The ground as a raster file has it: heights, the shade that they throw, and pictures from above.

What is read here is drawn behind a map, on a `Frame`: rows and columns of Web Mercator, because
that is how a page shows the Earth. Nothing is measured on it: slopes are taken in metres on the
ground.
"""

from geoloc.terrain.frames import Frame, frame_over
from geoloc.terrain.pictures import as_webp, read_picture, recoded
from geoloc.terrain.relief import read_dem, shade

__all__ = ["Frame", "as_webp", "frame_over", "read_dem", "read_picture", "recoded", "shade"]
