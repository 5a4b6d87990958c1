/* Agreements in Node.js (18 and later) and browsers: entente.wasm behind a small module without dependencies.
 *
 *     const program = await load(bytesOfClubEntc);
 *     const session = program.session({ from: '2026-01-01T00:00:00Z' });
 *     session.push('ticket', [{ id: 'T1', opened_at: new Date(), priority: 'P1' }]);
 *     for (const decision of session.finish()) console.log(decision.clause, decision.status, decision.line);
 *
 * A program has a WebAssembly instance of its own, whose only files are time zones': in Node those of the system, in
 * a browser those that the page gives.  Nothing has to be freed: what is unreachable goes, the instance too.
 * docs/embedding.md explains; entente.d.mts has the types.  Tested by tests/hosts/wasm.sh. */

const CODES = ['ok', 'usage', 'program', 'data', 'environment', 'memory', 'stopped', 'limit'];
const COLUMN = { bool: 1, int64: 2, double: 3, decimal: 4, instant: 5, duration: 6, utf8: 8, absent: 10 };
const SET = { from: 1, to: 2, asOf: 4, whole: 8, notices: 16, assumeSigned: 32 };
const HAS = { window: 1, clock: 2, due: 4, done: 8, gone: 16 };
const ROWS_MAX = 1 << 24; /* of one push: keeps all sizes within 32 bits */
const ZONE_DIR = '/usr/share/zoneinfo';
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/* What went wrong: `code` as in entente.h; file, line and column of the agreements' source, feed row (from 1) and field
 * where they are known. */
export class EntenteError extends Error {
    constructor(code, message, more = {}) {
        super(message);
        this.name = 'EntenteError';
        this.code = code;
        Object.assign(this, more);
    }
}

const misuse = (message, more) => new EntenteError('usage', message, more);

/* --- instants --- */

/* A Date, a bigint of nanoseconds since 1970, or an ISO text with its zone. */
function toNs(value, what) {
    if (typeof value === 'bigint') return value;
    if (typeof value === 'string') {
        const parts = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(value);
        const ms = parts ? Date.parse(parts[1] + parts[3]) : NaN;
        if (!Number.isNaN(ms)) return BigInt(ms) * 1000000n + BigInt((parts[2] ?? '').padEnd(9, '0'));
    } else if (value instanceof Date && !Number.isNaN(value.getTime())) {
        return BigInt(value.getTime()) * 1000000n;
    }
    throw misuse(`${what}: expected a Date, a bigint of nanoseconds or a text such as 2026-01-05T09:00:00Z`);
}

function nsText(ns) {
    const rest = ((ns % 1000000000n) + 1000000000n) % 1000000000n;
    const whole = new Date(Number((ns - rest) / 1000000n)).toISOString().slice(0, 19);
    return `${whole}.${String(rest).padStart(9, '0')}Z`;
}

/* --- the system under the module: time zone files in memory, and nothing else --- */

const WASI = { ok: 0, badf: 8, inval: 28, noent: 44 };
const ROOT = 3;

/* The part of WASI that wasi-libc needs to read files below one folder; `read` gives a file's bytes by its path from
 * there, or nothing.  For this module and compiler.mjs. */
