"""Who says it, when it was said, and which places are named for something else."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from geoloc import parse_claims
from geoloc.claims import ParsedClaim, Place, read_dates

PUBLISHED = dt.date(2023, 6, 14)  # a Wednesday


def only(text: str, published: dt.date | None = PUBLISHED) -> ParsedClaim:
    """Return the one claim of a text."""
    (claim,) = parse_claims(text, published=published)
    return claim


def named(claim: ParsedClaim, role: str) -> list[str]:
    """Return the words of the places that have a role."""
    return [place.text for place in claim.places if place.role == role]


def the(claim: ParsedClaim, text: str) -> Place:
    """Return the place that is written so."""
    (place,) = (place for place in claim.places if place.text == text)
    return place


SOLAR_MONTHS = [
    ("حمل", "وري"), ("ثور", "غويي"), ("جوزای", "غبرګولي"), ("سرطان", "چنګاښ"), ("اسد", "زمري"),
    ("سنبلهٔ", "وږي"), ("میزان", "تلې"), ("عقرب", "لړم"), ("قوس", "ليندۍ"), ("جدی", "مرغومي"),
    ("دلو", "سلواغې"), ("حوت", "کب"),
]  # fmt: skip
# The fifth of each month of 1402, from a printed calendar.
FIFTHS = [
    "2023-03-25", "2023-04-25", "2023-05-26", "2023-06-26", "2023-07-27", "2023-08-27",
    "2023-09-27", "2023-10-27", "2023-11-26", "2023-12-26", "2024-01-25", "2024-02-24",
]  # fmt: skip


@pytest.mark.parametrize("month", range(12))
def test_every_solar_month_is_read_in_its_case(month: int) -> None:
    """Dari with ezafe, Pashto in the oblique case, with the year before or behind it."""
    dari, pashto = SOLAR_MONTHS[month]
    day = dt.date.fromisoformat(FIFTHS[month])
    for text in (
        f"۵ {dari} ۱۴۰۲",
        f"پنجم {dari} سال ۱۴۰۲",
        f"د ۱۴۰۲ کال د {pashto} په ۵مه",
        f"د {pashto} ۵مه ۱۴۰۲",
        f"د ۱۴۰۲ کال د {pashto} د میاشتې په ۵مه",
    ):
        (when,) = read_dates(text)
        assert (when.first, when.last) == (day, day), text


@pytest.mark.parametrize("text", ["د وژل شویو شمېر ۵ دی", "باشندگان ناحیه ۴ می‌گویند"])
def test_a_verb_is_no_month(text: str) -> None:
    """`دی` is Pashto for "is", and `می` begins the verbs of Dari."""
    assert read_dates(text, PUBLISHED) == ()


@pytest.mark.parametrize(
    ("text", "who", "day"),
    [
        ("Two men were killed in PD 4, Mujahid said on 9 June 2023.", "Mujahid", "2023-06-09"),
        ("Two men were killed in PD 4, Mujahid tweeted on 9 June.", "Mujahid", "2023-06-09"),
        ("Two men were killed in PD 4, Mujahid told reporters on Monday.", "Mujahid", "2023-06-12"),
        ("Two men were killed in PD 4, UNAMA wrote on 8 May 2023.", "UNAMA", "2023-05-08"),
        ("Two men were killed in PD 4, said Mujahid on 9 June 2023.", "Mujahid", "2023-06-09"),
        ("Mujahid told reporters in Herat on Monday that two men were killed in PD 4.",
         "Mujahid", "2023-06-12"),
        ("Police told Radio Azadi late on Monday that a bomb killed four in PD 12.",
         "Police", "2023-06-12"),
        ("Mujahid tweeted on 9 June 2023: two men were killed in PD 4.", "Mujahid", "2023-06-09"),
        ("Mujahid, in a tweet on 9 June 2023, said that two men were killed in PD 4.",
         "Mujahid", "2023-06-09"),
        ("According to a tweet by Mujahid dated 9 June 2023, two men were killed in PD 4.",
         "Mujahid", "2023-06-09"),
        ("On 9 May 2023 Hasht-e Subh reported that at least five civilians, including a child,"
         " were killed in PD 4.", "Hasht-e Subh", "2023-05-09"),
        ("On Tuesday police said two men were killed in PD 4.", "police", "2023-06-13"),
        ("Yesterday a spokesman said two men were killed in PD 4.", "spokesman", "2023-06-13"),
        ("ISKP claimed responsibility on 9 June 2023 for the attack in PD 4.", None, "2023-06-09"),
        ("It was reported on 9 May 2023 that two men were killed in PD 4.", None, "2023-05-09"),
        ("Photos of bodies in PD 4 were shared by two users on 9 May 2023.", None, "2023-05-09"),
        ("دو نفر در ناحیه ۴ کشته شدند، خالد زدران روز دوشنبه گفت.", "خالد زدران", "2023-06-12"),
        ("پولیس کابل روز ۵ میزان ۱۴۰۱ اعلام کرد که سه تن در ناحیه پنجم بازداشت شدند.",
         "پولیس کابل", "2022-09-27"),
        ("د پولیسو ویاند د ۱۴۰۲ کال د وږي په ۱۲مه وویل چې په پنځمه ناحیه کې درې تنه ووژل شول.",
         "د پولیسو ویاند", "2023-09-03"),
    ],
)  # fmt: skip
def test_a_date_beside_a_verb_of_saying_is_the_reports(
    text: str, who: str | None, day: str
) -> None:
    """It never becomes a stated day of the event, and is no part of who says it."""
    claim = only(text)
    assert (claim.claimant, str(claim.event_date), claim.date_from) == (who, day, "report")
    assert len(claim.event_places) == 1


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Mujahid wrote on Twitter on 9 June that two men were killed in PD 4 on 8 June.",
         "2023-06-08"),
        ("On 5 May 2023 Mujahid reported that two men were killed in PD 4 on 3 May.",
         "2023-05-03"),
        ("The blast hit PD 9 on 4 May 2023, Radio Azadi wrote on 5 May 2023.", "2023-05-04"),
        ("After the raid on 8 May 2023, police said two men were killed in PD 4.", "2023-05-08"),
        ("Two men were reported killed in PD 4 on 8 May 2023.", "2023-05-08"),
        ("Witnesses to the raid in PD 4 on 8 May 2023 said two men died.", "2023-05-08"),
        ("The Taliban claimed on March 4 to have killed two in PD 4 in an operation a week"
         " earlier.", "2023-02-25"),
        ("The agency reported on 7 June 2023 that three men were killed in PD 5 two days before.",
         "2023-06-05"),
        ("مجاهد در ۹ جون ۲۰۲۳ نوشت که در ۸ جون دو نفر در ناحیه ۴ کشته شدند.", "2023-06-08"),
        ("دو نفر در ۸ جون ۲۰۲۳ در ناحیه ۴ کشته شدند، مجاهد در ۹ جون گفت.", "2023-06-08"),
    ],
)  # fmt: skip
def test_the_day_of_the_event_stays_its_own(text: str, day: str) -> None:
    """A day that is told of the event is not lost beside that of the report."""
    claim = only(text)
    assert (str(claim.event_date), claim.date_from) == (day, "stated")
    assert named(claim, "event") in (["PD 4"], ["PD 5"], ["PD 9"], ["ناحیه ۴"])


def test_a_day_told_from_one_that_is_not_named_stays_open() -> None:
    """`Two days later` is not taken for the day of the sentence before."""
    _, later = parse_claims("A raid hit PD 4 on 8 May 2023. Two days later, PD 6 was raided.")
    assert (later.event_date, later.date_from) == (None, "unclear")
    assert any("another day" in each.why for each in later.unresolved)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("The toll from Monday's bombing in PD 4 has risen to 21, Zadran tweeted on Tuesday.",
         "2023-06-12"),
        ("Police said Monday's raid in PD 4 killed two men.", "2023-06-12"),
        ("Monday night's raid in PD 4 killed two, police said on Tuesday.", "2023-06-12"),
        ("Two men were killed in yesterday's blast in PD 4, Zadran said today.", "2023-06-13"),
        ("The bombing in PD 4 was not on Monday but on Tuesday, police said.", "2023-06-13"),
    ],
)  # fmt: skip
def test_the_day_of_the_event_is_no_other(text: str, day: str) -> None:
    """`Wednesday's bombing` gives its day, and one that the text excludes gives none."""
    claim = only(text)
    assert (str(claim.event_date), claim.date_from) == (day, "published")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("از میان نه بازداشت‌شده ناحیه ۴، چهار تن دیروز رها شدند", None),
        ("له نهو نیول شویو څخه پرون څلور تنه خوشې شول.", None),
        ("Four of the nine arrested in PD 4 on Monday were released yesterday.", "2023-06-12"),
        ("The Taliban released four of the nine men detained in PD 4 on Monday.", None),
    ],
)
def test_the_day_of_a_release_dates_no_arrest(text: str, day: str | None) -> None:
    """It is left open and named, and the nine were arrested before it."""
    claim = only(text)
    assert claim.event_date == (dt.date.fromisoformat(day) if day else None)
    assert claim.date_from == ("published" if day else "unclear")
    assert any("release" in each.why for each in claim.unresolved)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Two men were killed in PD 4 on 3, 4 and 5 March 2022.", "2022-03-03", "2022-03-05"),
        ("On March 3, 4 and 5, 2022, two men were killed in PD 4.", "2022-03-03", "2022-03-05"),
        ("در ۳، ۴ و ۵ ثور ۱۴۰۲ در ناحیه ۴ دو تن کشته شدند.", "2023-04-23", "2023-04-25"),
        ("Raids took place in PD 4 on 3, 5 and 9 March 2022.", "2022-03-03", "2022-03-09"),
    ],
)
def test_no_day_of_a_list_is_dropped(text: str, first: str, last: str) -> None:
    """Days in a list are the time of many events, and none of them is the day."""
    claim = only(text)
    assert claim.event_date is None
    assert [str(day) for day in claim.period or ()] == [first, last]


@pytest.mark.parametrize(
    "text",
    ["Raids hit PDs 3 and 4 on 5 May 2023.", "On May 5, 2023, 12 men died in a raid in PD 4."],
)
def test_a_number_before_a_day_is_not_always_one(text: str) -> None:
    """Police districts and people are no days of a list."""
    assert only(text).event_date == dt.date(2023, 5, 5)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Zadran rejected reports of a blast in PD 4.", "Zadran"),
        ("زدران گزارش‌ها در مورد انفجار در ناحیه ۴ را رد کرد.", "زدران"),
        ("طالبانو په درېیمه ناحیه کې د برید راپورونه رد کړل.", "طالبانو"),
        ("A resident who spoke on condition of anonymity told AFP that PD 4 was raided.",
         "resident"),
        ("Two men were killed in PD 4, GDI claims.", "GDI"),
        ("Witnesses to the raid in PD 4 said two men died.", "Witnesses"),
        ("Baba Meena, a Twitter account with 20,000 followers, shared photos of bodies.",
         "Baba Meena"),
        ("دو نفر در ناحیه ۴ کشته شدند، مجاهد گفت.", "مجاهد"),
        ("در ناحیه ۳ دو تن کشته شدند و پولیس گفت که تحقیقات جریان دارد.", "پولیس"),
        ("سخنگوی پولیس، خالد زدران، گفت که در ناحیه ۳ دو تن کشته شدند.", "سخنگوی پولیس"),
        ("په څلورمه ناحیه کې دوه تنه ووژل شول، د کابل پولیس وایي.", "د کابل پولیس"),
        ("منابع محلی اما می‌گویند که در ناحیه ۴ دو نفر کشته شدند.", "منابع محلی"),
        ("اوسېدونکو ازادي راډیو ته وویل چې په څلورمه ناحیه کې دوه تنه ووژل شول.", "اوسېدونکو"),
        ("د څلورمې ناحیې اوسېدونکي ازادي راډیو ته وویل چې دوه تنه ووژل شول.",
         "د څلورمې ناحیې اوسېدونکي"),
        ("سه برادر پریشب از پغمان توسط طالبان برده شدند؛ پدر شان به رادیو آزادی گفت.",
         "پدر شان"),
        ("طالبان سه تن را از پغمان بردند، پدر شان به رادیو آزادی گفت.", "پدر شان"),
        ("داعش د ده افغانانو د برید مسوولیت ومانه او ویې ویل چې شل کسان یې وژلي", "داعش"),
        ("داعش مسئولیت انفجار در ناحیه ۴ را به عهده گرفت و گفت که بیست نفر کشته شدند.", "داعش"),
        ("مجاهد د کابل په لویدیځ کې برید تایید کړ.", "مجاهد"),
        ("د کابل امنیې قوماندانۍ د پغمان د برید خبر تایید کړ.", "د کابل امنیې قوماندانۍ"),
        ("Police initially reported two deaths in PD 6.", "Police"),
        ("The blast in PD 4 was heard far away, as initially reported.", None),
        ("The Taliban released four of nine men detained in PD 4.", None),
        ("The raid in PD 4, reported Radio Azadi, killed two.", None),
        ("Two men, said to be fighters, were killed in PD 4.", None),
    ],
)  # fmt: skip
def test_whoever_says_it_is_found(text: str, who: str | None) -> None:
    """Whatever the order of the words is, and without what does not belong to the name."""
    claim = only(text)
    assert claim.claimant == who
    assert "Baba Meena" not in named(claim, "event")


def test_a_verb_behind_an_apposition_is_nobody() -> None:
    """Who is cited by an outlet, "a French agency", and made claims is not called `made`."""
    text = "Another local resident cited by RFI Farsi, a French news agency, made similar claims."
    assert parse_claims(text) == ()


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("NRF says ten Taliban were killed in PD 4, while the Taliban say two were wounded.",
         ["NRF", "Taliban"]),
        ("Police said two men were killed in PD 4, but residents said five had died there.",
         ["Police", "residents"]),
        ("The NRF claimed four men were killed in PD 17; the Taliban said nobody was killed.",
         ["NRF", "Taliban"]),
        ("طالبان حمله در ناحیه ۴ را رد کردند، اما منابع می‌گویند دو نفر کشته شدند.",
         ["طالبان", "منابع"]),
        ("په درېیمه ناحیه کې دوه تنه ووژل شول، خو طالبان وايي چې یو تن ووژل شو.",
         [None, "طالبان"]),
        ('ISKP claimed responsibility for the attack on a van in Pul-e Sokhta, saying it had killed'
         ' or wounded 20 "Shiites"; the Taliban said one person died and three were hurt.',
         [None, "Taliban"]),
        ("ISKP claimed responsibility for the attack in PD 4; the Taliban said nobody was hurt.",
         [None, "Taliban"]),
        ("NRF: two killed in Paghman; Taliban: none killed.", ["NRF", "Taliban"]),
    ],
)  # fmt: skip
def test_two_who_disagree_make_two_claims(text: str, speakers: list[str | None]) -> None:
    """What the second one says is not told as said by the first."""
    assert [claim.claimant for claim in parse_claims(text)] == speakers


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("The man killed in PD 4 came from Zaranj in Nimroz.", ["PD 4"]),
        ("A man from Khogyani in Nangarhar was killed in PD 4.", ["PD 4"]),
        ("احمد فرید، ۲۸ ساله، باشنده اصلی ولایت کاپیسا را در منطقه تایمنی به ضرب گلوله کشتند.",
         ["منطقه تایمنی"]),
        ("محمد نعیم، اهل ولسوالی شکردره ولایت کابل، در ناحیه ۴ کشته شد.", ["ناحیه ۴"]),
        ("احمد مسکونه ولایت لوگر در ناحیه ۴ به قتل رسید.", ["ناحیه ۴"]),
        ("محمد نعیم، اصلاً از ولایت پنجشیر، در ناحیه ۴ کشته شد.", ["ناحیه ۴"]),
        ("د کاپیسا ولایت اصلي اوسېدونکی په څلورمه ناحیه کې ووژل شو.", ["څلورمه ناحیه"]),
        ("د پغمان درې اوسېدونکي له بګرامي ونیول شول.", ["بګرامي"]),
        ("سه تن پریشب از پغمان توسط طالبان برده شدند.", ["پغمان"]),
        ("سه تن از پغمان در ناحیه ۴ بازداشت شدند.", ["ناحیه ۴"]),
        ("Two brothers were taken last night from Bagrami by armed men.", ["Bagrami"]),
        ("زخمیان از پغمان به شفاخانه برده شدند.", []),
        ("The wounded were taken from PD 5 to a hospital in Wazir Akbar Khan.", ["PD 5"]),
        ("داعش د ده افغانانو د برید مسوولیت ومانه او ویې ویل چې شل کسان یې وژلي", ["ده افغانانو"]),
        ("Two men from Jalalabad, Nangarhar, were killed in PD 4.", ["PD 4"]),
        ("An officer from the Baraki Barak district of Logar province was killed in PD 4.",
         ["PD 4"]),
        ("A man from PD 4 was killed in PD 6.", ["PD 6"]),
        ("Three men were arrested from PD 4.", ["PD 4"]),
        ("مردی از ناحیه ۴ در ناحیه ۶ کشته شد.", ["ناحیه ۶"]),
        ("دو نفر از ناحیه ۴ بازداشت شدند.", ["ناحیه ۴"]),
        ("د لوګر ولایت اوسېدونکی په څلورمه ناحیه کې ووژل شو.", ["څلورمه ناحیه"]),
        ("Two people were killed in a raid on Herat Restaurant.", []),
        ("Two men were arrested in Munich for planning an attack in Kabul.", []),
        ("The attack was planned in Shahr-e-Naw.", []),
        ("دو نفر به اتهام پلان حمله در هرات در ناحیه ۸ بازداشت شدند.", ["ناحیه ۸"]),
        ("Two men killed in PD 4 were buried in Deh Sabz.", ["PD 4"]),
        ("کشته‌شدگان در ده سبز دفن شدند.", []),
        ("The wounded were taken to a hospital in Wazir Akbar Khan.", []),
        ("A blast at a hospital in Wazir Akbar Khan killed five.", ["Wazir Akbar Khan"]),
        ("He was living in Khair Khana when he was killed in PD 6.", ["PD 6"]),
        ("Mujahid told reporters in Jalalabad that two men were killed in PD 4.", ["PD 4"]),
        ("Kart-e Seh was raided.", ["Kart-e Seh"]),
        ("Khair Khana was rocked by a blast.", ["Khair Khana"]),
        ("Zadran was killed in PD 4.", ["PD 4"]),
        ("Two men were killed near the Wazir Akbar Khan mosque.", ["Wazir Akbar Khan"]),
        ("در نزدیکی پل چرخی دو نفر کشته شدند.", ["پل چرخی"]),
    ],
)  # fmt: skip
def test_only_where_it_happened_is_an_event_place(text: str, events: list[str]) -> None:
    """Origins, graves, hospitals, plans and businesses named after a place are mentions."""
    assert named(only(text), "event") == events


@pytest.mark.parametrize("piece", ["گفت ", "ته وویل ", "X told Y on 8 May ", "raid, while X say "])
def test_no_saying_takes_for_ever(piece: str) -> None:
    """Ten kilobytes of one verb of saying take no longer for each kilobyte than other texts do."""
    text = (piece * 10_000)[:10_000]
    began = time.process_time()
    parse_claims(text)
    spent_ms = (time.process_time() - began) * 1000
    assert spent_ms / (len(text.encode("utf-8")) / 1000) <= 50


def test_a_name_is_not_cut_off_at_its_ezafe() -> None:
    """`Qala-e` alone is no name, so no village Kala is offered for Qala-e Musa."""
    place = the(only("10 raids were in Qala-e Musa."), "Qala-e Musa")
    assert not any(each.name.startswith("Kala") for each in place.candidates)
