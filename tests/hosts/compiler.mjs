// The compiler in WebAssembly beside the command: diagnostics of every golden file, and programs that decide the same.
//   node compiler.mjs LIBRARY ENTENTE FOLDER FILE.ent…
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [library, entente, folder, ...sources] = process.argv.slice(2);
const { compile } = await import(pathToFileURL(library));
const text = (file) => readFileSync(file, 'utf8');
const stdlib = Object.fromEntries(readdirSync('stdlib').map((name) => [name, text(`stdlib/${name}`)]));
let passed = 0, failed = 0;
const test = async (name, work) => {
    try {
        await work();
        passed++;
    } catch (thrown) {
        failed++;
        console.log(`compiler: failed: ${name}\n${String(thrown.stack).slice(0, 1500)}`);
    }
};

// what the two call differently is where the standard library is, and that one reads no calendars
const places = (diagnostics) => JSON.parse(JSON.stringify(diagnostics).replaceAll(`${process.cwd()}/stdlib/`, '/stdlib/'));
for (const name of readdirSync('tests/golden/diagnostics').filter((file) => file.endsWith('.ent'))) {
    const file = `tests/golden/diagnostics/${name}`;
    if (/\.ics"|^use "/m.test(text(file))) continue;
    await test(file, async () => {
        const { stdout } = spawnSync(entente, ['check', '--format', 'json', '--color', 'never', file], { encoding: 'utf8' });
        const { diagnostics, program } = await compile({ [file]: text(file) }, { stdlib });
        assert.deepEqual(diagnostics, places(JSON.parse(stdout)));
        assert.equal(program === undefined, diagnostics.some(({ severity }) => severity === 'error'));
    });
}

const decisions = (program, facts) => execFileSync(entente, ['run', program, '--assume-signed', '--format', 'jsonl',
    ...facts.flatMap((fact) => ['--feed', fact])], { encoding: 'utf8' }).split('\n').slice(1)
    .map((line) => line.replace(/,"prev":.*/, ''));
for (const source of sources) {
    const [file, ...facts] = source.split(',');
    await test(file, async () => {
        const { program, text: said } = await compile({ [file]: text(file) }, { stdlib });
        assert.ok(program, said);
        writeFileSync(`${folder}/own.entc`, program);
        execFileSync(entente, ['build', '-o', `${folder}/command.entc`, file], { stdio: 'ignore' });
        assert.deepEqual(decisions(`${folder}/own.entc`, facts), decisions(`${folder}/command.entc`, facts));
    });
}
await test('a calendar file is refused with a reason', async () => {
    const club = text('examples/first/first.ent').replace('framework', 'calendar c\n  open mon..fri 09:00..17:00\n  closed on "x.ics"\nframework');
    const { program, text: said } = await compile({ 'club.ent': club, 'x.ics': 'BEGIN:VCALENDAR' }, { main: ['club.ent'], stdlib });
    assert.equal(program, undefined);
    assert.match(said, /runs in WebAssembly, reads no calendar files/);
});
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
