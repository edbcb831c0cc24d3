"""How much our own work costs, in units of the least it could cost.

Every resource is checked in every case. Rounds are interleaved; the figure is the median over the
rounds of the ratio within a round. Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import compileall
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import orjson
import yaml

from adapter.errors import Origin
from adapter.fhir.draft import Draft
from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.instruments.form import Form
from adapter.instruments.response import Record, Response, parse_response
from adapter.instruments.study import Study
from adapter.scoring import score_response

ROOT = Path(__file__).parents[1]
ROUNDS, REPEATS, PEOPLE = 15, 200, 64
Case = Callable[[], object]


def main() -> int:
    """Prints the table; 1 when a bar is missed."""
    rows = [*_resource_ratios(), _score_ratio(), *_import_ratios()]
    print("| what | reference | ratio | bar |")
    print("|---|---|---|---|")
    for what, reference, ratio, bar in rows:
        print(f"| {what} | {reference} | {ratio:.1f} | ≤ {bar} |")
    return int(any(ratio > bar for _, _, ratio, bar in rows))


def _resource_ratios() -> list[tuple[str, str, float, float]]:
    form, study = _form(), _study()
    identity = Identity(study, b"a key for synthetic people")
    records = [_record(number) for number in range(PEOPLE)]
    responses = [_parsed(record, form, study) for record in records]
    built = [build_questionnaire_response(response, identity) for response in responses]
    observed = [_scores(response, identity) for response in responses]
    whole = [[draft.whole for draft in drafts] for drafts in observed]
    turn = itertools.cycle(range(PEOPLE))

    def response_row() -> None:
        record = records[next(turn)]
        Draft(build_questionnaire_response(_parsed(record, form, study), identity)).write()

    def score_row() -> None:
        for draft in _scores(_parsed(records[next(turn)], form, study), identity):
            draft.write()

    def dump_response() -> None:
        orjson.dumps(built[next(turn)], default=_number)

    def dump_scores() -> None:
        for resource in whole[next(turn)]:
            orjson.dumps(resource, default=_number)

    return [
        (
            "row → checked 21-item QuestionnaireResponse text",
            "`orjson.dumps` of it",
            _ratio(response_row, dump_response),
            20,
        ),
        (
            "row → checked Observation texts (three scores and their panel)",
            "`orjson.dumps` of them",
            _ratio(score_row, dump_scores),
            12,
        ),
    ]


def _score_ratio() -> tuple[str, str, float, float]:
    form, study = _form(), _study()
    responses = [_parsed(_record(number), form, study) for number in range(PEOPLE)]
    turn = itertools.cycle(responses)
    scales = [(scale.items, scale.multiply, scale.id) for scale in form.scales]

    def by_hand() -> list[tuple[str, Decimal, int]]:
        answers = next(turn).answers
        scored = []
        for items, multiply, name in scales:
            total, answered = Decimal(0), 0
            for link_id in items:
                answer = answers.get(link_id)
                if answer is not None and answer.counts is not None:
                    total += answer.counts
                    answered += 1
            scored.append((name, total * multiply, answered))
        return scored

    ratio = _ratio(lambda: score_response(next(turn)), by_hand)
    return "three scores of 21 items", "a hand-written loop", ratio, 2


def _import_ratios() -> list[tuple[str, str, float, float]]:
    """What every command imports, and what those that read and that deliver do.

    Compiled ahead, as an installation is: an environment may keep Python from doing it.
    """
    compileall.compile_dir(ROOT / "adapter", quiet=1)
    needed = {
        "every command": ("adapter.cli.opening", 4),
        "`ingest`": ("adapter.cli.ingest", 5),
        "`push`": ("adapter.cli.deliver, httpx", 6),
    }
    told: dict[str, list[float]] = {who: [] for who in needed}
    for _ in range(ROUNDS):
        bare = _cpu_seconds_of("pass")
        theirs = _cpu_seconds_of("import pydantic; pydantic.BaseModel") - bare
        for who, (modules, _) in needed.items():
            told[who].append((_cpu_seconds_of(f"import {modules}") - bare) / theirs)
    return [
        (f"importing what {who} needs", "`import pydantic`", statistics.median(told[who]), bar)
        for who, (_, bar) in needed.items()
    ]


def _cpu_seconds_of(code: str) -> float:
    script = f"import time\n{code}\nprint(time.process_time())"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    return float(told.stdout)


def _ratio(ours: Case, reference: Case) -> float:
    ratios = []
    for _ in range(ROUNDS):
        spent = _cpu_of(ours)
        ratios.append(spent / _cpu_of(reference))
    return statistics.median(ratios)


def _cpu_of(case: Case) -> float:
    before = time.process_time()
    for _ in range(REPEATS):
        case()
    return time.process_time() - before


def _form() -> Form:
    return Form.model_validate(
        yaml.safe_load((ROOT / "mappings/instruments/dass-21.yaml").read_text("utf-8"))
    )


def _study() -> Study:
    said = yaml.safe_load((ROOT / "mappings/studies/idbt-pain.yaml").read_text("utf-8"))
    forms = [{"form": "dass-21", "source_form": "dass21", "at": ["week-9"]}]
    return Study.model_validate({**said, "forms": forms})


def _record(number: int) -> Record:
    values = {f"dass21_{item}": str((item * number + item) % 4) for item in range(1, 22)}
    return Record(
        participant=str(1000 + number),
        event="week_9_arm_1",
        form="dass21",
        repeat=None,
        values=values,
        origin=Origin("records.csv", number + 2),
        complete="2",
        completed_at=f"2023-05-{number % 28 + 1:02} {number % 24:02}:{number % 60:02}:07",
    )


def _parsed(record: Record, form: Form, study: Study) -> Response:
    response = parse_response(record, form, study, "completed")
    if response is None:
        raise ValueError("the benchmark's records hold answers")
    return response


def _scores(response: Response, identity: Identity) -> list[Draft]:
    return build_observations(response, score_response(response), identity)


def _number(value: object) -> orjson.Fragment:
    return orjson.Fragment(str(value))


if __name__ == "__main__":
    sys.exit(main())