export function makeSystem(memory, root, read) {
    const files = new Map();
    const numbers = new Map(); /* a path -> what stat calls its inode */
    const view = () => new DataView(memory().buffer);
    const bytes = (at, len) => new Uint8Array(memory().buffer, at, len);
    return {
        fd_prestat_get(fd, out) {
            if (fd !== ROOT) return WASI.badf;
            view().setUint32(out, 0, true);
            view().setUint32(out + 4, root.length, true);
            return WASI.ok;
        },
        fd_prestat_dir_name(fd, out, len) {
            bytes(out, len).set(utf8.encode(root).subarray(0, len));
            return fd === ROOT ? WASI.ok : WASI.badf;
        },
        fd_fdstat_get(fd, out) {
            if (fd !== ROOT && !files.has(fd)) return WASI.badf;
            bytes(out, 24).fill(0);
            view().setUint8(out, fd === ROOT ? 3 : 4);
            view().setBigUint64(out + 8, 0xffffffffffffffffn, true);
            view().setBigUint64(out + 16, 0xffffffffffffffffn, true);
            return WASI.ok;
        },
        path_open(fd, lookup, path, len, flags, rights, inherited, fdFlags, out) {
            const found = read(fromUtf8.decode(bytes(path, len)));
            if (!found) return WASI.noent;
            let free = ROOT + 1;
            while (files.has(free)) free++;
            files.set(free, { bytes: new Uint8Array(found), at: 0 });
            view().setUint32(out, free, true);
            return WASI.ok;
        },
        path_filestat_get(fd, lookup, path, len, out) {
            const name = fromUtf8.decode(bytes(path, len));
            const found = read(name);
            if (!found) return WASI.noent;
            if (!numbers.has(name)) numbers.set(name, BigInt(numbers.size + 1));
            bytes(out, 64).fill(0);
            view().setBigUint64(out + 8, numbers.get(name), true);
            view().setUint8(out + 16, 4);
            view().setBigUint64(out + 32, BigInt(found.byteLength), true);
            return WASI.ok;
        },
        fd_read(fd, vectors, n, out) {
            const file = files.get(fd);
            if (!file) return WASI.badf;
            let total = 0;
            for (let i = 0; i < n; i++) {
                const at = view().getUint32(vectors + 8 * i, true);
                const part = file.bytes.subarray(file.at, file.at + view().getUint32(vectors + 8 * i + 4, true));
                bytes(at, part.length).set(part);
                file.at += part.length;
                total += part.length;
            }
            view().setUint32(out, total, true);
            return WASI.ok;
        },
        fd_seek(fd, offset, whence, out) {
            const file = files.get(fd);
            if (!file) return WASI.badf;
            const at = Number(offset) + [0, file.at, file.bytes.length][whence];
            if (!(at >= 0)) return WASI.inval;
            file.at = at;
            view().setBigUint64(out, BigInt(at), true);
            return WASI.ok;
        },
        fd_close: (fd) => (files.delete(fd) ? WASI.ok : WASI.badf),
        fd_write: () => WASI.badf,
        fd_fdstat_set_flags: () => WASI.inval,
        proc_exit(status) {
            throw new EntenteError('program', `the module ended with status ${status}`);
        },
    };
}

const isNode = () => typeof process !== 'undefined' && Boolean(process.versions?.node);

/* A function, a Map, an object, or the default: the system's files in Node, none in a browser. */
export async function zoneSource(zones) {
    if (typeof zones === 'function') return zones;
    if (zones instanceof Map) return (name) => zones.get(name);
    if (zones) return (name) => (Object.hasOwn(zones, name) ? zones[name] : undefined);
    if (!isNode()) return () => undefined;
    const { readFileSync } = await import('node:fs');
    return (name) => {
        try {
            return readFileSync(`${ZONE_DIR}/${name}`);
        } catch {
            return undefined;
        }
    };
}

/* --- the module's memory --- */

class Machine {
    constructor(exports) {
        this.c = exports;
        this.error = exports.error_new();
        this.bindings = []; /* functions of the host, by their numbers less 1 */
        this.thrown = undefined; /* { thrown } by one of them */
        this.saved = undefined; /* pieces of a session that is being saved */
    }

    view() {
        return new DataView(this.c.memory.buffer);
    }

    /* A block with the bytes in it, and a NUL behind. */
    put(bytes) {
        const at = this.c.alloc(bytes.byteLength + 1);
        if (at === 0) throw new EntenteError('memory', 'out of memory');
        const block = new Uint8Array(this.c.memory.buffer, at, bytes.byteLength + 1);
        block.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        block[bytes.byteLength] = 0;
        return at;
    }

