/* The compiler in Node.js and browsers: entente-compiler.wasm behind one function.
 *
 *     const { program, diagnostics, text } = await compile({ 'club.ent': source }, { stdlib, zones });
 *
 * Sources are in memory: names of files with their texts.  Tested by tests/hosts/wasm.sh. */
import { EntenteError, compileModule, makeSystem, zoneSource } from './entente.mjs';

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();
const ZONES = 'usr/share/zoneinfo/';
const STDLIB = 'stdlib/';

/* A file by its path from the root, as the compiler asks for it. */
function makeReader(files, stdlib, zone) {
    const own = new Map(Object.entries(files).map(([name, text]) => [name, utf8.encode(text)]));
    const modules = new Map(Object.entries(stdlib ?? {}).map(([name, text]) => [name, utf8.encode(text)]));
    return (path) => {
        if (path.startsWith(ZONES)) return zone(path.slice(ZONES.length));
        if (path.startsWith(STDLIB) && modules.has(path.slice(STDLIB.length))) return modules.get(path.slice(STDLIB.length));
        return own.get(path);
    };
}

/* files: sources by name; options: { main, stdlib, zones, wasm }.  `main` names those that are compiled, by default all;
 * the others are there to be used.  `stdlib` has the modules of `use std.NAME` as NAME.ent. */
export async function compile(files, options = {}) {
    const main = options.main ?? Object.keys(files);
    const [module, zone] = await Promise.all([compileModule(options.wasm, 'entente-compiler.wasm'),
        zoneSource(options.zones)]);
    const instance = await WebAssembly.instantiate(module, {
        entente: {
            call_host: () => { throw new EntenteError('program', 'functions of the host have no value while compiling'); },
        },
        wasi_snapshot_preview1: makeSystem(() => instance.exports.memory, '/', makeReader(files, options.stdlib, zone)),
    });
    const c = instance.exports;
    const bytes = (at, len) => new Uint8Array(c.memory.buffer, at, len);
    const text = (at) => fromUtf8.decode(bytes(at).subarray(0, bytes(at).indexOf(0)));
    c._initialize();
    const names = utf8.encode(main.map((name) => `${name}\0`).join(''));
    const at = c.alloc(names.length);
    bytes(at, names.length).set(names);
    const compilation = c.compile(at, main.length);
    if (compilation === 0 || c.compilation_state(compilation) === 2) throw new EntenteError('memory', 'out of memory');
    const compiled = c.compilation_state(compilation) === 1;
    return {
        program: compiled
            ? bytes(c.compilation_program(compilation), c.compilation_program_len(compilation)).slice() : undefined,
        diagnostics: JSON.parse(text(c.compilation_json(compilation)) || '[]'),
        text: text(c.compilation_text(compilation)),
    };
}
