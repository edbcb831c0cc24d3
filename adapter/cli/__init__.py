"""The command line: arguments in, exit code out."""

from adapter.cli.main import main

__all__ = ["main"]
