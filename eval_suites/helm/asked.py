"""Which items of a split HELM asks: at most 1,000, drawn once for all models.

HELM draws them from the validation and the test split together, and reports the test split; so fewer than 1,000 test
items count where there is a validation split. Source: HELM Lite is run with --max-eval-instances 1000.
"""

import numpy as np

MOST = 1000


def places(n: int, before: int = 0, most: int = MOST) -> list[int]:
    """Returns the places of the items that are asked of a split with n items, in order.

    `before`: items of other splits that HELM draws from as well, and that stand before these.
    """
    if before + n <= most:
        return list(range(n))
    drawn = np.random.RandomState(0).choice(before + n, most, replace=False)
    return sorted(int(one) - before for one in drawn if one >= before)
