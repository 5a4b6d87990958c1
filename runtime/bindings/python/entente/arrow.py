"""Record batches of the Arrow C Data Interface, from whatever library makes them (`__arrow_c_array__`): read where they
stand, and left to their capsules to release.

Tested by tests/hosts/python.
"""
from __future__ import annotations

import ctypes
from typing import Any, Tuple

from ._abi import ArrowArray, ArrowSchema, ErrorCode
from .error import EntenteError

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def is_arrow(rows: Any) -> bool:
    return hasattr(rows, "__arrow_c_array__")


def arrow_pointers(rows: Any) -> Tuple[Any, Any, Any]:
    """Pointers to schema and array, and what must be kept while they are used."""
    capsules = rows.__arrow_c_array__()
    try:
        schema, batch = _pointer(capsules[0], b"arrow_schema"), _pointer(capsules[1], b"arrow_array")
    except (TypeError, ValueError, IndexError) as wrong:
        raise EntenteError(ErrorCode.USAGE, "__arrow_c_array__ gave no pair of Arrow capsules") from wrong
    return (ctypes.cast(schema, ctypes.POINTER(ArrowSchema)), ctypes.cast(batch, ctypes.POINTER(ArrowArray)), capsules)
