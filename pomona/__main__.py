"""`python -m pomona`."""

from pomona.cli import run

run()
