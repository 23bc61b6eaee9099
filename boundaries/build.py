"""Rebuild every data file of this folder from a folder of reference files.

Run `python boundaries/build.py REFERENCE_FOLDER` in an environment where this checkout's geoloc is
installed in editable mode. The same reference files give the same bytes. `build.py --names`
rebuilds only `places.csv`, from the files of this folder: after a spelling was added to
`neighbourhoods.csv`, which is written by hand.
"""

import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from build_districts import (
    districts_2014,
    districts_2018,
    line_distances_m,
    line_errors_m,
    robust_sigma_m,
    shared_line_sigmas_m,
)
from build_evidence import BUILDING_NAME, MISPLACED, OVERTAKEN, evidence
from build_places import write_places
from build_police_districts import (
    drawing_evidence,
    left_out_answers,
    model_constants,
    number,
    police_districts,
    score,
    surface,
    write_cog,
    zones,
)
from build_topology import write_topology

HERE = Path(__file__).parent
RETRIEVED_ON = "2026-11-22"
VINTAGES = {"nahia-2019": range(1, 23), "iec-2014": [*range(1, 19), 21]}
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

# What an investigator must know before reading a unit's line; by edition and number.
NOTES = {
    (
        "nahia-2019",
        9,
    ): "Labels of 2014 east of 69.31 E are obsolete: nahias 19 and 21 took that land.",
    ("nahia-2019", 2): "No place is surely in it: its localities lie among those of PD1, PD3, PD4, "
    "PD9 and PD10.",
    ("nahia-2019", 13): "Police hawza 18 was cut out of hawza 13 here in 2018, so a report of "
    '"PD18" after that may mean this place, though it is no part of nahia 18.',
    ("nahia-2019", 12): "Shares Bagrami district with PD16, PD21 and PD22.",
    ("nahia-2019", 14): "Its localities lie among others that the same lists call rural Paghman.",
    ("nahia-2019", 18): "Municipal nahia 18 in Deh Sabz. Police hawza 18 lay in west Kabul from "
    '2018 to 2023 at least, so a report of "PD18" alone may mean either place.',
    ("nahia-2019", 19): "Pul-e Charkhi corridor in Deh Sabz. Pul-e Charkhi is also the name of "
    "places in PD9, PD12 and PD21.",
    (
        "nahia-2019",
        20,
    ): "Known only as somewhere in Chahar Asyab district (AF0103); no locality, no line.",
    ("nahia-2019", 21): "Its line with rural Bagrami runs through or beside Butkhak.",
    (
        "nahia-2019",
        22,
    ): "Rests on three statements about Bagrami centre, which is taken as the area "
    "between the two positions it is given; every limit is uncertain, the southern one most: the "
    "villages there are rural in all lists.",
    (
        "iec-2014",
        9,
    ): "Reaches Pul-e Charkhi by labels that the list of 2018/19 gives to PD19 and PD21.",
    ("iec-2014", 14): "Its localities lie among others that the same list calls rural Paghman.",
    (
        "iec-2014",
        18,
    ): "Municipal nahia 18 in Deh Sabz; there was no police hawza 18 in west Kabul yet.",
}
# Police hawzas whose number a source gives in each nahia. Where none is listed nobody says; 18 is
# not nahia 18's, which in 2020 had no police of its own.
HAWZAS = {n: [n] for n in range(1, 18)} | {13: [13, 18]}
APPROXIMATE = "approximate, computed from labelled localities"


