import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import * as main from '@mxd/consensus';
import * as errors from '@mxd/consensus/errors';
import * as forkChoice from '@mxd/consensus/fork-choice';
import * as genesis from '@mxd/consensus/genesis';
import * as journal from '@mxd/consensus/journal';
import * as limits from '@mxd/consensus/limits';
import * as outbox from '@mxd/consensus/outbox';
import * as signGuard from '@mxd/consensus/sign-guard';

test('names of every entry point', () => {
  const names = Object.fromEntries(
    Object.entries({ main, errors, forkChoice, genesis, journal, limits, outbox, signGuard }).map(
      ([entry, module]) => [entry, Object.keys(module).toSorted()],
    ),
  );
  expect(names).toMatchInlineSnapshot(`
    {
      "errors": [
        "ConsensusError",
        "consensusErrors",
      ],
      "forkChoice": [
        "compareCandidates",
      ],
      "genesis": [
        "createCeremony",
      ],
      "journal": [
        "DirectoryLock",
        "Journal",
        "crc32c",
        "createJournal",
        "decodeHeader",
        "directoryFiles",
        "droppable",
        "encodeBatch",
        "encodeHeader",
        "epochOfRecord",
        "headerBytes",
        "parseSegmentName",
        "recoverJournal",
        "scanSegment",
        "segmentName",
        "summarize",
      ],
      "limits": [
        "limits",
      ],
      "main": [
        "ConsensusError",
        "createCore",
        "defaultPolicy",
        "drive",
        "policyFor",
        "recordType",
      ],
      "outbox": [
        "Outbox",
      ],
      "signGuard": [
        "GenesisGuard",
        "GuardMemory",
        "SignGuard",
      ],
    }
  `);
});

test('every error code has a sentence, and all codes are used or kept', () => {
  for (const [code, text] of Object.entries(errors.consensusErrors)) {
    expect(code).toMatch(/^(CONSENSUS|GUARD|JOURNAL|GENESIS)_[A-Z_]+$/);
    expect(text.endsWith('.')).toBe(true);
  }
});

test('every limit has a unit and a reason', () => {
  for (const limit of Object.values(limits.limits)) {
    expect(limit.value).toBeGreaterThan(0);
    expect(limit.unit.length).toBeGreaterThan(2);
    expect(limit.why.length).toBeGreaterThan(20);
  }
});

test('package.json lists the entry points that exist', () => {
  const path = new URL('../../package.json', import.meta.url);
  const { exports } = JSON.parse(readFileSync(path, 'utf8')) as {
    exports: Record<string, unknown>;
  };
  expect(Object.keys(exports).toSorted()).toEqual([
    '.',
    './errors',
    './fork-choice',
    './genesis',
    './journal',
    './limits',
    './outbox',
    './package.json',
    './sign-guard',
  ]);
});