    text(at) {
        const bytes = new Uint8Array(this.c.memory.buffer, at);
        return fromUtf8.decode(bytes.subarray(0, bytes.indexOf(0)));
    }

    slice(at, len) {
        return fromUtf8.decode(new Uint8Array(this.c.memory.buffer, at, len));
    }

    /* work(put) with blocks that are freed afterwards. */
    borrowing(work) {
        const blocks = [];
        const put = (bytes) => {
            blocks.push(this.put(bytes));
            return blocks[blocks.length - 1];
        };
        try {
            return work(put);
        } finally {
            blocks.forEach((at) => this.c.free(at));
        }
    }

    failure() {
        const [code, line, column, , row] = [0, 1, 2, 3, 4].map((i) => this.c.error_number(this.error, i) >>> 0);
        const [message, file, field] = [0, 1, 2].map((i) => this.text(this.c.error_text(this.error, i)));
        const more = line > 0 ? { file, line, column } : {};
        if (row > 0) more.row = row;
        if (field) more.field = field;
        return new EntenteError(CODES[code] ?? 'usage', message, more);
    }
}

/* --- functions, both ways --- */

const KINDS = { bool: 'bool', number: 'number', text: 'text', enum: 'text', party: 'text', service: 'text' };

/* What the types of a signature, which has been checked, are here; all others are a bigint. */
function kindsOf(signature) {
    const [result, ...params] = signature.replace(/\(\d+\)|\s/g, '').split(/[(),]+/).filter(Boolean);
    return { result: KINDS[result] ?? 'long', params: params.map((name) => KINDS[name] ?? 'long') };
}

function readValue(machine, kind, at) {
    const view = machine.view();
    if (kind === 'bool') return view.getUint8(at) !== 0;
    if (kind === 'number') return view.getFloat64(at, true);
    if (kind === 'long') return view.getBigInt64(at, true);
    const text = view.getUint32(at, true);
    return text === 0 ? null : machine.text(text);
}

/* putText(bytes) gives a text's place in the module's memory.  A bool takes a word, as results do. */
function writeValue(machine, kind, at, value, putText) {
    const isText = kind === 'text' && (value === null || (typeof value === 'string' && !value.includes('\0')));
    const isLong = kind === 'long' && (typeof value === 'bigint' || Number.isSafeInteger(value));
    if (isText) {
        const place = value === null ? 0 : putText(utf8.encode(value));
        machine.view().setUint32(at, place, true);
    } else if (isLong && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) {
        machine.view().setBigInt64(at, BigInt(value), true);
    } else if (kind === 'bool' && typeof value === 'boolean') {
        machine.view().setBigUint64(at, value ? 1n : 0n, true);
    } else if (kind === 'number' && typeof value === 'number') {
        machine.view().setFloat64(at, value, true);
    } else {
        const wanted = { bool: 'a boolean', number: 'a number', text: 'a text or null', long: 'a bigint of 64 bits' };
        throw misuse(`expected ${wanted[kind]}, found \`${value === null ? null : typeof value}\``);
    }
}

/* Called from inside the module, as a callback is: what the function throws is kept, and until the call that caused it
 * throws it on, no other function is called and nothing is told. */
function callHost(machine, number, result, values) {
    const { work, name, kinds } = machine.bindings[number - 1];
    if (machine.thrown) return;
    const args = kinds.params.map((kind, i) => readValue(machine, kind, machine.view().getUint32(values + 4 * i, true)));
    try {
        const given = work(...args);
        if (given instanceof Promise) throw misuse(`the function for \`${name}\` gives a promise, and nobody can wait for it`);
        writeValue(machine, kinds.result, result, given, (bytes) => {
            const room = machine.c.host_text(bytes.byteLength + 1);
            if (room === 0) throw new EntenteError('memory', 'out of memory');
            const block = new Uint8Array(machine.c.memory.buffer, room, bytes.byteLength + 1);
            block.set(bytes);
            block[bytes.byteLength] = 0;
            return room;
        });
    } catch (thrown) {
        machine.thrown = { thrown };
    }
}

