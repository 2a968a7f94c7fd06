/** Takes backups of a store of notes, changing it in between, until it is killed. */
import { createBackup } from '../../src/backup/index.ts';
import { openDatabase } from '../../src/index.ts';
import { network, notes, schema } from './notes.ts';

const [directory = '', backups = ''] = process.argv.slice(2);
const store = await openDatabase({ directory, schema, network });
for (let round = 0; round < 20; round += 1) {
  await store.batch([notes.put(round * 997, crypto.getRandomValues(new Uint8Array(200)))]);
  await createBackup(store, {
    directory: backups,
    onProgress: ({ phase }) => process.stdout.write(`${phase}\n`),
  });
  process.stdout.write('point\n');
}
