"""How fast the command line answers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.claims import Claim, best, claim, named


def run(path: Path | None) -> Iterator[Claim]:
    """`pomona --help` against `lm-eval --help`; the target is half a second."""

    def seconds(module: str) -> float:
        command = [sys.executable, "-m", module, "--help"]
        return best(lambda: subprocess.run(command, capture_output=True, check=True), 5)

    found = claim("cli.help", seconds("pomona"), seconds("lm_eval"), named("lm-eval"), "s", 1.0, "target: below 0.5 s",
                  less=True)  # fmt: skip
    yield Claim(**{**found.as_dict(), "ok": found.ours < 0.5})
