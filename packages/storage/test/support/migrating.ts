import {
  type Bucket,
  defineBucket,
  defineSchema,
  type MigrationStep,
  rawValue,
  type Schema,
  u32Key,
} from '../../src/index.ts';
import { notes } from './notes.ts';

/** Three versions of the notes: 2 adds a byte to each value, 3 moves them to another prefix. */
export const noteCount = 250;
const batchSize = 40;
const moved = defineBucket({ name: 'moved', prefix: 3, key: u32Key, value: rawValue });

async function* inBatches(
  from: Bucket<number, Uint8Array>,
  context: Parameters<MigrationStep['run']>[0],
  change: (
    number: number,
    value: Uint8Array,
  ) => readonly ReturnType<typeof from.put | typeof from.delete>[],
): ReturnType<MigrationStep['run']> & AsyncGenerator {
  const start =
    context.cursor === undefined
      ? undefined
      : new DataView(context.cursor.buffer, context.cursor.byteOffset).getUint32(0);
  await using scan = from.on(context.reader).range(start === undefined ? {} : { gt: start });
  for (;;) {
    const page = await scan.page(batchSize);
    if (page.length === 0) return;
    const last = page.at(-1)![0];
    const cursor = new Uint8Array(4);
    new DataView(cursor.buffer).setUint32(0, last);
    const operations = page.flatMap(([number, value]) => change(number, value));
    yield { operations, cursor, progress: (last + 1) / noteCount };
  }
}

export const migrations: readonly MigrationStep[] = [
  {
    from: 1,
    name: 'add a byte',
    run: (context) =>
      inBatches(notes, context, (number, value) => [
        notes.put(number, Uint8Array.of(...value, 0xaa)),
      ]),
  },
  {
    from: 2,
    name: 'move to prefix 3',
    run: (context) =>
      inBatches(notes, context, (number, value) => {
        // A batch that ran twice would append the byte of step 1 twice: not idempotent on purpose.
        if (value.length !== 2) throw new RangeError(`note ${number} has ${value.length} bytes`);
        return [notes.delete(number), moved.put(number, value)];
      }),
  },
];

export function versionOf(version: 1 | 2 | 3): Schema {
  return defineSchema({
    application: 'notes',
    version,
    buckets: [version === 3 ? moved : notes],
    migrations: migrations.slice(0, version - 1),
  });
}
