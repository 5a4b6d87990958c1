// Functions both ways, sessions that are saved and restored in another instance, and how things stand, in WebAssembly:
// the same tests in Node and, by natives.html, in a browser.
//   node natives.mjs LIBRARY FOLDER
// FOLDER has native.entc (tests/embed/native.ent with gamma of the host), function.entc, the clubs of standing.json, and
// standing.json (tests/conformance/hosts).

function same(found, expected) {
    const text = (value) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : Number.isNaN(v) ? 'NaN' : v));
    if (text(found) !== text(expected)) throw new Error(`expected ${text(expected)}, found ${text(found)}`);
}

function fails(work, pattern, more = {}) {
    try {
        work();
    } catch (thrown) {
        if (!pattern.test(thrown.message)) throw new Error(`expected ${pattern}, found ${thrown.message}`);
        for (const [key, value] of Object.entries(more)) same(thrown[key], value);
        return;
    }
    throw new Error(`expected a failure: ${pattern}`);
}

const SECOND = 1000000000n;
const start = BigInt(Date.UTC(2026, 0, 5, 10)) * 1000000n;
const row = (i, more) => ({ at: start + BigInt(i) * SECOND, id: 'ab'[i % 2], x: [5, 1, null][i % 3], n: 4,
    d: i % 3 === 2 ? '50' : ['10.01', '10'][i % 2], up: i % 3 < 2, took: i % 3 === 2 ? 0n : 90n * SECOND, who: 'Host',
    grade: ['low', 'high'][i % 2], ...more });

const host = {
    gamma: [(x) => [NaN, 1, 1, 2, 6, 24][x], 'number(number)'],
    risk_score: [(x, n) => x * Number(n), 'number(number, int)'],
    shout: [(text, up, took) => (up && took === 90n * SECOND ? `${text.toUpperCase()}!` : null), 'text(text,bool,duration)'],
    is_big: [(n, hundredths) => n > 3n && hundredths > 1000n, 'bool(int, decimal(2))'],
    mix: [(a, b, c, d, e, f, g, h, i) => {
        same([b, g, d], [4n, 'Host', 90n * SECOND]);
        same([h, i], c === 'a' ? [1001n, true] : [1000n, true]);
        return a + (f === 'high' ? 1000 : 0);
    }, 'number(number, int, text, duration, instant, enum, party, decimal(2), bool)'],
    grade_of: [(n) => (n === 4n ? 'high' : null), 'enum(int)'],
    later: [(at, party) => (party === 'Host' ? at + 24n * 3600n * SECOND : at), 'instant(instant, party)'],
};

/* A program with all of the host's functions but for some. */
async function bound(load, bytes, options, other = {}) {
    const program = await load(bytes, options);
    for (const [name, [work, signature]] of Object.entries(host)) program.bind(name, other[name] ?? work, signature);
    return program;
}

const rows = Array.from({ length: 60 }, (_, i) => row(i % 6, { at: start + BigInt(i) * 6n * 3600n * SECOND }));

function ledgerOf(session) {
    const decisions = session.finish();
    if (decisions.length === 0) throw new Error('there are no decisions');
    return session.ledger;
}

/* A standing as standing.json has it. */
function plain({ decision: d, status, atRisk, budget, budgetGrows, goneNs, leftNs, holder, paused, ...figures }) {
    const { budgetAllowed, budgetSpent, budgetLeft, burnRate } = figures;
    const all = {
        clause: d.clause, subject: Object.values(d.subject ?? {}).join(' '), status, at_risk: atRisk, budget,
        grows: budgetGrows, figures: budget && [budgetAllowed, budgetSpent, budgetLeft], burn_rate: burnRate, gone: goneNs,
        left: leftNs, holder, paused, responsible: d.responsible?.map((r) => `${r.party} ${r.share}`),
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => ![undefined, '', false].includes(value)));
}

