/** Migrates a store of notes to version 3, one line of output per progress report. */
import { openDatabase } from '../../src/index.ts';
import { versionOf } from './migrating.ts';
import { network } from './notes.ts';

const [directory = '', backups = ''] = process.argv.slice(2);
const store = await openDatabase({
  directory,
  schema: versionOf(3),
  network,
  migration: {
    backup: { directory: backups },
    onProgress: ({ phase, step, progress }) => {
      process.stdout.write(`${step ?? phase} ${progress ?? ''}\n`);
    },
  },
});
await store.close();
process.stdout.write('done\n');
