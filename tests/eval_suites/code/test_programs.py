"""Programs made of prompts and answers, as base models and chat models write them."""

import pytest

from eval_suites.code import programs

PROMPT = 'from typing import List\n\n\ndef add(a: int, b: int) -> int:\n    """Adds."""\n'


@pytest.mark.parametrize(
    "answer",
    [
        "    return a + b\n",
        "```python\ndef add(a, b):\n    return a + b\n```",
        "Sure! Here it is:\n\n```python\nimport math\n\ndef add(a: int, b: int) -> int:\n    return a + b\n```\nIt adds.",
        "<think>def add? ```python\nwrong\n```</think>\n```\ndef add(a, b):\n    return a + b\n```",
        "```py\n    return a + b\n```",
        "```python\ndef add(a, b):\n    return a + b\n",  # cut before its end
        "```python3\ndef add(a, b):\n    return a + b\n```\nProse.",
        "```PYTHON title='x'\ndef add(a, b):\n    return a + b\n```\nIt works.\n",
        "```bash\npip install x\n```\nthen\n```python\ndef add(a, b):\n    return a + b\n```",
        "Run:\n```sh\nls\n```\n\n```\ndef add(a, b):\n    return a + b\n```",
    ],
)
def test_answers_become_the_function(answer: str) -> None:
    space: dict[str, object] = {}
    exec(programs.continued(PROMPT, answer, "add"), space)  # our own texts
    assert space["add"](1, 2) == 3  # type: ignore[operator]


def test_whole_programs() -> None:
    assert programs.whole("def f(): pass") == "def f(): pass"
    assert programs.whole("Text\n```python\nx = 1\n```\nmore") == "x = 1\n"
    assert programs.whole("<think>Is it def f()?</think>def f(): pass") == "def f(): pass"
    assert programs.continued(PROMPT, "<think>a + b</think>    return a + b", "add") == PROMPT + "    return a + b"
    assert programs.fenced("no code") is None


def test_a_long_answer_of_fences_is_read_in_time() -> None:
    assert programs.fenced("```" * 100_000) is None
