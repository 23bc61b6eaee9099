"""Texts to claims: places, dates, numbers, who says so, and what stays open."""

from __future__ import annotations

import datetime as dt

import pytest

from geoloc import claims, parse_claims
from geoloc.claims import ParsedClaim, Place

PUBLISHED = dt.date(2023, 9, 14)  # a Thursday


def only(text: str, published: dt.date | None = PUBLISHED) -> ParsedClaim:
    """Return the one claim of a text."""
    (claim,) = parse_claims(text, published=published)
    return claim


def event_codes(claim: ParsedClaim) -> set[str]:
    """Return the codes of the units where a claim says that something happened."""
    return {place.code for place in claim.event_places if place.code}


def the(claim: ParsedClaim, text: str) -> Place:
    """Return the place that is written so."""
    (place,) = (place for place in claim.places if text in place.text)
    return place


SENTENCES = [
    (
        "Police said on Saturday that four gunmen had been killed in PD17 of Kabul.",
        "police", "2023-09-09", {"AF-KBL-PD17"}, (4, 4), None,
    ),
    (
        "Two men were arrested and at least six fighters killed during a search in Paghman district"
        " yesterday, the interior ministry announced.",
        "interior ministry", "2023-09-13", {"AF0102"}, (6, None), (2, 2),
    ),
    (
        "According to Kabir Stanekzai, nine people died in a blast near Deh Sabz on 2 September.",
        "Kabir Stanekzai", "2023-09-02", {"AF0105"}, (9, 9), None,
    ),
    (
        "The Badloon agency reported that a policeman and two guards were killed in the ninth"
        " police district last night.",
        "Badloon agency", "2023-09-13", {"AF-KBL-PD9"}, (3, 3), None,
    ),
    (
        "سخنگوی پولیس گفت که شام ۲۰ سنبله ۱۴۰۲ در ناحیه پانزدهم شهر کابل سه تن کشته و دو تن بازداشت"
        " شدند.",
        "سخنگوی پولیس", "2023-09-11", {"AF-KBL-PD15"}, (3, 3), (2, 2),
    ),
    (
        "به گفتهٔ باشندگان، روز سه‌شنبه در ولسوالی چهارآسیاب دست‌کم هفت نفر کشته شدند.",
        "باشندگان", "2023-09-12", {"AF0103"}, (7, None), None,
    ),
    (
        "د امنیې قوماندانۍ ویاند وویل چې پرون د کابل په اوولسمه ناحیه کې څلور تنه ووژل شول او پنځه"
        " کسان ونیول شول.",
        "د امنیې قوماندانۍ ویاند", "2023-09-13", {"AF-KBL-PD17"}, (4, 4), (5, 5),
    ),
    (
        "په پغمان ولسوالۍ کې د سنبلې په ۲۰مه لږ تر لږه اته تنه ووژل شول.",
        None, "2023-09-11", {"AF0102"}, (8, None), None,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "who", "day", "codes", "killed", "captured"), SENTENCES)
def test_a_sentence_becomes_a_claim(
    text: str,
    who: str | None,
    day: str,
    codes: set[str],
    killed: tuple[int, int | None],
    captured: tuple[int, int | None] | None,
) -> None:
    """In each of the three languages: who, when, where and how many."""
    claim = only(text)
    assert (claim.claimant or "").casefold() == (who or "").casefold()
    assert claim.event_date == dt.date.fromisoformat(day)
    assert event_codes(claim) == codes
    dead, taken = claim.toll("killed"), claim.toll("captured")
    assert dead
    assert (dead.min, dead.max) == killed
    assert (taken and (taken.min, taken.max)) == captured


