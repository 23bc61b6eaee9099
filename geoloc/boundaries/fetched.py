"""Open layers from the network, asked for by name: OCHA, geoBoundaries, OpenStreetMap.

Only `geoloc boundaries fetch` comes here. Each source is a public host that is named before it is
asked; nothing of the user's is sent. What arrives is checked (status, length, hash where the host
states one, kind of content) and then goes through the same fence as any other file.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
)
from urllib.request import (
    Request as Asked,
)

import shapely

from geoloc import fence
from geoloc.boundaries import codes
from geoloc.boundaries.incoming import Request
from geoloc.errors import FetchError, InputError

# Where each source is asked; the tests ask 127.0.0.1 instead.
BASES = {
    "ocha": "https://data.humdata.org",
    "geoboundaries": "https://www.geoboundaries.org",
    "osm": "https://overpass-api.de",
}
# Hosts that a source may send its reader on to: where HDX and GitHub keep their files.
_ONWARD = {
    "ocha": ("s3.eu-central-1.amazonaws.com", "s3.us-east-1.amazonaws.com"),
    "geoboundaries": (
        "github.com",
        "raw.githubusercontent.com",
        "media.githubusercontent.com",
        "objects.githubusercontent.com",
    ),
    "osm": (),
}
MOST_BYTES = 250_000_000
SILENCE_S = 30.0  # the longest that a host may say nothing
WHOLE_S = 900.0  # the longest that one answer may take
_KABUL_BOX = "34.25,68.85,34.85,69.65"  # Overpass: south, west, north, east
_QUERY = f"""[out:json][timeout:120][maxsize:134217728];
(
  relation["boundary"~"^(administrative|place|police)$"]({_KABUL_BOX});
  relation["place"~"^(suburb|quarter|city_district|borough)$"]({_KABUL_BOX});
  way["boundary"~"^(administrative|place|police)$"]["name"]({_KABUL_BOX});
);
out geom;"""


@dataclass(frozen=True, slots=True)
class Source:
    """One public source of boundaries."""

    name: str
    what: str  # what is asked for
    layer: str
    accuracy_m: float  # σ that is taken unless the user knows better, metres
    read: Callable[[Path], tuple[Path, dict[str, Any]]]

    def warning(self) -> str:
        """Return whom a fetch asks, and what that host learns."""
        hosts = ", ".join(dict.fromkeys([_host(BASES[self.name]), *_ONWARD[self.name]]))
        return (
            f"This asks {hosts}\nfor {self.what}. They learn your network address, the time,"
            " and that geoloc asks\nfor Afghan boundaries. Nothing of your cases is sent."
        )

    def fetch(
        self, scratch: Path, *, accuracy_m: float | None = None, repair: bool = False
    ) -> tuple[Path, Request]:
        """Download into a folder, and return the file with what is known of it.

        Raises
        ------
        FetchError
            If the host cannot be reached, refuses, or sends something else; one line says which.
        """
        file, known = self.read(scratch)
        return file, Request(
            layer=self.layer, accuracy_m=accuracy_m or self.accuracy_m, repair=repair, **known
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _require_listed(url: str, source: str) -> str:
    """Return an address if this source may be asked there: a listed host, and only over TLS."""
    parts = urlsplit(url)
    base = urlsplit(BASES[source])
    same = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
    if not same and not (parts.scheme == "https" and parts.hostname in _ONWARD[source]):
        raise FetchError(
            f"{_host(BASES[source])} points on to {codes.clean(url, 80)}, which is not one of its"
            " known places; nothing was downloaded."
        )
    return url


class _Onward(HTTPRedirectHandler):
    """Follow a redirect only to a listed host."""

    max_redirections = 5

    def __init__(self, source: str) -> None:
        self._source = source

    def redirect_request(
        self, req: Asked, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Asked | None:
        try:
            _require_listed(newurl, self._source)
        except FetchError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, source: str, *, form: Mapping[str, str] | None = None) -> bytes:
    """Return what an address answers, whole, or raise `FetchError`."""
    _require_listed(url, source)
    opener = OpenerDirector()  # without the handlers for ftp:, file: and data:
    for handler in (
        ProxyHandler(), HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(), _Onward(source),
    ):  # fmt: skip
        opener.add_handler(handler)
    body = None if form is None else urlencode(form).encode()
    asked = Asked(url, data=body, headers={"User-Agent": "geoloc"})  # noqa: S310 - listed hosts
    host = _host(url)
    try:
        with opener.open(asked, timeout=SILENCE_S) as answer:
            content = _whole(answer, host)
            kind = str(answer.headers.get("Content-Type") or "").lower()
    except HTTPError as error:
        with error:
            raise FetchError(
                f"{host} answered {error.code} {codes.clean(error.reason)}."
            ) from error
    except TimeoutError as error:
        raise FetchError(f"{host} did not answer within {SILENCE_S:g} s.") from error
    except URLError as error:
        late = isinstance(error.reason, TimeoutError)
        why = f"it did not answer within {SILENCE_S:g} s" if late else codes.clean(error.reason)
        raise FetchError(f"{host} cannot be reached: {why}.") from error
    except (http.client.HTTPException, OSError) as error:
        raise FetchError(f"The answer of {host} broke off: {codes.clean(error)}.") from error
    if "html" in kind or content.lstrip()[:1] == b"<":
        raise FetchError(f"{host} answered with a web page instead of data; try again later.")
    return content


def _whole(answer: Any, host: str) -> bytes:
    """Read an answer to its stated end, within bounds of size and time."""
    started, pieces, size = time.monotonic(), [], 0
    while piece := answer.read(1 << 16):
        size += len(piece)
        if size > MOST_BYTES:
            raise FetchError(
                f"{host} sends more than {MOST_BYTES / 1e6:,.0f} MB; that is no layer of"
                " boundaries, and it was given up."
            )
        if time.monotonic() - started > WHOLE_S:
            raise FetchError(f"{host} needed more than {WHOLE_S:g} s and was given up.")
        pieces.append(piece)
    stated = str(answer.headers.get("Content-Length") or "")
    if stated.isdigit() and int(stated) != size:
        raise FetchError(f"The answer of {host} was cut off: {size:,} of {int(stated):,} bytes.")
    return b"".join(pieces)


def _json(content: bytes, host: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise FetchError(f"{host} answered with something that is no JSON; try later.") from error
    if not isinstance(found, dict):
        raise FetchError(f"{host} answered with JSON of an unknown shape.")
    return found


_FORMATS = ("geojson", "shp", "zipped shapefile", "zipped shapefiles")
_HASHES = {32: "md5", 40: "sha1", 64: "sha256"}
_DISTRICT_LAYER = re.compile(r"adm(?:in|bnda_adm)?_?2(?!\d)", re.IGNORECASE)


def _from_ocha(scratch: Path) -> tuple[Path, dict[str, Any]]:
    base = BASES["ocha"]
    content = _download(f"{base}/api/3/action/package_show?id=cod-ab-afg", "ocha")
    answer = _json(content, _host(base))
    package = answer.get("result")
    if answer.get("success") is not True or not isinstance(package, dict):
        raise FetchError(f"{_host(base)} did not find its dataset cod-ab-afg.")
    resource = _resource(package)
    url = urljoin(base, str(resource.get("download_url") or resource.get("url") or ""))
    content = _download(url, "ocha")
    _require_hash(content, str(resource.get("hash") or ""), _host(url))
    file = scratch / codes.clean(Path(urlsplit(url).path).name or "cod-ab-afg.zip", 80)
    file.write_bytes(content)
    layer = _district_layer(file)
    valid_on = _valid_on(layer, package)
    return file, {
        "code_field": _field(layer, "adm2_pcode", "admin2pcode", "pcode"),
        "name_field": _field(layer, "adm2_name", "adm2_en", "admin2name_en"),
        "name_fa_field": _field(layer, "adm2_da", "adm2_name_da", "adm2_name1", needed=False),
        "source_layer": layer.name,
        "publisher": "OCHA",
        "attribution": f"OCHA / {codes.clean(package.get('dataset_source') or 'AGCHO', 60)}",
        "licence": codes.clean(package.get("license_title") or "CC BY-IGO", 60),
        "url": f"{BASES['ocha']}/dataset/cod-ab-afg",
        "valid_on": valid_on,
        "edition_id": f"cod-ab-{valid_on}",
    }


def _resource(package: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the package's boundary file, GeoJSON before Shapefile."""
    listed = [each for each in package.get("resources") or () if isinstance(each, dict)]
    for wanted in _FORMATS:
        for resource in listed:
            if str(resource.get("format") or "").lower() == wanted:
                return resource
    formats = ", ".join(sorted({codes.clean(each.get("format"), 20) for each in listed}))
    raise FetchError(f"cod-ab-afg holds no GeoJSON or Shapefile; it has {formats or 'nothing'}.")


