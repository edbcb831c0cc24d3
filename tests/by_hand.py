"""The rules that are no plain sums, once more: as the papers say them, without any mapping file.

`tests/naive.py` reads the mapping files and shares their mistakes; this shares nothing. A gap is
None, and so is a score that may not be given.

Sources: PSQI: Buysse 1989 and the developers' scoring sheet; PCL-5 and PCL-C: National Center for
PTSD; NEQ: the developers' site; C-SSRS screener: Columbia Lighthouse Project; EQ-5D-5L: EuroQol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

Answer = Fraction | None
Scores = dict[str, Fraction | None]


def psqi(said: Mapping[str, str]) -> Scores:
    """The components and the global score, from raw texts by question (`1`, `5a`, `5j-text`)."""
    hours, minutes = _number(said.get("4")), _number(said.get("2"))
    components: Scores = {
        "quality": _number(said.get("9")),
        "latency": _latency(minutes, _number(said.get("5a"))),
        "duration": None if hours is None else Fraction(_duration(hours)),
        "efficiency": _efficiency(said.get("1"), said.get("3"), hours),
        "disturbance": _disturbance(said),
        "medication": _number(said.get("6")),
        "daytime": _in_pairs(_sum([_number(said.get("7")), _number(said.get("8"))])),
    }
    return {**components, "global": _sum(list(components.values()))}


def pcl(
    answers: Sequence[Answer], symptom: int, clusters: Mapping[str, tuple[int, int, int]]
) -> Scores:
    """Each criterion and the diagnosis; a cluster is first item, last item and symptoms needed."""
    scores: Scores = {}
    for letter, (first, last, needed) in clusters.items():
        cluster = answers[first - 1 : last]
        symptoms = sum(1 for answer in cluster if answer is not None and answer >= symptom)
        gaps = sum(1 for answer in cluster if answer is None)
        if gaps == len(cluster):
            scores[f"criterion-{letter}"] = None
        elif symptoms >= needed:
            scores[f"criterion-{letter}"] = Fraction(1)
        elif symptoms + gaps < needed:
            scores[f"criterion-{letter}"] = Fraction(0)
        else:
            scores[f"criterion-{letter}"] = None
    met = list(scores.values())
    scores["provisional"] = None if None in met else Fraction(int(0 not in met))
    return scores


def neq(effects: Sequence[tuple[Answer, Answer, Answer]]) -> Scores:
    """Numbers and impacts in all, by the treatment (1) and by other circumstances (0)."""
    occurred = [each[0] for each in effects]
    scores: Scores = {"effects": _sum(occurred)}
    scores["impact"] = _sum([_impact_of(effect) for effect in effects])
    for name, cause in (("treatment", 1), ("other", 0)):
        counts: list[Answer] = []
        impacts: list[Answer] = []
        for happened, impact, said in effects:
            if happened == 0:
                counts.append(Fraction(0))
                impacts.append(Fraction(0))
            elif happened is None or said is None:
                counts.append(None)
                impacts.append(None)
            else:
                counts.append(Fraction(int(said == cause)))
                impacts.append(impact if said == cause else Fraction(0))
        scores[f"effects-{name}"] = _sum(counts)
        scores[f"impact-{name}"] = _sum(impacts)
    return scores


def ideation(yes: Sequence[bool | None]) -> int | None:
    """The highest level that was answered yes, if none above it is open; None for a gap.

    Questions 3 to 5 are not asked after a no to question 2.
    """
    first, second, *others = yes
    asked = [first, second, *([False] * 3 if second is False else others)]
    if asked == [None] * 5:
        return None
    level = max((number for number, each in enumerate(asked, 1) if each), default=0)
    is_open = any(each is None for each in asked[level:])
    return None if is_open else level


def profile(levels: Sequence[str | None]) -> str | None:
    """The five levels in a row."""
    return None if None in levels else "".join(level for level in levels if level is not None)


def _number(text: str | None) -> Answer:
    return None if text is None else Fraction(text)


def _sum(answers: Sequence[Answer]) -> Answer:
    total = Fraction(0)
    for answer in answers:
        if answer is None:
            return None
        total += answer
    return total


def _impact_of(effect: tuple[Answer, Answer, Answer]) -> Answer:
    happened, impact, _ = effect
    return Fraction(0) if happened == 0 else (None if happened is None else impact)


def _in_pairs(total: Answer) -> Answer:
    """0 is 0, 1 and 2 are 1, 3 and 4 are 2, 5 and 6 are 3."""
    return None if total is None else Fraction((int(total) + 1) // 2)


def _latency(minutes: Answer, item_5a: Answer) -> Answer:
    if minutes is None or item_5a is None:
        return None
    slow = sum(1 for least in (15, 30, 60) if minutes > least)
    return _in_pairs(slow + item_5a)


def _duration(hours: Fraction) -> int:
    if hours > 7:
        return 0
    if hours >= 6:
        return 1
    return 2 if hours >= 5 else 3


def _efficiency(to_bed: str | None, up: str | None, hours: Answer) -> Answer:
    if to_bed is None or up is None or hours is None:
        return None
    in_bed = _clock(up) - _clock(to_bed)
    if in_bed < 0:
        in_bed += 24
    if in_bed == 0 or hours > in_bed:
        return None  # the answers cannot all be true
    percent = 100 * hours / in_bed
    return Fraction(sum(1 for least in (85, 75, 65) if percent < least))


def _disturbance(said: Mapping[str, str]) -> Answer:
    total = _sum([_number(said.get(f"5{letter}")) for letter in "bcdefghi"])
    if total is None:
        return None
    if "5j" in said and "5j-text" in said:
        total += Fraction(said["5j"])
    return Fraction((int(total) + 8) // 9)


def _clock(time: str) -> Fraction:
    hours, minutes = time.split(":")
    return int(hours) + Fraction(int(minutes), 60)
