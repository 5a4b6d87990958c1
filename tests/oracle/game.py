"""Who caused a breach, from a value function alone: the replayed shortfall v(S) of every set S.

Everything is enumerated: all subsets for v, all orders for the Shapley value. A game is a table
{frozenset of parties: (v, is it still a breach)} over the parties that contributed. Tested by
tests/oracle/test_accountability.py.
"""

from fractions import Fraction
from itertools import combinations, permutations


def subsets(parties):
    parties = sorted(parties)
    for n in range(len(parties) + 1):
        for s in combinations(parties, n):
            yield frozenset(s)


def table(parties, value):
    """The game of a function from a set of parties to (v, still a breach)."""
    return {s: value(s) for s in subsets(parties)}


def members(game):
    return max(game, key=len)


def but_for(game, p):
    """Would p's performance alone have kept the breach away?"""
    return game[frozenset()][1] and not game[frozenset([p])][1]


def degree(game, p):
    """1/(1+k) for the fewest k others with whom p's performance is decisive; 0 if there are none."""
    for others in sorted(game, key=len):
        if p not in others and game[others][1] and not game[others | {p}][1]:
            return Fraction(1, 1 + len(others))
    return Fraction(0)


def chance(order, weights):
    """The probability of an order that is drawn from its end, by weight among those left.

    Where nobody left has a weight, all that are left are alike.
    """
    out, left = Fraction(1), list(order)
    while left:
        whole = sum(weights[p] for p in left)
        last = left.pop()
        out *= Fraction(1, len(left) + 1) if whole == 0 else Fraction(weights[last]) / whole
    return out


def shapley(game, weights=None):
    """{party: what it takes away on average from v}, over all orders in which they might perform."""
    parties = sorted(members(game))
    weights = weights or {p: Fraction(1) for p in parties}
    out = {p: Fraction(0) for p in parties}
    for order in permutations(parties):
        probability = chance(order, weights)
        before = frozenset()
        for p in order:
            after = before | {p}
            out[p] += probability * (game[before][0] - game[after][0])
            before = after
    return out


def shares(game, weights=None):
    """{party: its share of v({}) - v(all)}; empty if performing would have changed nothing."""
    whole = game[frozenset()][0] - game[members(game)][0]
    if whole == 0:
        return {}
    return {p: x / whole for p, x in shapley(game, weights).items()}


def symmetric(game, p, q):
    """Are two parties alike in the game?"""
    return all(game[s | {p}] == game[s | {q}] for s in game if p not in s and q not in s)