def _require_hash(content: bytes, stated: str, host: str) -> None:
    expected = stated.rpartition(":")[2].strip().lower()
    if not re.fullmatch(r"[0-9a-f]+", expected) or len(expected) not in _HASHES:
        return  # HDX leaves it empty for many files
    found = hashlib.new(_HASHES[len(expected)], content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise FetchError(
            f"The file of {host} is not the one announced: expected {expected}, found {found}."
        )


def _district_layer(file: Path) -> fence.OutsideLayer:
    layers = fence.read_outside(file)
    found = [layer for layer in layers if _DISTRICT_LAYER.search(layer.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(codes.clean(layer.name, 40) for layer in layers)
    raise FetchError(f"The file holds no one layer of districts (adm2), but {names}.")


def _field(layer: fence.OutsideLayer, *wanted: str, needed: bool = True) -> str | None:
    """Return the layer's own spelling of the first wanted field that it has."""
    fields = {name.lower(): name for row in layer.properties[:1] for name in row}
    found = next((fields[name] for name in wanted if name in fields), None)
    if needed and found is None:
        raise FetchError(f"The districts have no field {wanted[0]}, but {', '.join(fields)}.")
    return found


def _valid_on(layer: fence.OutsideLayer, package: Mapping[str, Any]) -> str:
    stated = _field(layer, "valid_on", "validon", needed=False)
    word = str(layer.properties[0].get(stated)) if stated else str(package.get("dataset_date"))
    if found := re.search(r"\d{4}-\d\d-\d\d|\d{4}", word.replace("/", "-")):
        return found[0]
    raise FetchError("cod-ab-afg does not say from when its boundaries are.")


def _from_geoboundaries(scratch: Path) -> tuple[Path, dict[str, Any]]:
    base = BASES["geoboundaries"]
    content = _download(f"{base}/api/current/gbOpen/AFG/ADM2/", "geoboundaries")
    about = _json(content, _host(base))
    content = _download(str(about.get("gjDownloadURL") or ""), "geoboundaries")
    if content.startswith(b"version https://git-lfs"):
        raise FetchError("geoBoundaries sent a pointer instead of the file; try again later.")
    host = _host(str(about["gjDownloadURL"]))
    units, expected = _json(content, host).get("features"), str(about.get("admUnitCount") or "")
    if not isinstance(units, list) or not units:
        raise FetchError(f"{host} sent no districts.")
    if expected.isdigit() and int(expected) != len(units):
        raise FetchError(f"{host} sent {len(units)} districts, and {expected} were announced.")
    year = re.search(r"\d{4}", str(about.get("boundaryYearRepresented") or ""))
    if not year:
        raise FetchError("geoBoundaries does not say of which year its boundaries are.")
    file = scratch / "geoBoundaries-AFG-ADM2.geojson"
    file.write_bytes(content)
    return file, {
        "code_field": "",
        "name_field": "shapeName",
        "publisher": f"geoBoundaries ({codes.clean(about.get('boundarySource'), 60)})",
        "attribution": "Runfola et al. 2020, PLoS ONE 15(4): e0231866",
        "licence": codes.clean(about.get("boundaryLicense") or "CC BY 4.0", 80),
        "url": "https://www.geoboundaries.org",
        "valid_on": year[0],
        "edition_id": f"gbopen-{year[0]}",
        "note": "Codes are those of the edition in use where each unit is the other's best overlap"
        " and they share half of their area; other units are GB….",
    }


def _from_osm(scratch: Path) -> tuple[Path, dict[str, Any]]:
    base = BASES["osm"]
    content = _download(f"{base}/api/interpreter", "osm", form={"data": _QUERY})
    answer = _json(content, _host(base))
    if "remark" in answer:
        raise FetchError(f"{_host(base)} gave up: {codes.clean(answer['remark'], 120)}")
    elements = [each for each in answer.get("elements") or () if isinstance(each, dict)]
    features, broken = [], []
    for element in elements:
        code = _nahia(element.get("tags") or {})
        if code is None:
            continue
        shape = _area(element)
        if shape is None:
            broken.append(f"{element.get('type')} {element.get('id')} ({code})")
            continue
        name = codes.clean((element.get("tags") or {}).get("name"), 80)
        features.append(
            {
                "type": "Feature",
                "properties": {"code": code, "name": name},
                "geometry": json.loads(shapely.to_geojson(shape)),
            }
        )
    if not features:
        others = f"; it has {len(elements)} other areas there" if elements else ""
        raise FetchError(f"OpenStreetMap holds no nahia polygons in Kabul{others}.")
    file = scratch / "openstreetmap-kabul.geojson"
    collection = {"type": "FeatureCollection", "features": features}
    file.write_text(json.dumps(collection), encoding="utf-8")
    stamp = str((answer.get("osm3s") or {}).get("timestamp_osm_base") or "")[:10]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", stamp):
        raise FetchError(f"{_host(base)} does not say of which day its data are.")
    left_out = f" Left out, because their rings are open: {', '.join(broken)}." if broken else ""
    return file, {
        "code_field": "code",
        "name_field": "name",
        "publisher": "OpenStreetMap contributors",
        "attribution": "© OpenStreetMap contributors",
        "licence": "ODbL 1.0",
        "url": "https://www.openstreetmap.org/copyright",
        "valid_on": stamp,
        "edition_id": f"osm-{stamp}",
        "note": f"Drawn by volunteers; not official.{left_out}",
    }


def _nahia(tags: Mapping[str, Any]) -> str | None:
    """Return the police district that an element's tags name, if one does."""
    for key in ("name:en", "name", "name:fa", "name:prs", "official_name", "alt_name"):
        try:
            word = str(tags.get(key) or "")
            # A bare number is a name of too many things; with a word it is a district.
            return codes.read_code("police-districts", "" if word.isdecimal() else word)
        except InputError:
            continue
    return None


def _area(element: Mapping[str, Any]) -> shapely.Geometry | None:
    """Return the polygon of a relation's or way's lines; None if its outer ring is open."""
    if element.get("type") == "way":
        return _closed([element])
    members = [
        each
        for each in element.get("members") or ()
        if isinstance(each, dict) and each.get("type") == "way"
    ]
    outer = _closed(each for each in members if each.get("role") in ("outer", ""))
    inner = [each for each in members if each.get("role") == "inner"]
    if outer is None or not inner:
        return outer
    hole = _closed(inner)
    return None if hole is None else shapely.difference(outer, hole)


def _closed(ways: Iterable[Mapping[str, Any]]) -> shapely.Geometry | None:
    """Return the area that lines enclose together; None if one of them is open."""
    try:
        lines = [
            shapely.LineString([(point["lon"], point["lat"]) for point in way["geometry"]])
            for way in ways
        ]
    except (KeyError, TypeError, ValueError, shapely.GEOSException):
        return None
    areas, cuts, dangles, invalid = shapely.polygonize_full([shapely.union_all(lines)])
    if not areas.geoms or cuts.geoms or dangles.geoms or invalid.geoms:
        return None
    return shapely.union_all(areas)


SOURCES = {
    "ocha": Source("ocha", "the dataset cod-ab-afg (districts)", "districts", 120.0, _from_ocha),
    "geoboundaries": Source(
        "geoboundaries", "gbOpen AFG ADM2 (districts)", "districts", 120.0, _from_geoboundaries
    ),
    "osm": Source(
        "osm", "the administrative areas in and around Kabul", "police-districts", 100.0, _from_osm
    ),
}
