/* Types of entente.mjs. */

/** A Date, nanoseconds since 1970, or a text such as `2026-01-05T09:00:00Z`. */
export type Instant = Date | bigint | string;
export type ErrorCode =
    'usage' | 'program' | 'data' | 'environment' | 'memory' | 'stopped' | 'limit';

export class EntenteError extends Error {
    code: ErrorCode;
    /** The place in the agreements' source, where one is at fault. */
    file?: string;
    line?: number;
    column?: number;
    /** The row of the push, from 1, and the field. */
    row?: number;
    field?: string;
}

export interface LoadOptions {
    /** The compiled module, its bytes or where it is; by default `entente.wasm` beside entente.mjs. */
    wasm?: WebAssembly.Module | ArrayBuffer | ArrayBufferView | URL | string;
    /** Time zones' files (TZif) by name, and `tzdata.zi` or `+VERSION` for their release.  By default those of the
     * system in Node; a browser has none, and agreements then can be in `UTC` only. */
    zones?: ((name: string) => Uint8Array | undefined) | Map<string, Uint8Array> | Record<string, Uint8Array>;
}

export type FieldType =
    'bool' | 'int' | 'number' | 'decimal' | 'ratio' | 'money' | 'duration' | 'instant' | 'time' | 'text' | 'enum' |
    'party' | 'service';

export interface Field {
    name: string;
    type: FieldType;
    digits?: number;
    currency?: string;
    words?: string[];
    used: boolean;
    key: boolean;
    holder: boolean;
    recorded: boolean;
}

export interface Feed {
    name: string;
    used: boolean;
    bound: boolean;
    intervalSeconds: number;
    latenessSeconds: number;
    fields: Field[];
}

export interface Clause {
    kind: 'objective' | 'duty' | 'pool';
    name: string;
    title: string | null;
    target: string | null;
    file: string;
    line: number;
    column: number;
}

export interface Agreement {
    type: 'sla' | 'ola' | 'framework';
    name: string;
    title: string | null;
    version: number;
    supplier: string | null;
    customer: string | null;
    currency: string | null;
    needsSignatures: boolean;
    clauses: Clause[];
}

export interface Party {
    name: string;
    title: string | null;
    kind: 'client' | 'integrator' | 'provider' | 'nobody';
}

export interface Service {
    name: string;
    title: string | null;
    provider: string | null;
    dependsOn: string[];
}

export type Status = 'met' | 'breach' | 'excused' | 'void' | 'provisional' | 'no_data' | 'not_in_force';

/** What the ledger's line would say of what is not decided yet, and `line`, the same as JSON: it stands in no chain. */
export interface ProvisionalDecision {
    kind: 'objective' | 'duty' | 'pool';
    agreement: string;
    version: number;
    clause: string;
    title?: string;
    subject?: Record<string, string>;
    window?: { from: string; to: string };
    clock?: { at: string; due?: string; done?: string; elapsed?: string; allowed?: string };
    status: Status;
    measure?: string;
    target?: string;
    shortfall?: string;
    credit?: { amount: string; currency: string; rule: string };
    accountable?: { party: string; to: string };
    responsible?: { party: string; share?: string; amount?: string; [more: string]: unknown }[];
    because?: { fact: string; source?: unknown }[];
    source: { file: string; line: number; column: number };
    line: string;
    final: boolean;
    open: boolean;
    fromNs?: bigint;
    toNs?: bigint;
    atNs?: bigint;
    dueNs?: bigint;
    doneNs?: bigint;
    [more: string]: unknown;
}

/** What the ledger's line says, under the same names, and `line`, which is its very bytes. */
export interface Decision extends ProvisionalDecision {
    seq: number;
    prev: string;
    hash: string;
}

