import { expect, test } from 'vitest';
import * as backup from '../../src/backup/index.ts';
import * as conformance from '../../src/conformance/index.ts';
import * as errors from '../../src/errors.ts';
import * as main from '../../src/index.ts';
import * as limits from '../../src/limits.ts';
import * as testing from '../../src/testing/index.ts';

test('the entry points show these names and no others', () => {
  const names = (module: object): readonly string[] => Object.keys(module).sort();
  expect({
    main: names(main),
    backup: names(backup),
    conformance: names(conformance),
    errors: names(errors),
    limits: names(limits),
    testing: names(testing),
  }).toMatchInlineSnapshot(`
    {
      "backup": [
        "createBackup",
        "listBackups",
        "pruneBackups",
        "restoreBackup",
        "verifyBackups",
      ],
      "conformance": [
        "conformanceCases",
      ],
      "errors": [
        "StorageError",
        "storageErrors",
      ],
      "limits": [
        "limits",
      ],
      "main": [
        "StorageError",
        "bytesKey",
        "defineBucket",
        "defineSchema",
        "descendingKey",
        "emptyValue",
        "openDatabase",
        "openLevelStore",
        "openMemoryStore",
        "prefixEnd",
        "prepareStore",
        "rawValue",
        "readMetadata",
        "textKey",
        "tupleKey",
        "u16Key",
        "u32Key",
        "u53Key",
        "u64Key",
        "u8Key",
        "varBytesKey",
        "verifyStore",
      ],
      "testing": [
        "checkMigrations",
        "faultyStore",
        "forEachFault",
      ],
    }
  `);
});
