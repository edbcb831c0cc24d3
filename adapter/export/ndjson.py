"""An export as a folder: one NDJSON file a resource type, and a manifest.

https://hl7.org/fhir/R4/nd-json.html. A file appears under its name when it is whole; the manifest,
with counts and SHA-256 digests, is written last, and an earlier one is gone before the first file
is.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from adapter.export.parts import Block, write_part


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of the export."""

    type: str
    file: str
    count: int
    sha256: str


def export_ndjson(
    out: Path, types: Sequence[str], blocks: Callable[[str], Iterator[Block]], moment: str
) -> list[ExportedFile]:
    """Writes the lines of every type into `out`; a type without any gets no file.

    `moment` is the instant that the export stands for.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "manifest.json").unlink(missing_ok=True)
    files = [
        exported
        for resource_type in types
        if (exported := _write_type(out, resource_type, blocks(resource_type))) is not None
    ]
    manifest = {
        "transactionTime": moment,
        "output": [
            {"type": file.type, "url": file.file, "count": file.count, "sha256": file.sha256}
            for file in files
        ],
    }
    _replace(out / "manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return files


def _write_type(out: Path, resource_type: str, blocks: Iterator[Block]) -> ExportedFile | None:
    path = out / f"{resource_type}.ndjson"
    part = write_part(path, blocks, sys.maxsize)
    if part is None:
        path.unlink(missing_ok=True)
        return None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ExportedFile(resource_type, path.name, part.count, digest)


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)  # noqa: PTH105 - replaces, where Path.rename may refuse