def main(reference: Path) -> None:
    """Write the data files and then the record of each."""
    _say("districts …")
    districts, provinces = districts_2018(reference)
    earlier = districts_2014(reference, districts)
    distances_m = line_distances_m(districts, earlier)
    sigmas = line_errors_m(districts, earlier), line_errors_m(earlier, districts)
    provinces = provinces.join(line_errors_m(provinces, earlier.dissolve("parent")))
    districts, earlier = districts.join(sigmas[0]), earlier.join(sigmas[1])
    write_topology(
        HERE / "districts-ocha-2018.topojson",
        {"districts": districts, "provinces": provinces},
        {"edition": "ocha-2018", "line_sigma_m": shared_line_sigmas_m(districts, earlier)},
    )
    write_topology(
        HERE / "districts-geoboundaries-2014.topojson",
        {"districts": earlier},
        {
            "edition": "geoboundaries-2014",
            "line_sigma_m": shared_line_sigmas_m(earlier, districts),
        },
    )

    _say("police districts …")
    gazetteer(reference).to_csv(HERE / "gazetteer.csv", index=False, lineterminator="\n")
    localities = evidence(reference)
    told, units = [], {}
    for vintage in VINTAGES:
        units[vintage], answers = _write_vintage(localities, vintage)
        told.append(answers)
    localities = localities.join(pd.concat(told))
    _write_localities(localities)
    records = _records(distances_m, units, localities)
    _write_records(records)  # the places are held by the units just written, which it must name
    records = names(records)
    _report(records, distances_m, earlier, units)


