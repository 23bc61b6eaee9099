"""Turn the published statements "this locality is in that police district" into one table.

Every statement keeps its source, date and vintage; contradictions stay side by side. What is not
kept is the building where a statement was made: the lists name polling centres (schools, mosques),
and a map of them could harm the people who use them. So names lose their building and coordinates
are moved to a 0.002 degree grid (about 184 by 222 m); where nothing but the building named a
place, to a 0.01 degree grid.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd

COLUMNS = [
    "locality",
    "locality_fa",
    "code",
    "rural_district",
    "vintage",
    "system",
    "lon",
    "lat",
    "precision_m",
    "confidence",
    "source",
    "date",
    "position_from",
    "doubt",
    "note",
]
STATEMENT = [
    "code", "rural_district", "vintage", "system", "source", "date", "position_from", "doubt",
    "note",
]  # fmt: skip

SNAP_DEG, LEAST_PRECISION_M = 0.002, 150.0
UNNAMED_DEG, UNNAMED_PRECISION_M = 0.01, 700.0  # half a cell's diagonal is 720 m
BUILDING_PRECISION_M = 100.0  # at or below this the coordinate is a building's
WRONG_PLACE_M = 5000.0  # from here on the coordinate says at most which district
SAME_PLACE_M = 150.0  # a newer label this close replaces an older one
METRES_PER_DEG = np.array([91_700.0, 110_930.0])  # at 34.5 N; good to 0.5 % across Kabul

IEC_2014 = {"source": "IEC Afghanistan 2014", "date": "2014"}
IEC_2019 = {"source": "IEC Afghanistan 2018/19", "date": "2018-2019"}
CARRIED = "label of 2014; not found again in the list of 2018/19"

# Why a row draws no line. Every row that has no such reason does.
UNPLACED = "its position is unknown"
FAR_OFF = "its position is known to 5 km only"
EARLY = "older than the list of 2014"
HAWZA_18 = "police hawza 18 in west Kabul, not municipal nahia 18"
TWICE_BAGRAMI = "the same list has Bagrami in nahia 22"
UNSURE = "doubted by whoever collected the statements"
MISPLACED = "its position disagrees with every label around it"
OVERTAKEN = "label of 2014 among localities that the list of 2018/19 gives to nahias 19 and 21"
# Found by leaving each row out of the model in turn and looking at those it put furthest off:
# vintages, label, cell.
_BOTH = ("iec-2014", "nahia-2019")
JUDGED: dict[str, list[tuple[tuple[str, ...], str, float, float]]] = {
    MISPLACED: [
        (_BOTH, "AF-KBL-PD1", 69.156, 34.526),  # Pakhta Froshi
        (_BOTH, "AF-KBL-PD1", 69.190, 34.526),  # Bagh-e Ali Mardan
        (("iec-2014",), "AF-KBL-PD2", 69.170, 34.534),  # Joy Sher
        (_BOTH, "AF-KBL-PD10", 69.212, 34.538),  # Chahar Qala
        (_BOTH, "AF-KBL-PD15", 69.124, 34.574),  # Hesa-e Sewom
    ],
    OVERTAKEN: [
        (("nahia-2019",), "", 69.358, 34.544),  # Pul-e Charkhi
        (("nahia-2019",), "", 69.360, 34.548),  # Pul-e Charkhi
        (("nahia-2019",), "", 69.390, 34.570),  # unnamed
    ],
}

# A comma-separated piece of a name that holds one of these words is the building's own name.
BUILDING_NAME = re.compile(
    r"\b(?:school|lycee|lecyee|lesay|lyce\w*|madras+a\w*|mosque|masjid|hospital|clinic|universit\w+"
    r"|poly ?techni\w+|institute|college|cent(?:er|re)|offices?|factory|stadium|federation|palace"
    r"|kodakistan|(?:bus|transportation) station)\b",
    re.IGNORECASE,
)
# These words only qualify a locality: "Khair Khana Kindergarten" leaves "Khair Khana".
BUILDING_WORD = re.compile(
    r"(\bbehind )?(?P<rest>.*?)[ -]*\b(cinema|cinama|kindergarten|prison|(fuel )?pump station"
    r"|electricity junction|ziarat-e-)\b[ -]*",
    re.IGNORECASE,
)
BUILDING_FA = re.compile(
    r"\b(مسجد|جامع|لیسه|ليسه|لبسه|لېسه|مکتب|مكتب|مدرسه|مدرسة|شفاخانه|کلینیک|كلينيك|سینما|سينما|سشنما"
    r"|محبس|زندان|یوهنتون|يوهنتون|پوهنتون|دانشگاه|زیارت|زيارت|کودکستان|كودكستان|دفتر|فابریکه|فابريكه"
    r"|ایستگاه|ايستكاه)\b"
)
# The scanned list of 2014 holds character-recognition debris: Latin letters, semicolons, digits
# inside words. Such a spelling helps nobody to find the place.
DEBRIS_FA = re.compile(
    r"[A-Za-z;*]|[^\W\d_][\u0660-\u0669]|[\u0660-\u0669][^\W\d_]"
    r"|[\u0660-\u0669]\s+[\u0660-\u0669]"
)
# "Nahia 18 in Deh Sabz" names Deh Sabz; a sentence on a police zone names no locality.
NAHIA_FA = re.compile(r"^(?:ناحی[هۀ]|ناحيه) ?[^ ،]+(?: در|،|$)|^ناحی[هۀ] ?۲۱|^ناحيه 21|.*حوز.*")
# Roads, groups of districts and canals are statements about neighbours, not localities.
NOT_A_LOCALITY = re.compile(
    r"\b(?:road|grouped|listed|canal|zone|gozars of|federation|seat)\b", re.IGNORECASE
)
CAPITAL_PARTICLE = re.compile(r"-[EO]-|-Hai[e]? |\bOf\b|(?<=\d)(?:St|Nd|Rd|Th)\b")
RURAL = {
    "AF0102": "Paghman",
    "AF0103": "Chahar Asyab",
    "AF0104": "Bagrami",
    "AF0105": "Deh Sabz",
    "AF0107": "Musahi",
}
OF_AREA = "a point of the area between its two positions"
BAGRAMI_CENTRE = ((69.280, 34.494), (69.284, 34.494), (69.290, 34.494))
UNNAMED = r".* locality \d+"  # the name that a row gets whose only name was its building's
PUBLISHERS = {
    "km.gov.af": "Kabul Municipality",
    "kabul.gov.af": "Kabul Governor's Office",
    "pajhwok.com": "Pajhwok",
    "elections.pajhwok.com": "Pajhwok",
    "avapress.com": "AVA Press",
    "info-res.org": "Afghan Witness",
    "bakhtarnews.com.af": "Bakhtar News",
    "thekabultimes.com": "Kabul Times",
    "etilaatroz.com": "Etilaatroz",
    "ariananews.af": "Ariana News",
    "didpress.com": "Did Press",
    "tkg.af": "TKG",
}


def evidence(reference: Path) -> pd.DataFrame:
    """Return every statement as a row of `COLUMNS`, generalised so that no building shows.

    Parameters
    ----------
    reference : Path
        Folder with the three tables of labelled localities.

    Returns
    -------
    DataFrame
        Rows sorted by vintage, label, name and position, each with an `id`; `lon` and `lat` are
        NaN where a statement names a locality whose position is unknown. `doubt` says why a row
        draws no line, and is empty where it draws.
    """
    return numbered(judged(generalise(statements(reference))))


def statements(reference: Path) -> pd.DataFrame:
    """Return every statement at its published position, buildings already unnamed."""
    city = pd.read_csv(reference / "kabul_pd_localities_2014.csv")
    rural = pd.read_csv(reference / "kabul_rural_localities.csv", dtype={1: str})
    facts = pd.read_csv(reference / "kabul_pd_published_facts.csv", dtype=str)
    rows = pd.concat([_city_rows(city), _rural_rows(rural), _fact_rows(facts)], ignore_index=True)
    rows = _place_bagrami_centre(_name_localities(rows))
    return _replace_old_labels(rows)[COLUMNS]


def _city_rows(city: pd.DataFrame) -> pd.DataFrame:
    """Return the election lists' city localities, once per vintage."""
    base = _places(city.locality_en, city.locality_fa, city, city.precision_m)
    old = base.assign(code=_pd_code(city.pd_2014), vintage="iec-2014", note="", **IEC_2014)
    relisted = city.pd_2019.notna()
    moved = relisted & (city.pd_2019 != city.pd_2014)
    new = base.assign(code=_pd_code(city.pd_2019.fillna(city.pd_2014)), vintage="nahia-2019")
    new["note"] = np.where(moved, "PD" + city.pd_2014.astype(str) + " in the list of 2014", "")
    new = _cite(new, relisted)
    # Nahia 9 ended near 69.31 E once nahias 19 and 21 were listed, so its older labels
    # beyond that line say nothing about today's nahia 9.
    obsolete = ~relisted & (city.pd_2014 == 9) & (city.lon > 69.31)
    return pd.concat([old, new[~obsolete]], ignore_index=True)