/* A `fn` of the agreements as a function of JavaScript. */
function makeFunction(machine, handle, name, signature) {
    const { result, params } = kindsOf(signature);
    const values = 8;
    const pointers = values + 8 * params.length;
    const room = machine.put(new Uint8Array(pointers + 4 * params.length));
    params.forEach((_, i) => machine.view().setUint32(room + pointers + 4 * i, room + values + 8 * i, true));
    return (...args) => {
        if (args.length !== params.length) throw misuse(`\`${name}\` takes ${params.length} values, not ${args.length}`);
        return machine.borrowing((put) => {
            params.forEach((kind, i) => writeValue(machine, kind, room + values + 8 * i, args[i] ?? null, put));
            if (!machine.c.function_call(handle, room, room + pointers, machine.error)) throw machine.failure();
            return readValue(machine, result, room);
        });
    };
}

/* --- rows --- */

function wrong(feed, field, row, value, expected) {
    const shown = typeof value === 'string' ? value : typeof value;
    return new EntenteError('data', `feed \`${feed}\`, row ${row + 1}, field \`${field.name}\`: expected ${expected}, ` +
        `found \`${shown}\``, { row: row + 1, field: field.name });
}

/* One value as the text that a CSV file would have. */
function cellText(feed, field, value, row) {
    const exact = ['decimal', 'ratio', 'money'].includes(field.type);
    if (value === null || value === undefined) return '';
    if (typeof value === 'string') return value;
    if (typeof value === 'boolean') return String(value);
    if (field.type === 'instant') return nsText(toNs(value, field.name));
    if (typeof value === 'bigint' && (exact || field.type === 'int' || field.type === 'number')) return String(value);
    if (typeof value === 'number' && (field.type === 'int' || field.type === 'number')) return String(value);
    if (exact && Number.isSafeInteger(value)) return String(value);
    throw wrong(feed, field, row, value, exact ? 'a text, a bigint or a whole number, which are exact' : 'a text');
}

function textColumn(texts) {
    const offsets = new Int32Array(texts.length + 1);
    const joined = texts.join('');
    let data = utf8.encode(joined);
    if (data.length === joined.length) {
        texts.forEach((text, i) => (offsets[i + 1] = offsets[i] + text.length));
    } else {
        const parts = texts.map((text) => utf8.encode(text));
        parts.forEach((part, i) => (offsets[i + 1] = offsets[i] + part.length));
        data = new Uint8Array(offsets[texts.length]);
        parts.forEach((part, i) => data.set(part, offsets[i]));
    }
    return { type: COLUMN.utf8, data, offsets };
}

const isAbsent = (value) => value === null || value === undefined;

/* A column of one kind, where every value is of it or absent; otherwise nothing. */
function plainColumn(values, fits, type, data, convert = (value) => value) {
    const present = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
        if (isAbsent(values[i])) continue;
        if (!fits(values[i])) return undefined;
        data[i] = convert(values[i]);
        present[i] = 1;
    }
    return { type, data, present };
}

const isBigint = (value) => typeof value === 'bigint';
const longs = (n) => new BigInt64Array(n);

function listColumn(feed, field, values) {
    const n = values.length;
    const tries = {
        bool: () => plainColumn(values, (v) => typeof v === 'boolean', COLUMN.bool, new Uint8Array(n), Number),
        int: () => plainColumn(values, (v) => typeof v === 'number', COLUMN.double, new Float64Array(n)),
        number: () => plainColumn(values, (v) => typeof v === 'number', COLUMN.double, new Float64Array(n)),
        instant: () => plainColumn(values, (v) => v instanceof Date || isBigint(v), COLUMN.instant, longs(n),
            (v) => toNs(v, field.name)),
        duration: () => plainColumn(values, isBigint, COLUMN.duration, longs(n)),
        time: () => plainColumn(values, isBigint, COLUMN.duration, longs(n)),
    };
    return tries[field.type]?.() ?? textColumn(values.map((value, row) => cellText(feed, field, value, row)));
}

