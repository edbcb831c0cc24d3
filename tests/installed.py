"""What tests need beside Python, brought here by the tests themselves.

Programs of Debian come by `tools/need`, or are unpacked in `.cache/debian`. A package of npm is
fetched by npm, compared with its digest and unpacked into `.cache/npm` once; nothing of it is run
to install it. Other people's Python programs get an environment of their own in `.cache/python`,
made of a lock with hashes.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
CACHE = REPOSITORY / ".cache" / "npm"
DEBIAN = REPOSITORY / ".cache" / "debian"
PYTHONS = REPOSITORY / ".cache" / "python"


class InstallError(Exception):
    """Something that a test needs could not be had; the message says what, and why."""


@dataclass(frozen=True, slots=True)
class Package:
    """One version of an npm package, and its archive's SHA-512 digest in base64, as npm says it."""

    name: str
    version: str
    sha512: str


def need_program(*names: str, debian: str) -> str:
    """The path of the first of these programs that is here; else the Debian package is installed.

    Raises:
        InstallError: It is not here and could not be installed.
    """
    for attempt in ("look", "install"):
        for name in names:
            if path := shutil.which(name):
                return path
        if attempt == "look":
            _run([str(REPOSITORY / "tools" / "need"), debian], REPOSITORY)
    raise InstallError(f"Debian's {debian} is installed, and has none of: {', '.join(names)}")


def debian_program(package: str, path: str) -> Path:
    """A program of a Debian package, unpacked in the cache: nothing of the machine is changed.

    Raises:
        InstallError: apt could not fetch it.
    """
    DEBIAN.mkdir(parents=True, exist_ok=True)
    folder = DEBIAN / package
    with (DEBIAN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=DEBIAN) as unfinished:
                _download(package, Path(unfinished))
                (archive,) = Path(unfinished).glob("*.deb")
                _run(["dpkg-deb", "--extract", str(archive), "whole"], Path(unfinished))
                (Path(unfinished) / "whole").rename(folder)
    return folder / path


def _download(package: str, folder: Path) -> None:
    try:
        _run(["apt-get", "download", package], folder)
    except InstallError:  # the lists of a new machine are empty
        _run(["apt-get", "update", "-qq"], folder)
        _run(["apt-get", "download", package], folder)


def unpack_package(package: Package) -> Path:
    """The folder with a package's files, fetched when the cache lacks it.

    Raises:
        InstallError: npm could not fetch it, or gave something else.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"{package.name}-{package.version}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
                archive = _fetch(package, Path(unfinished))
                _run(["tar", "-xzf", str(archive), "--no-same-owner"], Path(unfinished))
                (Path(unfinished) / "package").rename(folder)
    return folder


def node_modules(listed: Path) -> Path:
    """A folder whose `node_modules` are the packages of a list: on each line name, version, digest.

    Raises:
        InstallError: npm could not fetch them, or gave something else.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    text = listed.read_text("utf-8")
    packages = [Package(*line.split()) for line in text.splitlines()]
    folder = CACHE / f"modules-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
                whole = Path(unfinished) / "whole"
                _fetch_all(packages, Path(unfinished), whole / "node_modules")
                whole.rename(folder)
    return folder


def _fetch_all(packages: list[Package], archives: Path, modules: Path) -> None:
    npm = need_program("npm", debian="npm")
    names = [f"{each.name}@{each.version}" for each in packages]
    _run([npm, "pack", "--silent", *names], archives)
    for each in packages:
        plain = each.name.removeprefix("@").replace("/", "-")
        archive = archives / f"{plain}-{each.version}.tgz"
        check_archive(archive, each)
        there = modules / each.name
        there.mkdir(parents=True)
        tar = ["tar", "-xzf", str(archive), "--no-same-owner", "--strip-components=1"]
        _run(tar, there)


def python_with(lock: Path) -> Path:
    """A Python that has what a lock says, and nothing else; made when the cache lacks it.

    Raises:
        InstallError: pip could not install it.
    """
    PYTHONS.mkdir(parents=True, exist_ok=True)
    said = lock.read_bytes() + sys.version.encode()
    folder = PYTHONS / hashlib.sha256(said).hexdigest()[:16]
    python, done = folder / "bin" / "python", folder / "done"
    with (PYTHONS / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not done.is_file():
            _run([sys.executable, "-m", "venv", "--clear", str(folder)], PYTHONS)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], PYTHONS)
            done.touch()
    return python


def check_archive(archive: Path, package: Package) -> None:
    """Compares an archive with the package's digest.

    Raises:
        InstallError: It is another one.
    """
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise InstallError(f"{archive.name} is not the archive that was chosen: SHA-512 {digest}")


def _fetch(package: Package, folder: Path) -> Path:
    npm = need_program("npm", debian="npm")
    _run([npm, "pack", "--silent", f"{package.name}@{package.version}"], folder)
    (archive,) = folder.glob("*.tgz")
    check_archive(archive, package)
    return archive


def _run(command: list[str], folder: Path) -> None:
    run = subprocess.run(
        command,
        check=False,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode != 0:
        raise InstallError(f"{' '.join(command)} failed:\n{run.stdout[-2000:]}")
