import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { fromHex, toHex } from '@mxd/codec';

import { NodeError } from './errors.ts';

/**
 * The key behind this node's peer id. It signs nothing of value: it only keeps the id stable, so it
 * lies in a plain file of mode 0600, made at the first start.
 */
export async function loadNodeKey(path: string): Promise<Uint8Array> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw new NodeError('NODE_KEY', `${path} is no node key; move it away to get a new one`, {
        path,
      });
    }
    return fromHex(text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const seed = crypto.getRandomValues(new Uint8Array(32));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(`${toHex(seed)}\n`);
  await file.sync();
  return seed;
}
