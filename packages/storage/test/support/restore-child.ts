/** Restores a backup of notes, one line of output per progress report. */
import { restoreBackup } from '../../src/backup/index.ts';
import { network } from './notes.ts';

const [directory = '', target = ''] = process.argv.slice(2);
await restoreBackup({
  directory,
  target,
  network,
  replace: true,
  onProgress: ({ phase }) => process.stdout.write(`${phase}\n`),
});
process.stdout.write('done\n');
