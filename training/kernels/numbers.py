"""Numbers in kernels: bfloat16 as its bits, and exp that the compiler can vectorize.

bfloat16 is the upper half of a float32. `widen` and `narrow` go between the two, and leave float32 as it is, so one
kernel serves both types. Rounding is to the nearest, ties to even, as in PyTorch.
"""

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

# Rules of arithmetic that may be broken so that loops vectorize. NaN and infinity stay what they are: a step that went
# wrong has to be seen.
FAST = {"reassoc", "contract", "arcp", "nsz", "afn"}


@intrinsic
def _float_of(typingctx, bits):
    """The float32 of 32 bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float32))

    return types.float32(types.uint32), generate


@intrinsic
def _bits_of(typingctx, number):
    """The 32 bits of a float32."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.uint32))

    return types.uint32(types.float32), generate


def widen(x):
    """Returns a number of an array as float32."""
    raise NotImplementedError  # only in kernels


def narrow(x, like):
    """Returns a float32 as a number for an array that has numbers such as `like`."""
    raise NotImplementedError  # only in kernels


@overload(widen, inline="always")
def _widen(x):
    if x == types.uint16:
        return lambda x: _float_of(np.uint32(x) << np.uint32(16))
    return lambda x: x


@overload(narrow, inline="always")
def _narrow(x, like):
    if like == types.uint16:

        def rounded(x, like):
            bits = _bits_of(np.float32(x))
            half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
            return np.uint16((bits + half) >> np.uint32(16))

        return rounded
    return lambda x, like: np.float32(x)


@njit(inline="always")
def exp(x):
    """Returns e^x of a float32 to about 2 units in the last place; below -87 it returns about 1e-38.

    2^y with y = x log2(e) = n + r: the exponent n goes into the bits, 2^r with |r| ≤ 1/2 is a polynomial (Taylor's,
    degree 6). NaN stays NaN, since comparisons with it are false.
    """
    y = x * np.float32(1.4426950408889634)
    y = np.float32(-126.0) if y < np.float32(-126.0) else y
    y = np.float32(127.0) if y > np.float32(127.0) else y
    n = np.floor(y + np.float32(0.5))
    r = y - n
    p = np.float32(1.5403530393381608e-4)
    p = p * r + np.float32(1.3333558146428443e-3)
    p = p * r + np.float32(9.6181291076284772e-3)
    p = p * r + np.float32(5.5504108664821580e-2)
    p = p * r + np.float32(2.4022650695910071e-1)
    p = p * r + np.float32(6.9314718055994531e-1)
    p = p * r + np.float32(1.0)
    return p * _float_of(np.uint32((np.int32(n) + np.int32(127)) << np.int32(23)))
