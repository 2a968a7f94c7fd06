import { access, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import { CodedError } from '@mxd/codec';
import {
  recordType,
  type Effect,
  type JournalRecord,
  type RecoveredJournal,
  type Resume,
} from '@mxd/consensus';
import { createJournal, Journal, type JournalOptions } from '@mxd/consensus/journal';
import { SignGuard } from '@mxd/consensus/sign-guard';
import type { ChainTag } from '@mxd/protocol';
import type { Secrets } from '@mxd/secrets';

import type { SignerPort } from './consensus/host.ts';
import type { JournalPort } from './consensus/outbox.ts';
import { writeDurably } from './durable-file.ts';
import { NodeError } from './errors.ts';
import { journalDirectory, openConsensusKey, type ConsensusKey } from './validator-key.ts';

/** What makes a node a validator: its key behind the guard, and the key's journal. */
export interface Validator extends AsyncDisposable {
  readonly publicKey: Uint8Array;
  readonly guard: SignGuard;
  readonly signer: SignerPort;
  /** Absent while the key may not sign. */
  readonly journal: JournalPort | undefined;
  readonly recovered: RecoveredJournal | undefined;
  /** Why the key may not sign, for the log. */
  readonly lost: string | undefined;
  /** False if the journal is lost: the node follows and signs no votes (rule J8). */
  readonly signing: boolean;
  /** The operator accepted the risk of a lost journal: votes begin above a floor (rule J8). */
  readonly acceptsRisk: boolean;
}

function signerOf(guard: SignGuard, journal: Journal): SignerPort {
  return {
    sign(effect: Extract<Effect, { readonly type: 'sign' | 'signLatency' }>): Resume {
      if (effect.type === 'sign') return guard.signVote(effect.request);
      const signed = guard.signLatency(effect.record);
      // A report has no vote; the core reads the signature alone.
      return signed.ok ? ({ ok: true, signature: signed.signature } as Resume) : signed;
    },
    floor(epoch, view) {
      guard.raiseFloor(epoch, view);
      journal.raiseFloor(epoch, view);
    },
  };
}

/**
 * Opens the consensus key with its journal.
 * @throws NodeError NODE_KEY, NODE_JOURNAL.
 */
export async function openValidator(
  config: NodeConfig,
  secrets: Secrets,
  chainTag: ChainTag,
): Promise<Validator> {
  const keyFile = join(config.dataDir, config.validator.keyFile);
  using passphrase = await secrets.require(config.validator.passphraseSecret);
  const key: ConsensusKey = await openConsensusKey(keyFile, passphrase);
  const directory = journalDirectory(keyFile);
  const { acceptEquivocationRisk } = config.validator;
  try {
    return await votingValidator(key, chainTag, directory, acceptEquivocationRisk);
  } catch (cause) {
    const code = cause instanceof CodedError ? cause.code : '';
    if (lostJournal.has(code)) return silentValidator(key, chainTag, String(cause));
    key[Symbol.dispose]();
    const why = cause instanceof CodedError ? `${cause.code}: ${cause.message}` : String(cause);
    throw new NodeError(
      'NODE_JOURNAL',
      `the journal in ${directory} cannot be used: ${why}`,
      { directory },
      { cause },
    );
  }
}

/** @throws ConsensusError of the journal. */
async function votingValidator(
  key: ConsensusKey,
  chainTag: ChainTag,
  directory: string,
  acceptsRisk: boolean,
): Promise<Validator> {
  let onDurable: (upTo: number) => void = () => {};
  let onFailure: (error: unknown) => void = () => {};
  // The FLOOR record that ends the watch; once it is durable the journal is a journal again.
  let floorAt = Number.POSITIVE_INFINITY;
  const settle = (upTo: number): void => {
    if (upTo < floorAt) return;
    floorAt = Number.POSITIVE_INFINITY;
    // Failing costs another watch at the next start, no more.
    rm(rebornMark(directory), { force: true }).catch(() => undefined);
  };
  const opened = await openJournal(acceptsRisk, {
    directory,
    consensusKey: key.publicKey,
    chainTag,
    onDurable: (upTo) => {
      settle(upTo);
      onDurable(upTo);
    },
    onFailure: (error) => onFailure(error),
  });
  const { journal, isReborn } = opened;
  const { recovered } = journal;
  const guard = new SignGuard({ key, chainTag, journal: recovered });
  return {
    publicKey: key.publicKey,
    guard,
    signer: signerOf(guard, journal),
    journal: {
      append(record: JournalRecord) {
        const at = journal.append(record);
        if (isReborn && record.type === recordType.floor) floorAt = at;
        return at;
      },
      listen(durable, failure) {
        onDurable = durable;
        onFailure = failure;
      },
      committed: (height) => journal.committed(height),
    },
    recovered,
    lost: undefined,
    signing: true,
    acceptsRisk: isReborn,
    async [Symbol.asyncDispose]() {
      await journal.close();
      key[Symbol.dispose]();
    },
  };
}

/** Says that a journal was born anew and has no floor yet: as lost as the one before it. */
const rebornMark = (directory: string): string => join(dirname(directory), 'journal.reborn');

/**
 * Opens a journal. If it is lost and the operator accepts the risk, a new one is born in its place
 * (the old one is set aside), marked until its floor is durable.
 */
async function openJournal(
  acceptsRisk: boolean,
  options: JournalOptions,
): Promise<{ readonly journal: Journal; readonly isReborn: boolean }> {
  const { directory, consensusKey, chainTag } = options;
  const mark = rebornMark(directory);
  const isMarked = await exists(mark);
  if (isMarked && !acceptsRisk) {
    throw new NodeError('NODE_JOURNAL', 'the journal was born anew and has no floor yet');
  }
  try {
    return { journal: await Journal.open(options), isReborn: isMarked };
  } catch (error) {
    const code = error instanceof CodedError ? error.code : '';
    if (!acceptsRisk || !lostJournal.has(code)) throw error;
  }
  await writeDurably(mark, (file) => file.writeFile('see validator.acceptEquivocationRisk\n'));
  await rename(directory, `${directory}.lost-${Date.now()}`);
  await createJournal({ directory, consensusKey, chainTag });
  return { journal: await Journal.open(options), isReborn: true };
}

/** Rule J8: the journal is lost, damaged or another key's: whatever it held may have been signed. */
const lostJournal: ReadonlySet<string> = new Set([
  'JOURNAL_MISSING',
  'JOURNAL_FOREIGN',
  'JOURNAL_CORRUPT',
  'NODE_JOURNAL',
]);

/** A validator that follows and never votes with this key again. */
function silentValidator(key: ConsensusKey, chainTag: ChainTag, lost: string): Validator {
  const guard = new SignGuard({ key, chainTag, journal: undefined });
  return {
    publicKey: key.publicKey,
    guard,
    signer: { sign: () => ({ ok: false, code: 'GUARD_DISABLED' }), floor: () => {} },
    journal: undefined,
    recovered: undefined,
    lost,
    signing: false,
    acceptsRisk: false,
    [Symbol.asyncDispose]() {
      key[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
