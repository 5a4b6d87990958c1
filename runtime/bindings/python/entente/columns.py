"""Rows of facts, as Python and pandas hold them, made into the library's typed columns.

What a field takes, besides None for an absent value and a text that is read as a cell of a CSV file is:

    bool                    bool
    int                     int; Decimal, Fraction and float that are whole
    number                  float, int, Decimal
    decimal, ratio, money   Decimal, int, Fraction, Money; never float, which is not exact
    duration                timedelta, or an int of nanoseconds
    instant                 datetime with a time zone, or an int of nanoseconds since 1970
    time                    time of day
    text                    int, too; enumerations, parties and services: texts, or an Enum whose values are texts

Tested by tests/hosts/python.
"""
from __future__ import annotations

import ctypes
import enum
from array import array
from collections.abc import Mapping as AnyMapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from . import _abi
from ._abi import ColumnType, ErrorCode, FieldType
from .decision import EPOCH, Money
from .error import EntenteError
from .program import Feed, Field

#: A pandas DataFrame, columns by name, or rows as dictionaries.
Rows = Union[Mapping[str, Sequence[Any]], Iterable[Mapping[str, Any]], Any]

SCALE_MAX = 18
WHOLE_FLOAT_MAX = 2 ** 53
INT64_MAX = 2 ** 63 - 1


class Unfit(Exception):
    """A value that does not fit its field; the text says what is wrong with it."""


class Column(NamedTuple):
    type: ColumnType
    scale: int
    data: Any  # a buffer; None: nothing
    offsets: Any
    present: Any  # a byte a row; None: all are there


# --- single values ---


def to_ns(value: Union[datetime, int]) -> int:
    """Nanoseconds since 1970."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise EntenteError(ErrorCode.USAGE, f"{value.isoformat()} has no time zone")
        since = value - EPOCH
        return _delta_ns(since) + (0 if hasattr(since, "nanoseconds") else int(getattr(value, "nanosecond", 0)))
    return value


def _delta_ns(value: timedelta) -> int:
    """pandas' timedeltas have nanoseconds beside the microseconds."""
    micro = (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds
    return micro * 1000 + int(getattr(value, "nanoseconds", 0))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _take_bool(value: Any) -> int:
    if not isinstance(value, bool):
        raise Unfit("expected bool")
    return int(value)


def _take_int(value: Any) -> int:
    exact = _is_int(value) or isinstance(value, (Decimal, Fraction))
    if not exact and not (isinstance(value, float) and abs(value) <= WHOLE_FLOAT_MAX):
        raise Unfit("expected int")
    if isinstance(value, Decimal) and not value.is_finite() or value != int(value):
        raise Unfit("expected a whole number")
    return int(value)


def _take_number(value: Any) -> float:
    if _is_int(value) and abs(value) > WHOLE_FLOAT_MAX:
        raise Unfit("an int beyond 2^53 is no exact number")
    if not _is_int(value) and not isinstance(value, (float, Decimal)):
        raise Unfit("expected float")
    return float(value)


def _take_exact(value: Any, field: Field) -> Fraction:
    if isinstance(value, float):
        raise Unfit("a float is not exact: give a Decimal or a text")
    if isinstance(value, Money):
        if field.type != FieldType.MONEY or value.currency != field.currency:
            raise Unfit(f"expected {'money in ' + field.currency if field.currency else 'Decimal'}")
        return value.amount
    if isinstance(value, Decimal) and not value.is_finite():
        raise Unfit("expected a finite Decimal")
    if not _is_int(value) and not isinstance(value, (Decimal, Fraction)):
        raise Unfit("expected Decimal")
    return Fraction(value)


def _scale_of(value: Fraction) -> int:
    """How many digits after the point say it exactly."""
    for scale in range(SCALE_MAX + 1):
        if 10 ** scale % value.denominator == 0:
            return scale
    raise Unfit(f"more than {SCALE_MAX} digits after the point")


def _take_duration(value: Any) -> int:
    if isinstance(value, timedelta):
        return _delta_ns(value)
    if not _is_int(value):
        raise Unfit("expected timedelta")
    return int(value)


def _take_instant(value: Any) -> int:
    if not _is_int(value) and not isinstance(value, datetime):
        raise Unfit("expected datetime")
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise Unfit("expected a datetime with a time zone")
    return to_ns(value)


def _take_time(value: Any) -> int:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise Unfit("expected a time of day")
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000_000 + value.microsecond * 1000


def _take_text(value: Any, field: Field) -> str:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str):
        return value
    if field.type == FieldType.TEXT and _is_int(value):
        return str(value)
    raise Unfit("expected a text")


