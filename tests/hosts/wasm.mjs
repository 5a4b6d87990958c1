// The module for WebAssembly in Node: its ledgers beside those of the command, values of every type, errors.
//   node wasm.mjs LIBRARY ledger PROGRAM EXPECTED ROWS_MAX [-signatures FILE] [-from T] [-to T] [-assume-signed] [-saved] FEED=FILE.csv…
//   node wasm.mjs LIBRARY rows NATURAL.csv EXACT.csv
//   node wasm.mjs LIBRARY api CLUB.entc NATURAL.jsonl EXACT.jsonl
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [library, mode, ...rest] = process.argv.slice(2);
const { load, EntenteError } = await import(pathToFileURL(library));

function readCsv(file) {
    const [names, ...rows] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/).map((line) => (
        Array.from(`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) => (
            quoted === undefined ? plain : quoted.replaceAll('""', '"')))));
    return rows.map((row) => Object.fromEntries(row.map((cell, i) => [names[i], cell])));
}

async function ledger(program, expected, rowsMax, ...more) {
    const options = { assumeSigned: more.includes('-assume-signed') };
    const at = more.indexOf('-signatures');
    if (at >= 0) options.signatures = readFileSync(more.splice(at, 2)[1], 'utf8');
    for (const end of ['from', 'to']) {
        const place = more.indexOf(`-${end}`);
        if (place >= 0) options[end] = more.splice(place, 2)[1];
    }
    let p = await load(readFileSync(program));
    let session = p.session(options);
    const { assumeSigned, signatures } = options;
    for (const [feed, file] of more.filter((word) => !word.startsWith('-')).map((word) => word.split('='))) {
        const known = p.feeds.find((f) => f.name === feed).fields.map((field) => field.name);
        const rows = readCsv(file).map((row) => Object.fromEntries(Object.entries(row).filter(([k]) => known.includes(k))));
        for (let i = 0; i < rows.length; i += Number(rowsMax)) {
            session.push(feed, rows.slice(i, i + Number(rowsMax)));
            if (!more.includes('-saved') || i % 5) continue;
            const bytes = session.save();
            session.close();
            p = await load(readFileSync(program)); /* an instance of its own */
            session = p.restore(bytes, { assumeSigned, signatures });
        }
    }
    const decisions = session.finish();
    assert.equal(session.ledger, readFileSync(expected, 'utf8'));
    const lines = session.ledger.trim().split('\n').slice(1);
    assert.equal(lines.length, decisions.length);
    decisions.forEach((decision, i) => {
        const { line, final, open, fromNs, toNs, atNs, dueNs, doneNs, ...same } = decision;
        assert.equal(line, `${lines[i]}\n`);
        assert.deepEqual(same, JSON.parse(line));
    });
    session.close();
}

/* Every type of field as JavaScript has it, as typed columns, and as texts: the command reads the same from CSV. */
const at = Array.from({ length: 40 }, (_, i) => BigInt(Date.UTC(2026, 0, 2 + (i % 50), i % 24)) * 1000000n + BigInt(i));
const natural = at.map((ns, i) => ({
    at: i % 3 ? ns : new Date(Number(ns / 1000000n)), id: `Größe ${i}`, state: i % 4 ? 'good' : 'bad', part: 'web',
    party: 'Host', up: i % 7 !== 0, n: i, x: i / 8, d: i % 5 ? `${i}.25` : i, r: '99.5%', fee: `GBP ${i}.50`,
    took: BigInt(i) * 25000000n, clock: i % 9 ? '09:30' : null, spare: undefined,
}));
const exact = natural.map((row, i) => ({ ...row, at: i % 3 ? at[i] : at[i] / 1000000n * 1000000n, clock: 34200000000000n }));

function asCsv(rows) {
    const cell = (v) => (typeof v === 'string' ? v : v === null || v === undefined ? '' : String(v));
    const iso = (ns) => `${new Date(Number(ns / 1000000000n) * 1000).toISOString().slice(0, 19)}.${
        String(ns % 1000000000n).padStart(9, '0')}Z`;
    const names = Object.keys(rows[0]);
    const text = (row, name) => (name === 'at' ? iso(row.at instanceof Date ? BigInt(row.at.getTime()) * 1000000n : row.at)
        : name === 'took' ? `${Number(row.took) / 1e6}ms` : name === 'clock' && row.clock ? '09:30' : cell(row[name]));
    return `${names.join(',')}\n${rows.map((row) => names.map((n) => text(row, n)).join(',')).join('\n')}\n`;
}

const columns = () => ({
    at: BigInt64Array.from(exact.map((row) => row.at)), id: exact.map((row) => row.id),
    state: exact.map((row) => row.state), part: exact.map(() => 'web'), party: { values: exact.map(() => 'Host') },
    up: Uint8Array.from(exact.map((row) => Number(row.up))), n: Int16Array.from(exact.map((row) => row.n)),
    x: Float64Array.from(exact.map((row) => row.x)),
    d: { values: Int32Array.from(exact.map((row) => Math.round(Number(row.d) * 100))), scale: 2 },
    r: { values: new BigInt64Array(exact.length).fill(995n), scale: 3 },
    fee: { values: BigInt64Array.from(exact.map((row) => BigInt(row.n) * 100n + 50n)), scale: 2 },
    took: BigInt64Array.from(exact.map((row) => row.took)),
    clock: { values: new BigInt64Array(exact.length).fill(34200000000000n), present: new Uint8Array(exact.length).fill(1) },
});

const run = (program, push, options = { assumeSigned: true }) => {
    const session = program.session(options);
    push(session);
    session.finish();
    return session.ledger;
};

const fails = (work, code, pattern, more = {}) => assert.throws(work, (thrown) => {
    assert.ok(thrown instanceof EntenteError, String(thrown));
    assert.equal(thrown.code, code);
    assert.match(thrown.message, pattern);
    for (const [key, value] of Object.entries(more)) assert.equal(thrown[key], value);
    return true;
});

const tests = {
    'what a program consists of': async (club) => {
        assert.match(club.digest, /^[0-9a-f]{64}$/);
        assert.deepEqual(club.feeds.map((feed) => feed.name), ['sample']);
        assert.equal(club.feeds[0].latenessSeconds, 300);
        const field = (name) => club.feeds[0].fields.find((f) => f.name === name);
        assert.deepEqual(field('state').words, ['good', 'bad']);
        assert.equal(field('d').digits, 2);
        assert.equal(field('fee').currency, 'GBP');
        assert.equal(club.parties.find((party) => party.name === 'Host').kind, 'provider');
        assert.deepEqual(club.services.find((service) => service.name === 'web').dependsOn, ['lines']);
        assert.ok(club.agreements.some((a) => a.name === 'Web' && a.clauses.some((c) => c.name === 'ups')));
    },
    'bytes that are no program': async (club, bytes) => {
        const broken = Uint8Array.from(bytes);
        broken[200] ^= 1;
        for (const wrong of [broken, new Uint8Array(3), new ArrayBuffer(0)]) {
            await assert.rejects(load(wrong), (thrown) => thrown.code === 'program');
        }
    },
    'time zones are the host\'s to give': async (club, bytes) => {
        const bare = await load(bytes, { zones: {} });
        fails(() => bare.session(), 'environment', /Europe\/London/);
        const zones = new Map([['Europe/London', readFileSync('/usr/share/zoneinfo/Europe/London')]]);
        const one = await load(bytes, { zones });
        const ledger = run(one, (session) => session.push('sample', natural));
        assert.match(ledger, /"tzdata":"unknown"/);
        assert.equal(JSON.parse(ledger.split('\n')[1]).status,
            JSON.parse(run(club, (session) => session.push('sample', natural)).split('\n')[1]).status);
    },
    'rows that do not fit': async (club) => {
        const session = club.session();
        const row = (change) => () => session.push('sample', [natural[1], { ...natural[2], ...change }]);
        fails(row({ state: 'fair' }), 'data', /row 2, field `state`/, { row: 2, field: 'state' });
        fails(row({ d: 0.1 }), 'data', /which are exact/, { row: 2, field: 'd' });
        fails(row({ n: 1.5 }), 'data', /field `n`/, { row: 2, field: 'n' });
        fails(row({ at: undefined }), 'data', /row 2, field `at`/, { row: 2 });
        fails(row({ at: 'yesterday' }), 'data', /./);
        fails(row({ speed: 1 }), 'usage', /no field `speed`/, { row: 2, field: 'speed' });
        fails(() => session.push('samples', []), 'usage', /no feed `samples`/);
        fails(() => session.pushColumns('sample', { at: [1n], n: [1, 2] }), 'usage', /another length/);
        fails(() => session.pushColumns('sample', { at: [1n] }), 'usage', /no column/);
        session.push('sample', natural);
        assert.deepEqual(session.counts('sample'), { rows: 40, late: 0, unknown: 0 });
        session.finish();
        fails(() => session.push('sample', natural), 'usage', /ended/);
        session.close();
        fails(() => session.finish(), 'usage', /closed/);
    },
    'options that make no sense': async (club) => {
        fails(() => club.session({ from: 2n, to: 1n }), 'usage', /not before/);
        fails(() => club.session({ from: '2026-01-01' }), 'usage', /from/);
        fails(() => club.session({ ledger: 'half' }), 'usage', /half/);
    },
    'what a callback throws comes out of the call': async (club) => {
        const session = club.session({ assumeSigned: true, onDecision: () => { throw new RangeError('enough'); } });
        session.push('sample', natural);
        assert.throws(() => session.finish(), (thrown) => thrown instanceof RangeError && thrown.message === 'enough');
        fails(() => session.finish(), 'usage', /./);
    },
    'decisions as soon as they are final, and many sessions of one program': async (club) => {
        const kept = [];
        const live = club.session({ assumeSigned: true, ledger: 'live', from: '2026-01-01T00:00:00Z',
            to: '2026-03-01T00:00:00Z', onLine: (line) => kept.push(line) });
        const other = club.session({ assumeSigned: true });
        live.push('sample', natural.filter((row) => row.at instanceof Date || row.at < 1769904000000000000n));
        other.push('sample', natural);
        const early = live.advance('2026-02-02T00:00:00Z');
        assert.ok(early.length > 0 && early.every((d) => d.final && d.window && d.toNs === 1769904000000000000n));
        live.push('sample', natural.filter((row) => !(row.at instanceof Date) && row.at >= 1770163200000000000n));
        const late = live.finish();
        assert.equal(kept.length, 1 + early.length + late.length);
        assert.deepEqual(live.period, { fromNs: 1767225600000000000n, toNs: 1772323200000000000n });
        assert.ok(other.finish().length > 0);
    },
    'a big push grows the memory': async (club) => {
        const many = Array.from({ length: 200000 }, (_, i) => ({ ...natural[1], at: at[0] + BigInt(i) * 1000000000n, id: `x${i}` }));
        const session = club.session({ assumeSigned: true });
        session.push('sample', many);
        assert.ok(session.finish().length > 0);
    },
};

if (mode === 'ledger') {
    await ledger(...rest);
} else if (mode === 'rows') {
    writeFileSync(rest[0], asCsv(natural));
    writeFileSync(rest[1], asCsv(exact));
} else {
    const [clubFile, naturalLedger, exactLedger] = rest;
    const bytes = readFileSync(clubFile);
    const club = await load(bytes);
    tests['values as JavaScript has them'] = async () => assert.equal(
        run(club, (session) => session.push('sample', natural)), readFileSync(naturalLedger, 'utf8'));
    tests['typed columns'] = async () => assert.equal(
        run(club, (session) => session.pushColumns('sample', columns())), readFileSync(exactLedger, 'utf8'));
    let failed = 0;
    for (const [name, test] of Object.entries(tests)) {
        try {
            await test(club, bytes);
        } catch (thrown) {
            failed++;
            console.log(`wasm: failed: ${name}\n${thrown.stack}`);
        }
    }
    console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
    process.exitCode = failed ? 1 : 0;
}
