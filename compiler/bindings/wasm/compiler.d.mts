/* Types of compiler.mjs. */
import type { LoadOptions } from './entente.mjs';

export interface Diagnostic {
    code: string;
    severity: 'error' | 'warning';
    message: string;
    file?: string;
    line?: number;
    column?: number;
    [more: string]: unknown;
}

export interface CompileOptions extends LoadOptions {
    /** The files that are compiled; by default all.  The others are there to be used. */
    main?: string[];
    /** The modules of `use std.NAME`, by the name NAME.ent. */
    stdlib?: Record<string, string>;
}

export interface Compilation {
    /** The bytes of a .entc file; undefined where there are errors. */
    program?: Uint8Array;
    diagnostics: Diagnostic[];
    /** The diagnostics as the command shows them. */
    text: string;
}

export function compile(files: Record<string, string>, options?: CompileOptions): Promise<Compilation>;
