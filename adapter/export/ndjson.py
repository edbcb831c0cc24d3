"""NDJSON, one file a resource type, one resource a line, each as it was written.

https://hl7.org/fhir/R4/nd-json.html. A file appears under its name when it is whole; the manifest,
with counts and SHA-256 digests, is written last, and an earlier one is gone before the first file
is. The release gate holds as for any receiver.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from adapter.store import versions
from adapter.store.database import Database
from adapter.store.versions import Version


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of the export."""

    type: str
    file: str
    count: int
    sha256: str


def export_ndjson(
    database: Database, out: Path, released: Callable[[Version], bytes | None], now: str
) -> list[ExportedFile]:
    """Writes the newest version of every resource into `out`, without retracted ones.

    `released` gives the text that may leave of a version, None where none may.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "manifest.json").unlink(missing_ok=True)
    files = [
        exported
        for resource_type in versions.types(database.read())
        if (exported := _write_type(database, out, resource_type, released)) is not None
    ]
    manifest = {
        "transactionTime": now,
        "output": [
            {"type": file.type, "url": file.file, "count": file.count, "sha256": file.sha256}
            for file in files
        ],
    }
    _replace(out / "manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return files


def _write_type(
    database: Database, out: Path, resource_type: str, released: Callable[[Version], bytes | None]
) -> ExportedFile | None:
    name = f"{resource_type}.ndjson"
    unfinished = out / f".{name}.part"
    digest, count = hashlib.sha256(), 0
    with unfinished.open("wb") as file:
        for version in versions.of_type(database.read(), resource_type):
            text = None if version.is_retracted else released(version)
            if text is not None:
                line = text + b"\n"
                digest.update(line)
                file.write(line)
                count += 1
    if count == 0:
        unfinished.unlink()
        (out / name).unlink(missing_ok=True)
        return None
    os.replace(unfinished, out / name)  # noqa: PTH105 - replaces, where Path.rename may refuse
    return ExportedFile(resource_type, name, count, digest.hexdigest())


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)  # noqa: PTH105 - as above
