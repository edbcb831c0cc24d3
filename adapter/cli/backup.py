"""`adapter backup`: what the adapter holds, copied while it works."""

from __future__ import annotations

import argparse

from adapter.cli.opening import opened
from adapter.cli.terminal import document, table
from adapter.service.backing_up import back_up


def run_backup(said: argparse.Namespace) -> int:
    """Copies ledger, crosswalk and audit logs into a new folder."""
    with opened(said) as service:
        told = back_up(service, said.out)
    if said.json:
        document(told)
    else:
        table("backup", ("file", "SHA-256"), list(told["files"].items()))
        print(f"ledger: {told['ledger']}; no key is in it: keep those apart")
    return 0
