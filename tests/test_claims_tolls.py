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
        "death toll 5 ", "number of dead to ", "not one ", "killed and ",
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A bomb in PD5 hit a car, killing three people and wounding seven, two of them women.",
         {"killed": (3, 3), "wounded": (7, 7)}),
        ("A bomb in PD5 injured six people, three of them children.", {"wounded": (6, 6)}),
        ("A bomb in PD5 injured six people, all of them children", {"wounded": (6, 6)}),
        ("The blast in PD5 killed five and wounded seven, four of whom are in critical condition.",
         {"killed": (5, 5), "wounded": (7, 7)}),
        ("The blast in PD5 injured six, two of whom later died.",
         {"wounded": (6, 6), "killed": (2, 2)}),
        ("The blast in PD5 wounded seven, two critically.", {"wounded": (7, 7)}),
        ("The blast in PD5 killed five people, three children.", {"killed": (5, 5)}),
        ("The blast in PD5 killed five Taliban, three soldiers.", {"killed": (5, 8)}),
        ("در ناحیه پنجم شش تن زخمی شدند، سه تن آنها کودک.", {"wounded": (6, 6)}),
    ],
)  # fmt: skip
def test_a_part_at_the_end_of_a_sentence_is_not_added(text: str, found: Figures) -> None:
    """Who some of them were adds nobody, though no comma closes it."""
    assert figures(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Not a single person was killed in PD5.", {"killed": (0, 0)}),
        ("Not a single civilian was hurt in PD5.", {"wounded": (0, 0)}),
        ("Not a single person died in PD5, and three were wounded.",
         {"killed": (0, 0), "wounded": (3, 3)}),
        ("Not a single one of the fighters was killed in PD5.", {"killed": (0, 0)}),
        ("Not even one soldier was hurt in PD5, but two civilians were killed.",
         {"wounded": (0, 0), "killed": (2, 2)}),
        ("Not a single group claimed the killing of five men in PD5.", {"killed": (5, 5)}),
        ("در ناحیه پنجم هیچ یک از غیرنظامیان کشته نشد.", {"killed": (0, 0)}),
        ("در ناحیه پنجم حتی یک تن هم کشته نشد.", {"killed": (0, 0)}),
        ("در ناحیه پنجم حتی یک کودک کشته شد.", {"killed": (1, 1)}),
        ("هیچ کس مسئولیت کشته شدن سه تن در ناحیه پنجم را نگرفت.", {"killed": (3, 3)}),
        ("هیچ کس مسئولیت کشته شدن ملا عمر در ناحیه پنجم را نگرفت.", {}),
        ("په پنځمه ناحیه کې هیڅوک نه دي وژل شوي.", {"killed": (0, 0)}),
        ("په پنځمه ناحیه کې هیڅوک نه ژوبل شوي.", {"wounded": (0, 0)}),
    ],
)  # fmt: skip
def test_not_a_single_one_is_nobody(text: str, found: Figures) -> None:
    """It says 0 and not 1, and only where the killing itself is denied."""
    assert figures(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Twenty people were killed and wounded in PD5.",
        "The blast in PD5 killed and wounded at least twenty people.",
        "20 killed, wounded in PD5 blast.",
        "در ناحیه پنجم بیست تن کشته و زخمی شدند.",
        "په پنځمه ناحیه کې شل تنه وژل شوي او ټپیان شوي.",
    ],
)
def test_one_number_of_killed_and_wounded_stays_open(text: str) -> None:
    """Of twenty killed and wounded nobody says how many were killed."""
    assert figures(text) == {}
    assert left_open(text) == ["killed and wounded: how many of each, is not said"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ten were killed and wounded five in PD5.", {"killed": (10, 10), "wounded": (5, 5)}),
        ("Ten men were captured and killed in PD5.", {"captured": (10, 10)}),
        ("در ناحیه پنجم بیست تن کشته و ده زخمی شدند.", {"killed": (20, 20), "wounded": (10, 10)}),
    ],
)
def test_two_outcomes_with_their_own_numbers_are_told(text: str, found: Figures) -> None:
    """What each number is of stays known, and who was captured first was captured."""
    assert figures(text) == found


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("A 13-year-old boy and his 60-year-old grandfather were killed in PD5.", 2, 2),
        ("A 13-year-old boy and his grandfather were killed in PD5.", 2, 2),
        ("A man, his wife and daughter were killed in PD5.", 3, 3),
        ("A boy and his falconer were killed in PD5.", 2, None),
        ("Haji Gul and his son were killed in PD5.", 1, None),
        ("A man and his dog were killed in PD5.", 1, 1),
        ("The blast in PD5 killed a man and his house was destroyed.", 1, 1),
        ("The blast in PD5 killed a man and his falconer.", 1, None),
        ("یک پسر ۱۳ ساله و پدرکلانش در ناحیه پنجم کشته شدند.", 2, None),
        ("په پنځمه ناحیه کې یو هلک او نیکه یې ووژل شول.", 2, None),
    ],
)
def test_who_is_named_with_one_is_not_lost(text: str, least: int, most: int | None) -> None:
    """A grandfather is one more, and a word that is not known leaves the upper end open."""
    assert figures(text) == {"killed": (least, most)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("طالبانو په پنځمه ناحیه کې یو تن وواژه.", {"killed": (1, 1)}),
        ("طالبانو په پنځمه ناحیه کې دوه تنه وواژل.", {"killed": (2, 2)}),
        ("طالبانو په پنځمه ناحیه کې دوه تنه ووژل.", {"killed": (2, 2)}),
        ("طالبانو په پنځمه ناحیه کې یو تن ونیو.", {"captured": (1, 1)}),
        ("طالبانو په پنځمه ناحیه کې دوه تنه ونیول.", {"captured": (2, 2)}),
        ("طالبانو په پنځمه ناحیه کې دوه تنه ټپي کړل.", {"wounded": (2, 2)}),
    ],
)
def test_the_active_past_of_pashto_is_read(text: str, found: Figures) -> None:
    """`They killed` is told as well as `were killed`."""
    assert figures(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The death toll from the blast in PD5 has risen from 10 to 21, with 33 wounded, including"
         " five children.", {"killed": (21, 21), "wounded": (33, 33)}),
        ("The death toll from two blasts in PD5 climbed from 10 to at least 21, police said.",
         {"killed": (21, None)}),
        ("The toll in PD5 has risen from 10 to 21 dead.", {"killed": (21, 21)}),
        ("The number of dead in PD5 stands at 21.", {"killed": (21, 21)}),
        ("The PD5 death toll, earlier put at 10, has risen to 21.", {"killed": (21, 21)}),
        ("The death toll from the attack of 8 May in PD5 rose to 21.", {"killed": (21, 21)}),
        ("The death toll in PD5 rose by 5.", {}),
        ("The death toll in PD5 could rise to 30.", {}),
        ("The number of killed and wounded in PD5 reached 45.", {}),
        ("Prices rose from 10 to 20 and three people were killed in PD5.", {"killed": (3, 3)}),
    ],
)  # fmt: skip
def test_a_toll_that_rises_is_the_one_it_rose_to(text: str, found: Figures) -> None:
    """From 10 to 21 are 21, and by how many it rose is no toll."""
    assert figures(text) == found
