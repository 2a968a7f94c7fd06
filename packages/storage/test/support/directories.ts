import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const made: string[] = [];

/** A path inside a new temporary directory, removed after the test. */
export async function temporaryPath(name = 'store'): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'mxd-storage-'));
  made.push(parent);
  return join(parent, name);
}

afterEach(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true });
});
