"""`adapter keys`: makes a key pair to sign in with."""

from __future__ import annotations

import argparse
from pathlib import Path

from adapter.cli import show
from adapter.service.keys import add_crosswalk_key, make_key


def run_keys(said: argparse.Namespace) -> int:
    """Writes a new key; says where, and nothing of what it is."""
    if said.what == "crosswalk":
        out = said.out or Path("crosswalk.key")
        count = add_crosswalk_key(out)
        show.done({"file": str(out), "keys": count}, as_json=said.json)
        return 0
    private, public = make_key(said.out or Path("keys"), said.kid, said.algorithm)
    show.done({"kid": said.kid, "private": str(private), "public": str(public)}, as_json=said.json)
    return 0
