import { addressOfKey } from '@mxd/crypto/address';
import { suiteOf, verifySignature, type SuiteId } from '@mxd/crypto/suites';
import {
  accountMessage,
  possessionMessage,
  systemRecordListCodec,
  type JoinRecord,
} from '@mxd/protocol/system-records';
import { validatorIdOf } from '@mxd/protocol/genesis';
import { describe, expect, test } from 'vitest';

import {
  applyBondDeltas,
  applySystemRecords,
  currentTable,
} from '../../../src/validators/index.ts';
import { nextTable } from '../../../src/validators/index.ts';
import { contextAt, genesisOf, hashAt, people } from '../fixture.ts';

// The other tests stand in for signatures; here every suite signs in earnest.
describe.each([1, 2, 3] as const)('an account of suite %i', (suite: SuiteId) => {
  test('joins by its own signature and nobody else', () => {
    const seed = new Uint8Array(suiteOf(suite).seedBytes).fill(suite);
    const accountKey = suiteOf(suite).publicKeyOf(seed);
    const voteSeed = new Uint8Array(32).fill(9);
    const id = validatorIdOf(suite, accountKey);
    const state = applyBondDeltas(genesisOf(people(4)).state, {
      bonded: [{ id, delta: 500_000n }],
      supply: 0n,
    });
    const { chainTag } = state.chain;
    const bare: JoinRecord = {
      type: 1,
      id,
      accountSuite: suite,
      accountKey,
      consensusKey: suiteOf(1).publicKeyOf(voteSeed),
      seq: 1,
      expiryEpoch: 9,
      recentHeight: 2,
      recentHash: hashAt(2),
      possessionSignature: new Uint8Array(64),
      accountSignature: new Uint8Array(suiteOf(suite).signatureBytes),
    };
    const possessionSignature = suiteOf(1).sign(voteSeed, possessionMessage(chainTag, bare));
    const proven = { ...bare, possessionSignature };
    const accountSignature = suiteOf(suite).sign(seed, accountMessage(chainTag, proven));
    const run = (record: JoinRecord) =>
      applySystemRecords(
        state,
        systemRecordListCodec.encode([record]),
        contextAt(3, { verify: verifySignature }),
      );
    const outcome = run({ ...proven, accountSignature });
    if (!outcome.ok) throw new TypeError(outcome.reason);
    const seated = nextTable(outcome.value.state).table.entries.length;
    expect(seated).toBe(currentTable(state).entries.length + 1);
    expect(addressOfKey(suite, accountKey).version).toBe([0, 0x32, 0x33, 0x34][suite]);
    expect(run(proven)).toMatchObject({ code: 'RECORD_ACCOUNT_SIGNATURE' });
    expect(run({ ...bare, accountSignature })).toMatchObject({ code: 'RECORD_POSSESSION' });
  });
});