/* A typed array, a list of values, or { values, scale, present } of decimals. */
const isList = (column) => Array.isArray(column) || ArrayBuffer.isView(column);

function typedColumn(feed, field, { values, scale = 0, present }) {
    const asLongs = () => BigInt64Array.from(values, (v) => BigInt(v));
    if (Array.isArray(values)) return listColumn(feed, field, values);
    if (values instanceof Float64Array) return { type: COLUMN.double, data: values, present };
    if (values instanceof Float32Array) return { type: COLUMN.double, data: Float64Array.from(values), present };
    if (values instanceof Uint8Array && field.type === 'bool') return { type: COLUMN.bool, data: values, present };
    if (!ArrayBuffer.isView(values) || values instanceof DataView) {
        throw misuse(`feed \`${feed}\`, field \`${field.name}\`: expected a typed array or a list`, { field: field.name });
    }
    const data = values instanceof BigInt64Array ? values : asLongs();
    const types = { instant: COLUMN.instant, duration: COLUMN.duration, time: COLUMN.duration };
    const type = types[field.type] ?? (scale > 0 ? COLUMN.decimal : COLUMN.int64);
    return { type, scale, data, present };
}

/* --- sessions --- */

export class Session {
    #machine;
    #program;
    #at;
    #number;
    #options;
    #decisions = [];
    #lines = [];
    #stands = [];
    #thrown;

    /* `saved`: the bytes of the session that it is. */
    constructor(machine, program, sessions, options, saved) {
        const set = (options.from !== undefined ? SET.from : 0) | (options.to !== undefined ? SET.to : 0) |
            (options.asOf !== undefined ? SET.asOf : 0) | (options.ledger !== 'live' ? SET.whole : 0) |
            (options.onNotice ? SET.notices : 0) | (options.assumeSigned ? SET.assumeSigned : 0);
        const instant = (name) => (options[name] === undefined ? 0n : toNs(options[name], name));
        if (options.ledger !== undefined && options.ledger !== 'live' && options.ledger !== 'whole') {
            throw misuse(`ledger: expected whole or live, found \`${options.ledger}\``);
        }
        const known = saved && ['from', 'to', 'asOf', 'ledger'].find((name) => options[name] !== undefined);
        if (known) throw misuse(`${known}: it is a part of what was saved`);
        this.#machine = machine;
        this.#program = program;
        this.#options = options;
        this.#number = sessions.next++;
        const { c, error } = machine;
        this.#at = machine.borrowing((put) => {
            const texts = ['signatures', 'keys'].flatMap((name) => {
                const bytes = options[name] === undefined ? undefined : utf8.encode(options[name]);
                return bytes ? [put(bytes), bytes.length] : [0, 0];
            });
            const made = c.options_new(this.#number, set, instant('from'), instant('to'), instant('asOf'));
            if (made === 0) throw new EntenteError('memory', 'out of memory');
            c.options_signed(made, ...texts);
            try {
                return saved ? c.session_restore(program.handle, made, put(saved), saved.byteLength, error)
                    : c.session_new(program.handle, made, error);
            } finally {
                c.free(made);
            }
        });
        if (this.#at === 0) throw machine.failure();
        /* by weak reference: the instance must not keep a session that nobody has any more */
        sessions.byNumber.set(this.#number, new WeakRef(this));
    }

    /* Called from inside the module.  What a callback throws must not go through its frames: it is kept, the session
     * stops, and the call that caused it throws it on. */
    tell(kind, argument) {
        if (this.#machine.thrown) return 0;
        try {
            if (kind === 'line') this.#options.onLine ? this.#options.onLine(argument) : this.#lines.push(argument);
            else if (kind === 'notice') this.#options.onNotice(argument);
            else if (kind === 'standing') this.#stands.push(argument);
            else if (this.#options.onDecision) this.#options.onDecision(argument);
            else this.#decisions.push(argument);
            return 1;
        } catch (thrown) {
            this.#thrown = { thrown };
            return 0;
        }
    }

    #alive() {
        if (this.#at === 0) throw misuse('the session is closed');
    }

    /* What a function of the host threw, the module cannot know: it took some value for the function's. */
    #checked(ok) {
        const caused = this.#machine.thrown ?? this.#thrown;
        if (ok && !caused) return;
        this.#thrown = undefined;
        if (this.#machine.thrown) this.close();
        this.#machine.thrown = undefined;
        throw caused ? caused.thrown : this.#machine.failure();
    }

    #taken() {
        const decisions = this.#decisions;
        this.#decisions = [];
        return decisions;
    }

    #feed(name) {
        const feed = this.#program.feeds.find((f) => f.name === name);
        if (feed) return feed;
        throw misuse(`there is no feed \`${name}\`: the program's feeds are ` +
            (this.#program.feeds.map((f) => f.name).join(', ') || 'none'));
    }

    #send(feed, columns, n) {
        this.#alive();
        if (n > ROWS_MAX) throw misuse(`more than ${ROWS_MAX} rows in one push`);
        const { c, error } = this.#machine;
        this.#machine.borrowing((put) => {
            const list = c.columns_new(columns.length);
            if (list === 0) throw new EntenteError('memory', 'out of memory');
            try {
                columns.forEach(({ name, type, scale = 0, data, offsets, present }, i) => {
                    c.columns_set(list, i, put(utf8.encode(name)), type, scale, data ? put(data) : 0,
                        offsets ? put(offsets) : 0, present ? put(present) : 0);
                });
                this.#checked(c.session_push(this.#at, put(utf8.encode(feed)), list, n, error));
            } finally {
                c.free(list);
            }
        });
    }

