import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installNative } from '@mxd/crypto/native';
import { suiteOf, type Signer } from '@mxd/crypto/suites';

import { AuditLog, type AuditKey, type AuditOptions } from '../../src/audit.ts';

// Thousands of verifications: the native backend has the same accept set.
installNative();

export const signer: Signer = suiteOf(1).signer(new Uint8Array(32).fill(7));
export const chainTag: Uint8Array = new Uint8Array(32).fill(9);
export const key: AuditKey = { suite: 1, publicKey: signer.publicKey, chainTag };

const made: string[] = [];

/** A temporary directory that `removeDirectories` removes. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mxd-audit-'));
  made.push(directory);
  return directory;
}

export function removeDirectories(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

export function copyOf(directory: string): string {
  const copy = temporary();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

let clock = 1_800_000_000_000;

export function openLog(directory: string, options: Partial<AuditOptions> = {}): Promise<AuditLog> {
  return AuditLog.open({ directory, signer, chainTag, now: () => clock++, ...options });
}

/** A closed log of `count` records after its header, with a checkpoint after each. */
export async function makeLog(count: number): Promise<string> {
  const directory = temporary();
  const log = await openLog(directory);
  for (let i = 0; i < count; i++) {
    await log.append('auth.failed', {
      user_id: `user${i}`,
      ip: '10.0.0.1',
      method: 'token',
      reason: 'expired',
    });
  }
  await log.close();
  return directory;
}
