"""Functions of Python that agreements call: `extern fn NAME(…) -> … from "host"`.

    bool                            bool
    int                             int
    number                          float
    decimal(k)                      Decimal
    duration, instant, time         int: nanoseconds (since 1970, since midnight)
    text, enum, party, service      str; None as a result is absent (of a text or enum)

What the function raises comes out of the call of the session that needed it, and ends the session.

Tested by tests/hosts/python.
"""
from __future__ import annotations

import ctypes
import re
import threading
from decimal import Decimal
from typing import Any, Callable, List, NamedTuple, Optional

from ._abi import ErrorCode
from .error import EntenteError

_local = threading.local()


class _Kind(NamedTuple):
    c_type: Any
    take: Callable[[Any], Any]  # from C
    give: Callable[[Any], Any]  # to C


def _give_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"a bool is expected, not {value!r}")
    return value


def _give_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"an int is expected, not {value!r}")
    if not -2 ** 63 <= value < 2 ** 63:
        raise OverflowError("the result has more than 64 bits")
    return value


def _give_text(value: Any) -> Optional[int]:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"a str is expected, not {value!r}")
    _local.text = ctypes.create_string_buffer(value.encode("utf-8"))  # the library copies it at once
    return ctypes.addressof(_local.text)


def _take_text(address: Any) -> str:
    return ctypes.string_at(address).decode("utf-8")


def _scaled(digits: int) -> _Kind:
    unit = Decimal(1).scaleb(-digits)

    def give(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise TypeError(f"a Decimal is expected, not {value!r}")
        units = Decimal(value) / unit
        if units != units.to_integral_value():
            raise ValueError(f"{value} has more than {digits} digits after the point")
        return _give_int(int(units))
    return _Kind(ctypes.c_int64, lambda i: Decimal(i).scaleb(-digits), give)


_INT = _Kind(ctypes.c_int64, int, _give_int)
_TEXT = _Kind(ctypes.c_void_p, _take_text, _give_text)
_KINDS = {"bool": _Kind(ctypes.c_bool, bool, _give_bool), "int": _INT, "duration": _INT, "instant": _INT, "time": _INT,
          "number": _Kind(ctypes.c_double, float, float), "text": _TEXT, "enum": _TEXT, "party": _TEXT, "service": _TEXT}


def _kind(word: str) -> _Kind:
    decimal = re.fullmatch(r"decimal\((\d+)\)", word)
    if decimal:
        return _scaled(int(decimal.group(1)))
    if word not in _KINDS:
        raise EntenteError(ErrorCode.USAGE, f"`{word}` is no type of a signature")
    return _KINDS[word]


def make_function(function: Callable[..., Any], signature: str) -> Any:
    """The function as C calls it; to be kept as long as C may do so."""
    parts = re.fullmatch(r"(decimal\(\d+\)|\w+)\((.*)\)", signature.replace(" ", ""))
    if not parts:
        raise EntenteError(ErrorCode.USAGE, f"`{signature}` is no signature such as `number(number, int)`")
    result = _kind(parts.group(1))
    params: List[_Kind] = [_kind(word) for word in parts.group(2).split(",")]

    def guarded(*arguments: Any) -> Any:
        if getattr(_local, "raised", None) is None:
            try:
                return result.give(function(*(p.take(a) for p, a in zip(params, arguments))))
            except BaseException as raised:  # it cannot pass through C
                _local.raised = raised
        return None if result is _TEXT else 0

    return ctypes.CFUNCTYPE(result.c_type, *(p.c_type for p in params))(guarded)


def take_raised() -> Optional[BaseException]:
    """What a function raised in this thread since it was last asked for."""
    raised, _local.raised = getattr(_local, "raised", None), None
    return raised