    /* Rows as objects, by the fields' names; absent: undefined or null. */
    push(feedName, rows) {
        const feed = this.#feed(feedName);
        const known = new Set(feed.fields.map((field) => field.name));
        rows.forEach((row, i) => {
            const stranger = Object.keys(row).find((key) => !known.has(key));
            if (stranger === undefined) return;
            throw misuse(`feed \`${feedName}\` has no field \`${stranger}\``, { row: i + 1, field: stranger });
        });
        const columns = feed.fields.filter((field) => field.used).map((field) => (
            { name: field.name, ...listColumn(feedName, field, rows.map((row) => row[field.name])) }));
        this.#send(feedName, columns, rows.length);
    }

    /* Columns by the fields' names: lists, typed arrays, or { values, scale, present }. */
    pushColumns(feedName, columns) {
        const feed = this.#feed(feedName);
        let rows;
        const list = Object.entries(columns).map(([name, given]) => {
            const column = isList(given) ? { values: given } : given;
            const field = feed.fields.find((f) => f.name === name);
            if (!field) throw misuse(`feed \`${feedName}\` has no field \`${name}\``, { field: name });
            const { length } = column.values ?? [];
            rows ??= length;
            if (length !== rows || (column.present && column.present.length !== rows)) {
                throw misuse(`feed \`${feedName}\`: the column \`${name}\` has another length`, { field: name });
            }
            return { name, ...typedColumn(feedName, field, column) };
        });
        this.#send(feedName, list, rows ?? 0);
    }

    /* No row before the instant will come any more.  Returns the decisions that are final by it. */
    advance(watermark) {
        this.#alive();
        this.#checked(this.#machine.c.session_advance(this.#at, toNs(watermark, 'watermark'), this.#machine.error));
        return this.#taken();
    }

