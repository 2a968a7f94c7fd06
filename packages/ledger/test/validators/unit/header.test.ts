import { type Header } from '@mxd/protocol/block';
import { describe, expect, test } from 'vitest';

import {
  applicationRoot,
  checkHeader,
  checkHeaderBoundary,
} from '../../../src/validators/index.ts';
import { TestChain } from '../chain.ts';
import { documentOf, people } from '../fixture.ts';

const zeros = new Uint8Array(64);

function chainAt(height: number): TestChain {
  const chain = new TestChain(documentOf(people(4)), zeros);
  chain.runTo(height);
  return chain;
}

/** The code for the next block of a chain whose header has these fields. */
function codeOf(chain: TestChain, change: Partial<Header>, skip = 0): string | undefined {
  const verdict = checkHeader(chain.state, {
    header: { ...chain.headerOf({ skip }), ...change },
    parent: { height: chain.height, hash: chain.hashes.at(-1)!, timestampMs: chain.timestampMs },
    appRoot: applicationRoot(chain.state, zeros),
  });
  return verdict.ok ? undefined : verdict.code;
}

describe('header', () => {
  const middle = chainAt(5);
  const other = new Uint8Array(64).fill(3);

  test('of an honest block', () => {
    expect(codeOf(middle, {})).toBeUndefined();
    expect(codeOf(middle, {}, 9)).toBeUndefined();
  });

  const broken: readonly [string, Partial<Header>][] = [
    ['HEADER_VERSION', { version: 2 }],
    ['HEADER_NETWORK', { networkId: 1 }],
    ['HEADER_EPOCH', { epoch: 2 }],
    ['HEADER_EPOCH', { epoch: 0 }],
    ['HEADER_HEIGHT', { height: 4 }],
    ['HEADER_HEIGHT', { height: 6 }],
    ['HEADER_PARENT', { parentHash: other }],
    ['HEADER_TIMESTAMP', { timestampMs: middle.timestampMs }],
    ['HEADER_VIEW', { parentView: 0 }],
    ['HEADER_VIEW', { parentView: 5 }],
    ['HEADER_VIEW', { view: 4 }],
    ['HEADER_VIEW', { view: 0, parentView: 0 }],
    ['HEADER_PROPOSER', { proposerId: new Uint8Array(20) }],
    ['HEADER_APP_ROOT', { appRoot: other }],
    ['HEADER_SUPPLY', { totalSupply: 1n }],
    ['HEADER_NEXT_TABLE', { nextTableHash: other }],
  ];
  test.each(broken)('%s %o', (code, change) => {
    expect(codeOf(middle, change)).toBe(code);
  });

  test('on the anchor, parentView is 0 and nothing else', () => {
    const first = chainAt(1);
    expect(codeOf(first, {})).toBeUndefined();
    expect(codeOf(first, { view: 2, parentView: 1 })).toBe('HEADER_VIEW');
  });

  test('at the end of an epoch, the next table', () => {
    const last = chainAt(16);
    expect(codeOf(last, {})).toBeUndefined();
    expect(codeOf(last, { nextTableHash: zeros })).toBe('HEADER_NEXT_TABLE');
    expect(codeOf(last, { nextTableHash: other })).toBe('HEADER_NEXT_TABLE');
    const header = last.headerOf();
    expect(checkHeaderBoundary(last.state, header)).toMatchObject({ ok: true });
    const beyond = { ...header, height: 17 };
    expect(checkHeaderBoundary(last.state, beyond)).toMatchObject({ code: 'HEADER_NEXT_TABLE' });
  });

  test('no block of an epoch is above its end', () => {
    const last = chainAt(16);
    const verdict = checkHeader(last.state, {
      header: { ...last.headerOf(), height: 17 },
      parent: { height: 16, hash: last.hashes.at(-1)!, timestampMs: last.timestampMs },
      appRoot: applicationRoot(last.state, zeros),
    });
    expect(verdict).toMatchObject({ code: 'HEADER_HEIGHT' });
  });
});
