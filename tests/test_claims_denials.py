"""What a text says did not happen is no claim that it did."""

from __future__ import annotations

import datetime as dt

import pytest

from geoloc import parse_claims


@pytest.mark.parametrize(
    ("text", "events", "denied"),
    [
        ("The search did not take place in Bagrami but in Paghman district.",
         {"AF0102"}, {"AF0104"}),
        ("No raid was carried out in PD 11 last night, police said.", set(), {"AF-KBL-PD11"}),
        ("In PD 11, no raid took place.", set(), {"AF-KBL-PD11"}),
        ("There was no operation in Shakardara district, a spokesman said.", set(), {"AF0106"}),
        ("Taliban forces never raided PD13.", set(), {"AF-KBL-PD13"}),
        ("PD14 was not attacked.", set(), {"AF-KBL-PD14"}),
        ("The attack happened in Deh Sabz, not in Bagrami.", {"AF0105"}, {"AF0104"}),
        ("The raid was in PD6 and not PD9.", {"AF-KBL-PD6"}, {"AF-KBL-PD9"}),
        ("It was not in PD4 or PD5 but in PD6 that the blast occurred.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4", "AF-KBL-PD5"}),
        ("Neither in PD 4 nor in PD 5 was anyone killed.", set(), {"AF-KBL-PD4", "AF-KBL-PD5"}),
        ("A blast shook Paghman, rather than Bagrami.", {"AF0102"}, {"AF0104"}),
        ("The ministry rejected reports of a raid in PD16.", set(), {"AF-KBL-PD16"}),
        ("The raid in PD15 was denied by a spokesman.", set(), {"AF-KBL-PD15"}),
        ("Police put the raid in PD9, contrary to reports that it was in PD10.",
         {"AF-KBL-PD9"}, {"AF-KBL-PD10"}),
        ("در ناحیه ششم هیچ عملیاتی انجام نشد.", set(), {"AF-KBL-PD6"}),
        ("حمله در پغمان رخ نداد بلکه در بگرامی رخ داد.", {"AF0104"}, {"AF0102"}),
        ("حادثه نه در پغمان بلکه در بگرامی رخ داد.", {"AF0104"}, {"AF0102"}),
        ("حمله په پغمان کې نه، په بګرامي ولسوالۍ کې وشوه.", {"AF0104"}, {"AF0102"}),
        ("په ۱۲مه ناحیه کې هیڅ برید نه دی شوی.", set(), {"AF-KBL-PD12"}),
        ("په څلورمه ناحیه کې چاودنه نه ده شوې.", set(), {"AF-KBL-PD4"}),
        ("په څلورمه ناحیه کې برید نه دی شوی.", set(), {"AF-KBL-PD4"}),
        ("برید په څلورمه ناحیه کې نه و، په شپږمه ناحیه کې و.", {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("حمله در ناحیه ۴ نبود، در ناحیه ۶ بود.", {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("The blast wasn't in Paghman as initially reported but in Bagrami.",
         {"AF0104"}, {"AF0102"}),
        ("It wasn't in PD 4 as first reported: the blast took place in PD 6",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("Initially reported in PD 4, the blast actually happened in PD 6.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("Officials said no civilians were killed in PD 4.", set(), {"AF-KBL-PD4"}),
        ("No civilians were killed in PD 4, five fighters died in PD 6.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("No civilians were killed in the raid in PD 4.", {"AF-KBL-PD4"}, set()),
        ("Unlike in PD 4, a raid took place in PD 6.", {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("PD2 was raided but PD1 was not.", {"AF-KBL-PD2"}, {"AF-KBL-PD1"}),
        ("PD 2 was raided, PD 3 wasn't raided.", {"AF-KBL-PD2"}, {"AF-KBL-PD3"}),
        ("The attack was in PD 4 and PD 6 was not attacked.", {"AF-KBL-PD4"}, {"AF-KBL-PD6"}),
        ("Neither the raid in PD 4 nor the arrests in PD 6 took place.",
         set(), {"AF-KBL-PD4", "AF-KBL-PD6"}),
        ("PD 4 was not the site of the raid.", set(), {"AF-KBL-PD4"}),
        ("Zadran said there had been no raid in PD 4 and that the blast was in PD 6.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        # The denial ends where what happened instead begins.
        ("Contrary to reports of a blast in PD 4, the blast took place in PD 6.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("برخلاف گزارش‌ها از انفجار در ناحیه ۴، انفجار در ناحیه ۶ رخ داد.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("Police denied a raid in PD 4 and said it was in PD 6.", {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("Police denied a raid in PD 4, saying two thieves were arrested in PD 6.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        ("زدران انفجار در ناحیه ۴ را رد کرد و گفت که در ناحیه ۶ بود.",
         {"AF-KBL-PD6"}, {"AF-KBL-PD4"}),
        # What is taken for granted, or denied of something else, stays.
        ("No one was killed in the raid in Bagrami.", {"AF0104"}, set()),
        ("The raid in Bagrami did not kill anyone.", {"AF0104"}, set()),
        ("Officials denied responsibility for the attack in Bagrami.", {"AF0104"}, set()),
        ("Although officials denied it, relatives said that PD4 was raided.",
         {"AF-KBL-PD4"}, set()),
        ("Not only PD5 but also PD6 was raided.", {"AF-KBL-PD5", "AF-KBL-PD6"}, set()),
        ("در حمله بالای پغمان کسی کشته نشد.", {"AF0102"}, set()),
    ],
)  # fmt: skip
def test_a_denied_place_is_no_event_place(text: str, events: set[str], denied: set[str]) -> None:
    """It is a mention, and what is open names it with the reason."""
    (claim,) = parse_claims(text)
    assert {place.code for place in claim.event_places} == events
    mentions = {place.code for place in claim.places if place.why == "denied"}
    assert mentions == denied
    left = {each.text for each in claim.unresolved if each.why == "denied"}
    assert left == {place.text for place in claim.places if place.why == "denied"}


@pytest.mark.parametrize(
    ("text", "stay"),
    [
        ("Five people were not killed in Paghman district, the ministry said.", []),
        ("Reports that four men were killed in PD 9 are false.", []),
        ("It was not true that five men were killed in PD8.", []),
        ("There was no evidence that five men were killed in PD8.", []),
        ("Two were killed in PD 3, and police denied that three were arrested.", [("killed", 2)]),
        ("Nobody was arrested in PD3, but two men were killed in PD4.",
         [("captured", 0), ("killed", 2)]),
        ("سخنگو کشته شدن پنج تن در بگرامی را رد کرد.", []),
        ("این خبر که سه تن در ناحیه نهم کشته شدند نادرست است.", []),
        ("پنج تن در ناحیه نهم کشته نشدند.", []),
        ("The Taliban denied that eleven civilians were killed in PD 4, saying that only two"
         " militants died.", [("killed", 2)]),
        ("دا خبره چې په پغمان کې درې تنه وژل شوي دروغ دي.", []),
        ("په پنځمه ناحیه کې څوک نه دي وژل شوي.", []),
    ],
)  # fmt: skip
def test_a_denied_figure_counts_nobody(text: str, stay: list[tuple[str, int]]) -> None:
    """Only what is not denied stays, and `nobody` is a figure: none."""
    (claim,) = parse_claims(text)
    assert [(toll.outcome, toll.min) for toll in claim.tolls] == stay
    assert any("denied" in each.why for each in claim.unresolved)


def test_what_did_not_happen_dates_nothing() -> None:
    """The day of a raid that did not take place is not taken for the next sentence."""
    _, told = parse_claims(
        "No raid took place in PD11 on 8 May 2023. Three men were killed in PD12."
    )
    assert told.event_date is None
    _, told = parse_claims("A raid took place in PD11 on 8 May 2023. Three men were killed there.")
    assert told.event_date == dt.date(2023, 5, 8)


@pytest.mark.parametrize(
    ("text", "denier", "teller", "outcome", "most"),
    [
        ("سخنگوی وزارت داخله می‌گوید هیچ کسی در بگرامی بازداشت نشده است، ولی خانواده‌ها از"
         " بازداشت هفت نفر خبر می‌دهند.", "سخنگوی وزارت داخله", "خانواده\u200cها", "captured", 7),
        ("پولیس می‌گوید هیچ کسی در بگرامی کشته نشده است، ولی باشندگان از کشته شدن هفت نفر خبر"
         " می‌دهند.", "پولیس", "باشندگان", "killed", 7),
        ("Police say nobody was arrested in Paghman, but families report seven arrests.",
         "Police", "families", "captured", 7),
        ("Police say no men were arrested in PD 4, but families of the detained report five"
         " arrests.", "Police", "families", "captured", 5),
        ("Officials said no civilians were killed in Bagrami, although residents report three"
         " deaths.", "Officials", "residents", "killed", 3),
    ],
)  # fmt: skip
def test_who_denies_it_is_not_given_what_others_tell(
    text: str, denier: str, teller: str, outcome: str, most: int
) -> None:
    """Behind `but` the families speak, and what they tell is their claim alone."""
    denied, told = parse_claims(text)
    assert (denied.claimant, told.claimant) == (denier, teller)
    assert all(toll.max == 0 for toll in denied.tolls)
    toll = told.toll(outcome)
    assert toll is not None
    assert toll.max == most
