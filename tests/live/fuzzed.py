"""schemathesis, which makes requests out of our own description, held to every door of it.

https://schemathesis.readthedocs.io. It gets the ids of what is there, so that reads find something,
and asks that what it does wrong be refused (`Prefer: handling=strict`), which FHIR leaves to who
asks.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx

from tests.installed import REPOSITORY, python_with
from tests.live.served import Served

LOCK = REPOSITORY / "tests" / "live" / "foreign" / "requirements.lock"
DEEP = r"/(QuestionnaireResponse|bulk|\$export|\.well-known|metadata|token|health)|fhir$"
"""What is tried with every kind of value in a short run; the doors of the other types are those."""


def fuzz(
    served: Served, folder: Path, examples: int, only: str = "", *, is_short: bool = False
) -> subprocess.CompletedProcess[str]:
    """What it says, exit code 0 where it found nothing; `only` is how the paths begin."""
    (folder / "schemathesis.toml").write_text(_settings(served, is_short=is_short), "utf-8")
    python = python_with(LOCK)
    said: list[str | Path] = [
        *(python, python.with_name("st"), "run", f"{served.origin}/openapi.json"),
        *("--url", served.origin, "--max-examples", str(examples), "--seed", "1", "--no-color"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure"),
        *(("--include-path-regex", only) if only else ()),
    ]
    return subprocess.run(
        said, capture_output=True, text=True, timeout=3600, check=False, cwd=folder
    )


def _settings(served: Served, *, is_short: bool) -> str:
    headers = {"Authorization": f"Bearer {served.token()}"}
    with httpx.Client(base_url=served.base, headers=headers) as client:
        statement = client.get("/metadata").json()
        types = [each["type"] for each in statement["rest"][0]["resource"]]
        found = {name: client.get(f"/{name}?_count=1").json() for name in types}
    ids = {
        name: said["entry"][0]["resource"]["id"] for name, said in found.items() if "entry" in said
    }
    known = [
        f"""
[[operations]]
include-path-regex = '^/fhir/{name}/\\{{id\\}}'
parameters = {{ "path.id" = {json.dumps(id_)} }}
"""
        for name, id_ in ids.items()
    ]
    shallow = f"""
[[operations]]
exclude-path-regex = '{DEEP}'
phases.coverage.enabled = false
phases.examples.enabled = false
"""
    return f"""
headers = {{ Authorization = "{headers["Authorization"]}", Prefer = "handling=strict" }}
warnings = false

# What R4 and a Questionnaire ask of a body stands in no OpenAPI; nor does If-Match of an update.
[[operations]]
include-method = ["POST", "PUT", "PATCH"]
exclude-path-regex = '_search$'
checks.positive_data_acceptance.enabled = false
{shallow if is_short else ""}{"".join(known)}"""
