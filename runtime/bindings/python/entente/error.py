"""What went wrong, as an exception."""
from __future__ import annotations

from typing import Optional

from ._abi import ErrorCode, ent_error


class EntenteError(Exception):
    """`code` says what kind of thing; `file`, `line`, `column` where in the agreements; `feed`, `row` (from 1) and
    `field` which fact.  What is not known is None."""

    def __init__(self, code: ErrorCode, message: str, *, file: Optional[str] = None, line: Optional[int] = None,
                 column: Optional[int] = None, feed: Optional[str] = None, row: Optional[int] = None,
                 field: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.feed = feed
        self.row = row
        self.field = field

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file is not None else ""
        return place + self.message


def raise_error(error: ent_error, feed: Optional[str] = None) -> None:
    """Raises what the library filled in."""
    has_place = error.line > 0
    try:
        code = ErrorCode(error.code)
    except ValueError:  # of a later library
        code = ErrorCode.USAGE
    raise EntenteError(
        code, error.message.decode("utf-8", "replace"),
        file=error.file.decode("utf-8", "replace") if has_place else None,
        line=error.line if has_place else None, column=error.column if has_place else None,
        feed=feed, row=error.row or None, field=error.field.decode("utf-8", "replace") or None)
