"""Sessions: one evaluation of a program, whose facts may come bit by bit."""
from __future__ import annotations

import ctypes
import io
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Type, Union

from . import _abi
from ._abi import ErrorCode, LedgerMode
from ._library import lib
from .arrow import arrow_pointers, is_arrow
from .columns import Rows, make_columns, to_ns
from .decision import Decision, Notice, Standing, make_decision, make_notice, make_standing, to_datetime
from .error import EntenteError, raise_error
from .functions import take_raised
from .program import Feed, Program

Instant = Union[datetime, int]


@dataclass(frozen=True)
class FeedCounts:
    """What became of a feed's rows so far: late ones came after the watermark, unknown ones after `as_of`."""
    rows: int
    late: int
    unknown: int


class Session:
    """Used by one thread at a time; the library works without holding Python's lock, so that sessions run in parallel.

    live         decisions come as soon as they are final; otherwise all of them come at `finish`, with the ledger of
                 `entente run`, byte for byte
    start, end   the evaluated period [start, end); by default from the first row to just after the last
    as_of        rows recorded later are not known
    on_decision  called with each Decision, in the ledger's order; without it `advance` and `finish` return them
    on_notice    called with each early warning
    on_line      called with each line of the ledger, the first `run` line included, without its newline
    signatures, keys, assume_signed   who has signed: the text of a .entc.sig file, and of allowed keys
    zone_dir     the folder of the time zones' files
    saved        what `save` gave: the session goes on as that one would have; `live`, `start`, `end` and `as_of` are then
                 those of that one

    An exception in a callback ends the session and comes out of the call that caused it.
    Instants are datetimes with a time zone, or integers of nanoseconds since 1970.
    """

    def __init__(self, program: Program, *, live: bool = True, start: Optional[Instant] = None,
                 end: Optional[Instant] = None, as_of: Optional[Instant] = None,
                 on_decision: Optional[Callable[[Decision], object]] = None,
                 on_notice: Optional[Callable[[Notice], object]] = None,
                 on_line: Optional[Callable[[str], object]] = None,
                 signatures: Optional[bytes] = None, keys: Optional[bytes] = None, assume_signed: bool = False,
                 zone_dir: Optional[str] = None, saved: Optional[bytes] = None) -> None:
        self.program = program
        self._feeds = {feed.name: feed for feed in program.feeds}
        self._lock = threading.Lock()
        self._raised: Optional[BaseException] = None
        self._decided: List[Decision] = []
        options = _abi.ent_session_options(size=ctypes.sizeof(_abi.ent_session_options))
        options.ledger = LedgerMode.LIVE if live else LedgerMode.WHOLE
        for name, instant in (("from", start), ("to", end), ("as_of", as_of)):
            if instant is not None:
                setattr(options, f"has_{name}", True)
                setattr(options, f"{name}_ns", to_ns(instant))
        options.assume_signed = assume_signed
        options.zone_dir = zone_dir.encode() if zone_dir is not None else None
        for name, content in (("signatures", signatures), ("keys", keys)):
            if content is not None:
                setattr(options, name, ctypes.cast(ctypes.c_char_p(content), ctypes.c_void_p))
                setattr(options, f"{name}_len", len(content))
        self._set_callbacks(options, on_decision or self._decided.append, on_notice, on_line)
        self._handle = ctypes.c_void_p()
        error = _abi.ent_error()
        if saved is not None:
            ok = self._restore(options, saved, error)
        else:
            ok = lib.ent_session_new(program._handle, ctypes.byref(options), ctypes.byref(self._handle),
                                     ctypes.byref(error))
        if not ok:
            raise_error(error)

    def _restore(self, options: _abi.ent_session_options, saved: bytes, error: _abi.ent_error) -> bool:
        stream = io.BytesIO(saved)

        def read(_user: Any, place: int, n: int) -> bool:
            piece = stream.read(n)
            ctypes.memmove(place, piece, len(piece))
            return len(piece) == n
        types: Dict[str, Any] = {entry[0]: entry[1] for entry in _abi.ent_reader._fields_}
        reader = _abi.ent_reader(read=types["read"](read), options=ctypes.pointer(options))
        return bool(lib.ent_session_restore(self.program._handle, ctypes.byref(reader), ctypes.byref(self._handle),
                                            ctypes.byref(error)))

    def _set_callbacks(self, options: _abi.ent_session_options, on_decision: Callable[[Decision], object],
                       on_notice: Optional[Callable[[Notice], object]],
                       on_line: Optional[Callable[[str], object]]) -> None:
        types: Dict[str, Any] = {entry[0]: entry[1] for entry in _abi.ent_session_options._fields_}

        def set_callback(name: str, call: Callable[..., object]) -> None:
            def guarded(_user: Any, *arguments: Any) -> bool:
                try:
                    call(*arguments)
                    return True
                except BaseException as raised:  # it cannot pass through C
                    self._raised = raised
                    return False
            setattr(options, name, types[name](guarded))

        set_callback("on_decision", lambda d: on_decision(make_decision(d.contents)))
        if on_notice is not None:
            tell_notice = on_notice
            set_callback("on_notice", lambda n: tell_notice(make_notice(n.contents)))
        if on_line is not None:
            tell_line = on_line
            set_callback("on_line", lambda line, length: tell_line(line[:length].decode("utf-8").rstrip("\n")))
        self._options = options  # the library calls these as long as the session lives

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            lib.ent_session_free(self._handle)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise EntenteError(ErrorCode.USAGE, "the session is in use: by another thread, or by the call of whose "
                                                "callback this is a part")
        try:
            yield
        finally:
            self._lock.release()

    def _call(self, function: Any, *arguments: Any, feed: Optional[str] = None) -> None:
        error = _abi.ent_error()
        with self._alone():
            if not self._handle:
                raise EntenteError(ErrorCode.USAGE, "the session is closed")
            ok = function(self._handle, *arguments, ctypes.byref(error))
        raised, self._raised = self._raised, None
        bound = take_raised()
        if bound is not None:  # what was decided does not follow from the agreements
            self.close()
        if bound is not None or raised is not None:
            raise bound or raised  # type: ignore[misc]
        if not ok:
            raise_error(error, feed)

    def _take_decided(self) -> List[Decision]:
        decided = self._decided[:]
        self._decided.clear()
        return decided

    def push(self, feed: str, rows: Rows, *, ignore_unknown: bool = False) -> None:
        """Rows of a feed, in any order: a list of dictionaries, a dictionary of columns, a DataFrame, or an Arrow record
        batch.  All of them are taken, or, on an error, none.  ignore_unknown: leave out columns that no field is called;
        of Arrow they always are."""
        if is_arrow(rows):
            schema, batch, keep = arrow_pointers(rows)
            self._call(lib.ent_session_push_arrow, feed.encode(), schema, batch, feed=feed)
            del keep
            return
        info = self._feeds.get(feed, Feed(feed, (), False, 0, 0, False))
        columns, n, keep = make_columns(info, rows, ignore_unknown)
        self._call(lib.ent_session_push, feed.encode(), columns, n, feed=feed)
        del keep

    def push_text(self, feed: str, content: Union[str, bytes], format: Optional[str] = None) -> None:
        """Rows of a feed as "csv" (with a header), "tsv" or "jsonl"; without a format, as the feed's `bind` says or as it
        looks.  The `bind` is applied."""
        content = content.encode() if isinstance(content, str) else content
        self._call(lib.ent_session_push_text, feed.encode(), format.encode() if format else None, content, len(content),
                   feed=feed)

    def save(self) -> bytes:
        """The whole session, for `program.session(saved=...)` in this process or another; it goes on unchanged."""
        pieces: List[bytes] = []

        def write(_user: Any, place: int, n: int) -> bool:
            pieces.append(ctypes.string_at(place, n))
            return True
        types: Dict[str, Any] = {entry[0]: entry[1] for entry in _abi.ent_writer._fields_}
        call = types["write"](write)

        def save(handle: ctypes.c_void_p, error: Any) -> bool:
            writer = _abi.ent_writer(write=call, error=ctypes.cast(error, types["error"]))
            return bool(lib.ent_session_save(handle, ctypes.byref(writer)))
        self._call(save)
        return b"".join(pieces)

    def advance(self, watermark: Instant) -> List[Decision]:
        """No row before `watermark` will come any more: returns what is thereby decided."""
        self._call(lib.ent_session_advance, to_ns(watermark))
        return self._take_decided()

    def standing(self, at: Instant) -> List[Standing]:
        """How every open window and running clock stands at the instant, which is not below the watermark: objectives, then
        duties.  Nothing is decided, and the session goes on as if it had not been asked."""
        stands: List[Standing] = []

        def tell(_user: Any, standing: Any) -> bool:
            try:
                stands.append(make_standing(standing.contents))
                return True
            except BaseException as raised:  # it cannot pass through C
                self._raised = raised
                return False
        types: Dict[str, Any] = {entry[0]: entry[1] for entry in _abi.ent_listener._fields_}
        self._call(lib.ent_session_standing, to_ns(at), ctypes.byref(_abi.ent_listener(tell=types["tell"](tell))))
        return stands

    def finish(self) -> List[Decision]:
        """The input has ended: returns all that was left to decide."""
        self._call(lib.ent_session_finish)
        return self._take_decided()

    def close(self) -> None:
        """Nothing is decided any more."""
        with self._alone():
            handle, self._handle = self._handle, ctypes.c_void_p()
            if handle:
                lib.ent_session_free(handle)

    def counts(self, feed: str) -> FeedCounts:
        counts = _abi.ent_row_counts()
        with self._alone():
            known = self._handle and lib.ent_session_counts(self._handle, feed.encode(), ctypes.byref(counts))
        if not known:
            raise EntenteError(ErrorCode.USAGE, f"there is no feed `{feed}`" if self._handle else "the session is closed")
        return FeedCounts(counts.rows, counts.late, counts.unknown)

    @property
    def period(self) -> Optional[Tuple[datetime, datetime]]:
        """The evaluated period, once it is known."""
        start, end = ctypes.c_int64(), ctypes.c_int64()
        with self._alone():
            known = self._handle and lib.ent_session_period(self._handle, ctypes.byref(start), ctypes.byref(end))
        begin, finish = to_datetime(start.value), to_datetime(end.value)
        return (begin, finish) if known and begin and finish else None
