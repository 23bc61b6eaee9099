"""geoloc: check where a claimed raid in Kabul can have happened.

Everything public is listed in `__init__.pyi` and loads when it is first used, so that
`import geoloc` is quick::

    import geoloc

    lon, lat = geoloc.parse_coordinates("34.4938, 69.2743")
    geoloc.locate(lon, lat)
    finding = geoloc.investigate(geoloc.read_case("2023-05-08-bagrami-pd22"))
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
