"""Numbers of people: what counts, what is only part of a count, and what is no count at all."""

from __future__ import annotations

import time

import pytest

from geoloc import parse_claims
from geoloc.claims.numbers import numbers, value_at
from geoloc.gazetteer.text import Text

Figures = dict[str, tuple[int, int | None]]


def figures(text: str) -> Figures:
    """Return at least and at most how many, by what befell them."""
    return {
        toll.outcome: (toll.min, toll.max)
        for claim in parse_claims(text)
        for toll in reversed(claim.tolls)
    }


def left_open(text: str) -> list[str]:
    """Return why each number of a text is open."""
    return [each.why for claim in parse_claims(text) for each in claim.unresolved]


@pytest.mark.parametrize(
    ("text", "killed"),
    [
        ("Eight civilians including two children were killed in PD5.", 8),
        ("10 people, among them 2 women, were killed in PD5.", 10),
        ("five Taliban, including a commander, and three civilians were killed in PD5.", 8),
        ("Three Taliban (including a commander) and five civilians were killed in PD5.", 8),
        ("Ten people, including two children, three women, and a guard, were killed in PD5.", 10),
        ("Five people, three of them children, were killed in PD5.", 5),
        ("Six people, none of them civilians, were killed in PD5.", 6),
        ("Ten people, four of whom were women, were killed in PD5.", 10),
        ("10 people (3 women, 2 children) were killed in PD5.", 10),
        ("2 of 5 were killed in PD5.", 2),
        ("Five of the eight attackers were killed in PD5.", 5),
        ("Three out of ten hostages were killed in PD5.", 3),
        ("Five members of a family of nine were killed in PD5.", 5),
        ("20 of the 32 people killed in PD5 were women.", 32),
        ("Five schools in PD5 lost 30 students, 12 of whom died.", 12),
        ("یازده غیرنظامی از جمله سه زن در ناحیه پنجم کشته شدند.", 11),
        ("ده نفر به شمول دو زن در ناحیه پنجم کشته شدند.", 10),
        ("هشت نفر شامل پنج مرد و سه زن در ناحیه پنجم کشته شدند.", 8),
        ("پنج نفر که دو تن آنها زن بودند در ناحیه پنجم کشته شدند.", 5),
        ("سه تن از ده زندانی در ناحیه پنجم کشته شدند.", 3),
        ("پنج عضو یک خانواده ۹ نفری در ناحیه پنجم کشته شدند.", 5),
        ("لس کسان چې دوه یې ښځې په پنځمه ناحیه کې ووژل شول.", 10),
        ("په پنځمه ناحیه کې شپږ تنه، چې درې یې ماشومان وو، ووژل شول.", 6),
        ("په پنځمه ناحیه کې لس کسان د ۲ ښځو په ګډون ووژل شول.", 10),
    ],
)
def test_a_part_is_not_the_whole(text: str, killed: int) -> None:
    """Including, among them, of whom, از جمله, به شمول, چې … یې and brackets name a part."""
    assert figures(text) == {"killed": (killed, killed)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("15-20 people, among them 3 women, detained in PD5.", {"captured": (15, 20)}),
        ("No fewer than three of 20 prisoners were killed in PD5.", {"killed": (3, None)}),
        (
            "At least 11 civilians — four women and two children — were killed in PD5.",
            {"killed": (11, None)},
        ),
        ("The blast left 12 casualties, including three killed and nine wounded, in PD5.",
         {"killed": (3, 3), "wounded": (9, 9)}),
        ("Six were killed, including two children, and ten wounded in PD5.",
         {"killed": (6, 6), "wounded": (10, 10)}),
        ("Ten were wounded in PD5; 5 of the wounded died later.",
         {"wounded": (10, 10), "killed": (5, 5)}),
        ("Of the nine men arrested in PD5, two were later killed.",
         {"captured": (9, 9), "killed": (2, 2)}),
        ("None of the 20 prisoners was killed in PD5.", {"killed": (0, 0)}),
        ("Not one of the five was killed in PD5.", {"killed": (0, 0)}),
        ("Three members of the Haqqani network, four Taliban and two guards were killed in PD5.",
         {"killed": (9, 9)}),
    ],
)  # fmt: skip
def test_a_part_with_an_outcome_of_its_own_is_told(text: str, found: Figures) -> None:
    """What befell a part of the people is a number of its own, and bounds stay with the whole."""
    assert figures(text) == found


