"""Tiny data files in BFCL's format, written for the tests: one item or two per category."""

import json
from pathlib import Path
from typing import Any

from eval_suites.tools.categories import CATEGORIES

Json = dict[str, Any]


def function(name: str, required: list[str] | None = None, **parameters: Json) -> Json:
    """A function's description; its parameters are required if nothing else is said."""
    properties = {key: {"description": f"The {key}."} | one for key, one in parameters.items()}
    return {
        "name": name,
        "description": f"Does {name}.",
        "parameters": {
            "type": "dict",
            "properties": properties,
            "required": list(parameters) if required is None else required,
        },
    }


AREA = function(
    "shape.area", ["base", "height"], base={"type": "integer"}, height={"type": "float"}, unit={"type": "string"}
)
PLAY = function("play", artist={"type": "string"}, minutes={"type": "integer"})
PUT = function(
    "Cache.put",
    key={"type": "String"},
    sizes={"type": "Array", "items": {"type": "integer"}},
    force={"type": "boolean"},
)
DRAW = function(
    "draw", colors={"type": "array", "items": {"type": "String"}}, options={"type": "dict"}, scale={"type": "float"}
)

_AREA_ANSWER = {"shape.area": {"base": [10], "height": [5.0], "unit": ["cm", ""]}}
_PLAY_ANSWERS = [
    {"play": {"artist": ["Nina Simone"], "minutes": [20]}},
    {"play": {"artist": ["Fela Kuti", "F. Kuti"], "minutes": [15]}},
]
ITEMS: dict[str, tuple[list[Json], list[Json]]] = {  # functions, answers
    "simple_python": ([AREA], [_AREA_ANSWER]),
    "simple_java": ([PUT], [{"Cache.put": {"key": ["a"], "sizes": [[1, 2]], "force": [True]}}]),
    "simple_javascript": (
        [DRAW],
        [{"draw": {"colors": [["red", "blue"]], "options": [{"wide": [True], "name": ["x"]}], "scale": [1.5]}}],
    ),
    "multiple": ([PLAY, AREA], [_AREA_ANSWER]),
    "parallel": ([PLAY], _PLAY_ANSWERS),
    "parallel_multiple": ([PLAY, AREA], [*_PLAY_ANSWERS, _AREA_ANSWER]),
    "irrelevance": ([AREA], []),
    "live_simple": ([AREA], [_AREA_ANSWER]),
    "live_multiple": ([PLAY, AREA], [_AREA_ANSWER]),
    "live_parallel": ([PLAY], _PLAY_ANSWERS),
    "live_parallel_multiple": ([PLAY, AREA], [*_PLAY_ANSWERS, _AREA_ANSWER]),
    "live_irrelevance": ([AREA], []),
    "live_relevance": ([PLAY], []),
}
_AREA_CALL = "shape.area(base=10, height=5)"
_PLAY_CALLS = "play(minutes=15, artist='f kuti'), play(artist='nina simone', minutes=20)"
RIGHT = {  # an answer that is right, by category
    "simple_python": f"[{_AREA_CALL}]",
    "simple_java": '[Cache.put(key="a", sizes=new int[]{1, 2}, force=true)]',
    "simple_javascript": '[draw(colors=["red", "blue"], options={wide: true, "name": "X"}, scale=1.5)]',
    "multiple": f"[{_AREA_CALL}]",
    "parallel": f"[{_PLAY_CALLS}]",
    "parallel_multiple": f"[{_AREA_CALL}, {_PLAY_CALLS}]",
    "irrelevance": "None of the functions can be used.",
    "live_simple": f"[{_AREA_CALL}]",
    "live_multiple": f"[{_AREA_CALL}]",
    "live_parallel": f"[{_PLAY_CALLS}]",
    "live_parallel_multiple": f"[{_AREA_CALL}, {_PLAY_CALLS}]",
    "live_irrelevance": "[]",
    "live_relevance": "[play(artist='anybody')]",
}


def write(folder: Path, categories: list[str] | None = None) -> Path:
    """Writes the files of some categories as the package has them: questions, and answers in a folder beside them."""
    (folder / "possible_answer").mkdir(parents=True)
    for name in categories or CATEGORIES:
        functions, answers = ITEMS[name]
        item = {"id": f"{name}_0", "question": [[{"role": "user", "content": f"A question of {name}."}]]}
        (folder / f"BFCL_v4_{name}.json").write_text(json.dumps(item | {"function": functions}) + "\n")
        if answers:
            line = json.dumps({"id": f"{name}_0", "ground_truth": answers})
            (folder / "possible_answer" / f"BFCL_v4_{name}.json").write_text(line + "\n")
    return folder
