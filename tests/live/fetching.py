"""smart-fetch (https://pypi.org/project/smart-fetch), a client of FHIR that people use, unchanged.

It stands in an environment of its own under `.cache`, at the versions of `smart-fetch.lock`: what
it needs, 300 MB, is nothing that the adapter's own tests need. The lock was written by `uv pip
compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate` of
`smart-fetch==1.0.3`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.installed import REPOSITORY, InstallError

CACHE = REPOSITORY / ".cache" / "smart-fetch"
LOCK = Path(__file__).with_name("smart-fetch.lock")


def smart_fetch() -> Path:
    """The program, installed when the cache lacks it.

    Raises:
        InstallError: pip could not have it, or it was not what the lock says.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(folder)])
            pip = str(folder / "bin" / "pip")
            _run([pip, "install", "-q", "--require-hashes", "--no-deps", "-r", str(LOCK)])
            (folder / "whole").touch()
    return folder / "bin" / "smart-fetch"


def key_file(private: Path) -> Path:
    """A private key of ours in the shape that it reads: a set of keys, beside it."""
    keys = private.with_suffix(".jwks")
    keys.write_text(json.dumps({"keys": [json.loads(private.read_text("utf-8"))]}), "utf-8")
    return keys


def _run(command: list[str]) -> None:
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    if told.returncode != 0:
        raise InstallError(f"{' '.join(command)} failed:\n{told.stderr[-2000:]}")
