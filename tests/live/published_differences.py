"""Recomputes the published differences between the arms from what a real FHIR server holds.

The trial's synthetic cohort is delivered to the server; scores come back over plain HTTP, and only
here are they joined to the arms (`fixtures/idbt-pain/allocation.csv`), which the adapter never
reads. The model is the paper's: the week's outcome on baseline and arm, complete cases.

    python tests/live/published_differences.py --write

puts the table into the README. Source: Norman-Nott et al., JAMA Netw Open 2025;8(5):e256908,
doi:10.1001/jamanetworkopen.2025.6908.
"""

import argparse
import csv
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import statsmodels.api as sm

from tests.live.cohort import FIXTURES, deliver
from tests.live.java import REPOSITORY

README = REPOSITORY / "README.md"
BEGIN, END = "<!-- published-differences:begin -->", "<!-- published-differences:end -->"
HEADER = "| outcome | week | n | published, with 95 % CI | P | recomputed, with 95 % CI | P |"
SCORE = "https://trial-fhir-adapter.example.org/fhir/CodeSystem/score"
STUDY_NUMBER = "https://idbt-pain.example.org/fhir/NamingSystem/participant"
WEEKS = (0, 9, 21)  # after enrolment; an assessment is never made before its planned day
PAGE = 500
Resource = dict[str, Any]
Scores = Mapping[tuple[str, int], float]


@dataclass(frozen=True, slots=True)
class Published:
    """What the paper says of one outcome at one week: in numbers, or in words alone.

    `tolerance` is how far the recomputed difference may be off; for words it is not asked.
    """

    words: str = ""
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: str = ""
    tolerance: float = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome: its name in the paper, the code of its score, what was published by week."""

    title: str
    code: str
    published: Mapping[int, Published]


@dataclass(frozen=True, slots=True)
class Finding:
    """The intervention's effect: complete cases, difference, its 95 % interval, P, effect size."""

    cases: int
    difference: float
    interval: tuple[float, float]
    p: float
    size: float


MODERATE = Published("significant, moderate")
NONE = Published("not significant")
OUTCOMES = (
    Outcome(
        "Emotion dysregulation (DERS-18)",
        "ders-18-total",
        {
            9: Published(difference=-4.88, interval=(-9.20, -0.55), p=".03", tolerance=0.15),
            21: Published(difference=-5.38, interval=(-9.78, -0.97), tolerance=0.15),
        },
    ),
    Outcome(
        "Pain intensity, 0-10",
        "nrs-pain-avg-week-value",
        {
            9: NONE,
            21: Published(difference=-1.31, interval=(-2.12, -0.49), p=".002", tolerance=0.05),
        },
    ),
    Outcome(
        "Depression (BDI)",
        "bdi-total",
        {
            9: Published(difference=-8.82, p="< .001", tolerance=0.25),
            21: Published(difference=-7.14, p=".007", tolerance=0.25),
        },
    ),
    Outcome(
        "Anxiety (STAI, state)",
        "stai-y-state",
        {9: Published(difference=-8.41, p=".003", tolerance=0.25), 21: NONE},
    ),
    Outcome("Stress (NIH Toolbox, T)", "nihtb-perceived-stress-t", {9: MODERATE, 21: NONE}),
    Outcome("Post-traumatic stress (PCL-C)", "pcl-c-total", {9: MODERATE, 21: NONE}),
    Outcome("Sleep problems (MOS Sleep, SLP9)", "mos-sleep-slp9", {9: MODERATE, 21: NONE}),
    Outcome("Well-being (COMPAS-W)", "compas-w-total", {9: MODERATE, 21: NONE}),
    Outcome("Pain interference (PROMIS 4a, T)", "promis-pi-4a-t", {9: NONE, 21: NONE}),
    Outcome("Pain interference (PROMIS 8a, T)", "promis-pi-8a-t", {9: NONE, 21: NONE}),
)


def main() -> int:
    """Shows the table; with `--write` puts it into the README."""
    parser = argparse.ArgumentParser(description="Recomputes the published differences.")
    parser.add_argument("--write", action="store_true", help="put the table into the README")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, deliver(Path(folder)) as delivered:
        table = build_table(find_differences(delivered.base_url))
    if not said.write:
        sys.stdout.write(table)
        return 0
    text = README.read_text("utf-8")
    if read_block(text) is None:
        sys.stderr.write(f"README.md has no lines {BEGIN} and {END}: nothing was written.\n")
        return 1
    README.write_text(write_block(text, table), "utf-8")
    return 0


def find_differences(base_url: str) -> dict[tuple[str, int], Finding]:
    """The effect on every outcome at every later week, by the score's code and the week."""
    arms = read_arms()
    with httpx.Client(base_url=base_url, timeout=60) as client:
        numbers = read_numbers(client)
        starts = read_starts(client)
        scores = {
            outcome.code: read_scores(client, outcome.code, numbers, starts) for outcome in OUTCOMES
        }
    return {
        (outcome.code, week): analyse(scores[outcome.code], arms, week)
        for outcome in OUTCOMES
        for week in outcome.published
    }


