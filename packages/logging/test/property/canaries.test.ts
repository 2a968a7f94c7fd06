/**
 * Secrets planted at every level of arbitrary values: no line of any format may show one, and each
 * call gives exactly one valid line.
 */
import { base58 } from '@scure/base';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createLogger, SecretRegistry, type LogFormat, type LogFields } from '../../src/index.ts';
import { escapeControls } from '../../src/sanitise/control.ts';
import { capture } from '../unit/capture.ts';

const binary = Uint8Array.from({ length: 32 }, (_, i) => (i * 151 + 91) & 0xff);
const passphrase = 'Zebra "quilt" \\ 47/ñandú & sons';
const bytes = Buffer.from(binary);
const words = 'legal winner thank year wave sausage worth useful legal winner thank yellow';

/** Text that holds a secret, and the parts that must not be seen of it. */
interface Planted {
  readonly text: string;
  readonly leaks: readonly string[];
}

const registered: Planted[] = [
  bytes.toString('hex'),
  bytes.toString('hex').toUpperCase(),
  bytes.toString('base64'),
  bytes.toString('base64url'),
  base58.encode(binary),
  bytes.toString('hex').replace(/../g, '%$&'),
  passphrase,
  JSON.stringify(passphrase),
  encodeURIComponent(passphrase),
  Buffer.from(passphrase).toString('hex'),
  Buffer.from(`x:${passphrase}`).toString('base64'),
].map((text) => ({ text, leaks: [text.slice(8, 20)] }));
const recognised: Planted[] = [
  {
    text: `-----BEGIN PRIVATE KEY-----\nMIICANARYPEM\n-----END PRIVATE KEY-----`,
    leaks: ['CANARYPEM'],
  },
  { text: 'eyJhbGciOiJub25lIn0.eyJDQU5BUllKV1QiOjF9.c2lnQ0FOQVJZ', leaks: ['eyJDQU5', 'c2lnQ0'] },
  { text: 'hvs.CANARYVAULTcanaryvault1234', leaks: ['CANARYVAULT'] },
  { text: 's.CANARYoldVault0123456789ab', leaks: ['CANARYold'] },
  { text: words, leaks: ['sausage', 'winner'] },
  { text: 'postgres://root:CANARYUSERINFO@db:5432/x', leaks: ['CANARYUSERINFO'] },
  { text: 'password=CANARYASSIGNED', leaks: ['CANARYASSIGNED'] },
  { text: '"clientSecret": "CANARYJSON"', leaks: ['CANARYJSON'] },
  { text: 'Authorization: Bearer CANARYBEARER1', leaks: ['CANARYBEARER'] },
];
const all = [...registered, ...recognised];
const leaks = [
  ...all.flatMap((planted) => planted.leaks),
  'CANARYUNDERNAME',
  ...all.flatMap((planted) => planted.leaks).map((leak) => JSON.stringify(leak).slice(1, -1)),
];

const filler = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant('\n\u001b[31m'),
  fc.constant('x '.repeat(4000)),
);
/** A planted text stands apart from letters that would make another word of it. */
const plantedText = fc
  .tuple(filler, fc.constantFrom(...all), filler)
  .map(([before, planted, after]) => `${before} ${planted.text}\n${after}`);
const bareText = fc.constantFrom(...all).map((planted) => planted.text);
const text = fc.oneof(plantedText, bareText, fc.string({ unit: 'binary' }));
const secretName = fc.constantFrom(
  'password',
  'userPassword',
  'api_key',
  'privateKey',
  'mnemonic',
  'vault-token',
  'Cookie',
);

function thrower(): never {
  throw new Error(`leaked by a getter: ${passphrase}`);
}