    /* How every open window and running clock stands at the instant, which is not below the watermark.  Nothing is
     * decided, and the session goes on as if it had not been asked. */
    standing(at) {
        this.#alive();
        const { c, error } = this.#machine;
        this.#stands = [];
        try {
            this.#checked(c.session_standing(this.#at, this.#number, toNs(at, 'at'), error));
            return this.#stands;
        } finally {
            this.#stands = [];
        }
    }

    /* The input has ended.  Returns the decisions that are left. */
    finish() {
        this.#alive();
        this.#checked(this.#machine.c.session_finish(this.#at, this.#machine.error));
        return this.#taken();
    }

    /* The whole session as bytes, for Program.restore; it goes on unchanged. */
    save() {
        this.#alive();
        const machine = this.#machine;
        machine.saved = [];
        try {
            this.#checked(machine.c.session_save(this.#at, machine.error));
            const bytes = new Uint8Array(machine.saved.reduce((n, piece) => n + piece.length, 0));
            let at = 0;
            for (const piece of machine.saved) {
                bytes.set(piece, at);
                at += piece.length;
            }
            return bytes;
        } finally {
            machine.saved = undefined;
        }
    }

    /* The ledger so far, where no onLine takes its lines. */
    get ledger() {
        return this.#lines.join('');
    }

    counts(feedName) {
        this.#alive();
        this.#feed(feedName);
        return this.#machine.borrowing((put) => {
            const out = put(new BigUint64Array(3));
            this.#machine.c.session_counts(this.#at, put(utf8.encode(feedName)), out);
            const [rows, late, unknown] = new BigUint64Array(this.#machine.c.memory.buffer.slice(out, out + 24));
            return { rows: Number(rows), late: Number(late), unknown: Number(unknown) };
        });
    }

    /* { fromNs, toNs } once it is known. */
    get period() {
        this.#alive();
        return this.#machine.borrowing((put) => {
            const out = put(new BigInt64Array(2));
            if (!this.#machine.c.session_period(this.#at, out)) return undefined;
            const [fromNs, toNs_] = new BigInt64Array(this.#machine.c.memory.buffer.slice(out, out + 16));
            return { fromNs, toNs: toNs_ };
        });
    }

    /* Gives memory back at once; without it the memory goes with the program. */
    close() {
        this.#machine.c.session_free(this.#at);
        this.#at = 0;
    }
}

/* --- programs --- */

export class Program {
    #machine;
    #sessions;
    #functions = new Map();

    constructor(machine, sessions, handle, description) {
        this.#machine = machine;
        this.#sessions = sessions;
        Object.defineProperty(this, 'handle', { value: handle });
        Object.assign(this, description);
    }

    session(options = {}) {
        return new Session(this.#machine, this, this.#sessions, options);
    }

    /* The session that Session.save gave the bytes of, of this program, to go on with. */
    restore(bytes, options = {}) {
        const saved = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
        return new Session(this.#machine, this, this.#sessions, options, saved);
    }

    /* Gives the program a function for its `extern fn NAME(…) from "host"`, before its first session.  The signature is
     * the declared one, such as `number(number, int)`. */
    bind(name, work, signature) {
        if (typeof work !== 'function') throw misuse(`\`${name}\` is bound to a function only`);
        const { c, error, bindings } = this.#machine;
        this.#machine.borrowing((put) => {
            const texts = [put(utf8.encode(name)), bindings.length + 1, put(utf8.encode(signature))];
            if (!c.bind(this.handle, ...texts, error)) throw this.#machine.failure();
        });
        bindings.push({ work, name, kinds: kindsOf(signature) });
    }

    /* A `fn` of the agreements as a function.  A call that fails throws; an absent result is NaN, 0n, false or null. */
    function(name, signature) {
        const machine = this.#machine;
        const known = `${name} ${signature.replaceAll(' ', '')}`;
        if (!this.#functions.has(known)) {
            const handle = machine.borrowing((put) => machine.c.function_new(this.handle, put(utf8.encode(name)),
                put(utf8.encode(signature)), machine.error));
            if (handle === 0) throw machine.failure();
            this.#functions.set(known, makeFunction(machine, handle, name, signature));
        }
        return this.#functions.get(known);
    }
}