def names(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Write the compiled list of places, and return the records with those of the names."""
    write_places(HERE)
    records = {**records, **_name_records()}
    _write_records(records)
    return records


def _write_records(records: dict[str, dict[str, Any]]) -> None:
    (HERE / "sources.toml").write_text(_toml(records), encoding="utf-8")


def _write_vintage(localities: pd.DataFrame, vintage: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Write the raster and the shapes of a vintage; return its units and the left-out answers."""
    rows, known = drawing_evidence(localities, vintage)
    answers = left_out_answers(localities, vintage, known)
    field = surface(known)
    # Rows doubted because they fit badly count too: else the figures would flatter the model.
    asked = localities.loc[answers.index]
    asked = asked[asked.doubt.isin(["", MISPLACED, OVERTAKEN])]
    labels = asked.code.where(asked.code != "", "none")
    drawn, line_sigma_m = police_districts(field, known, answers.loc[asked.index], labels)
    units = described(drawn, vintage)
    parts = {name: zone.reindex(units.index) for name, zone in zones(field).items()}
    parts = {name: zone.where(~zone.is_empty) for name, zone in parts.items()}
    about = {
        "edition": vintage,
        "title": _PD_TITLE[vintage],
        "status": APPROXIMATE,
        "model": {**model_constants(), "localities": len(rows)},
        "left_out": score(answers.loc[asked.index]),
    }
    write_topology(
        HERE / f"police-districts-{vintage}.topojson",
        {"police-districts": units, **parts},
        {**about, "line_sigma_m": line_sigma_m},
    )
    tags = {"edition": vintage, "title": _PD_TITLE[vintage], "status": APPROXIMATE}
    write_cog(HERE / f"membership-{vintage}.tif", field, tags)
    return units, answers


def gazetteer(reference: Path) -> pd.DataFrame:
    """Return the places of the gazetteer, every spelling as published, sorted by id."""
    source = pd.read_csv(reference / "kabul_gazetteer.csv", dtype=str, keep_default_na=False)
    # One place is named after a building; its first other spelling is the settlement.
    named_building = source.name_en.str.contains(BUILDING_NAME)
    name = source.name_en.mask(named_building, source.variants.str.split("|").str[0])
    geonames = "GeoNames " + source.geonames_id.str.removesuffix(".0")
    places = pd.DataFrame(
        {
            "id": "wof-" + source.whosonfirst_id,
            "kind": source.placetype,
            "name": name,
            "name_fa": source.name_fa,
            "name_ps": source.name_ps,
            "variants": source.variants,
            "lon": source.lon.astype(float).map("{:.4f}".format),
            "lat": source.lat.astype(float).map("{:.4f}".format),
            "source": "Who's On First" + (" / " + geonames).where(source.geonames_id != "", ""),
        }
    )
    return places.iloc[source.whosonfirst_id.astype(int).argsort(kind="stable")]


def described(units: gpd.GeoDataFrame, vintage: str) -> gpd.GeoDataFrame:
    """Return the units of a vintage with name, parent, system and note; without a line too."""
    codes = [f"AF-KBL-PD{n}" for n in VINTAGES[vintage]]
    units = units.reindex(codes)
    drawn = units.geometry.notna()
    # Object, not float: JSON has 260, not 260.0, and the unit without a line has no sigma.
    whole = units[["sigma_m", "evidence", "evidence_inside", "left_out_localities"]]
    whole = whole.fillna(0).astype(int).astype(object)
    return gpd.GeoDataFrame(
        {
            "geometry": units.geometry,
            "name": [f"PD{number(code)}" for code in codes],
            "name_fa": [f"ناحیه {number(code)}".translate(PERSIAN_DIGITS) for code in codes],
            "parent": "AF01",
            "system": "nahia",
            "hawza": [HAWZAS.get(number(code), []) for code in codes],
            "approximate": True,
            "sigma_m": whole["sigma_m"].where(drawn, None),
            "evidence": whole["evidence"],
            "evidence_inside": whole["evidence_inside"],
            "confidence": units.confidence.where(drawn, "low"),
            **{name: units[name] for name in units if name.startswith("left_out_")},
            "left_out_localities": whole["left_out_localities"].where(drawn, None),
            # JSON's true where it holds, and no property where it does not.
            "ambiguous": [
                True if (vintage, number(code)) in _AMBIGUOUS else None for code in codes
            ],
            "somewhere_in": [_SOMEWHERE_IN.get((vintage, number(code)), "") for code in codes],
            "note": [NOTES.get((vintage, number(code)), "") for code in codes],
        },
        index=codes,
        crs=units.crs,
    )


def _write_localities(localities: pd.DataFrame) -> None:
    """Write the evidence with four decimals, whole metres and hundredths of a probability."""
    text = localities.assign(
        lon=_fixed(localities.lon, "{:.4f}"),
        lat=_fixed(localities.lat, "{:.4f}"),
        precision_m=_fixed(localities.precision_m, "{:.0f}"),
        left_out_p=_fixed(localities.left_out_p, "{:.3g}"),
        left_out_rank=_fixed(localities.left_out_rank, "{:.0f}"),
        left_out_top_p=_fixed(localities.left_out_top_p, "{:.3f}"),
    )
    columns = ["id", *text.columns.drop("id")]
    text[columns].to_csv(HERE / "localities.csv", index=False, lineterminator="\n")


def _fixed(values: "pd.Series[float]", form: str) -> list[str]:
    """Return each number in the given form, and nothing for a missing one."""
    return ["" if pd.isna(value) else form.format(value) for value in values]


_AMBIGUOUS = {("nahia-2019", 18)}  # numbers that a police hawza elsewhere has too
_SOMEWHERE_IN = {("nahia-2019", 20): "AF0103"}  # a unit without a line: the district it lies in
_PD_TITLE = {
    "nahia-2019": "Kabul municipal police districts (nahia), labels of 2018/19 and later",
    "iec-2014": "Kabul municipal police districts (nahia), labels of 2014",
}
_IEC = {
    "publisher": "geoloc, from lists of the Independent Election Commission of Afghanistan",
    "url": "https://github.com/colincookman/afghanistan_presidential_election_2019",
    "licence": "facts; the compilation is MIT like the code",
    "attribution": "IEC Afghanistan 2014, 2018/19, as republished by NDI and C. Cookman",
}


_SUFFIX = {
    "localities": ".csv", "gazetteer": ".csv", "neighbourhoods": ".csv", "places": ".csv",
    "membership": ".tif",
}  # fmt: skip


def _records(
    distances_m: np.ndarray, units: dict[str, gpd.GeoDataFrame], localities: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """Return the record of each data file, in the order of sources.toml."""
    accuracy_m = int(round(robust_sigma_m(distances_m), -1))
    middle, three_quarters, nine_tenths = np.quantile(distances_m, [0.5, 0.75, 0.9])
    measured = (
        f"accuracy_m: the inner lines of 2018 sampled every 500 m ({len(distances_m)} points), "
        "geodesic distance to the nearest inner line of 2014 on WGS 84, median / 0.6745; each unit "
        "has a sigma_m of its own, from its line and its namesake's. The tail "
        f"is heavy: median {middle:.0f} m, 75 % within {three_quarters:.0f} m, 90 % within "
        f"{nine_tenths:.0f} m, because some units were redrawn between the editions."
    )
    records: dict[str, dict[str, Any]] = {
        "districts-ocha-2018": {
            "title": "Afghanistan districts and provinces, 2018",
            "publisher": "OCHA",
            "url": "https://data.humdata.org/dataset/cod-ab-afg",
            "licence": "CC BY-IGO",
            "attribution": "OCHA / AGCHO",
            "valid_on": "2018-05-22",
            "accuracy_m": accuracy_m,
            "edition": "ocha-2018",
            "layers": ["districts", "provinces"],
            "approximate": False,
            "note": f"Lines simplified to 60 m; provinces are dissolved districts. {measured}",
        },
        "districts-geoboundaries-2014": {
            "title": "Afghanistan districts, 2014",
            "publisher": "geoBoundaries (AIMS / Esri)",
            "url": "https://www.geoboundaries.org",
            "licence": "Public Domain",
            "attribution": "Runfola et al. 2020, PLoS ONE 15(4): e0231866",
            "valid_on": "2014",
            "accuracy_m": accuracy_m,
            "edition": "geoboundaries-2014",
            "layers": ["districts"],
            "approximate": False,
            "note": "A code AF.... means that this unit and the 2018 unit are each other's best "
            "overlap, with matched_iou of at least 0.5; matched_name_similarity is a check only, "
            "and name_fa is the 2018 unit's. Other units are GB14-.... . One overlap of the source "
            f"(Reg and Registan) is cut back to Registan's line. {measured}",
        },
    }
    for vintage, layer in units.items():
        shared = {
            "title": _PD_TITLE[vintage],
            **_IEC,
            "valid_on": vintage[-4:],
            "accuracy_m": int(np.median(layer.sigma_m.dropna().astype(int))),
            "edition": vintage,
            "approximate": True,
        }
        records[f"police-districts-{vintage}"] = {
            **shared,
            "layers": ["police-districts"],
            "membership": f"membership-{vintage}",
            "note": f"{APPROXIMATE[0].upper()}{APPROXIMATE[1:]}; no open source holds the lines. "
            "A unit's shape is where it is the most probable answer; core, likely and extent are "
            "where its membership is at least 0.9, 0.5 and 0.1. accuracy_m is the median of the "
            "units' sigma_m, each from how slowly the membership changes across its line.",
        }
        records[f"membership-{vintage}"] = {
            **shared,
            "title": f"Membership in each of them: {_PD_TITLE[vintage]}",
            "layers": [],
            "note": "A band per police district and one for none, in steps of 1/250; 100 m cells, "
            "UTM 42N, bilinear between their centres. From labelled localities; how, and how well "
            "left-out localities are told: MEMBERSHIP.md.",
        }
    records["localities"] = {
        "title": "Localities of Kabul with the police district that a source names",
        **_IEC,
        "attribution": _IEC["attribution"] + "; municipality and news as cited per row",
        "valid_on": "2014/2019",
        "accuracy_m": int(localities.precision_m.median()),
        "edition": "nahia-2019",
        "layers": [],
        "approximate": True,
        "note": "Contradictions are kept. No building is named; coordinates are generalised to "
        "the nearest 0.002 degree, to 0.01 where only a building named the place. `doubt` says "
        "why a row draws no line; left_out_p is what the model gives to the row's label without "
        "having seen it.",
    }
    records["gazetteer"] = {
        "title": "Places in and around Kabul province",
        "publisher": "Who's On First",
        "url": "https://whosonfirst.org",
        "licence": "CC BY 4.0",
        "attribution": "Who's On First (https://whosonfirst.org), GeoNames (https://www.geonames.org)",
        "valid_on": "",
        "accuracy_m": 2500,
        "edition": "",
        "layers": [],
        "approximate": False,
        "note": "Points, right to about 1 to 2.5 km. The date of each point is not stated.",
    }
    return _filed(records)


def _filed(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return records with the name, the date and the hash of their files."""
    return {
        key: {"file": name, **record, "retrieved_on": RETRIEVED_ON, "sha256": _sha256(HERE / name)}
        for key, record in records.items()
        for name in [key + _SUFFIX.get(key.split("-")[0], ".topojson")]
    }


def _name_records() -> dict[str, dict[str, Any]]:
    """Return the records of what names are searched by."""
    shared = {"valid_on": "", "edition": "", "layers": [], "approximate": False}
    return _filed(
        {
            "neighbourhoods": {
                "title": "Well-known neighbourhoods of Kabul and how they are spelt",
                "publisher": "geoloc",
                "url": "https://whosonfirst.org",
                "licence": "MIT, like the code",
                "attribution": "geoloc",
                **shared,
                "accuracy_m": 2500,
                "note": "Written by hand: spellings in Latin, Dari and Pashto, and which rows of"
                " localities.csv and gazetteer.csv are of one neighbourhood. It holds no"
                " coordinates; `told_in` is a police district that only `told_by` names.",
            },
            "places": {
                "title": "Every place that geoloc finds by name",
                "publisher": "geoloc, from the other files of this folder",
                "url": "https://whosonfirst.org",
                "licence": "CC BY 4.0; units of the districts CC BY-IGO",
                "attribution": "Who's On First (https://whosonfirst.org), GeoNames"
                " (https://www.geonames.org), OCHA / AGCHO, IEC Afghanistan 2014, 2018/19",
                **shared,
                "accuracy_m": 2500,
                "note": "Compiled: a row per place with all spellings, how each is heard, its"
                " labelled points, the share of it in each unit, and who says so.",
            },
        }
    )


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _toml(records: dict[str, dict[str, Any]]) -> str:
    """Return the records as TOML; a JSON string, list, number or boolean is a TOML one too."""
    head = (
        "# One table per data file of this folder. Written by build.py, not by hand; to rebuild:\n"
        "#     python boundaries/build.py REFERENCE_FOLDER\n"
        "# Dates are ISO 8601 at the precision that the source states.\n"
    )
    tables: Iterable[str] = (
        f"\n[{key}]\n"
        + "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in record.items())
        for key, record in records.items()
    )
    return head + "".join(tables)


def _report(
    records: dict[str, dict[str, Any]],
    distances_m: np.ndarray,
    earlier: gpd.GeoDataFrame,
    units: dict[str, gpd.GeoDataFrame],
) -> None:
    """Print what was written and what was measured."""
    lines = [
        f"{r['file']:42} {(HERE / r['file']).stat().st_size:>9} bytes" for r in records.values()
    ]
    shares = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
    quantiles = (
        f"{q:.0%} {d:.0f}" for q, d in zip(shares, np.quantile(distances_m, shares), strict=True)
    )
    lines.append("district lines, 2018 to 2014, metres: " + ", ".join(quantiles))
    unlike = earlier[earlier.matched_name_similarity < 0.5]
    lines.append("matched by overlap though named otherwise: " + ", ".join(unlike.name))
    for vintage, layer in units.items():
        drawn = layer[layer.geometry.notna()]
        sigmas = (f"{name} {s}" for name, s in zip(drawn.name, drawn.sigma_m, strict=True))
        lines.append(f"sigma_m {vintage}: " + ", ".join(sigmas))
    sys.stdout.write("\n".join(lines) + "\n")


def _say(text: str) -> None:
    """Show progress, apart from the summary on standard output."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--names"]:
        names(tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8")))
        sys.exit()
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python boundaries/build.py REFERENCE_FOLDER | --names")
    main(Path(sys.argv[1]))
