"""A worker that dies before its seventh step, with the state of each step saved."""

import sys
from typing import Any

from training import loop, worker


def main() -> int:
    """Trains up to the sixth step."""
    original = loop._Trainer._step

    def taken(self: Any, sequences: Any, progress: Any) -> Any:
        if progress.step == 6:
            raise RuntimeError("killed")
        return original(self, sequences, progress)

    loop._Trainer._step = taken  # type: ignore[method-assign]
    return worker.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