const { value } = fc.letrec<{ value: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    text,
    fc.constant(binary),
    fc.constant(bytes),
    fc.constant([...binary]),
    fc.constant(Object.fromEntries(binary.entries())),
    fc.constant(bytes.toJSON()),
    fc.constant(words.split(' ')),
    fc.constant(new DataView(binary.buffer)),
    fc.constant(BigInt(`0x${bytes.toString('hex')}`)),
    fc.constant(Symbol(passphrase)),
    fc.constant(Object(passphrase)),
    fc.constant(new URL('https://u:CANARYUSERINFO@h/')),
    text.map((message) => new Error(message, { cause: message })),
    fc.tuple(secretName, fc.anything()).map(([name]) => ({ [name]: 'CANARYUNDERNAME' })),
    secretName.map((name) => new Map([[name, 'CANARYUNDERNAME']])),
    secretName.map((name) => [name, 'CANARYUNDERNAME']),
    fc.constant(Object.defineProperty({}, 'trap', { enumerable: true, get: thrower })),
    fc.constant(new Proxy({}, { ownKeys: thrower })),
    fc.constant({ toJSON: thrower }),
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withObjectString: true,
      withNullPrototype: true,
      withSparseArray: true,
      withBoxedValues: true,
    }),
  ),
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), bareText), tie('value'), { maxKeys: 5 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    tie('value').map((inner) => Object.assign(new Error(passphrase), { inner })),
    tie('value').map((inner) => ({ toJSON: () => inner })),
    tie('value').map((inner) => {
      const cycle: Record<string, unknown> = { inner };
      cycle['self'] = cycle;
      return cycle;
    }),
  ),
}));

function registry(): SecretRegistry {
  const secrets = new SecretRegistry();
  secrets.register(binary);
  secrets.register(passphrase);
  return secrets;
}

function checkLine(lines: readonly string[], format: LogFormat): void {
  expect(lines).toHaveLength(1);
  const line = lines[0]!;
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(escapeControls(line.slice(0, -1))).toBe(line.slice(0, -1));
  expect(line.length).toBeLessThan(400_000);
  for (const leak of leaks) if (line.includes(leak)) expect.fail(`${leak} in ${line}`);
  if (format === 'text') return;
  const record = JSON.parse(line) as Record<string, unknown>;
  expect(record[format === 'ecs' ? 'message' : 'msg']).toBeTypeOf('string');
}

describe.each<LogFormat>(['json', 'ecs', 'text'])('planted canaries in %s', (format) => {
  it('are never seen', () => {
    fc.assert(
      fc.property(text, value, value, (message, bound, logged) => {
        const to = capture();
        const outputs = [{ destination: to, format, colour: false }];
        const log = createLogger({ outputs, registry: registry() });
        const child = log.child(message, { bound });
        child.error(message, logged as LogFields);
        checkLine(to.lines, format);
        expect(log.counts.failed).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it('are never seen in security events', () => {
    fc.assert(
      fc.property(text, text, (user_id, reason) => {
        const to = capture();
        const log = createLogger({
          outputs: [{ destination: to, format, colour: false }],
          registry: registry(),
        });
        log.security('auth.failed', { user_id, ip: reason, method: user_id, reason });
        checkLine(to.lines, format);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the registry', () => {
  it('finds any secret in any of its forms, anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 8, maxLength: 80 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.string(),
        fc.string(),
        (secrets, pick, before, after) => {
          const own = new SecretRegistry();
          for (const secret of secrets) own.register(secret);
          const secret = Buffer.from(secrets[pick % secrets.length]!);
          const forms = [
            secret.toString('hex'),
            secret.toString('hex').toUpperCase(),
            secret.toString('base64').replaceAll('=', ''),
            secret.toString('base64url'),
            base58.encode(secret),
            secret.toString('hex').replace(/../g, '%$&'),
            secret.join(','),
          ];
          for (const form of forms) {
            // Base58 of leading zeros can be shorter than anything that is searched for.
            if (form.length < 8) continue;
            expect(own.redact(`${before}${form}${after}`)).toContain('[redacted secret]');
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leaves everything else alone', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (any) => {
        expect(registry().redact(any)).toBe(any);
      }),
    );
  });
});