@pytest.mark.parametrize("text", [text for text, *_ in SENTENCES])
def test_everything_points_to_its_characters(text: str) -> None:
    """Cutting the text at a span gives the words that were read."""
    for claim in parse_claims(f"\ufeff  Intro. ﷺ e\u0301\n\n{text}", published=PUBLISHED):
        whole = f"\ufeff  Intro. ﷺ e\u0301\n\n{text}"
        pieces = [(claim.text, claim.span), *claim.hedges]
        pieces += [(each.text, each.span) for each in claim.places]
        pieces += [(each.text, each.span) for each in claim.tolls]
        pieces += [(each.text, each.span) for each in claim.dates]
        pieces += [(each.text, each.span) for each in claim.unresolved]
        for words, span in pieces:
            assert whole[span.start : span.end] == words


@pytest.mark.parametrize(
    "text",
    [
        "Dasht-e Barchi, a Twitter user with 900 followers, shared a video of the raid in PD3.",
        "Photos of the raid in PD3 were posted by Khair Khana on Telegram.",
        "User Khair Khana said the attack hit PD3.",
        "کاربر خیرخانه نوشت که در ناحیه سوم حمله شد.",
    ],
)
def test_an_account_is_no_place(text: str) -> None:
    """A name that is a place's and somebody's puts no event there."""
    claim = only(text)
    assert event_codes(claim) == {"AF-KBL-PD3"}
    assert not [p for p in claim.event_places if "Barchi" in p.text or "Khair" in p.text]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("د بګرامیو ولسوالۍ په یوه کور کې پنځه تنه ووژل شول.", "AF0104"),
        ("د شکردرې ولسوالۍ کې یو تن ووژل شو.", "AF0106"),
        ("د ده سبزو په ولسوالۍ کې چاودنه وشوه.", "AF0105"),
        ("د چهارآسیابو په ولسوالۍ کې درې تنه ووژل شول.", "AF0103"),
        ("د لوګر په ولایت کې چاودنه وشوه.", "AF05"),
        ("عملیات په بګرامیو کې وشول.", "AF0104"),
    ],
)
def test_a_name_in_pashtos_oblique_case(text: str, code: str) -> None:
    """The ending of a case and the word order of Pashto hide no district."""
    assert event_codes(only(text)) == {code}


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("The blast was 300 metres from PD10 headquarters.", "300 metres from PD10"),
        ("A bomb went off outside Bagrami district.", "outside Bagrami district"),
        ("Gunmen killed a guard not far from Pul-e Charkhi.", "not far from Pul-e Charkhi"),
        ("A raid took place two kilometres from Butkhak.", "two kilometres from Butkhak"),
        ("انفجار در ۳۰۰ متری ناحیه دهم رخ داد.", "۳۰۰ متری ناحیه دهم"),
    ],
)
def test_beside_a_place_is_not_in_it(text: str, near: str) -> None:
    """A stated distance makes the event's place the area around, which names no unit."""
    claim = only(text)
    (place,) = claim.event_places
    assert (place.text, place.code, place.senses) == (near, None, ())
    assert place.candidates[0].kind == "area"
    assert any(each.text == near and "near it" in each.why for each in claim.unresolved)


def test_whose_home_or_office_it_is() -> None:
    """People of a police district are no event in it."""
    claim = only("Two people from PD10 and the police chief of PD12 were killed in PD9.")
    assert event_codes(claim) == {"AF-KBL-PD9"}