FIGURES: Dict[FieldType, Tuple[ColumnType, str, Callable[[Any], Any]]] = {
    FieldType.BOOL: (ColumnType.BOOL, "B", _take_bool),
    FieldType.INT: (ColumnType.INT64, "q", _take_int),
    FieldType.NUMBER: (ColumnType.DOUBLE, "d", _take_number),
    FieldType.DURATION: (ColumnType.DURATION, "q", _take_duration),
    FieldType.INSTANT: (ColumnType.INSTANT, "q", _take_instant),
    FieldType.TIME: (ColumnType.DURATION, "q", _take_time),
}
EXACT = (FieldType.DECIMAL, FieldType.RATIO, FieldType.MONEY)


# --- columns of Python's values ---


class _Filling:
    """One field's values on their way, so that what does not fit is told with feed, row and field."""

    def __init__(self, feed: Feed, field: Field, values: Sequence[Any]) -> None:
        self.feed = feed
        self.field = field
        self.values = values

    def fail(self, row: int, what: str) -> EntenteError:
        shown = repr(self.values[row])
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return EntenteError(
            ErrorCode.DATA, f"feed `{self.feed.name}`, row {row + 1}, field `{self.field.name}`: {what}, found {shown}",
            feed=self.feed.name, row=row + 1, field=self.field.name)

    def each(self, take: Callable[[Any], Any], absent: Any) -> List[Any]:
        taken = []
        for row, value in enumerate(self.values):
            try:
                taken.append(absent if value is None else take(value))
            except Unfit as reason:
                raise self.fail(row, str(reason)) from None
        return taken

    def texts(self) -> Column:
        field = self.field
        texts = self.each(lambda value: _take_text(value, field).encode("utf-8", "surrogatepass"), b"")
        offsets = array("q", accumulate(map(len, texts), initial=0))
        return Column(ColumnType.LARGE_UTF8, 0, b"".join(texts) or b"\0", offsets, None)

    def present(self) -> Optional[bytes]:
        return bytes(value is not None for value in self.values) if None in self.values else None

    def integers(self, figures: List[Any], code: str) -> Any:
        try:
            return array(code, figures)
        except OverflowError:
            row = next(i for i, figure in enumerate(figures) if not -INT64_MAX - 1 <= figure <= INT64_MAX)
            raise self.fail(row, "expected what 64 bits can hold") from None

    def exact(self) -> Column:
        field = self.field
        figures = self.each(lambda value: _take_exact(value, field), Fraction(0))
        scales = self.each(lambda value: _scale_of(_take_exact(value, field)), 0)
        scale = max(scales, default=0)
        data = self.integers([int(figure * 10 ** scale) for figure in figures], "q")
        return Column(ColumnType.DECIMAL, scale, data, None, self.present())

    def column(self) -> Column:
        sample = next((value for value in self.values if value is not None), None)
        if sample is None:
            return Column(ColumnType.ABSENT, 0, None, None, None)
        if self.field.type in EXACT and not isinstance(sample, str):
            return self.exact()
        if self.field.type not in FIGURES or isinstance(sample, str):
            return self.texts()
        kind, code, take = FIGURES[self.field.type]
        return Column(kind, 0, self.integers(self.each(take, 0), code), None, self.present())


# --- columns of pandas' ---

# numpy's kinds of figures: which fields take them as they stand, as what, and how numpy names the type
SERIES: Dict[str, Tuple[Tuple[FieldType, ...], Optional[ColumnType], str]] = {
    "b": ((FieldType.BOOL,), ColumnType.BOOL, "uint8"),
    "i": ((FieldType.INT, FieldType.NUMBER) + EXACT, ColumnType.INT64, "int64"),
    "f": ((FieldType.INT, FieldType.NUMBER), ColumnType.DOUBLE, "float64"),
    "m": ((FieldType.DURATION,), ColumnType.DURATION, "timedelta64[ns]"),
    "M": ((FieldType.INSTANT,), ColumnType.INSTANT, "datetime64[ns]"),
}


