"""Finds libentente and gives its functions their types.

It is looked for in this order: the file that the environment's ENTENTE_LIBRARY names, beside this package, where pkg-config
says that `entente` is installed, and where the system's loader looks.
"""
from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path
from typing import Any, Iterator, List

from . import _abi
from ._abi import ErrorCode
from .error import EntenteError

SONAME = f"libentente.so.{_abi.VERSION.split('.')[0]}"


def _places() -> Iterator[str]:
    chosen = os.environ.get("ENTENTE_LIBRARY")
    if chosen:
        yield chosen
        return
    here = Path(__file__).resolve().parent
    for name in (SONAME, "libentente.so"):
        if (here / name).exists():
            yield str(here / name)
    try:
        found = subprocess.run(["pkg-config", "--variable=libdir", "entente"], capture_output=True, text=True, check=True)
        yield str(Path(found.stdout.strip()) / SONAME)
    except (OSError, subprocess.CalledProcessError):
        pass
    yield SONAME


def _open() -> ctypes.CDLL:
    tried: List[str] = []
    for place in _places():
        try:
            return ctypes.CDLL(place)
        except OSError as reason:
            tried.append(str(reason))
    raise EntenteError(ErrorCode.ENVIRONMENT,
                       "libentente was not found: install it, or name its file in ENTENTE_LIBRARY; " + "; ".join(tried))


def _compatible(theirs: str) -> bool:
    """The same major version; below 1.0 the minor one too."""
    parts = 2 if _abi.VERSION.startswith("0.") else 1
    return theirs.split(".")[:parts] == _abi.VERSION.split(".")[:parts]


class _Library:
    """The functions by name, each looked up when it is first asked for."""

    def __init__(self) -> None:
        self._dll = _open()
        theirs = self.ent_version().decode()
        if not _compatible(theirs):
            raise EntenteError(ErrorCode.ENVIRONMENT,
                               f"libentente is version {theirs}, this package is for {_abi.VERSION}")

    def __getattr__(self, name: str) -> Any:
        if name not in _abi.FUNCTIONS:
            raise AttributeError(name)
        try:
            function = getattr(self._dll, name)
        except AttributeError:
            raise EntenteError(ErrorCode.ENVIRONMENT, f"this libentente has no `{name}`") from None
        function.restype, function.argtypes = _abi.FUNCTIONS[name]
        setattr(self, name, function)
        return function


lib = _Library()


def library_version() -> str:
    """The version of the libentente in use."""
    version: str = lib.ent_version().decode()
    return version
