"""Fetch HL7's examples of our resource types for the tests.

    python -m tools.fetch_examples

writes `tests/data/r4-examples.ndjson`: one example a line, sorted by type and id, numbers as they
were written. They come from the npm package `hl7.fhir.r4.examples` 4.0.1 (CC0). Left out: examples
above 100 KB, and code systems and value sets but for those called examples; there are thousands.
"""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from adapter.fhir.types import OUR_TYPES

PACKAGE = "hl7.fhir.r4.examples"
VERSION = "4.0.1"
LARGEST = 100 * 1024
MANY = frozenset({"CodeSystem", "ValueSet"})
ROOT = Path(__file__).parent.parent


def fetch_package(cache: Path) -> Path:
    """Gives the path of the package, fetched by npm when `cache` lacks it."""
    package = cache / f"{PACKAGE}-{VERSION}.tgz"
    if not package.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, check=True, cwd=cache)
    return package


def read_package(package: Path) -> Iterator[dict[str, Any]]:
    """Yields the resources of the package, decimals as they were written."""
    with tarfile.open(package) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file and member.name.endswith(".json"):
                resource = json.load(file, parse_float=Decimal)
                if "resourceType" in resource:
                    yield resource


def is_wanted(resource: dict[str, Any]) -> bool:
    """Tells whether an example is of a type of ours and not one of thousands."""
    resource_type = resource["resourceType"]
    is_one_of_many = resource_type in MANY and not resource["id"].startswith("example")
    return resource_type in OUR_TYPES and not is_one_of_many


def write_line(resource: dict[str, Any]) -> bytes:
    """Gives a resource as one line."""
    return orjson.dumps(resource, lambda number: orjson.Fragment(str(number)))


def main() -> None:
    """Writes the examples."""
    wanted = filter(is_wanted, read_package(fetch_package(ROOT / ".cache")))
    lines = {(one["resourceType"], one.get("id", "")): write_line(one) for one in wanted}
    kept = [line for _, line in sorted(lines.items()) if len(line) <= LARGEST]
    (ROOT / "tests" / "data" / "r4-examples.ndjson").write_bytes(b"\n".join(kept) + b"\n")


if __name__ == "__main__":
    main()
