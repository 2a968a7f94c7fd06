import { WalletError } from './errors.ts';
import * as bounds from './bounds.ts';

/** What can be labelled: an address, a transaction, or one output (`txid:index`). */
export type LabelKind = 'addr' | 'tx' | 'output';

/** A label, as it stands in a file of labels. */
export interface Label {
  readonly type: LabelKind;
  /** Address text, txid in hexadecimal, or `txid:index`. */
  readonly ref: string;
  readonly label: string;
}

const kinds: ReadonlySet<string> = new Set<LabelKind>(['addr', 'tx', 'output']);

const isLabel = (value: unknown): value is Label => {
  if (typeof value !== 'object' || value === null) return false;
  const { type, ref, label } = value as Partial<Record<keyof Label, unknown>>;
  return (
    typeof type === 'string' &&
    kinds.has(type) &&
    typeof ref === 'string' &&
    ref !== '' &&
    ref.length <= 256 &&
    typeof label === 'string'
  );
};

/**
 * Labels that a user gave, kept in this wallet only. Bounded; exported and imported as JSON lines in
 * the form of BIP-329.
 */
export class LabelStore {
  readonly #labels = new Map<string, Label>();

  /** Number of labels. */
  get size(): number {
    return this.#labels.size;
  }

  /**
   * Sets a label; an empty one removes it.
   * @throws WalletError WALLET_LABEL.
   */
  set(type: LabelKind, ref: string, label: string): void {
    const key = `${type} ${ref}`;
    if (label === '') {
      this.#labels.delete(key);
      return;
    }
    if (label.length > bounds.labelChars) {
      throw new WalletError('WALLET_LABEL', `the label has ${label.length} characters`, {
        characters: label.length,
        max: bounds.labelChars,
      });
    }
    if (!this.#labels.has(key) && this.#labels.size >= bounds.labels) {
      throw new WalletError('WALLET_LABEL', `there are ${bounds.labels} labels already`);
    }
    this.#labels.set(key, { type, ref, label });
  }

  /** The label, or undefined. */
  get(type: LabelKind, ref: string): string | undefined {
    return this.#labels.get(`${type} ${ref}`)?.label;
  }

  /** All labels, oldest first. */
  [Symbol.iterator](): IterableIterator<Label> {
    return this.#labels.values();
  }

  /** One JSON object a line. */
  export(): string {
    return [...this].map((label) => `${JSON.stringify(label)}\n`).join('');
  }

  /**
   * Adds labels of a file, all or none; those there are replaced. Lines of kinds that wallets of
   * other chains have are skipped. Answers how many were read.
   * @throws WalletError WALLET_LABEL_FILE, WALLET_LABEL.
   */
  import(text: string): number {
    if (text.length > bounds.labelFileChars) {
      throw new WalletError('WALLET_LABEL_FILE', 'the file is too long');
    }
    const read: Label[] = [];
    let number = 0;
    for (const line of text.split('\n')) {
      number++;
      if (line.trim() === '') continue;
      const value = parseLine(line, number);
      if (value !== undefined) read.push(value);
    }
    const before = new Map(this.#labels);
    try {
      for (const { type, ref, label } of read) this.set(type, ref, label);
    } catch (error) {
      this.#labels.clear();
      for (const [key, label] of before) this.#labels.set(key, label);
      throw error;
    }
    return read.length;
  }
}

function parseLine(line: string, number: number): Label | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new WalletError('WALLET_LABEL_FILE', `line ${number} is no JSON`, { line: number });
  }
  const type = (value as { readonly type?: unknown } | null)?.type;
  if (typeof type === 'string' && !kinds.has(type)) return undefined;
  if (!isLabel(value)) {
    throw new WalletError('WALLET_LABEL_FILE', `line ${number} is no label`, { line: number });
  }
  return value;
}
