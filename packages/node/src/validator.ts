import { join } from 'node:path';

import type { NodeConfig } from '@mxd/config';
import { CodedError } from '@mxd/codec';
import type { Effect, JournalRecord, RecoveredJournal, Resume } from '@mxd/consensus';
import { Journal } from '@mxd/consensus/journal';
import { SignGuard } from '@mxd/consensus/sign-guard';
import type { ChainTag } from '@mxd/protocol';
import type { Secrets } from '@mxd/secrets';

import type { SignerPort } from './consensus/host.ts';
import type { JournalPort } from './consensus/outbox.ts';
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
  try {
    let onDurable: (upTo: number) => void = () => {};
    let onFailure: (error: unknown) => void = () => {};
    const journal = await Journal.open({
      directory,
      consensusKey: key.publicKey,
      chainTag,
      onDurable: (upTo) => onDurable(upTo),
      onFailure: (error) => onFailure(error),
    });
    const { recovered } = journal;
    const guard = new SignGuard({ key, chainTag, journal: recovered });
    return {
      publicKey: key.publicKey,
      guard,
      signer: signerOf(guard, journal),
      journal: {
        append: (record: JournalRecord) => journal.append(record),
        listen(durable, failure) {
          onDurable = durable;
          onFailure = failure;
        },
        committed: (height) => journal.committed(height),
      },
      recovered,
      lost: undefined,
      signing: true,
      async [Symbol.asyncDispose]() {
        await journal.close();
        key[Symbol.dispose]();
      },
    };
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

/** Rule J8: the journal is lost, damaged or another key's: whatever it held may have been signed. */
const lostJournal: ReadonlySet<string> = new Set([
  'JOURNAL_MISSING',
  'JOURNAL_FOREIGN',
  'JOURNAL_CORRUPT',
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
    [Symbol.asyncDispose]() {
      key[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