@pytest.mark.parametrize(
    ("text", "killed"),
    [
        ("A 25-year-old man was killed in PD5.", 1),
        ("A man of 25 was killed in PD5.", 1),
        ("یک مرد ۲۵ ساله در ناحیه پنجم کشته شد.", 1),
        ("په پنځمه ناحیه کې یو ۲۵ کلن ځوان ووژل شو.", 1),
        ("Two brothers aged 17 and 19 were killed in PD5.", 2),
        ("دو برادر ۱۸ و ۱۹ ساله در ناحیه پنجم کشته شدند.", 2),
        ("A woman, 30, and a boy, 12, were killed in PD5.", 2),
        ("Three men aged between 20 and 30 were killed in PD5.", 3),
        ("Two children under 10 were killed in PD5.", 2),
        ("Four students, 18 to 22, were killed in PD5.", 4),
        ("A mother and her two children, aged 4 and 6, were killed in PD5.", 3),
        ("زن ۳۲ ساله و دو کودک او در ناحیه پنجم کشته شدند.", 3),
        ("Omar, aged 22, and 4 others were killed in PD5.", 4),
        ("Two men of Proja-e 315 were killed in PD11.", 2),
        ("چهار عضو قطعه ۳۱۳ بدری در ناحیه پنجم کشته شدند.", 4),
        ("In Herat 12 people were killed.", 12),
        ("At a checkpoint two policemen were killed in PD5.", 2),
        ("On the road 5 people were killed in PD5.", 5),
        ("Taliban Attack Leaves 5 Dead in PD5", 5),
        ("دوه غړي یې د ده سبز په ولسوالۍ کې ووژل شول.", 2),
        ("دو نفر در ده مزنگ کشته شدند.", 2),
        ("سه باشنده ده خدایداد کشته شدند.", 3),
        ("دو نفر در چهل ستون کشته شدند.", 2),
        ("چهل تن در ناحیه پنجم کشته شدند.", 40),
        ("ده نفر در ده افغانان کشته شدند.", 10),
        ("Two men in Panjsad Famili were killed.", 2),
        ("At house No. 12, two people were killed in PD5.", 2),
        ("از مجموع ۲۰ نفر، ۵ تن در ناحیه پنجم کشته شدند.", 5),
        ("شش تن در ناحیه پنجم به تاریخ ۵ جوزای ۱۴۰۲ کشته شدند.", 6),
        ("در انفجار ساعت ۵ عصر، سه تن در ناحیه پنجم کشته شدند.", 3),
        ("۲۰ نفر فرار کردند و ۳ نفر در ناحیه پنجم کشته شدند.", 3),
    ],
)
def test_ages_names_and_dates_are_not_added(text: str, killed: int) -> None:
    """The people are counted, whatever other numbers stand beside them."""
    assert figures(text) == {"killed": (killed, killed)}


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("Two dozen people were killed in PD5.", 24, 24),
        ("Half a dozen people were killed in PD5.", 6, 6),
        ("A dozen people were killed in PD5.", 12, 12),
        ("Two to three dozen people were killed in PD5.", 24, 36),
        ("More than a hundred people were killed in PD5.", 101, None),
        ("Two thousand people were killed in PD5.", 2000, 2000),
        ("A couple of men were killed in PD5.", 2, 2),
        ("صد و بیست و پنج نفر در ناحیه پنجم کشته شدند.", 125, 125),
        ("یک هزار و دوصد تن در ناحیه پنجم کشته شدند.", 1200, 1200),
        ("په پنځمه ناحیه کې دوه سوه کسان ووژل شول.", 200, 200),
        ("Fewer than ten people were killed in PD5.", 0, 9),
        ("Less than ten people were killed in PD5.", 0, 9),
        ("Under ten people were killed in PD5.", 0, 9),
        ("کمتر از ده نفر در ناحیه پنجم کشته شدند.", 0, 9),
        ("په پنځمه ناحیه کې له لسو کم کسان ووژل شول.", 0, 9),
        ("As many as 12 people were killed in PD5.", 0, 12),
        ("تا ده نفر در ناحیه پنجم کشته شدند.", 0, 10),
        ("په پنځمه ناحیه کې تر پنځو پورې کسان ووژل شول.", 0, 5),
        ("5+ people were killed in PD5.", 5, None),
        ("Five or more people were killed in PD5.", 5, None),
        ("پنج نفر یا بیشتر در ناحیه پنجم کشته شدند.", 5, None),
        ("له درې تر پنځو کسان په پنځمه ناحیه کې ووژل شول.", 3, 5),
        ("له ۵ څخه تر ۸ پورې کسان په پنځمه ناحیه کې ووژل شول.", 5, 8),
        ("۳ الی ۵ نفر در ناحیه پنجم کشته شدند.", 3, 5),
        ("بین ۵ و ۸ نفر در ناحیه پنجم کشته شدند.", 5, 8),
        ("سه چهار نفر در ناحیه پنجم کشته شدند.", 3, 4),
        ("تر لسو زیات کسان په پنځمه ناحیه کې ووژل شول.", 11, None),
        ("له لسو تنو زیات په پنځمه ناحیه کې ووژل شول.", 11, None),
        ("Nineteen, not nine, students died in PD5.", 19, 19),
        ("نوزده نفر، نه ۹ نفر، در ناحیه پنجم کشته شدند.", 19, 19),
        ("The raid in PD5 killed nobody.", 0, 0),
        ("Taliban killed all five men in PD5.", 5, 5),
        ("The blast killed a man and his two sons in PD5.", 3, 3),
        ("Ahmad and his two sons were killed in PD5.", 2, None),
        ("ملا عمر و دو محافظ او در ناحیه پنجم کشته شدند.", 2, None),
        ("The raid in PD5 killed 3 Taliban, 2 civilians and a child.", 3, 6),
    ],
)
def test_a_bound_is_kept(text: str, least: int, most: int | None) -> None:
    """Fewer than ten are at most nine, and a dozen multiplies."""
    assert figures(text) == {"killed": (least, most)}


