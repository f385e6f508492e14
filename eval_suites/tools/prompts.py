"""What a model is told: which functions there are, and how to write calls.

The wording is that of BFCL's prompting mode (Apache License 2.0, the Gorilla project of UC Berkeley), so that scores
can be compared: its default format is plain text, functions as JSON, calls in Python's syntax, a system message. For
Java and JavaScript, BFCL describes each parameter as a text that holds an expression.
"""

import json
from collections.abc import Mapping, Sequence

from eval_suites.tools.call import Language

_SYSTEM = """\
You are an expert in composing functions.You are given a question and a set of possible functions. Based on the \
question, you will need to make one or more function/tool calls to achieve the purpose. If none of the functions can \
be used, point it out. If the given question lacks the parameters required by the function, also point it out.

You should only return the function calls in your response.

If you decide to invoke any of the function(s), you MUST put it in the format of \
[func_name1(params_name1=params_value1, params_name2=params_value2...), func_name2(params)].  You SHOULD NOT include \
any other text in the response.

At each turn, you should try your best to complete the tasks requested by the user within the current turn. Continue \
to output functions to call until you have fulfilled the user's request to the best of your ability. Once you have no \
more functions to call, the system will consider the current turn complete and proceed to the next turn or task.

Here is a list of functions in json format that you can invoke.
"""  # the missing and the double blank are BFCL's
_SYNTAX: dict[Language, str] = {"python": "Python 3", "java": "Java 8 SDK", "javascript": "JavaScript"}
_TITLE: dict[Language, str] = {"java": "Java", "javascript": "JavaScript"}
_LISTS = ("Array", "ArrayList", "array")


def system(functions: str, messages: Sequence[tuple[str, str]], language: Language) -> str:
    """Returns the system message: the task, the functions, and what the item's own system message says."""
    described = [_described(one, language) for one in json.loads(functions)]
    text = f"{_SYSTEM}{json.dumps(described, indent=4)}\n"
    return f"{text}\n\n{messages[0][1]}" if messages and messages[0][0] == "system" else text


def question(messages: Sequence[tuple[str, str]]) -> str:
    """Returns the user's message. A conversation of several messages is written out, each with who says it."""
    said = [one for one in messages if one[0] != "system"]
    if len(said) == 1:
        return said[0][1]
    return "\n\n".join(f"{role.capitalize()}: {text}" for role, text in said)


def _described(function: Mapping[str, object], language: Language) -> dict[str, object]:
    """Returns a function's description as a model sees it."""
    described = json.loads(json.dumps(function))
    described["description"] = f"{described.get('description', '')} Note that the provided function is in " + (
        f"{_SYNTAX[language]} syntax."
    )
    if language != "python":
        for parameter in described["parameters"]["properties"].values():
            _as_text(parameter, language)
    return dict(described)


def _as_text(parameter: dict[str, object], language: Language) -> None:
    """Makes a parameter a text that holds an expression, in place, as BFCL describes it."""
    kind, title = parameter["type"], _TITLE[language]
    hint = f" This is {title} {kind} type parameter in string representation."
    if kind == "any":
        hint = f" This parameter can be of any type of {title} object in string representation."
    if kind in _LISTS and isinstance(parameter.get("items"), dict):
        items = parameter.pop("items")
        hint += f" The list elements are of type {items['type']}; they are not in string representation."  # type: ignore[index]
    if kind == "dict" and "properties" in parameter:
        entries = json.dumps(parameter.pop("properties"))
        hint += f" The dictionary entries have the following schema; they are not in string representation. {entries}"
    parameter["description"] = f"{parameter.get('description', '')}{hint}"
    parameter["type"] = "string"