def _rural_rows(rural: pd.DataFrame) -> pd.DataFrame:
    """Return the localities that the same lists put in a rural district, once per vintage."""
    label_2019 = rural["iec2018_19_label_if_matched"]
    district_2014 = "AF0" + rural.pc_code_2014.astype(str).str[:3]
    base = _places(rural.locality_en, rural.locality_fa, rural, rural.coordinate_precision_m)
    listed_2014 = ~rural.iec2014_rural_district.str.startswith("(new")
    old = base.assign(rural_district=district_2014, vintage="iec-2014", note="", **IEC_2014)
    city = label_2019.str.extract(r"^0101-(\d+)$")[0]
    new = base.assign(vintage="nahia-2019", note="", code=_pd_code(city))
    new["rural_district"] = ("AF" + label_2019).fillna(district_2014).where(city.isna(), "")
    new.loc[city.notna(), "note"] = "rural Deh Sabz in the list of 2014"
    return pd.concat([old[listed_2014], _cite(new, label_2019.notna())], ignore_index=True)


def _fact_rows(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the published statements that name a locality and are not already in the lists."""
    in_lists = facts.coordinate_source.str.startswith("IEC 2014 matched centre").fillna(False)
    # The lists of 2009/10 gave these centres no nahia number, so they label nothing.
    unlabelled = facts.quote_or_field.str.contains('"KABUL" without nahia')
    placeless = facts.locality_en.str.contains(NOT_A_LOCALITY)
    facts = facts[~(in_lists | unlabelled | placeless)]
    number = facts.pd.str.extract(r"^(\d+)")[0]
    hawza = facts.pd.str.contains("hawza") | facts.quote_or_field.str.contains(
        "حوز|police district|security", case=False
    )
    year = facts.claim_date.str.extract(r"(\d{4})")[0].astype(float)
    precision_m = facts.coordinate_precision_m.astype(float)
    rows = _places(
        facts.locality_en,
        facts.locality_fa,
        facts.astype({"lon": float, "lat": float}),
        precision_m,
    )
    early = year < 2013  # before the list of 2014: kept for the record, draws no line
    return rows.assign(
        code=_pd_code(number),
        system=np.where(hawza, "hawza", "nahia"),
        vintage=np.where(year < 2018, "iec-2014", "nahia-2019"),
        confidence=facts.confidence,
        source=facts.claim_source.map(_short_source),
        date=facts.claim_date.map(_short_date),
        position_from=facts.coordinate_source.map(_position_from),
        doubt=np.select(
            [facts.pd.str.contains("hawza"), early, facts.confidence == "low"],
            [HAWZA_18, EARLY, UNSURE],
            "",
        ),
        note="",
    )


def _places(
    name: "pd.Series[str]",
    name_fa: "pd.Series[str]",
    at: pd.DataFrame,
    precision_m: "pd.Series[float]",
) -> pd.DataFrame:
    """Return rows with name, position and the confidence that their precision allows."""
    wrong, village = precision_m >= WRONG_PLACE_M, precision_m > BUILDING_PRECISION_M
    return pd.DataFrame(
        {
            "locality": name,
            "locality_fa": name_fa.fillna(""),
            "code": "",
            "rural_district": "",
            "system": "nahia",
            "lon": at.lon,
            "lat": at.lat,
            "precision_m": precision_m,
            "confidence": np.select([wrong, village], ["low", "medium"], "high"),
            "position_from": "list of 2014",
            "doubt": "",
        }
    )


def _pd_code(number: "pd.Series[str]") -> "pd.Series[str]":
    """Return AF-KBL-PD22 for 22, and an empty code for a missing number."""
    digits = number.astype("Float64").astype("Int64").astype("string")
    return ("AF-KBL-PD" + digits).fillna("").astype(object)


def _cite(rows: pd.DataFrame, relisted: "pd.Series[bool]") -> pd.DataFrame:
    """Cite the list of 2018/19 where the locality was relisted, else carry the label of 2014."""
    rows["source"] = np.where(relisted, IEC_2019["source"], IEC_2014["source"])
    rows["date"] = np.where(relisted, IEC_2019["date"], IEC_2014["date"])
    rows.loc[~relisted, "note"] = CARRIED
    rows.loc[~relisted & (rows.confidence == "high"), "confidence"] = "medium"
    return rows


def _short_source(text: str) -> str:
    """Return a citation of a few words for the address or repository of a claim."""
    if text.startswith("colincookman"):
        return "IEC Afghanistan 2009/10" if "2009" in text else IEC_2019["source"]
    address = re.search(r"https?://\S+", text)
    if address is None:
        return "Kabul Municipality (km.gov.af)"
    parts = urlsplit(unquote(address[0]))
    host = re.sub(r"^(www|en)\.", "", parts.netloc)
    page = re.match(r"/(\d+)", parts.path)
    return (
        f"{PUBLISHERS.get(host, host)} ({host}/{page[1]})" if page else PUBLISHERS.get(host, host)
    )


def _short_date(text: str) -> str:
    """Return the date of a claim, with "after" or "c." where the source gives no more."""
    date = re.search(r"\d{4}-\d{4}|\d{4}(-\d\d(?!\d)){0,2}", text)
    if date is None:
        return "undated"
    certainty = re.search(r"\bafter\b|\bbefore\b", text)
    vague = "c. " if re.search(r"undated|^c\.", text) else ""
    return (certainty[0] + " " if certainty and vague else vague) + date[0]


def _position_from(coordinate_source: str | float) -> str:
    """Return in a few words where the coordinate of a statement comes from."""
    if not isinstance(coordinate_source, str):
        return ""
    gazetteer = re.match(r"GeoNames gn:(\d+)", coordinate_source)
    if gazetteer:
        return f"GeoNames {gazetteer[1]}"
    return "list of 2014" if coordinate_source.startswith("IEC") else "the statement itself"


def _name_localities(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop building names; number the localities that had no other name."""
    # Where the Latin name held a building, so does the Persian one, often too garbled to see.
    holds_building = [
        bool(BUILDING_NAME.search(n) or BUILDING_WORD.search(n)) for n in rows.locality
    ]
    persian = [
        "" if held else _persian_name(name)
        for held, name in zip(holds_building, rows.locality_fa, strict=True)
    ]
    rows = rows.assign(locality=rows.locality.map(locality_name), locality_fa=persian)
    rows = rows[(rows.locality != "") | rows.lon.notna()].reset_index(drop=True)
    nameless = rows.locality == ""
    in_city = rows.code != ""
    label = rows.code.str.removeprefix("AF-KBL-").where(in_city, rows.rural_district.map(RURAL))
    # One number per label and position, so that a locality keeps its number in every vintage.
    place = rows.lon.astype(str) + " " + rows.lat.astype(str)
    numbers = place[nameless].groupby(label[nameless]).rank(method="dense").astype(int)
    rows.loc[nameless, "locality"] = label[nameless] + " locality " + numbers.astype(str)
    rows.loc[nameless, "locality_fa"] = ""
    return rows


def locality_name(name: str) -> str:
    """Return the name without brackets, nahia numbers and buildings; empty if nothing is left.

    Examples
    --------
    >>> locality_name("Khair Khana Kindergarten")
    'Khair Khana'
    """
    name = re.sub(r"\s*\([^)]*\)|, next to .*| (camps|area)\b", "", name)
    name = re.sub(
        r"_?\b(Nahia|District)[ _-]?(no\.)?\d+\b(\s*[/,])?", "", name, flags=re.IGNORECASE
    )
    name = name.replace("villa*", "village")
    pieces = [p for p in re.split(r",| and ", name) if not BUILDING_NAME.search(p)]
    pieces = [BUILDING_WORD.sub(r"\g<rest>", piece) for piece in pieces]
    pieces = [re.sub(r"-E$", "", piece.strip(" -")) for piece in pieces]
    name = re.sub(r"\s+", " ", ", ".join(piece for piece in pieces if piece))
    return CAPITAL_PARTICLE.sub(lambda particle: particle[0].lower(), name)


def _persian_name(name: str) -> str:
    """Return the Persian spelling without building words, empty where it is debris."""
    if DEBRIS_FA.search(name):
        return ""
    return re.sub(r"\s+", " ", BUILDING_FA.sub("", NAHIA_FA.sub("", name))).strip(" ،,")


def _place_bagrami_centre(rows: pd.DataFrame) -> pd.DataFrame:
    """Put nahia 22's "Bagrami" also where the list of 2014 has the locality Bagrami.

    The list of 2018/19 has Bagrami twice: as nahia 22, and as rural with the position of 2014,
    2 km east of the village point. Both stay; the rural one is doubted, so it draws no line. The
    centre is an area from the one position to the other, so points between them stand for it.
    """
    bagrami = (rows.locality == "Bagrami") & (rows.vintage == "nahia-2019")
    rural = bagrami & (rows.rural_district == "AF0104")
    centre = rows[rural].assign(
        code="AF-KBL-PD22",
        rural_district="",
        precision_m=1500.0,
        confidence="medium",
    )
    rows.loc[rural, "doubt"] = TWICE_BAGRAMI
    between = pd.concat(
        [
            centre.assign(
                lon=lon,
                lat=lat,
                precision_m=700.0,
                source="geoloc",  # nobody said it of these points
                date="2026",
                position_from="between two others",
                note=OF_AREA,
            )
            for lon, lat in BAGRAMI_CENTRE
        ]
    )
    return pd.concat([rows, centre, between], ignore_index=True)


def _replace_old_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop the carried labels of 2014 where a newer statement labels the same place."""
    carried = rows.note == CARRIED
    newer = rows[(rows.vintage == "nahia-2019") & ~carried & rows.lon.notna()]
    gap_m = _distances_m(rows[carried], newer).min(axis=1)
    current: pd.DataFrame = rows.drop(index=rows.index[carried][gap_m <= SAME_PLACE_M])
    return current.reset_index(drop=True)


def _distances_m(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Return the matrix of distances in metres; inf where a position is unknown."""
    step = a[["lon", "lat"]].to_numpy(float)[:, None] - b[["lon", "lat"]].to_numpy(float)[None]
    distance_m: np.ndarray = np.hypot(*(step * METRES_PER_DEG).T).T
    return np.where(np.isnan(distance_m), np.inf, distance_m)


def generalise(rows: pd.DataFrame) -> pd.DataFrame:
    """Snap rows to their grid and merge those of one locality, label and cell.

    The grid is fixed, so releasing the table twice reveals nothing that one release did not;
    a random displacement could be averaged away.
    """
    unnamed = rows.locality.str.fullmatch(UNNAMED)
    step = np.where(unnamed, UNNAMED_DEG, SNAP_DEG)
    least_m = np.where(unnamed, UNNAMED_PRECISION_M, LEAST_PRECISION_M)
    snapped = rows.assign(
        key=rows.locality.map(locality_key),
        lon=(np.rint(rows.lon / step) * step).round(4),
        lat=(np.rint(rows.lat / step) * step).round(4),
        precision_m=rows.precision_m.clip(lower=least_m),
        locality_fa=rows.locality_fa.mask(rows.locality_fa == ""),
    )
    cells = snapped.sort_values(["precision_m", "locality"], kind="stable").groupby(
        ["key", *STATEMENT, "lon", "lat"], dropna=False, sort=False
    )
    # The most precise row speaks for the cell; `first` skips missing values.
    merged = cells.first().reset_index().fillna({"locality_fa": ""})
    return merged[COLUMNS]


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Say why a row draws no line, and mark it low, so that nothing is left out silently."""
    doubt = table.doubt.mask((table.doubt == "") & table.lon.isna(), UNPLACED)
    doubt = doubt.mask((doubt == "") & (table.precision_m >= WRONG_PLACE_M), FAR_OFF)
    for reason, cells in JUDGED.items():
        for vintages, code, lon, lat in cells:
            at = (table.lon == lon) & (table.lat == lat) & (table.code == code)
            for vintage in vintages:
                if not (found := at & (table.vintage == vintage)).any():
                    raise ValueError(f"no row of {vintage} {code!r} at {lon}, {lat}: {reason}")
                doubt = doubt.mask(found, reason)
    return table.assign(doubt=doubt, confidence=table.confidence.mask(doubt != "", "low"))


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by vintage, label, name and position, and give each row an id: `19-22-3`.

    Year of the vintage, number of the police district (0 for a rural one), place in the list.
    """
    order = table.code.str.extract(r"(\d+)$")[0].fillna("0").astype(int)
    by = ["vintage", "rural_district", "locality", "lon", "lat", "source", "date"]
    table = table.assign(order=order).sort_values([by[0], "order", *by[1:]], kind="stable")
    place = table.groupby(["vintage", "order"]).cumcount() + 1
    year = table.vintage.str[-2:]
    ids = year + "-" + table.order.astype(str) + "-" + place.astype(str)
    return table.drop(columns="order").assign(id=ids).reset_index(drop=True)


def locality_key(name: str) -> str:
    """Return a form in which "Kart-E-Parwan" and "Kart e Parwan" are one name."""
    return re.sub(r"\be\b|[^a-z0-9]", "", name.lower().replace("-", " "))
