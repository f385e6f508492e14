"""Calls in Python's syntax, `[f(a=1), g(b=[2, {"c": None}])]`: read as a syntax tree, never run.

What is no literal becomes text, as in BFCL: a name its letters, `date(2020, 1)` and `x[0]` their source. Sums of
numbers are computed here within bounds; BFCL gives them to Python's `eval`.
"""

import ast
import operator
import warnings
from collections.abc import Callable

from eval_suites.tools.call import MAX_BITS, MAX_DEPTH, Call, UnreadableError, check

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
_REST = "**"  # stands for arguments that are unpacked, whose names nobody knows


def read(text: str) -> tuple[Call, ...]:
    """Returns the calls of a list of calls, or of one call; raises `UnreadableError` for everything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings of the model
            tree = ast.parse(text.strip(), mode="eval").body
        nodes = tree.elts if isinstance(tree, (ast.List, ast.Tuple)) else [tree]
        return tuple(_call(node) for node in nodes)
    except (SyntaxError, RecursionError, MemoryError, UnicodeError) as error:
        raise UnreadableError(f"no Python: {type(error).__name__}") from error
    except UnreadableError:
        raise
    except ValueError as error:  # a null byte
        raise UnreadableError("no Python: ValueError") from error


def _call(node: ast.expr, depth: int = 0) -> Call:
    """Returns a call. Arguments without a name are passed over, as in BFCL."""
    if not isinstance(node, ast.Call):
        raise UnreadableError(f"{type(node).__name__} in place of a call")
    return Call(_name(node.func), {one.arg or _REST: _value(one.value, depth + 1) for one in node.keywords})


def _name(node: ast.expr) -> str:
    """Returns the name of a function with its modules, `math.area`."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise UnreadableError("a call of something that has no name")
    return ".".join([node.id, *reversed(parts)])


def _value(node: ast.expr, depth: int) -> object:
    """Returns the literal that an expression stands for."""
    if depth > MAX_DEPTH:
        raise UnreadableError(f"more than {MAX_DEPTH} lists in lists")

    match node:
        case ast.Constant(value=value):
            check(value)
            return "..." if value is Ellipsis else value
        case ast.Name(id=name):
            return name
        case ast.List(elts=elements):
            return [_value(one, depth + 1) for one in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(one, depth + 1) for one in elements)
        case ast.Dict():
            return _dict(node, depth)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            number = _number(_value(operand, depth + 1))
            return -number if isinstance(node.op, ast.USub) else number
        case ast.BinOp():
            return _combined(node, depth)
        case ast.Call(keywords=[]) | ast.Subscript():
            return ast.unparse(node)
        case ast.Call():
            inner = _call(node, depth + 1)
            return {inner.name: dict(inner.arguments)}
    raise UnreadableError(f"{type(node).__name__} is no literal")


def _dict(node: ast.Dict, depth: int) -> dict[object, object]:
    values: dict[object, object] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise UnreadableError("a dict that is unpacked")
        name = _value(key, depth + 1)
        try:
            hash(name)
        except TypeError as error:
            raise UnreadableError("a list as the key of a dict") from error
        values[name] = _value(value, depth + 1)
    return values


def _combined(node: ast.BinOp, depth: int) -> object:
    """Returns the sum, product, ... of two numbers, or two texts or lists as one."""
    left, right = _value(node.left, depth + 1), _value(node.right, depth + 1)
    if isinstance(node.op, ast.Add) and isinstance(left, (str, list)) and type(left) is type(right):
        return left + right  # type: ignore[operator]

    operation = _OPERATIONS.get(type(node.op))
    if operation is None:
        raise UnreadableError(f"{type(node.op).__name__} of two values")
    first, second = _number(left), _number(right)
    if isinstance(node.op, ast.Pow) and isinstance(first, int) and abs(second) * first.bit_length() > MAX_BITS:
        raise UnreadableError("a power that is too large")

    try:
        value = operation(first, second)
    except (ArithmeticError, ValueError) as error:
        raise UnreadableError("a number that cannot be computed") from error
    check(value)
    return _number(value)


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnreadableError(f"a number is needed in place of {type(value).__name__}")
    return value
