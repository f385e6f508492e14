"""How small a difference a comparison can find, and how many items it takes.

Source: the normal approximation; Card et al. 2020, arXiv:2010.06595; Miller 2024, arXiv:2411.00640, section 5.
"""

import math

from eval_suites.statistics.intervals import LEVEL

POWER = 0.8  # chance to find a difference that is there


def minimum_detectable(spread: float, n: int, level: float = LEVEL, power: float = POWER) -> float:
    """Returns the least true difference that is found with that chance, from n pairs whose differences have a standard
    deviation of `spread`."""
    return _standard_errors(level, power) * spread / math.sqrt(n)


def items_needed(spread: float, effect: float, level: float = LEVEL, power: float = POWER) -> int:
    """Returns how many pairs find a true difference of `effect` with that chance."""
    if effect == 0:
        raise ValueError("no number of items finds a difference of 0")
    return max(math.ceil((_standard_errors(level, power) * spread / effect) ** 2), 1)


def spread_of_binary(discordant: float, effect: float = 0.0) -> float:
    """Returns the standard deviation of differences of 0 and 1 scores, given the share of items that only one model has
    right."""
    return math.sqrt(max(discordant - effect**2, 0.0))


def _standard_errors(level: float, power: float) -> float:
    from scipy import special

    return float(special.ndtri((1 + level) / 2) + special.ndtri(power))
