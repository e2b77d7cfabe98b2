"""The command line: parse, call, print."""

from interpret.cli.shell import main

__all__ = ["main"]
