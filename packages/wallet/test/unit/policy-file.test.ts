import { sortPolicyKeys } from '@mxd/crypto/address';
import { describe, expect, test } from 'vitest';

import {
  formatKeyFile,
  formatPolicyFile,
  makePolicy,
  parseKeyFile,
  parsePolicyFile,
  type PolicyMember,
} from '../../src/policy-file.ts';
import { accountOf } from '../chain.ts';

const member = (name: string, suite: 1 | 2 | 3, fill: number): PolicyMember => {
  const { publicKey } = accountOf(suite, fill);
  return { name, suite, publicKey };
};
const ann = member('ann', 1, 21);
const ben = member('ben', 3, 22);
const cat = member('cat', 2, 23);
const joint = makePolicy(2, [cat, ann, ben]);

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('policies with names', () => {
  test('do not depend on the order of members; names follow their keys', () => {
    expect(makePolicy(2, [ben, cat, ann])).toEqual(joint);
    expect(joint.policy.keys).toEqual(
      sortPolicyKeys([ann, ben, cat].map(({ suite, publicKey }) => ({ suite, publicKey }))),
    );
    expect(joint.members.map(({ name }) => name)).toEqual(['ann', 'cat', 'ben']);
    expect(makePolicy(1, [ann, ben, cat]).owner).not.toEqual(joint.owner);
  });

  test('refuse keys that repeat and thresholds that nobody can reach', () => {
    expect(codeOf(() => makePolicy(1, [ann, ann]))).toBe('POLICY_KEYS');
    expect(codeOf(() => makePolicy(3, [ann, ben]))).toBe('POLICY_THRESHOLD');
  });
});

describe('policy files and key files', () => {
  test('come back as they were written', () => {
    expect(parseKeyFile(formatKeyFile(ben, 'test'))).toEqual(ben);
    expect(parsePolicyFile(formatPolicyFile(joint, 'main'))).toEqual({ ...joint, network: 'main' });
  });

  const text = formatPolicyFile(joint, 'test');
  const change = (edit: (file: Record<string, unknown>) => void): string => {
    const file = JSON.parse(text) as Record<string, unknown>;
    edit(file);
    return JSON.stringify(file);
  };
  test.each([
    ['another threshold', change((file) => (file['threshold'] = 1)), 'WALLET_POLICY'],
    [
      'a key left out',
      change((file) => (file['keys'] = (file['keys'] as object[]).slice(1))),
      'WALLET_POLICY',
    ],
    ['no threshold', change((file) => delete file['threshold']), 'WALLET_FILE'],
    ['an impossible threshold', change((file) => (file['threshold'] = 9)), 'WALLET_FILE'],
    ['an address with a slip', change((file) => (file['address'] = 'mxoops')), 'WALLET_FILE'],
    ['a newer version', change((file) => (file['version'] = 2)), 'WALLET_FILE_VERSION'],
    ['another format', change((file) => (file['format'] = 'mxd-public-key')), 'WALLET_FILE'],
    [
      'an unknown suite',
      change((file) => ((file['keys'] as { suite: number }[])[0]!.suite = 9)),
      'WALLET_FILE',
    ],
    [
      'a name without end',
      change((file) => ((file['keys'] as { name: string }[])[0]!.name = 'x'.repeat(300))),
      'WALLET_FILE',
    ],
    [
      'a key of another length',
      change((file) => ((file['keys'] as { publicKey: string }[])[0]!.publicKey = '00')),
      'WALLET_FILE',
    ],
    ['no JSON', 'joint', 'WALLET_FILE'],
    ['a text without end', ' '.repeat(262_145), 'WALLET_FILE'],
  ])('with %s are refused', (_, bad, code) => {
    expect(codeOf(() => parsePolicyFile(bad))).toBe(code);
  });

  test('a key file whose address is of another key is refused', () => {
    const file = JSON.parse(formatKeyFile(ann, 'test')) as Record<string, unknown>;
    const other = JSON.parse(formatKeyFile(ben, 'test')) as Record<string, unknown>;
    const mixed = JSON.stringify({ ...file, address: other['address'] });
    expect(codeOf(() => parseKeyFile(mixed))).toBe('WALLET_POLICY');
  });
});
