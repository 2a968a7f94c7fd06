import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installNative } from '@mxd/crypto/native';
import { suiteOf } from '@mxd/crypto/suites';
import {
  certificateCodec,
  messageCodec,
  validatorSet,
  verifyCertificate,
  voteSigningMessage,
  type Certificate,
  type ConsensusMessage,
} from '@mxd/protocol';
import { signerBitmap } from '@mxd/protocol/certificate';
import { previousValidatorId } from '@mxd/protocol/checks';
import { signingOrder } from '@mxd/protocol/schedule';

import type { BenchmarkSuite } from '../../../tooling/bench/src/harness.ts';
import { crc32c, createJournal, Journal } from '../src/journal.ts';
import { chainTag, entryFor } from '../test/harness/chain.ts';
import { F, N, Solo, Z } from '../test/harness/solo.ts';
import { voteRecord } from '../test/harness/records.ts';

interface Parcel {
  readonly from: string;
  readonly bytes: Uint8Array;
}

/** What one node of 100 receives in `views` good views: a proposal, then everybody's two votes. */
function traffic(views: number): readonly Parcel[] {
  const n = 100;
  const source = new Solo({ n, self: -1, config: { verify: () => true } });
  const parcels: Parcel[] = [];
  const add = (from: number, message: ConsensusMessage): void => {
    parcels.push({ from: `p${from}`, bytes: messageCodec.encode(message) });
  };
  for (let view = 1; view <= views; view++) {
    const leader = (view - 1) % n;
    const before = source.lastMade;
    const made = source.block(view, before === undefined ? undefined : source.parentOf(before));
    source.lastMade = made;
    add(leader, source.proposal(made));
    for (const kind of [N, F] as const) {
      for (let signer = 0; signer < n; signer++) {
        if (signer === leader && kind === N) continue;
        add(signer, { type: 0x11, vote: source.vote(kind, view, signer, made.hash) });
      }
    }
  }
  return parcels;
}

/**
 * Microseconds of processor time per message (garbage collection included), signatures taken for
 * good without looking, sign-bytes built all the same.
 */
function perMessage(parcels: readonly Parcel[]): number {
  const solo = new Solo({ n: 100, self: -1, config: { verify: () => true } });
  const begin = process.cpuUsage();
  for (const { from, bytes } of parcels) {
    solo.input({ type: 'message', from, bytes });
    solo.effects.length = 0;
  }
  const { user, system } = process.cpuUsage(begin);
  if (solo.status.committedHeight < 2) throw new Error('the benchmark finalized nothing');
  return (user + system) / parcels.length;
}

function realCertificate(): () => boolean {
  installNative();
  const suite = suiteOf(1);
  const n = 100;
  const signers = Array.from({ length: n }, (_, i) => suite.signer(new Uint8Array(32).fill(i)));
  const entries = signers.map((signer, i) => ({
    ...entryFor(i + 1),
    consensusKey: signer.publicKey,
  }));
  const anchor = new Uint8Array(64);
  const set = validatorSet(chainTag, { epoch: 1, entries }, { leaderMode: 0 }, anchor);
  const order = signingOrder(n, 0).slice(0, set.quorum);
  const base = { kind: Z, epoch: 1, view: 1, timestampMs: 0, blockHash: anchor } as const;
  const certificate: Certificate = {
    ...base,
    n,
    signers: signerBitmap(n, order),
    entries: order.map((index) => {
      const previous = previousValidatorId(set, 1, index);
      const message = voteSigningMessage(chainTag, base, previous);
      const signature = signers[index]?.sign(message) ?? anchor;
      return { timestampMs: 0, signature };
    }),
  };
  const bytes = certificateCodec.encode(certificate);
  const verify = suite.verify.bind(suite);
  return () => {
    const verdict = verifyCertificate(set, certificateCodec.decode(bytes), verify);
    if (!verdict.ok) throw new Error(verdict.reason);
    return verdict.ok;
  };
}

const suite: BenchmarkSuite = {
  name: 'consensus',
  benchmarks: [
    {
      name: 'core, per message at n = 100, without signatures',
      unit: 'us/message',
      better: 'lower',
      target: { atMost: 10 },
      measure({ smoke, figure }) {
        const parcels = traffic(smoke ? 3 : 40);
        figure('messages', parcels.length);
        const runs = smoke ? 1 : 9;
        if (!smoke) perMessage(parcels);
        return Array.from({ length: runs }, () => perMessage(parcels));
      },
    },
    {
      name: 'certificate of 67 Ed25519 signatures',
      unit: 'ms/op',
      prepare: realCertificate,
    },
    {
      name: 'journal: one vote appended and synced',
      unit: 'ms',
      better: 'lower',
      async measure({ smoke, onEnd }) {
        const directory = await mkdtemp(join(tmpdir(), 'mxd-bench-journal-'));
        onEnd(() => rm(directory, { recursive: true, force: true }));
        const consensusKey = new Uint8Array(32).fill(1);
        await createJournal({ directory, consensusKey, chainTag });
        const journal = await Journal.open({
          directory,
          consensusKey,
          chainTag,
          onDurable: () => undefined,
          onFailure: (error) => {
            throw error;
          },
        });
        const samples: number[] = [];
        for (let view = 1; view <= (smoke ? 3 : 200); view++) {
          const begin = performance.now();
          journal.append(voteRecord(N, 1, view));
          await journal.flush();
          samples.push(performance.now() - begin);
        }
        await journal.close();
        return samples;
      },
    },
    {
      name: 'crc32c of 1 MiB',
      unit: 'ms/op',
      prepare() {
        const bytes = new Uint8Array(1 << 20).fill(7);
        return () => crc32c(bytes);
      },
    },
  ],
};
export default suite;
