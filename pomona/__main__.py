"""Runs the command line as `python -m pomona`."""

from pomona.cli import run

run()
