"""The prompt: BFCL's protocol, functions as JSON, and Java's and JavaScript's parameters as texts."""

import json

from eval_suites.tools import prompts
from tests.eval_suites.tools import bfcl_files


def described(text: str) -> list[dict[str, object]]:
    listed = text[text.index("that you can invoke.\n") + len("that you can invoke.\n") :]
    return list(json.loads(listed))


def test_the_protocol_and_the_functions() -> None:
    text = prompts.system(json.dumps([bfcl_files.AREA]), (("user", "?"),), "python")
    assert text.startswith("You are an expert in composing functions.")
    assert "[func_name1(params_name1=params_value1, params_name2=params_value2...), func_name2(params)]" in text
    (function,) = described(text)
    assert function == bfcl_files.AREA | {
        "description": "Does shape.area. Note that the provided function is in Python 3 syntax."
    }


def test_parameters_of_java_and_javascript_are_texts() -> None:
    (put,) = described(prompts.system(json.dumps([bfcl_files.PUT]), (), "java"))
    properties = put["parameters"]["properties"]  # type: ignore[index]
    assert {one["type"] for one in properties.values()} == {"string"}
    assert "items" not in properties["sizes"]
    assert "Java Array type parameter in string representation" in properties["sizes"]["description"]
    assert "elements are of type integer" in properties["sizes"]["description"]
    schema = {"type": "dict", "description": "", "properties": {"a": {"type": "integer"}}}
    (draw,) = described(
        prompts.system(json.dumps([bfcl_files.function("f", o=schema, p={"type": "any"})]), (), "javascript")
    )
    options = draw["parameters"]["properties"]["o"]  # type: ignore[index]
    assert '{"a": {"type": "integer"}}' in options["description"]
    assert "properties" not in options
    assert "any type of JavaScript object" in draw["parameters"]["properties"]["p"]["description"]  # type: ignore[index]


def test_messages() -> None:
    messages = (("system", "Be kind."), ("user", "Hello?"))
    assert prompts.system("[]", messages, "python").endswith("\n\nBe kind.")
    assert prompts.question(messages) == "Hello?"
    assert prompts.question((("user", "a"), ("assistant", "b"), ("user", "c"))) == "User: a\n\nAssistant: b\n\nUser: c"
