"""Which items of the training split HELM shows before a question.

Right answers are classes. The most frequent ones come first; among equally frequent ones, the seed decides. Then one
random item of each class is taken in turn. Where every answer is a class of its own, this is a random sample; where
there are few answers, it is a balanced one. All questions of a task get the same examples.

Source: HELM's adaptation with sample_train, train trial 0 (seed 0); `tests/eval_suites/helm/test_examples.py` and a
comparison with HELM itself hold it.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import cycle
from random import Random


def chosen(labels: Sequence[str], n: int, seed: int = 0) -> list[int]:
    """Returns the places of at most n items in the order in which they are shown, given the right answer of each.

    An empty answer ends the choice, as it does in HELM: there would be nothing to show.
    """
    random = Random(seed)
    left: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        left[label].append(place)

    taken: list[int] = []
    wanted = min(n, len(labels))
    for label in cycle(_in_turn(left, random)):
        if len(taken) == wanted or not label:
            break
        places = left[label]
        if places:
            taken.append(places.pop(random.randrange(len(places))))
    return taken


def _in_turn(left: dict[str, list[int]], random: Random) -> list[str]:
    """Returns the classes, the most frequent ones first."""
    of_size: dict[int, list[str]] = defaultdict(list)
    for label in sorted(left):
        of_size[len(left[label])].append(label)

    order: list[str] = []
    for size in sorted(of_size, reverse=True):
        random.shuffle(of_size[size])
        order += of_size[size]
    return order
