"""Tests of training draw the same numbers whatever ran before them in the same process."""

import pytest
import torch


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)
