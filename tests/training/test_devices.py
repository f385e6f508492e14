"""Devices of this machine."""

import pytest
import torch

from training import devices


def test_a_precision_that_is_named_is_taken() -> None:
    assert devices.precision("float32") == "float32"
    assert devices.precision("bfloat16") == "bfloat16"
    assert devices.precision("auto", torch.device("cpu")) in ("float32", "bfloat16")


def test_automatic_precision_is_that_of_the_faster_products(monkeypatch: pytest.MonkeyPatch) -> None:
    for rate, expected in ((10.0, "bfloat16"), (1.2, "float32"), (0.01, "float32")):
        monkeypatch.setattr(devices, "_rate", lambda dtype, rate=rate: rate if dtype == torch.bfloat16 else 1.0)
        assert devices.precision("auto", torch.device("cpu")) == expected


def test_a_machine_multiplies() -> None:
    assert devices.peak_flops("float32", torch.device("cpu")) > 1e9
    assert "CPU" in devices.name("float32", torch.device("cpu"), 2)