function makeImports(machine, sessions) {
    const tell = (number, kind, argument) => sessions.byNumber.get(number)?.deref()?.tell(kind, argument) ?? 0;
    const set = (object, flags, bit, name, value) => {
        if (flags & bit) object[name] = value;
    };
    const decision = (at, len, final, open, fromNs, toNs_, atNs, dueNs, doneNs, has) => {
        const line = machine().slice(at, len);
        const made = { ...JSON.parse(line), line, final: final !== 0, open: open !== 0 };
        set(made, has, HAS.window, 'fromNs', fromNs);
        set(made, has, HAS.window, 'toNs', toNs_);
        set(made, has, HAS.clock, 'atNs', atNs);
        set(made, has, HAS.due, 'dueNs', dueNs);
        set(made, has, HAS.done, 'doneNs', doneNs);
        return made;
    };
    return {
        call_host: (number, result, values) => callHost(machine(), number, result, values),
        on_saved(at, n) {
            machine().saved.push(new Uint8Array(machine().c.memory.buffer.slice(at, at + n)));
            return 1;
        },
        on_line: (number, line, len) => tell(number, 'line', machine().slice(line, len)),
        on_notice(number, at, len, atNs, dueNs) {
            const line = machine().slice(at, len);
            return tell(number, 'notice', { ...JSON.parse(line), line, atNs, dueNs });
        },
        on_decision: (number, ...parts) => tell(number, 'decision', decision(...parts)),
        on_standing(number, at, len, goneNs, leftNs, ...parts) {
            const standing = { decision: decision(...parts), ...JSON.parse(machine().slice(at, len)) };
            const has = parts.at(-1);
            set(standing, has, HAS.gone, 'goneNs', goneNs);
            set(standing, has, HAS.clock, 'leftNs', leftNs);
            return tell(number, 'standing', standing);
        },
    };
}

const standard = new Map();

async function fetchModule(url) {
    if (url.protocol === 'file:' && isNode()) {
        const { readFile } = await import('node:fs/promises');
        return WebAssembly.compile(await readFile(url));
    }
    const response = await fetch(url);
    if (!response.ok) throw new EntenteError('environment', `${url}: ${response.status} ${response.statusText}`);
    return WebAssembly.compile(await response.arrayBuffer());
}

/* `wasm`: a compiled module, its bytes, or where it is; by default the file of that name beside this one. */
export async function compileModule(wasm, name) {
    if (wasm instanceof WebAssembly.Module) return wasm;
    if (wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm)) return WebAssembly.compile(wasm);
    if (wasm !== undefined) return fetchModule(new URL(wasm, import.meta.url));
    if (!standard.has(name)) standard.set(name, fetchModule(new URL(name, import.meta.url)));
    return standard.get(name);
}

/* The bytes of a .entc file as a program, verified.  options: { wasm, zones }. */
export async function load(bytes, options = {}) {
    const [module, zone] = await Promise.all([compileModule(options.wasm, 'entente.wasm'), zoneSource(options.zones)]);
    const sessions = { next: 1, byNumber: new Map() };
    let machine;
    const instance = await WebAssembly.instantiate(module, {
        entente: makeImports(() => machine, sessions),
        wasi_snapshot_preview1: makeSystem(() => instance.exports.memory, ZONE_DIR, zone),
    });
    instance.exports._initialize();
    machine = new Machine(instance.exports);
    const given = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
    const handle = machine.borrowing((put) => (
        machine.c.program_load(put(given), given.byteLength, machine.error)));
    if (handle === 0) throw machine.failure();
    const text = machine.c.program_describe(handle);
    if (text === 0) throw new EntenteError('memory', 'out of memory');
    const description = JSON.parse(machine.text(text));
    machine.c.free(text);
    return new Program(machine, sessions, handle, description);
}
