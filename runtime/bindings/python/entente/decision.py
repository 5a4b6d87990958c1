"""Decisions, notices and how things stand: what a ledger's line says, as values.

Instants are integers of nanoseconds since 1970 (the members that end in _ns), and, through the properties of the same
name, datetimes in UTC, which end at microseconds.  Shares and ratios are Fractions, money is Decimal.
"""
from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Mapping, Optional, Tuple, Union

from . import _abi
from ._abi import BudgetKind, ClauseKind, NoticeKind, Status

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_datetime(ns: Optional[int]) -> Optional[datetime]:
    """Rounded down to microseconds."""
    return None if ns is None else EPOCH + timedelta(microseconds=ns // 1000)


@dataclass(frozen=True)
class Money:
    currency: str
    amount: Fraction


Figure = Union[Fraction, Money]


def read_figure(text: Optional[str]) -> Optional[Figure]:
    """`99.9%`, `12.5`, `0.25s` (in seconds) or `GBP 12.50`, exactly; None for an instant or no text."""
    if text is None:
        return None
    currency, blank, amount = text.partition(" ")
    try:
        if blank:
            return Money(currency, Fraction(amount))
        if text.endswith("%"):
            return Fraction(text[:-1]) / 100
        return Fraction(text[:-1] if text.endswith("s") else text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Counts:
    """The samples of an objective."""
    samples: int
    bad: int
    missing: int
    absent: int
    excluded: int
    late: int


@dataclass(frozen=True)
class Claim:
    """Of a credit that lapses unless it is claimed: `made`, `open` or `lapsed`."""
    status: str
    at_ns: Optional[int]
    until_ns: Optional[int]
    amount: Optional[Decimal]  # that lapsed

    @property
    def at(self) -> Optional[datetime]:
        return to_datetime(self.at_ns)

    @property
    def until(self) -> Optional[datetime]:
        return to_datetime(self.until_ns)


@dataclass(frozen=True)
class Credit:
    amount: Decimal
    currency: str
    rule: Optional[str]
    fund: Optional[Decimal]  # of a pool
    claim: Optional[Claim]


@dataclass(frozen=True)
class Responsible:
    """What one party answers for; `without` is the figure had it performed, as the ledger writes it."""
    party: str
    share: Optional[Fraction]
    degree: Optional[Fraction]
    but_for: bool
    held: Optional[Fraction]  # seconds
    excess: Optional[Fraction]  # seconds
    amount: Optional[Decimal]
    without: Optional[str]
    standard_error: Optional[Decimal]


@dataclass(frozen=True)
class PoolShare:
    """What one party put into a pool and got out of it."""
    party: str
    paid_in: Decimal
    paid_out: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Source:
    """The clause's place in the agreements."""
    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Decision:
    """`line` is the ledger's line, without its newline: it has all of this as JSON, and the chain."""
    seq: int
    kind: ClauseKind
    status: Status
    final: bool
    open: bool
    agreement: str
    version: int
    clause: str
    title: Optional[str]
    subject: Mapping[str, str] = field(hash=False)
    window_from_ns: Optional[int]
    window_to_ns: Optional[int]
    at_ns: Optional[int]
    due_ns: Optional[int]
    done_ns: Optional[int]
    elapsed_ns: Optional[int]
    allowed_ns: Optional[int]
    measure: Optional[str]
    measure_exact: Optional[Fraction]  # of a ratio
    target: Optional[str]
    shortfall: Optional[str]
    expected_level: Optional[str]
    expected_met: Optional[bool]
    counts: Optional[Counts]
    budget_left: Optional[Decimal]
    burn_rate: Optional[Decimal]
    credit: Optional[Credit]
    accountable: Optional[str]
    accountable_to: Optional[str]
    responsible: Tuple[Responsible, ...]
    pool: Tuple[PoolShare, ...]
    structural_gap: Optional[str]
    because: Tuple[str, ...]
    because_left_out: int
    source: Optional[Source]
    prev: str
    hash: str
    line: str

    @property
    def window_from(self) -> Optional[datetime]:
        return to_datetime(self.window_from_ns)

    @property
    def window_to(self) -> Optional[datetime]:
        return to_datetime(self.window_to_ns)

    @property
    def at(self) -> Optional[datetime]:
        return to_datetime(self.at_ns)

    @property
    def due(self) -> Optional[datetime]:
        return to_datetime(self.due_ns)

    @property
    def done(self) -> Optional[datetime]:
        return to_datetime(self.done_ns)

    @property
    def value(self) -> Optional[Figure]:
        """The measure as a number: a ratio as a Fraction of 1, a duration in seconds, money with its currency."""
        return self.measure_exact if self.measure_exact is not None else read_figure(self.measure)


@dataclass(frozen=True)
class Notice:
    """An early warning (`warn at` was reached), or the running out of an allowance."""
    kind: NoticeKind
    at_ns: int
    due_ns: int
    agreement: str
    version: int
    clause: str
    subject: Mapping[str, str] = field(hash=False)
    line: str

    @property
    def at(self) -> Optional[datetime]:
        return to_datetime(self.at_ns)

    @property
    def due(self) -> Optional[datetime]:
        return to_datetime(self.due_ns)


@dataclass(frozen=True)
class Standing:
    """How an open window or a running clock stands.  `decision` is provisional: its `seq` is 0, `prev` and `hash` are
    empty, and `line` is the JSON of what its line would say, without these three."""
    decision: Decision
    status: Status  # as if it were decided now; of a clock within its allowance PROVISIONAL
    at_risk: bool
    budget: Optional[BudgetKind]  # what its figures count; None: there is no budget
    budget_grows: bool  # with the rows that come
    budget_allowed: Optional[Fraction]
    budget_spent: Optional[Fraction]
    budget_left: Optional[Fraction]
    burn_rate: Optional[Fraction]  # 1: the budget is used up at the end of the window
    gone_ns: Optional[int]  # when the budget will be used up at this rate
    left_ns: Optional[int]  # of a clock's allowance, net; negative: over it
    holder: Optional[str]  # the party that has it now; None: it is no clock
    paused: bool

    @property
    def gone(self) -> Optional[datetime]:
        return to_datetime(self.gone_ns)


# --- from the library's structs ---


def text(value: Optional[bytes]) -> Optional[str]:
    return None if value is None else value.decode("utf-8")


def _decimal(value: Optional[bytes]) -> Optional[Decimal]:
    return None if value is None else Decimal(value.decode("ascii"))


def _fraction(value: Optional[bytes]) -> Optional[Fraction]:
    return None if value is None else Fraction(value.decode("ascii"))


def _line(address: int, length: int) -> str:
    return ctypes.string_at(address, length).decode("utf-8").rstrip("\n")


def _subject(struct: Any) -> Mapping[str, str]:
    return {text(f.name) or "": text(f.value) or "" for f in struct.subject[:struct.n_subject]}


def _credit(d: _abi.ent_decision) -> Optional[Credit]:
    if d.credit_amount is None:
        return None
    claim = None
    if d.claim is not None:
        claim = Claim(text(d.claim) or "", d.claim_at_ns or None, d.claim_until_ns or None, _decimal(d.claim_amount))
    return Credit(Decimal(text(d.credit_amount) or ""), text(d.credit_currency) or "", text(d.credit_rule),
                  _decimal(d.pool_fund), claim)


def _responsible(r: _abi.ent_responsible) -> Responsible:
    return Responsible(
        party=text(r.party) or "", share=_fraction(r.share), degree=_fraction(r.degree), but_for=r.but_for,
        held=_fraction(r.held), excess=_fraction(r.excess), amount=_decimal(r.amount), without=text(r.without),
        standard_error=_decimal(r.standard_error))


def _pool_share(s: _abi.ent_pool_share) -> PoolShare:
    return PoolShare(text(s.party) or "", Decimal(text(s.paid_in) or "0"), Decimal(text(s.paid_out) or "0"),
                     Decimal(text(s.amount) or "0"))


def make_decision(d: _abi.ent_decision) -> Decision:
    counts = d.counts
    return Decision(
        seq=d.seq, kind=ClauseKind(d.kind), status=Status(d.status), final=d.final, open=d.open,
        agreement=text(d.agreement) or "", version=d.version, clause=text(d.clause) or "", title=text(d.title),
        subject=_subject(d),
        window_from_ns=d.from_ns if d.has_window else None, window_to_ns=d.to_ns if d.has_window else None,
        at_ns=d.at_ns if d.has_clock else None, due_ns=d.due_ns if d.has_due else None,
        done_ns=d.done_ns if d.has_done else None,
        elapsed_ns=d.elapsed_ns if d.has_clock else None, allowed_ns=d.allowed_ns if d.has_clock else None,
        measure=text(d.measure), measure_exact=_fraction(d.measure_exact), target=text(d.target),
        shortfall=text(d.shortfall), expected_level=text(d.expected_level),
        expected_met=d.expected_met if d.has_expected else None,
        counts=Counts(counts.samples, counts.bad, counts.missing, counts.absent, counts.excluded, counts.late)
        if d.has_counts else None,
        budget_left=_decimal(d.budget_left), burn_rate=_decimal(d.burn_rate), credit=_credit(d),
        accountable=text(d.accountable), accountable_to=text(d.accountable_to),
        responsible=tuple(_responsible(r) for r in d.responsible[:d.n_responsible]),
        pool=tuple(_pool_share(s) for s in d.pool[:d.n_pool]),
        structural_gap=text(d.structural_gap), because=tuple(text(b) or "" for b in d.because[:d.n_because]),
        because_left_out=d.because_left_out,
        source=Source(text(d.file) or "", d.line, d.column) if d.file is not None else None,
        prev=text(d.prev) or "", hash=text(d.hash) or "", line=_line(d.ledger_line, d.ledger_line_len))


def make_notice(n: _abi.ent_notice) -> Notice:
    return Notice(kind=NoticeKind(n.kind), at_ns=n.at_ns, due_ns=n.due_ns, agreement=text(n.agreement) or "",
                  version=n.version, clause=text(n.clause) or "", subject=_subject(n), line=_line(n.line, n.line_len))


def make_standing(s: _abi.ent_clause_standing) -> Standing:
    decision = make_decision(s.decision.contents)
    return Standing(
        decision=make_decision(s.decision.contents), status=Status(s.status), at_risk=s.at_risk,
        budget=BudgetKind(s.budget) if s.budget else None, budget_grows=s.budget_grows,
        budget_allowed=_fraction(s.budget_allowed), budget_spent=_fraction(s.budget_spent),
        budget_left=_fraction(s.budget_left), burn_rate=_fraction(s.burn_rate),
        gone_ns=s.gone_ns if s.has_gone else None,
        left_ns=s.left_ns if s.decision.contents.has_clock else None, holder=text(s.holder), paused=s.paused)