/** How an open window or a running clock stands.  Figures are exact decimals or fractions. */
export interface Standing {
    decision: ProvisionalDecision;
    /** As if it were decided now; of a clock within its allowance `provisional`. */
    status: Status;
    atRisk: boolean;
    /** What the budget's figures count; absent: there is no budget. */
    budget?: 'samples' | 'seconds' | 'measure';
    /** With the rows that come. */
    budgetGrows: boolean;
    budgetAllowed?: string;
    budgetSpent?: string;
    budgetLeft?: string;
    /** 1: the budget is used up at the end of the window. */
    burnRate?: string;
    /** When the budget will be used up at this rate. */
    goneNs?: bigint;
    /** Of a clock's allowance, net; negative: over it. */
    leftNs?: bigint;
    /** Of a clock: the party that has it now. */
    holder?: string;
    paused: boolean;
}

export interface Notice {
    line: string;
    atNs: bigint;
    dueNs: bigint;
    [more: string]: unknown;
}

export interface SessionOptions {
    /** The evaluated period; by default from the first row to just after the last. */
    from?: Instant;
    to?: Instant;
    /** Rows recorded later are not known. */
    asOf?: Instant;
    /** `whole` (default): all at finish, the bytes of `entente run --ledger`.  `live`: as soon as it is final. */
    ledger?: 'whole' | 'live';
    /** The texts of a `.entc.sig` file and of a file of allowed keys. */
    signatures?: string;
    keys?: string;
    assumeSigned?: boolean;
    /** What is given here is not returned by advance and finish, and not kept in `ledger`.  An error thrown here ends
     * the session and comes out of the call that caused it. */
    onDecision?: (decision: Decision) => void;
    onNotice?: (notice: Notice) => void;
    onLine?: (line: string) => void;
}

/** Of one row: instants as Instant; durations and times of day as texts or bigints of ns; bool as boolean; int and
 * number as numbers; decimal, ratio and money as texts, bigints or whole numbers, because they are exact; everything
 * also as the text that a CSV file would have. */
export type Value = string | number | bigint | boolean | Date | null | undefined;
export type Row = Record<string, Value>;
export type TypedArray =
    Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array |
    BigInt64Array | BigUint64Array;
export type Column =
    Value[] | TypedArray | { values: Value[] | TypedArray; scale?: number; present?: Uint8Array };

/** Period, `asOf` and the ledger's mode are part of what was saved. */
export type RestoreOptions = Omit<SessionOptions, 'from' | 'to' | 'asOf' | 'ledger'>;

/** What a function's values are, both ways: `bool` a boolean, `number` a number, `text`, `enum`, `party` and `service`
 * a text or null, and `int`, `decimal(k)` (in units of 10^-k), `duration`, `instant` and `time` (in ns) a bigint, for
 * which a whole number may be given, too. */
export type FunctionValue = boolean | number | bigint | string | null;

export class Session {
    push(feed: string, rows: Row[]): void;
    pushColumns(feed: string, columns: Record<string, Column>): void;
    advance(watermark: Instant): Decision[];
    /** How every open window and running clock stands at the instant, which is not below the watermark: objectives, then
     * duties.  Nothing is decided, and the session goes on as if it had not been asked. */
    standing(at: Instant): Standing[];
    finish(): Decision[];
    readonly ledger: string;
    readonly period: { fromNs: bigint; toNs: bigint } | undefined;
    /** The session as bytes, for `Program.restore`; it goes on unchanged. */
    save(): Uint8Array;
    counts(feed: string): { rows: number; late: number; unknown: number };
    close(): void;
}

export class Program {
    readonly digest: string;
    readonly agreements: Agreement[];
    readonly feeds: Feed[];
    readonly parties: Party[];
    readonly services: Service[];
    session(options?: SessionOptions): Session;
    /** Goes on with a session of this program as the saved one would have. */
    restore(bytes: ArrayBuffer | ArrayBufferView, options?: RestoreOptions): Session;
    /** A function for an `extern fn NAME(…) from "host"`, before the first session.  It must be pure; what it throws
     * ends the session and comes out of the call that caused it. */
    bind(name: string, work: (...args: any[]) => FunctionValue, signature: string): void;
    /** A `fn` of the agreements as a function, by its declared signature.  A call that fails throws an EntenteError;
     * an absent result is NaN, 0n, false or null. */
    function(name: string, signature: string): (...args: FunctionValue[]) => FunctionValue;
}

export function load(bytes: ArrayBuffer | ArrayBufferView, options?: LoadOptions): Promise<Program>;
