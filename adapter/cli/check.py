"""`adapter check`: all findings about mappings, configuration and dictionaries."""

from __future__ import annotations

import argparse
import os

from adapter.cli import show
from adapter.errors import DeclarationError
from adapter.service import now, read_declarations
from adapter.service.capabilities import check_clinics
from adapter.service.checking import check_sources, check_versions
from adapter.service.key_of_study import check_key
from adapter.settings import read_settings


def run_check(said: argparse.Namespace) -> int:
    """All findings about mappings, configuration and dictionaries; 10 when there is an error."""
    try:
        settings = read_settings(said.config)
    except DeclarationError as wrong:
        problems = [*wrong.problems]
    else:
        declared = read_declarations(settings)
        problems = [
            *declared.problems,
            *check_key(settings, declared.study, os.environ),
            *check_versions(settings, declared),
            *check_sources(settings, declared, now()),
        ]
        if said.online:
            problems += check_clinics(declared)
    show.findings(problems, as_json=said.json)
    has_error = any(problem.severity == "error" for problem in problems)
    return DeclarationError.exit_code if has_error else 0
