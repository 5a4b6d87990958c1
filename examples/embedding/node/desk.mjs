// A service desk's tickets, decided by an agreement, in Node.js.
//   entente build -o first.entc examples/first/first.ent
//   node desk.mjs build/js/entente.mjs first.entc
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const [library, file] = process.argv.slice(2);
const { load } = await import(pathToFileURL(library));
const program = await load(await readFile(file));
for (const { name, supplier, customer, clauses } of program.agreements) {
    console.log(`${name}: ${supplier} for ${customer}, ${clauses.map((clause) => clause.name).join(', ')}`);
}

// a live ledger: what is final comes with each advance of the watermark
const session = program.session({ ledger: 'live', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' });
const tell = (decisions) => decisions.forEach(({ clause, subject, status, clock, measure }) => {
    console.log(subject ? `${clause} ${subject.id}: ${status} after ${clock.elapsed} s` : `${clause}: ${status}, ${measure}`);
});
const ticket = (id, event, at) => ({ id, event, at: new Date(at), priority: 'P1', service: 'web', party: 'Host' });

session.push('ticket', [
    ticket('T1', 'opened', '2026-01-05T09:00:00Z'),
    ticket('T1', 'resolved', '2026-01-05T10:00:00Z'),
    ticket('T2', 'opened', '2026-01-06T09:00:00Z'),
]);
tell(session.advance('2026-01-07T00:00:00Z'));
session.push('ticket', [ticket('T2', 'resolved', '2026-01-07T09:00:00Z')]);
tell(session.finish());
