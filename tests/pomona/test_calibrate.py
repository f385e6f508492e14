from pathlib import Path

import pytest

from pomona import budget
from pomona.calibrate import calibrate


def test_rates_are_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rates = calibrate()
    assert rates.keys() == budget.default_rates().keys()
    assert all(rate > 0 for rate in rates.values())
    assert budget.load_rates() == {name: round(rate, 2) for name, rate in rates.items()}