function expectedStanding({ gone, left, ...others }) {
    return { ...others, ...(gone && { gone: nsOf(gone) }), ...(left && { left: BigInt(left) * SECOND }) };
}

function nsOf(text) {
    const [whole, fraction = ''] = text.slice(0, -1).split('.');
    return BigInt(Date.parse(`${whole}Z`)) * 1000000n + BigInt(fraction.padEnd(9, '0'));
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
const words = (decisions) => decisions.map((d) => `${d.clause} ${d.status}`);

/* Goes through the steps of a case; the ledger. */
function tellStandings(program, { from, to, feed, fields, steps }, ledger, { asking = true, saving = false } = {}) {
    const [lines, decided] = [[], []];
    const onLine = (line) => lines.push(line);
    let session = program.session({ from, to, ledger, onLine });
    let ended = false;
    for (const step of steps) {
        if (saving && !ended) {
            const bytes = session.save();
            session.close();
            session = program.restore(bytes, { onLine });
        }
        if (step.push) {
            session.push(feed, step.push.map((cells) => Object.fromEntries(cells.map((cell, i) => [fields[i], cell]))));
        } else if (step.advance) {
            decided.push(...words(session.advance(step.advance)));
            same(decided, ledger === 'live' ? step.decided : []);
        } else if (step.finish) {
            ended = true;
            decided.push(...words(session.finish()));
            same(decided, steps.flatMap((s) => s.decided ?? s.finish ?? []));
        } else if (asking && step.fails) {
            fails(() => session.standing(step.ask), new RegExp(`^${step.fails}$`), { code: 'usage' });
        } else if (asking) {
            const found = session.standing(step.ask);
            same(found.map(plain).map(sorted), step.stands.map(expectedStanding).map(sorted));
            same(session.standing(nsOf(step.ask)), found);
        }
    }
    return lines.join('');
}

export const tests = {
    'functions of the host': async (load, { native }, options) => {
        const program = await bound(load, native, options);
        const session = program.session();
        session.push('sample', [row(0), row(1), row(2, { id: 'a', grade: 'low' })]);
        const said = session.finish().map((d) => `${d.clause} ${d.counts.bad ?? 0}/${d.counts.absent ?? 0}/${d.counts.samples}`);
        same(said, ['big 0/0/2', 'gammas 0/1/1', 'graded 0/0/3', 'late 0/0/3', 'loud 0/0/1', 'mixed 0/1/1',
            'mixed_else 0/1/2', 'risks 0/1/1']);
    },
    'functions that are not bound, or not so': async (load, { native }, options) => {
        const program = await load(native, options);
        fails(() => program.session(), /`extern fn gamma` is bound to nothing/, { code: 'usage', line: 3 });
        fails(() => program.bind('gamma', host.gamma[0], 'number(int)'), /is declared as `number\(number\)`/, { line: 3 });
        fails(() => program.bind('delta', host.gamma[0], 'number(number)'), /no `extern fn delta`/);
        fails(() => program.bind('gamma', 'gamma', 'number(number)'), /to a function only/);
    },
    'what a function throws comes out of the call': async (load, { native }, options) => {
        const told = [];
        const push = (program) => () => {
            const session = program.session({ onDecision: (decision) => told.push(decision) });
            session.push('sample', [row(0), row(1)]);
            try {
                session.finish();
            } finally {
                fails(() => session.finish(), /closed/);
            }
        };
        const risen = () => { throw new RangeError('too risky'); };
        fails(push(await bound(load, native, options, { risk_score: risen })), /^too risky$/, { name: 'RangeError' });
        const wrong = await bound(load, native, options, { is_big: () => 1 });
        fails(push(wrong), /expected a boolean, found `number`/, { code: 'usage' });
        fails(push(await bound(load, native, options, { later: () => 1n << 63n })), /a bigint of 64 bits/);
        fails(push(await bound(load, native, options, { gamma: async () => 24 })), /promise/);
        fails(push(await bound(load, native, options, { mix: () => undefined })), /expected a number, found `undefined`/);
        same(told, []);
    },
    'results that do not fit are errors of the row, in their place': async (load, { native }, options) => {
        const program = await bound(load, native, options, { grade_of: () => 'middle', risk_score: () => 1 });
        const session = program.session();
        session.push('sample', [row(0)]);
        fails(() => session.finish(), /`grade_of` gave `middle`, which is no `sample.grade`/, { code: 'data' });
        const other = (await bound(load, native, options, { risk_score: () => Infinity })).session();
        other.push('sample', [row(0)]);
        fails(() => other.finish(), /`risk_score` gave no finite number/, { code: 'data' });
    },
    'functions of the agreements': async (load, { functions: bytes }, options) => {
        const program = await load(bytes, options);
        const of = (name, signature) => program.function(name, signature);
        same([[3, -1, 2], [1, -4, 9]].map((list) => list.sort((a, b) => (
            of('farther', 'bool(number, number)')(a, b) ? -1 : 1))), [[3, 2, -1], [9, -4, 1]]);
        same(['P1', 'P2', 'P3', null].map((word) => of('weight', 'int(enum)')(word)), [100n, 10n, 1n, 1n]);
        same(of('promote', 'enum(enum, int)')('P2', 3), 'P1');
        same(of('promote', 'enum(enum,int)')('P2', 2n), 'P2');
        same(of('tail', 'text(text, text)')(null, 'Größe'), 'Größe');
        same(of('tail', 'text(text, text)')('LÄUFT', null), 'lÄuft');
        same(of('tail', 'text(text, text)')(null, null), null);
        same(of('later', 'instant(instant, duration, party)')(start, SECOND, 'Host'), start + SECOND);
        same(of('nine', 'number(number, int, text, duration, instant, enum, service, decimal(2), bool)')(
            1.5, 2, 'c', SECOND, start, 'P3', 'web', 125, true), 1.5);
        fails(() => of('product', 'int(int, int)')(1n << 62n, 4n), /product/, { code: 'data', line: 22 });
        same(of('product', 'int(int, int)')(6, 7), 42n);
        fails(() => of('rate', 'number(number, number)')(NaN, 1), /not finite/);
        fails(() => of('rate', 'number(number, number)')(1), /takes 2 values, not 1/);
        fails(() => of('rate', 'number(number, number)')(1, '2'), /expected a number, found `string`/);
        fails(() => of('weight', 'int(enum)')('P9'), /there is no `P9`/);
        fails(() => of('costly', 'bool(money)'), /no `fn costly`/);
        fails(() => of('through', 'number(number)'), /no `fn through`/);
        fails(() => of('weight', 'int(int)'), /is declared as `int\(enum\)`/);
    },
    'saved and restored in another instance': async (load, { native }, options) => {
        for (const ledger of ['whole', 'live']) {
            const plain = (await bound(load, native, options)).session({ ledger });
            let [session, lines] = [(await bound(load, native, options)).session({ ledger }), ''];
            for (let i = 0; i < rows.length; i += 1 + (i * 7) % 4) {
                const part = rows.slice(i, i + 1 + (i * 7) % 4);
                for (const one of [plain, session]) {
                    one.push('sample', part);
                    if (i % 3 === 0) one.advance(part[0].at);
                }
                const bytes = session.save();
                same(session.save(), bytes);
                lines += session.ledger;
                session.close();
                session = (await bound(load, native, options)).restore(bytes);
            }
            same(lines + ledgerOf(session), ledgerOf(plain));
        }
    },
    'bytes that are no session': async (load, { native }, options) => {
        const program = await bound(load, native, options);
        const session = program.session();
        session.push('sample', rows);
        const bytes = session.save();
        fails(() => program.restore(bytes.subarray(0, bytes.length - 1)), /./, { code: 'data' });
        for (let i = 0; i < bytes.length; i += 97) {
            const broken = Uint8Array.from(bytes);
            broken[i] ^= 4;
            fails(() => program.restore(broken), /./, { code: 'data' });
        }
        fails(() => program.restore(bytes, { from: start }), /a part of what was saved/);
        same(ledgerOf(program.restore(bytes.buffer)), ledgerOf(session));
    },
    'how things stand, as in every host': async (load, programs, options) => {
        for (const steps of programs.standing) {
            const program = await load(programs[steps.club], options);
            for (const ledger of ['live', 'whole']) {
                const unasked = tellStandings(program, steps, ledger, { asking: false });
                same(tellStandings(program, steps, ledger), unasked);
                same(tellStandings(program, steps, ledger, { saving: true }), unasked);
            }
        }
    },
    'what a standing says': async (load, { first }, options) => {
        const session = (await load(first, options)).session({ to: '2026-02-01T00:00:00Z' });
        session.push('ticket', [{ at: '2026-01-05T09:00:00Z', id: 'INC1', event: 'opened', priority: 'P1', service: 'web',
            party: 'Host' }]);
        const [objective, duty] = session.standing(new Date('2026-01-05T10:00:00Z'));
        const { line, final, open, atNs, dueNs, ...rest } = duty.decision;
        same(rest, JSON.parse(line));
        same([rest.seq, rest.prev, rest.hash, rest.status], [undefined, undefined, undefined, 'provisional']);
        same([atNs, dueNs], [nsOf('2026-01-05T09:00:00Z'), nsOf('2026-01-05T13:00:00Z')]);
        same([duty.budget, duty.goneNs, duty.budgetGrows, duty.paused], [undefined, undefined, false, false]);
        same([objective.leftNs, objective.holder], [undefined, undefined]);
        same(objective.decision.toNs, nsOf('2026-02-01T00:00:00Z'));
        fails(() => session.standing('tomorrow'), /^at: expected a Date/, { code: 'usage' });
        session.close();
        fails(() => session.standing(start), /the session is closed/, { code: 'usage' });
    },
    'what a callback or a function throws': async (load, { native, first }, options) => {
        const risen = () => { throw new RangeError('too risky'); };
        const session = (await bound(load, native, options, { risk_score: risen })).session();
        session.push('sample', [row(0), row(1)]);
        fails(() => session.standing(start + 24n * 3600n * SECOND), /^too risky$/, { name: 'RangeError' });
        fails(() => session.standing(start), /closed/);
        const program = await load(first, options);
        const to = '2026-02-01T00:00:00Z';
        const asked = program.session({ to, onDecision: () => asked.standing(to) });
        asked.push('ticket', [{ at: '2026-01-05T09:00:00Z', id: 'INC1', event: 'opened', priority: 'P1', service: 'web',
            party: 'Host' }]);
        fails(() => asked.finish(), /a callback must not call its session/, { code: 'usage' });
    },
};

/* What the tests read, by read(NAME) -> bytes. */
export async function programsOf(read) {
    const standing = JSON.parse(new TextDecoder().decode(await read('standing.json')));
    const programs = { standing, functions: await read('function.entc') };
    for (const name of ['native', ...standing.map((steps) => steps.club)]) programs[name] = await read(`${name}.entc`);
    return programs;
}

/* Runs all; one line a failure, and at last how many. */
export async function run(load, programs, options, tell) {
    let failed = 0;
    for (const [name, test] of Object.entries(tests)) {
        try {
            await test(load, programs, options);
        } catch (thrown) {
            failed++;
            tell(`natives: failed: ${name}: ${thrown.stack}`);
        }
    }
    tell(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
    return failed;
}

if (typeof process !== 'undefined' && process.argv[2]) {
    const { readFileSync } = await import('node:fs');
    const { pathToFileURL } = await import('node:url');
    const [library, folder] = process.argv.slice(2);
    const { load } = await import(pathToFileURL(library));
    const programs = await programsOf(async (name) => readFileSync(`${folder}/${name}`));
    process.exitCode = await run(load, programs, undefined, console.log) ? 1 : 0;
}
