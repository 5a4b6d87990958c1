"""Programs: agreements as `entente build` wrote them, and what is in them."""
from __future__ import annotations

import ctypes
import os
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Mapping, Optional, Tuple, TypeVar, Union

from . import _abi
from ._abi import AgreementType, ClauseKind, FieldType, PartyKind
from ._library import lib
from .decision import Decision, Source, text
from .error import raise_error
from .functions import make_function

if TYPE_CHECKING:
    from .columns import Rows
    from .session import Session

T = TypeVar("T")


@dataclass(frozen=True)
class Field:
    """A column of a feed.  `used`: an agreement reads it, so that rows must have it."""
    name: str
    type: FieldType
    digits: int  # of a decimal
    currency: Optional[str]  # of money
    words: Tuple[str, ...]  # of an enumeration
    used: bool
    key: bool
    holder: bool
    recorded: bool


@dataclass(frozen=True)
class Feed:
    name: str
    fields: Tuple[Field, ...]
    used: bool
    interval_ns: int
    lateness_ns: int
    bound: bool

    def __getitem__(self, name: str) -> Field:
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


@dataclass(frozen=True)
class Party:
    name: str
    title: Optional[str]
    kind: PartyKind


@dataclass(frozen=True)
class Service:
    name: str
    title: Optional[str]
    provider: Optional[str]
    depends_on: Tuple[str, ...]


@dataclass(frozen=True)
class Clause:
    kind: ClauseKind
    name: str
    title: Optional[str]
    target: Optional[str]
    source: Source


@dataclass(frozen=True)
class Agreement:
    """One version of an agreement; an amended one has several."""
    type: AgreementType
    name: str
    title: Optional[str]
    version: int
    supplier: Optional[str]
    customer: Optional[str]
    currency: Optional[str]
    clauses: Tuple[Clause, ...]
    needs_signatures: bool


def _texts(array: Any, n: int) -> Tuple[str, ...]:
    return tuple(text(t) or "" for t in array[:n])


def _feed(f: _abi.ent_feed_info) -> Feed:
    return Feed(text(f.name) or "", tuple(_field(x) for x in f.fields[:f.n_fields]), f.used, f.interval_ns, f.lateness_ns,
                f.bound)


def _field(f: _abi.ent_feed_field) -> Field:
    return Field(text(f.name) or "", FieldType(f.type), f.digits, text(f.currency), _texts(f.words, f.n_words), f.used,
                 f.key, f.holder, f.recorded)


def _party(p: _abi.ent_party_info) -> Party:
    return Party(text(p.name) or "", text(p.title), PartyKind(p.kind))


def _service(s: _abi.ent_service_info) -> Service:
    return Service(text(s.name) or "", text(s.title), text(s.provider), _texts(s.depends_on, s.n_depends_on))


def _clause(c: _abi.ent_clause_info) -> Clause:
    return Clause(ClauseKind(c.kind), text(c.name) or "", text(c.title), text(c.target),
                  Source(text(c.file) or "", c.line, c.column))


def _agreement(a: _abi.ent_agreement_info) -> Agreement:
    return Agreement(AgreementType(a.type), text(a.name) or "", text(a.title), a.version, text(a.supplier),
                     text(a.customer), text(a.currency), tuple(_clause(c) for c in a.clauses[:a.n_clauses]),
                     a.needs_signatures)


class Program:
    """May be used by any number of threads at once."""

    def __init__(self, content: bytes, allow_libraries: Iterable[str] = ()) -> None:
        """Verifies the bytes of a .entc file.  allow_libraries: what its `extern fn`s may call, by their names there."""
        handle = ctypes.c_void_p()
        error = _abi.ent_error()
        options = _abi.ent_load_options(size=ctypes.sizeof(_abi.ent_load_options))
        names = [name.encode() for name in allow_libraries]
        allowed = (ctypes.c_char_p * (len(names) + 1))(*names, None)
        options.allow_libraries = ctypes.cast(allowed, ctypes.POINTER(ctypes.c_char_p))
        if not lib.ent_program_load(content, len(content), ctypes.byref(options), ctypes.byref(handle),
                                    ctypes.byref(error)):
            raise_error(error)
        self._handle = handle
        self._functions: List[Any] = []  # the library calls these as long as the program lives
        weakref.finalize(self, lib.ent_program_release, handle)

    @property
    def digest(self) -> str:
        """The digest of the program's meaning: the `program` of ledgers."""
        digest: str = lib.ent_program_digest(self._handle).decode()
        return digest

    def _all(self, ask: Callable[[ctypes.c_void_p, int], Any], make: Callable[[Any], T]) -> List[T]:
        found: List[T] = []
        while True:
            element = ask(self._handle, len(found))
            if not element:
                return found
            found.append(make(element.contents))

    @property
    def agreements(self) -> List[Agreement]:
        return self._all(lib.ent_program_agreement, _agreement)

    @property
    def feeds(self) -> List[Feed]:
        return self._all(lib.ent_program_feed, _feed)

    @property
    def parties(self) -> List[Party]:
        return self._all(lib.ent_program_party, _party)

    @property
    def services(self) -> List[Service]:
        return self._all(lib.ent_program_service, _service)

    def bind(self, name: str, function: Callable[..., Any], signature: str) -> None:
        """Gives the program a function for its `extern fn NAME(…) -> … from "host"`, before its first session.  The
        signature is the declared one, `number(number, int)`; for the types see functions.py.  It must be pure."""
        call = make_function(function, signature)
        error = _abi.ent_error()
        if not lib.ent_bind(self._handle, name.encode(), ctypes.cast(call, ctypes.c_void_p), signature.encode(),
                            ctypes.byref(error)):
            raise_error(error)
        self._functions.append(call)

    def session(self, **options: Any) -> "Session":
        """A new evaluation; for the options see Session."""
        from .session import Session
        return Session(self, **options)


def load(path: Union[str, "os.PathLike[str]"], allow_libraries: Iterable[str] = ()) -> Program:
    """The program in a .entc file."""
    with open(path, "rb") as file:
        return Program(file.read(), allow_libraries)


def decide(program: Program, feeds: Mapping[str, "Rows"], **options: Any) -> List[Decision]:
    """Everything that follows from these rows; the ledger is that of `entente run` on them."""
    options.setdefault("live", False)
    with program.session(**options) as session:
        for name, rows in feeds.items():
            session.push(name, rows)
        return session.finish()