@pytest.mark.parametrize(
    "text",
    [
        "Several dozen people were killed in PD5.",
        "Dozens of people, including five children, were killed in PD5.",
        "صدها نفر در ناحیه پنجم کشته شدند.",
        "په پنځمه ناحیه کې سلګونه کسان ووژل شول.",
        "په پنځمه ناحیه کې تر پنځو کسان ووژل شول.",
        "نخست سه نفر و بعد پنج نفر در ناحیه پنجم کشته شدند.",
        "Half of the 20 prisoners were killed in PD5.",
        "One in five detainees was killed in PD5.",
        "Four people with two children were killed in PD5.",
        "Up to 5, or maybe 6, were killed in PD5.",
    ],
)
def test_a_number_that_is_not_clear_stays_open(text: str) -> None:
    """No figure is better than a wrong one, and the reader is told."""
    assert figures(text) == {}
    assert any(why.startswith("killed: ") for why in left_open(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nobody was hurt in PD5.", {"wounded": (0, 0)}),
        ("په پنځمه ناحیه کې د شپږو تنو جسدونه وموندل شول.", {"bodies": (6, 6)}),
        ("Five people lost their lives in PD5.", {"killed": (5, 5)}),
    ],
)
def test_a_count_is_found(text: str, found: Figures) -> None:
    """Nobody hurt, Pashto's oblique numbers, and lives lost."""
    assert figures(text) == found


def test_which_of_two_outcomes_is_open() -> None:
    """The words say which two."""
    assert left_open("Six men were killed or wounded in PD5.") == [
        "killed or wounded: which, is not said"
    ]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("two hundred and five", 205), ("a hundred", 100), ("a couple of dozen", 24),
        ("دو هزار و سیصد و پنج", 2305), ("یو سل او شل", 120), ("پنځه ویشت زره", 25000),
        ("5 هزار", 5000), ("1,200", 1200),
    ],
)  # fmt: skip
def test_large_numbers_are_whole(words: str, value: int) -> None:
    """Hundreds and thousands multiply, and what follows is added."""
    tokens = Text(words).tokens
    assert value_at(tokens, 0) == (len(tokens), value)


@pytest.mark.parametrize("words", ["two million", "three hundred thousand people", "99999999999"])
def test_a_number_too_large_leaves_no_piece(words: str) -> None:
    """Nothing of `three hundred thousand` is read as a hundred thousand, or as three."""
    assert list(numbers(Text(words).tokens, [])) == []


@pytest.mark.parametrize(
    "piece",
    [
        "five of ", "including two ", ", including a man, ", "(", "( ", "- ", "aged 5 and ",
        "5, ", "A, 5, ", "چې دوه یې ", "که دو تن آنها ", "د دوو ښځو ", "three of them ",
        "a hundred and ", "thousand ", "two dozen ", "as many as ", "تر لسو ", "و بعد پنج ",
        "a man, ", "the man and ", "with two ", "Omar 313 ", "not five, ", "ده سبز ", "5+",
    ],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["", "were killed "])
def test_no_count_takes_for_ever(piece: str, ending: str) -> None:
    """Thirty kilobytes of what the rules for numbers look for, each within 50 ms."""
    text = ((piece + ending) * 30_000)[:30_000]
    began = time.process_time()
    parse_claims(text)
    spent_ms = (time.process_time() - began) * 1000
    assert spent_ms / (len(text.encode("utf-8")) / 1000) <= 50
