"""The norm of all gradients, and what is done with it."""

import math

import pytest
import torch

from training.optimizers.clip import clip, global_norm


@pytest.mark.parametrize("sizes", [(3,), (3, 5), (100_000, 7)])
def test_the_norm_is_that_of_all_gradients_together(sizes: tuple[int, ...]) -> None:
    parameters = [torch.nn.Parameter(torch.zeros(size)) for size in sizes]
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape)
    frozen = torch.nn.Parameter(torch.zeros(2))
    expected = math.sqrt(sum(float(p.grad.double().square().sum()) for p in parameters))
    assert global_norm([*parameters, frozen]) == pytest.approx(expected, rel=1e-5)
    assert global_norm([frozen]) == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_shows_in_the_norm(bad: float) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1000))
    parameter.grad = torch.zeros(1000)
    parameter.grad[777] = bad
    assert not math.isfinite(global_norm([parameter]))


@pytest.mark.parametrize(
    ("norm", "scale", "is_skipped"),
    [
        (0.0, 1.0, False),
        (0.5, 1.0, False),
        (4.0, 0.25, False),
        (99.9, 1 / 99.9, False),
        (100.0, 1.0, True),
        (math.inf, 1.0, True),
        (math.nan, 1.0, True),
    ],
)
def test_long_gradients_are_shortened_and_very_long_ones_skipped(norm: float, scale: float, is_skipped: bool) -> None:
    decision = clip(norm)
    assert (decision.scale, decision.is_skipped) == (pytest.approx(scale), is_skipped)


def test_limits_are_those_given() -> None:
    assert clip(3.0, limit=6.0).scale == 1.0
    assert clip(3.0, skip_at=2.0).is_skipped
