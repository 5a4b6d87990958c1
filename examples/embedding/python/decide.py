"""Decides the tickets of a CSV file, with Python's own types, and then as they come.

    decide.py first.entc ticket.csv
"""
import csv
import sys
from datetime import datetime

import entente
from entente import EntenteError, Status


def read_tickets(path):
    """A tool of yours would have them in its database."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            row["at"] = datetime.fromisoformat(row["at"].replace("Z", "+00:00"))
            yield row


def month_end(program, tickets):
    """All at once: the same decisions and the same ledger as `entente run`."""
    for d in entente.decide(program, {"ticket": tickets}):
        if d.status == Status.BREACH:
            who = ", ".join(f"{r.party} {float(r.share or 0):.0%}" for r in d.responsible)
            print(f"{d.agreement}.{d.clause} {d.subject.get('id', d.measure)}: breach, {who}")
        if d.credit:
            print(f"{d.agreement}.{d.clause}: {d.credit.currency} {d.credit.amount} ({d.credit.rule})")


def all_day(program, tickets):
    """One by one: a decision comes as soon as nothing can change it; a notice says when time runs out."""
    def warn(notice):
        print(f"  at {notice.at:%d %b %H:%M}: {notice.clause} {notice.subject['id']}: {notice.kind.name.lower()}")

    with program.session(on_notice=warn) as session:
        for ticket in sorted(tickets, key=lambda t: t["at"]):
            for d in session.advance(ticket["at"]):
                print(f"  by {ticket['at']:%d %b %H:%M}: {d.clause} {d.subject.get('id')} {d.status.name.lower()}")
            session.push("ticket", [ticket])
        session.finish()


def main():
    try:
        program = entente.load(sys.argv[1])
        tickets = list(read_tickets(sys.argv[2]))
        month_end(program, tickets)
        all_day(program, tickets)
    except EntenteError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