def read_all(client: httpx.Client, address: str) -> Iterator[Resource]:
    """Every resource that a search finds, page by page; decimals keep their places."""
    while address:
        answer = client.get(address)
        answer.raise_for_status()
        bundle = json.loads(answer.content, parse_float=Decimal)
        yield from (entry["resource"] for entry in bundle.get("entry", ()))
        links = {link["relation"]: link["url"] for link in bundle.get("link", ())}
        address = links.get("next", "")


def read_arms() -> dict[str, str]:
    """Who was in which arm, by study number; known to the analyst, to nobody else."""
    with (FIXTURES / "idbt-pain" / "allocation.csv").open(encoding="utf-8", newline="") as file:
        return {row["record_id"]: row["arm"] for row in csv.DictReader(file)}


def read_numbers(client: httpx.Client) -> dict[str, str]:
    """The study number of every Patient, by reference."""
    return {
        f"Patient/{patient['id']}": identifier["value"]
        for patient in read_all(client, f"Patient?_count={PAGE}")
        for identifier in patient["identifier"]
        if identifier["system"] == STUDY_NUMBER
    }


def read_starts(client: httpx.Client) -> dict[str, date]:
    """The day on which every person began to take part, by the Patient's reference."""
    return {
        subject["individual"]["reference"]: date.fromisoformat(subject["period"]["start"])
        for subject in read_all(client, f"ResearchSubject?_count={PAGE}")
    }


def read_scores(
    client: httpx.Client, code: str, numbers: Mapping[str, str], starts: Mapping[str, date]
) -> Scores:
    """The values of one score, by study number and week; the day tells which week it is."""
    found: dict[tuple[str, int], float] = {}
    query = httpx.QueryParams(code=f"{SCORE}|{code}", status="final,amended,corrected", _count=PAGE)
    for observation in read_all(client, f"Observation?{query}"):
        if "valueQuantity" not in observation:
            continue
        patient = observation["subject"]["reference"]
        day = date.fromisoformat(observation["effectiveDateTime"][:10])
        weeks = (day - starts[patient]).days // 7
        place = numbers[patient], max(week for week in WEEKS if week <= weeks)
        assert place not in found, f"{code} stands twice for week {place[1]}"
        found[place] = float(observation["valueQuantity"]["value"])
    return found


def analyse(scores: Scores, arms: Mapping[str, str], week: int) -> Finding:
    """Ordinary least squares on the complete cases: the week's score on baseline and arm."""
    cases = [
        (scores[number, 0], scores[number, week], float(arm == "intervention"))
        for number, arm in arms.items()
        if (number, 0) in scores and (number, week) in scores
    ]
    table = np.array(cases)
    before, after, arm = table.T
    fitted = sm.OLS(after, sm.add_constant(np.column_stack([before, arm]))).fit()
    low, high = fitted.conf_int()[2]
    groups = [after[arm == side] for side in (0, 1)]
    squares = sum(group.var(ddof=1) * (len(group) - 1) for group in groups)
    difference = float(fitted.params[2])
    return Finding(
        cases=len(cases),
        difference=difference,
        interval=(float(low), float(high)),
        p=float(fitted.pvalues[2]),
        size=difference / float(squares / (len(cases) - 2)) ** 0.5,
    )


def build_table(found: Mapping[tuple[str, int], Finding]) -> str:
    """The README's table, published beside recomputed."""
    lines = [HEADER, "|---|---|---|---|---|---|---|"]
    for outcome in OUTCOMES:
        for week, said in outcome.published.items():
            finding = found[outcome.code, week]
            told = said.words if said.difference is None else _span(said.difference, said.interval)
            lines.append(
                f"| {outcome.title} | {week} | {finding.cases} | {told} | {said.p} |"
                f" {_span(finding.difference, finding.interval)} | {_p(finding.p)} |"
            )
    return "\n".join(lines) + "\n"


def read_block(text: str) -> str | None:
    """What stands between the markers of a README, None when they are not there."""
    found = re.search(f"{BEGIN}\n(.*?){END}", text, re.DOTALL)
    return None if found is None else found[1]


def write_block(text: str, table: str) -> str:
    """A README with this table between its markers."""
    return re.sub(f"({BEGIN}\n).*?({END})", rf"\g<1>{table}\g<2>", text, flags=re.DOTALL)


def _span(difference: float, interval: tuple[float, float] | None) -> str:
    if interval is None:
        return f"{difference:.2f}"
    return f"{difference:.2f} ({interval[0]:.2f} to {interval[1]:.2f})"


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


if __name__ == "__main__":
    sys.exit(main())