def _is_series(values: Any) -> bool:
    return hasattr(values, "isna") and hasattr(values, "to_numpy")


def _series_column(feed: Feed, field: Field, series: Any) -> Column:
    absent = series.isna()
    dtype = series.dtype
    kind = getattr(dtype, "kind", "O")
    is_plain = type(dtype).__module__.split(".")[0] == "numpy"
    has_zone = getattr(dtype, "tz", None) is not None
    if kind in SERIES and (has_zone if kind == "M" else is_plain):
        fields, column_type, name = SERIES[kind]
        if field.type in fields and column_type is not None:
            figures = series.to_numpy(name)
            figures = figures.view("int64") if kind in "mM" else figures
            figures = figures if figures.flags.c_contiguous else figures.copy()
            present = (~absent).to_numpy("uint8").tobytes() if absent.any() else None
            return Column(column_type, 0, figures, None, present)
    values = [None if gone else _plain(value) for value, gone in zip(series.astype(object).tolist(), absent.tolist())]
    return _Filling(feed, field, values).column()


def _plain(value: Any) -> Any:
    """numpy's own numbers as Python's."""
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "dtype", None) is not None \
        and value.dtype.kind in "biuf" else value


# --- tables ---


def _by_name(rows: Rows) -> Tuple[Dict[str, Any], int]:
    """Columns by name, and how many rows there are."""
    if hasattr(rows, "iloc") and hasattr(rows, "columns"):
        frame: Any = rows
        names = [str(name) for name in frame.columns]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise EntenteError(ErrorCode.USAGE, f"two columns are called `{twice}`", field=twice)
        return {name: frame.iloc[:, i] for i, name in enumerate(names)}, len(frame)
    if isinstance(rows, AnyMapping):
        columns = {str(name): values if _is_series(values) else list(values) for name, values in rows.items()}
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            raise EntenteError(ErrorCode.USAGE, "the columns are not equally long: " +
                               ", ".join(f"`{name}` {len(values)}" for name, values in columns.items()))
        return columns, lengths.pop() if lengths else 0
    listed = list(rows)
    for i, row in enumerate(listed):
        if not isinstance(row, AnyMapping):
            raise EntenteError(ErrorCode.USAGE, f"row {i + 1}: expected a dictionary, found {type(row).__name__}",
                               row=i + 1)
    found = dict.fromkeys(str(name) for row in listed for name in row)
    return {name: [row.get(name) for row in listed] for name in found}, len(listed)


def _address(buffer: Any) -> Tuple[Optional[int], Any]:
    """Where a buffer's bytes are, and what keeps them there."""
    if buffer is None:
        return None, None
    if hasattr(buffer, "ctypes"):  # numpy's
        return buffer.ctypes.data, buffer
    if isinstance(buffer, array):
        return buffer.buffer_info()[0] if len(buffer) else None, buffer
    holder = ctypes.c_char_p(buffer)
    return ctypes.cast(holder, ctypes.c_void_p).value, holder


def make_columns(feed: Feed, rows: Rows, ignore_unknown: bool) -> Tuple[Any, int, List[Any]]:
    """The library's columns, the number of rows, and what must live as long as the columns."""
    fields = {field.name: field for field in feed.fields}
    by_name, n = _by_name(rows)
    if n == 0:
        by_name = {**{name: [] for name, field in fields.items() if field.used}, **by_name}
    made: List[Tuple[str, Column]] = []
    for name, values in by_name.items():
        field = fields.get(name)
        if field is None and ignore_unknown:
            continue
        if field is None or not field.used:  # the library says what it thinks of a name
            made.append((name, Column(ColumnType.ABSENT, 0, None, None, None)))
        elif _is_series(values):
            made.append((name, _series_column(feed, field, values)))
        else:
            made.append((name, _Filling(feed, field, [_plain(value) for value in values]).column()))
    columns = (_abi.ent_column * (len(made) + 1))()
    keep: List[Any] = []
    for column, (name, source) in zip(columns, made):
        column.name, column.type, column.scale = name.encode("utf-8", "replace"), source.type, source.scale
        for member in ("data", "offsets", "present"):
            address, holder = _address(getattr(source, member))
            setattr(column, member, address)
            keep.append(holder)
    return columns, n, keep
