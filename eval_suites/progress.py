"""Shows how many requests are answered, on standard error."""

import sys
import time

from eval_suites.asking import Report


def showing(name: str) -> Report:
    """Returns a function that shows how many requests are answered."""
    last = [0.0]

    def report(done: int, total: int) -> None:
        is_terminal, now = sys.stderr.isatty(), time.monotonic()
        if done < total and now - last[0] < (0.2 if is_terminal else 15.0):
            return
        last[0] = now
        end = "\n" if done >= total or not is_terminal else ""
        begin = "\r" if is_terminal else ""
        sys.stderr.write(f"{begin}{name}: {done:,}/{total:,} requests{end}")
        sys.stderr.flush()

    return report