def test_roles_are_told_apart() -> None:
    """Where it happened, where the source is, and what is only named."""
    claim = only(
        "A Herat-based radio station said that fighters from Panjshir were captured in a raid in"
        " Bagrami district, east of Kabul city, after the governor of Parwan had visited."
    )
    roles = {place.text: place.role for place in claim.places}
    assert roles == {
        "Herat-based": "source",
        "Panjshir": "mention",
        "Bagrami district": "event",
        "Kabul city": "mention",
        "Parwan": "mention",
    }
    (direction,) = claim.directions
    assert (direction.text, direction.azimuth_deg) == ("east of Kabul city", 90)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (
            "Four men were taken from their houses in Khair Khana and arrested, a resident said.",
            "resident",
        ),
        (
            "Citing sources, Badloon Radio, a Kabul-based network, said that PD4 was raided.",
            "Badloon Radio",
        ),
        ("Five men were killed in PD4, a guard said.", "guard"),
        ("Although officials denied it, relatives said that PD4 was raided.", "relatives"),
        ("An alleged member was killed in PD4.", None),
        (
            "Some groups and [NOTE: GRAPHIC] users claimed the house in PD4 was raided.",
            "groups and [NOTE: GRAPHIC] users",
        ),
        ("Figure: the house that was raided in PD4.", None),
        ("No group has claimed the attack in PD4.", None),
        ("It was quiet, with no raid in PD4 reported since March.", None),
        ("کشته شدن سه عضو در ناحیه چهارم تایید شد.", None),
        ("به نقل از رادیو بادلون، در ناحیه چهارم حمله شد.", "رادیو بادلون"),
        ("د بادلون راډیو په وینا په څلورمه ناحیه کې برید وشو.", "بادلون راډیو"),
    ],
)
def test_who_says_it(text: str, who: str | None) -> None:
    """Before the claim, behind it, or after what introduces it."""
    assert only(text).claimant == who


@pytest.mark.parametrize(
    "text",
    [
        "Kabul University condemned the raid in PD4.",
        "The raid in PD4 killed a group from Islamic State Khorasan Province.",
        "The mayor of Herat condemned the raid in PD4.",
        "Wahid Paghman, an activist, said that the raid in PD4 was over.",
    ],
)
def test_a_name_beside_the_event_is_not_its_place(text: str) -> None:
    """Institutions, groups, offices and people carry names of places."""
    (place,) = only(text).event_places
    assert place.code == "AF-KBL-PD4"


def test_two_events_of_a_sentence_are_two_claims() -> None:
    """What happened in two places is not claimed of one place in both."""
    first, second = parse_claims(
        "One operation took place in Paghman district, and another in Deh Sabz district."
    )
    assert (event_codes(first), event_codes(second)) == ({"AF0102"}, {"AF0105"})


def test_the_names_of_a_list_are_places_apart() -> None:
    """`Provinces` says which of two namesakes is meant, and each is a group of its own."""
    claim = only("Attacks were reported in the provinces of Kabul, Herat and Balkh.")
    assert {place.code for place in claim.event_places} == {"AF01", "AF32", "AF21"}
    assert len({place.group for place in claim.event_places}) == 3
    assert claim.agreement == ()


def test_units_of_one_place_are_compared() -> None:
    """PD22 lies in Bagrami almost whole and is a small part of it; PD13 is not there at all."""
    (near,) = only("A raid hit Bagrami district, PD22.").agreement
    assert (near.a, near.b) == ("AF0104", "AF-KBL-PD22")
    assert near.b_in_a is not None
    assert near.a_in_b is not None
    assert near.b_in_a > 0.95
    assert 0.005 < near.a_in_b < 0.2
    (apart,) = only("A raid hit Bagrami district, PD13.").agreement
    assert apart.disjoint


def test_the_same_place_as_another_event() -> None:
    """The other event's day is kept apart from the day of this one."""
    claim = only(
        "On 3 September a raid hit Bagrami district, the same place as the attack of 28 August."
    )
    assert claim.event_date == dt.date(2023, 9, 3)
    assert claim.same_place_as
    assert claim.same_place_as.date == dt.date(2023, 8, 28)


def test_a_report_without_a_date_is_of_the_event_before() -> None:
    """It says so; the claim does not pretend that the sentence gave a date."""
    first, second, third = parse_claims(
        "Four men were killed in PD12 on 1 September.\n\n"
        "On 2 September, Wahid Rasooli said that three were captured.\n\n"
        "He added that the raid was in PD12.",
        PUBLISHED,
    )
    assert [claim.event_date for claim in (first, second, third)] == [dt.date(2023, 9, 1)] * 3
    assert [claim.date_from for claim in (first, second, third)] == ["stated", "earlier", "earlier"]
    assert third.claimant == "Wahid Rasooli"


