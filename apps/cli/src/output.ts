import { CodedError } from '@mxd/codec';

import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';
import { listTable, recordLines } from './table.ts';
import { wrapIndented } from './wrap.ts';

export type OutputFormat = 'text' | 'json' | 'ndjson';

interface OutputOptions {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** A result with a form of its own for people. */
export class Shown {
  readonly data: unknown;
  readonly text: string;
  readonly exitCode: ExitCode;

  constructor(data: unknown, text: string, exitCode: ExitCode = exitCodes.ok) {
    this.data = data;
    this.text = text;
    this.exitCode = exitCode;
  }
}

const codes = { bold: 1, red: 31, green: 32, yellow: 33, dim: 2 } as const;

/** Results go to standard output, everything else to standard error. */
export class Output {
  readonly #options: OutputOptions;
  #hasProgress = false;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  get format(): OutputFormat {
    return this.#options.format;
  }

  get verbose(): boolean {
    return this.#options.verbose;
  }

  /** Columns of the terminal; 0 for pipes, which get whole values. */
  get width(): number {
    return process.stdout.isTTY ? Math.max(process.stdout.columns, 20) : 0;
  }

  paint(color: keyof typeof codes, text: string): string {
    return this.#options.color ? `\u001B[${codes[color]}m${text}\u001B[0m` : text;
  }

  /** Prints the result of a command. */
  result(value: unknown): void {
    if (value === undefined) return;
    const shown = value instanceof Shown ? value : undefined;
    const data = shown === undefined ? value : shown.data;
    if (this.format === 'json') return this.#line(JSON.stringify(data, plain, 2));
    if (this.format === 'ndjson') {
      for (const one of Array.isArray(data) ? data : [data]) this.item(one);
      return undefined;
    }
    return this.#line(shown?.text ?? this.#text(data));
  }

  /** One item of a stream: a line, in whatever format. */
  item(value: unknown, text?: string): void {
    this.#line(text !== undefined && this.format === 'text' ? text : JSON.stringify(value, plain));
  }

  #line(text: string): void {
    this.clearProgress();
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  #text(data: unknown): string {
    if (Array.isArray(data)) {
      if (data.length === 0) return 'nothing';
      return typeof data[0] === 'object'
        ? listTable(data as Record<string, unknown>[], this.width)
        : data.join('\n');
    }
    return typeof data === 'object' && data !== null
      ? recordLines(data as Record<string, unknown>, this.width)
      : JSON.stringify(data);
  }

  /** Something to know beside the result. */
  note(text: string): void {
    if (this.#options.quiet) return;
    this.clearProgress();
    const lines = text.split('\n').map((line) => wrapIndented(line, this.#errorWidth, 2));
    process.stderr.write(`${lines.join('\n')}\n`);
  }

  /** Columns of the terminal that notes and errors go to; 0 for pipes and logs. */
  get #errorWidth(): number {
    return process.stderr.isTTY ? Math.max(process.stderr.columns, 20) : 0;
  }

  warn(text: string): void {
    this.clearProgress();
    process.stderr.write(`${this.paint('yellow', 'warning:')} ${text}\n`);
  }

  /** A bar for long work, on terminals only. */
  progress(what: string, done: number, total: number): void {
    if (!process.stderr.isTTY || this.#options.quiet || this.format !== 'text') return;
    const share = total > 0 ? Math.min(done / total, 1) : 0;
    const room = Math.max(Math.min(process.stderr.columns - what.length - 9, 30), 0);
    const filled = Math.round(share * room);
    const bar = '#'.repeat(filled) + '-'.repeat(room - filled);
    process.stderr.write(`\r${what} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`);
    this.#hasProgress = true;
  }

  clearProgress(): void {
    if (!this.#hasProgress) return;
    process.stderr.write('\r\u001B[K');
    this.#hasProgress = false;
  }

  /** Prints an error in the format of results and gives its exit code. */
  failure(error: unknown): ExitCode {
    this.clearProgress();
    const coded = error instanceof CodedError ? error : undefined;
    const code = coded?.code ?? 'CLI_INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    const exitCode = coded === undefined ? exitCodes.failure : exitCodeOf(code);
    if (this.format !== 'text') {
      const details = coded?.toJSON().details ?? {};
      const body = { error: { code, message, details, exitCode } };
      process.stderr.write(
        `${this.format === 'json' ? JSON.stringify(body, null, 2) : JSON.stringify(body)}\n`,
      );
      return exitCode;
    }
    // Painted after it is wrapped: colours have no width.
    const text = wrapIndented(`error: ${message} (${code})`, this.#errorWidth, 2);
    process.stderr.write(`${text.replace('error:', this.paint('red', 'error:'))}\n`);
    if (this.verbose && error instanceof Error) this.#causes(error);
    return exitCode;
  }

  #causes(error: Error): void {
    let { cause } = error;
    for (let depth = 0; depth < 5 && cause instanceof Error; depth++) {
      process.stderr.write(`  because: ${cause.message}\n`);
      ({ cause } = cause);
    }
  }
}
