"""A small lake with a tokenizer, mixtures and token shards, which tests read and none writes."""

import json
import random
from pathlib import Path

from corpus.lake import Lake
from pomona import runner
from pomona.recipe import load

SIZES = {"a": 120, "b": 60, "c": 12}  # documents of each source
RECIPE = """
lake: {root}/lake
sources:
  - {{name: a, path: {root}/a.jsonl}}
  - {{name: b, path: {root}/b.jsonl}}
  - {{name: c, path: {root}/c.jsonl}}
filter: null
dedup: null
tokenizer: {{vocab_size: 560, mixture: M}}
mixtures:
  - {{name: M, weights: {{a: 0.7, b: 0.3}}, tokens: 30K}}
  - {{name: all, max_epochs: 1, seed: 3}}
  - {{name: twice, weights: {{a: 1, c: 1}}, max_epochs_of: {{c: 3.5}}}}
"""


def write(root: Path) -> Path:
    """Raw files of three sources, each with words of its own, and a recipe over them."""
    chance = random.Random(5)
    for name, n in SIZES.items():
        words = ["".join(chance.choice("abcdefghijklmnop") for _ in range(chance.randrange(2, 9))) for _ in range(300)]
        texts = (" ".join(chance.choice(words) for _ in range(chance.randrange(40, 160))) for _ in range(n))
        lines = (
            json.dumps({"text": f"{name} {i}: {text}.", "url": f"http://{name}.org/{i}"})
            for i, text in enumerate(texts)
        )
        (root / f"{name}.jsonl").write_text("\n".join(lines))
    recipe = root / "recipe.yaml"
    recipe.write_text(RECIPE.format(root=root))
    return recipe


def make(root: Path) -> Lake:
    """The lake after its recipe."""
    recipe = write(root)
    lake = Lake(root / "lake")
    list(runner.run_recipe(lake, load(recipe), workers=1))
    return lake