def test_a_day_without_any_year_stays_open() -> None:
    """Without a day of publication or a full date the year is not guessed."""
    claim = only("Four men were killed in PD12 on 1 September.", None)
    assert claim.event_date is None
    assert "no year" in claim.unresolved[0].why


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Several fighters were killed in PD4.", "no number"),
        ("شماری از افراد در ناحیه چهارم کشته شدند.", "no number"),
        ("Six men were killed or captured in PD4.", "not said"),
        ("A raid hit PD31.", "PD1 to PD22"),
        ("A raid hit Kabul.", "AF01"),
        ("A raid hit PD18.", "hawza"),
        ("A raid on 08/05/2023 hit PD4.", "2023-08-05"),
        ("A raid on 18 Shawwal 1444 hit PD4.", "moon"),
        ("A raid on Tuesday, 8 May 2023, hit PD4.", "Monday"),
        ("A raid on 31 April 2023 hit PD4.", "no such day"),
    ],
)
def test_what_cannot_be_settled_is_named(text: str, words: str) -> None:
    """Each open reading says why it is open."""
    claim = only(text)
    assert any(words in each.why for each in claim.unresolved), claim.unresolved


@pytest.mark.parametrize(
    ("text", "hedged"),
    [
        ("Five alleged members were killed in PD5.", True),
        ("Five members were reportedly killed in PD5.", True),
        ("گفته می‌شود که در ناحیه پنجم پنج تن کشته شدند.", True),
        ("ویل کېږي چې په پنځمه ناحیه کې پنځه تنه ووژل شول.", True),
        ("Police have not confirmed that three men were killed in PD5.", True),
        ("It is unclear if five or six men were killed in PD5.", True),
        ("معلوم نیست که در ناحیه پنجم چند تن کشته شدند.", True),
        ("Five members were killed in PD5.", False),
        ("در ناحیه پنجم پنج تن کشته شدند.", False),
    ],
)
def test_hedging_is_heard(text: str, hedged: bool) -> None:
    """Alleged, reportedly, گفته می‌شود, ویل کېږي."""
    assert only(text).hedged is hedged


@pytest.mark.parametrize(
    ("text", "outcome", "least", "most"),
    [
        ("one woman and three boys were captured alive in PD5", "captured", 4, 4),
        ("one of three members killed in PD5 was a cook", "killed", 3, 3),
        ("more than ten people were wounded in PD5", "wounded", 11, None),
        ("between four and six militants were killed in PD5", "killed", 4, 6),
        ("up to 12 people were killed in PD5", "killed", 0, 12),
        ("two raids in PD5 killed eight", "killed", 8, 8),
        ("two women were reportedly taken from Kart-e Naw", "captured", 2, 2),
        ("the bodies of two boys were found after the raid in PD5", "bodies", 2, 2),
        ("twenty-two people were killed in PD5", "killed", 22, 22),
        ("بیست و دو تن در ناحیه پنجم کشته شدند", "killed", 22, 22),
        ("په پنځمه ناحیه کې دوه ویشت تنه ووژل شول", "killed", 22, 22),
        ("two vehicles and a man were captured in PD5", "captured", 1, 1),
        ("killing eight people, five women and three men, in PD5", "killed", 8, 8),
        ("three people, among them a child, were killed in PD5", "killed", 3, 3),
        ("جسد دو مرد از ناحیه پنجم پیدا شد", "bodies", 2, 2),
        ("په پنځمه ناحیه کې یوه ښځه او دوه ماشومان ونیول شول", "captured", 3, 3),
        ("the gunmen killed 1,200 chickens and 3 men in PD5", "killed", 3, 3),
        ("three dogs and two men were killed in PD5", "killed", 2, 2),
        ("کشته شدن دست‌کم هفت عضو در ناحیه هشتم تایید شد", "killed", 7, None),
        ("نه نفر در ناحیه هشتم کشته شدند", "killed", 9, 9),
        ("killed two men and a woman in PD5", "killed", 3, 3),
        ("two men, a woman and a child were killed in PD5", "killed", 4, 4),
        ("two men, a guard and a fighter, were killed in PD5", "killed", 2, 2),
    ],
)
def test_people_are_counted(text: str, outcome: str, least: int, most: int | None) -> None:
    """As digits or words; raids, vehicles, dates and districts are no people."""
    toll = only(text).toll(outcome)
    assert toll
    assert (toll.min, toll.max) == (least, most)


