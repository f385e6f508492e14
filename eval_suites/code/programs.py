"""Makes programs of what models write: the prompt with its continuation, or the code of a chat's answer.

Source: Chen et al. 2021, arXiv:2107.03374 (HumanEval); Austin et al. 2021, arXiv:2108.07732 (MBPP).
"""

import re

_FENCED = re.compile(r"^[ \t]*```([^\n`]*)\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON = re.compile(r"py(thon)?[\d.]*\b", re.IGNORECASE)
_THOUGHT = "</think>"


def continued(prompt: str, answer: str, entry_point: str) -> str:
    """Returns a function that was begun by the prompt. An answer in a block of code that has the whole function stands
    for itself, behind what the prompt imports."""
    code = fenced(answer)
    if code is None:
        return prompt + _said(answer)
    if re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", code, re.MULTILINE):
        return f"{prompt[: prompt.find('def ' + entry_point)]}\n{code}"
    return prompt + code


def whole(answer: str) -> str:
    """Returns the program of an answer: its first block of code, or all of it."""
    code = fenced(answer)
    return _said(answer) if code is None else code


def fenced(answer: str) -> str | None:
    """Returns the first block of Python of an answer, after a model's thoughts; else the first block that does not say
    what it is, else the first one. None if there is none."""
    blocks = _FENCED.findall(_said(answer).replace("\r\n", "\n"))
    named = [code for kind, code in blocks if _PYTHON.match(kind.strip())]
    plain = [code for kind, code in blocks if not kind.strip()]
    return next(iter([*named, *plain, *(code for _, code in blocks)]), None)


def _said(answer: str) -> str:
    """Returns what a model says after its thoughts."""
    return answer.rpartition(_THOUGHT)[2]
