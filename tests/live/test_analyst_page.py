"""The program on the page for analysts makes the table that it promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.live.small import ROOT, SmallTrial

PAGE = ROOT / "docs" / "analyst.md"


def test_the_program_of_the_page_reads_every_score_of_an_export(tmp_path: Path) -> None:
    trial = SmallTrial(tmp_path, "http://127.0.0.1:9/fhir", frozenset({"1015", "1042"}))
    trial.read()
    trial.run("export", "--out", str(tmp_path / "export"))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)

    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    lines = (tmp_path / "export" / "Observation.ndjson").read_text("utf-8").splitlines()
    observed = [each for each in map(json.loads, lines) if "hasMember" not in each]
    count, rows, missing = map(int, told.stdout.split())
    assert count == len(observed)
    assert 0 < rows <= count
    assert missing == sum("dataAbsentReason" in each for each in observed)
    assert count > 50