@pytest.mark.parametrize(
    "text",
    [
        "In 2018 fighters were killed in PD5.",
        "A raid on 5 May hit PD5, killing nobody.",
        "Five houses were captured in PD5.",
        "On May 5 a raid hit PD 11, killed were none.",
        "Members of the group were killed in 14 raids in PD5.",
        "The raid in PD5 killed 20 sheep.",
        "A 10-day operation in PD5 captured men.",
        "Ahmad, 25, was killed in PD5.",
        "Ahmad (25) was killed in PD5.",
        "احمد، ۲۵، در ناحیه پنجم کشته شد.",
        "احمد ۳۰ ساله و محمود ۲۵ ساله در ناحیه پنجم کشته شدند.",
        "Abu Omar 313 was killed in PD5.",
        "Battalion 313 fighters were killed in PD5.",
        "Flight 101 passengers arrested in PD5.",
        "A 7- and a 9-year-old were killed in PD5.",
        "The mother of 5 was killed in PD5.",
        "No civilians were killed in PD5.",
        "A resident said fighters were killed in PD5.",
        "#5 suspects were arrested in PD5.",
        "The Mi-17 crew were killed in PD5.",
        "The 209 Corps was killed in PD5.",
        "About 8 May 2023 fighters were killed in PD5.",
        "Two gunmen killed the guards in PD5.",
        "A gunman killed people in PD5.",
        "Four- to five-year-old children were killed in PD5.",
        "http://x.com/status/1234 killed in PD5.",
        "\x1b[31mThe raid killed\x1b[0m men in PD5.",
        '{{7*7}} "killed" in PD5.',
    ],
)
def test_other_numbers_are_no_people(text: str) -> None:
    """Years, days, police districts and houses are not counted as dead or captured."""
    assert only(text).tolls == ()


def test_a_name_that_nothing_has_is_left_open() -> None:
    """An unknown village is named as open and gets no code."""
    claim = only("Four men were killed in Zzgrumpf village.")
    assert event_codes(claim) == set()
    assert any("nothing is called so" in each.why for each in claim.unresolved)


def test_the_promised_shape() -> None:
    """The keys of interface.md, with spans and candidates."""
    found = claims.as_json(
        only("Nawid said five men were killed in the Khair Khana area on 2 May.")
    )
    assert {"text_span", "claimant", "event_date", "places", "killed", "captured", "hedged"} <= set(
        found
    )
    assert found["event_date"] == "2023-05-02"
    assert found["killed"] == {
        "min": 5, "max": 5, "text": "five men were killed", "text_span": [11, 31], "about": False,
    }  # fmt: skip
    (place,) = found["places"]
    assert place["role"] == "event"
    assert place["code"] is None
    assert {"AF-KBL-PD11", "AF-KBL-PD15"} <= {
        parent for candidate in place["candidates"] for parent in candidate["parents"]
    }


def test_the_same_text_gives_the_same_claims() -> None:
    """Nothing is left to chance."""
    text = " ".join(text for text, *_ in SENTENCES)
    assert parse_claims(text, PUBLISHED) == parse_claims(text, PUBLISHED)


