"""Write polygons that share their lines as one TopoJSON file, as geoloc itself writes it."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoloc.boundaries.topology import topology_text


def on_grid(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the geometry with every coordinate on the nearest whole step."""
    return geometry.apply(lambda shape: shapely.transform(shape, lambda xy: np.round(xy, 5)))


def write_topology(
    path: Path, layers: dict[str, gpd.GeoDataFrame], metadata: dict[str, Any]
) -> None:
    """Write the layers as one topology; see `geoloc.boundaries.topology.topology_text`."""
    path.write_text(topology_text(layers, metadata), encoding="utf-8")
