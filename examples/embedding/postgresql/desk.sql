-- A service desk's tickets, decided by an agreement, in PostgreSQL.
--   entente build -o first.entc examples/first/first.ent
--   psql -v hex="$(od -An -v -tx1 first.entc | tr -d ' \n')" -f desk.sql
CREATE EXTENSION IF NOT EXISTS entente;

CREATE TABLE agreements (name text PRIMARY KEY, program bytea NOT NULL);
INSERT INTO agreements VALUES ('desk', decode(:'hex', 'hex'));

CREATE TABLE ticket (at timestamptz NOT NULL, id text, event text, priority text, service text, party text);
INSERT INTO ticket VALUES
    ('2026-01-05 09:00+00', 'T1', 'opened',   'P1', 'web', 'Host'),
    ('2026-01-05 10:00+00', 'T1', 'resolved', 'P1', 'web', 'Host'),
    ('2026-01-06 09:00+00', 'T2', 'opened',   'P1', 'web', 'Host'),
    ('2026-01-07 09:00+00', 'T2', 'resolved', 'P1', 'web', 'Host');

-- decisions as rows: which tickets were late, and by how much
SELECT d.clause, d.subject ->> 'id' AS ticket, d.status, d.done_at - d.due_at AS late, d.line::jsonb -> 'source' ->> 'line' AS says
FROM (SELECT entente_decide(a.program, 'ticket', t, '{"from": "2026-01-01 00:00Z", "to": "2026-02-01 00:00Z"}' ORDER BY t.at)
      FROM ticket t, agreements a WHERE a.name = 'desk') AS s (decisions), unnest(s.decisions) AS d
WHERE d.kind = 'duty' ORDER BY d.seq;

-- the whole ledger, which `entente ledger verify` checks
SELECT entente_ledger(a.program, 'ticket', t ORDER BY t.at) FROM ticket t, agreements a WHERE a.name = 'desk';
