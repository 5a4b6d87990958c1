"""Service agreements as code, decided inside a Python program.

    import entente

    program = entente.load("club.entc")
    for decision in entente.decide(program, {"ticket": rows}):
        print(decision.agreement, decision.clause, decision.status.name, decision.credit)

`load` reads what `entente build` wrote.  `decide` takes all the facts at once; `Program.session` is for facts that come
bit by bit.  Rows are lists of dictionaries, dictionaries of columns, or pandas DataFrames.
The work is done by libentente (see `library_version`), without holding Python's lock.
"""
from ._abi import AgreementType, BudgetKind, ClauseKind, ErrorCode, FieldType, PartyKind, Status
from ._library import library_version
from .columns import Rows
from .decision import Counts, Credit, Claim, Decision, Money, Notice, PoolShare, Responsible, Source, Standing
from .error import EntenteError
from .program import Agreement, Clause, Feed, Field, Party, Program, Service, decide, load
from .session import FeedCounts, Session

__all__ = [
    "Agreement", "AgreementType", "BudgetKind", "Claim", "Clause", "ClauseKind", "Counts", "Credit", "Decision",
    "EntenteError", "ErrorCode", "Feed", "FeedCounts", "Field", "FieldType", "Money", "Notice", "Party", "PartyKind",
    "PoolShare", "Program", "Responsible", "Rows", "Service", "Session", "Source", "Standing", "Status", "decide",
    "library_version", "load",
]