@pytest.mark.parametrize(
    ("text", "day", "left_open"),
    [
        ("شب گذشته، پنجشنبه ۲۰ دلو ۱۴۰۱ در ناحیه یازدهم سه تن کشته شدند.", "2023-02-09", True),
        ("Last night, 14 February 2023, three men were killed in PD15.", "2023-02-14", False),
        ("بیستم ماه دلو سال ۱۴۰۱ در ناحیه یازدهم سه تن کشته شدند.", "2023-02-09", False),
    ],
)
def test_a_written_date_wins_over_a_relative_one(text: str, day: str, left_open: bool) -> None:
    """The day that is written counts, and a relative one that disagrees stays open."""
    claim = only(text, dt.date(2023, 2, 15))
    assert (str(claim.event_date), claim.date_from) == (day, "stated")
    assert any("does not agree" in each.why for each in claim.unresolved) == left_open


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Ahmadshah Baba Meena: Three men were killed in Khairkhana (PD 11).",
         "Ahmadshah Baba Meena"),
        ("Panjshir Online: Two men were killed in PD11.", "Panjshir Online"),
        ("BREAKING: Two men were killed in PD11.", None),
        ("Kabul: Two men were killed in PD11.", None),
    ],
)  # fmt: skip
def test_a_name_before_a_colon_speaks(text: str, who: str | None) -> None:
    """`Name:` is who says it, and never where it happened."""
    claim = only(text)
    assert claim.claimant == who
    assert event_codes(claim) == {"AF-KBL-PD11"}
    assert all(place.text not in (who or "") for place in claim.event_places)


def test_nothing_vanishes_silently() -> None:
    """A denied place, a bare date with a district, and nobody killed are all told."""
    denied = only("Sources deny that it was in PD15.")
    assert (the(denied, "PD15").role, the(denied, "PD15").why) == ("mention", "denied")
    bare = only("On 02/13/2023 in PD-8.")
    assert (str(bare.event_date), the(bare, "PD-8").code) == ("2023-02-13", "AF-KBL-PD8")
    for text in ("A raid hit PD15, and no one was killed.", "در ناحیه یازدهم کسی کشته نشد."):
        toll = only(text).toll("killed")
        assert toll is not None
        assert (toll.min, toll.max) == (0, 0)
    assert only("No one has claimed the killing in PD15.").toll("killed") is None


@pytest.mark.parametrize(
    ("text", "codes", "tolls"),
    [
        (
            "Five people were killed in PD 5, and three were wounded.",
            {"AF-KBL-PD5"}, [("killed", 5), ("wounded", 3)],
        ),
        (
            "Two people were killed in PD 5, three in PD 9, and one was captured in Deh Sabz.",
            {"AF-KBL-PD5", "AF-KBL-PD9", "AF0105"}, [("killed", 2), ("captured", 1)],
        ),
        (
            "Two were killed in PD 3 and 5 in PD 4.",
            {"AF-KBL-PD3", "AF-KBL-PD4"}, [("killed", 2)],
        ),
        (
            "Two people were killed in PD 11 and 15 in Kabul.",
            {"AF-KBL-PD11", "AF-KBL-PD15"}, [("killed", 2)],
        ),
    ],
)  # fmt: skip
def test_a_count_behind_a_police_district_is_none(
    text: str, codes: set[str], tolls: list[tuple[str, int]]
) -> None:
    """A number of people that follows `PD 5` is no further district."""
    claim = only(text)
    assert event_codes(claim) == codes
    assert {(toll.outcome, toll.min) for toll in claim.tolls} >= set(tolls)


@pytest.mark.parametrize("date", ["2023-02-30", "30 Hut 1402"])
def test_an_impossible_date_counts_nobody(date: str) -> None:
    """The figures of a day that there is not are no number of dead."""
    claim = only(f"On {date} a man was killed in PD 2.")
    assert [(toll.outcome, toll.min, toll.max) for toll in claim.tolls] == [("killed", 1, 1)]
    assert date in [each.text for each in claim.unresolved]
    assert claim.event_date is None


def test_the_day_of_saying_is_not_that_of_the_event() -> None:
    """A date between the verb of saying and `that` is the report's."""
    said = "Mujahid said on May 9, 2023 that five were killed in Bagrami"
    assert only(f"{said} on May 8, 2023.").event_date == dt.date(2023, 5, 8)
    assert (alone := only(f"{said}.")).event_date == dt.date(2023, 5, 9)
    assert alone.date_from == "report"
