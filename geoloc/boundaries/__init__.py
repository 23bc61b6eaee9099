"""Provinces, districts and police districts: which unit holds a point, and how surely.

A boundary belongs to an edition (publisher, date, accuracy, licence), and a unit answers with a
membership from 0 to 1, never with a bare yes. With a line known to a standard deviation σ, the
membership is Φ(signed distance / σ): 0.5 on the line, 0.98 two σ inside it. Where nobody holds a
line, as of Kabul's police districts, membership is stored as a surface and the unit has a core, a
likely part and an extent. Memberships over all units of a layer plus "none" sum to 1.

Files are TopoJSON: each line is stored once and shared by the units on both sides of it, so units
of one edition cannot overlap, and the outer line is the one with a unit on a single side.
"""

from geoloc.boundaries.assign import ASSIGNED, assign, units_at
from geoloc.boundaries.cells import SomeCells, UnitCells, unit_cells
from geoloc.boundaries.codes import POLICE_DISTRICTS
from geoloc.boundaries.editions import (
    DEFAULT_EDITION,
    LAYERS,
    Edition,
    default_edition,
    edition_of,
    editions,
    read_recorded,
    shipped_record,
    shipped_table,
    user_folder,
)
from geoloc.boundaries.evidence import Explanation, Statement, explain, statements
from geoloc.boundaries.layers import (
    Layer,
    LeftOut,
    Standing,
    Unit,
    Zones,
    km2,
    load_layer,
    normal_cdf,
    percent,
)
from geoloc.boundaries.questions import (
    Location,
    check,
    layer_of,
    layers_with,
    load_boundaries,
    locate,
    membership,
    unit,
)

__all__ = [
    "ASSIGNED",
    "DEFAULT_EDITION",
    "LAYERS",
    "POLICE_DISTRICTS",
    "Edition",
    "Explanation",
    "Layer",
    "LeftOut",
    "Location",
    "SomeCells",
    "Standing",
    "Statement",
    "Unit",
    "UnitCells",
    "Zones",
    "assign",
    "check",
    "default_edition",
    "edition_of",
    "editions",
    "explain",
    "km2",
    "layer_of",
    "layers_with",
    "load_boundaries",
    "load_layer",
    "locate",
    "membership",
    "normal_cdf",
    "percent",
    "read_recorded",
    "shipped_record",
    "shipped_table",
    "statements",
    "unit",
    "unit_cells",
    "units_at",
    "user_folder",
]
