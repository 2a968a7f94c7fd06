import { describe, expect, it } from 'vitest';

import { Sanitiser } from '../../src/index.ts';
import { kindOfName } from '../../src/sanitise/names.ts';

const sanitiser = new Sanitiser();
const clean = (text: string): string => sanitiser.text(text);
const jwt =
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';
const english = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const spanish = 'ábaco abdomen abeja abierto abogado abono aborto abrazo abrir abuelo abuso acabar';

describe('values that look secret', () => {
  const leaks: [string, string, string][] = [
    [
      'a PEM key',
      `key:\n-----BEGIN PRIVATE KEY-----\nMC4CAQ\nabcd\n-----END PRIVATE KEY-----\nok`,
      'MC4CAQ',
    ],
    [
      'a PEM key in one line',
      '-----BEGIN EC PRIVATE KEY----- MHcCAQEE -----END EC PRIVATE KEY-----',
      'MHcCAQEE',
    ],
    [
      'a PEM key cut off',
      'x -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk',
      'b3BlbnNzaC1rZXk',
    ],
    ['an SSH2 key', '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAA', 'P2/56wAAA'],
    ['a JWT', `got ${jwt}, retrying`, 'dozjgNryP4J3'],
    ['the claims of a JWT', `got ${jwt.slice(0, 60)}`, 'eyJzdWI'],
    ['a JWT after a false start', `eyJx ${jwt}`, 'dozjgNryP4J3'],
    ['a Vault token', 'using hvs.CAESIJlWh0xMhzkQ7mDC-abc_123', 'CAESIJlWh0xM'],
    ['a Vault batch token', 'hvb.AAAAAQJxZ1234567890', 'AAAAAQJxZ'],
    ['an old Vault token', 'token was s.9xFQ8g7dQ3mZ1aBcDeFgHiJk there', '9xFQ8g7dQ3'],
    ['an AWS key', 'AKIAIOSFODNN7EXAMPLE', 'IOSFODNN7'],
    ['an age key', 'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQ', 'QQQQQQ'],
    ['userinfo', 'connect https://bob:hunter2@vault.example/x', 'hunter2'],
    ['userinfo without a password', 'redis://sekretuser@cache', 'sekretuser'],
    ['a password with an at sign', 'amqp://u:p@hunter2@host', 'hunter2'],
    ['a password with a slash', 'postgres://u:hun/ter2@host/db', 'ter2'],
    ['two URLs', 'http://a:one11@x http://b:two22@y', 'two22'],
    ['an assignment', 'login password=hunter2 user=bob', 'hunter2'],
    ['a JSON text', '{"user":"bob","apiKey":"hunter2"}', 'hunter2'],
    [
      'an escaped JSON text',
      String.raw`{\"user\":\"bob\",\"client_secret\":\"hunter2\"}`,
      'hunter2',
    ],
    ['an object as a value', 'secrets={"a":{"b":"hunter2"}}', 'hunter2'],
    ['a query', '/cb?state=1&access_token=hunter2&x=1', 'hunter2'],
    ['a header', 'Authorization: Basic aHVudGVyMg==', 'aHVudGVy'],
    ['a cookie header', 'Cookie: sid=hunter2; theme=dark', 'hunter2'],
    ['a bare bearer token', 'sent Bearer hunter2-token1', 'hunter2'],
    ['a passphrase with blanks', 'Passphrase: correct horse battery', 'battery'],
    ['an inspected object', "{ password: 'hunter2', user: 'x' }", 'hunter2'],
    ['an arrow', "'secret' => 'hunter2'", 'hunter2'],
    ['an English mnemonic', `restored ${english}.`, 'sausage'],
    ['a mnemonic in capitals', english.toUpperCase(), 'SAUSAGE'],
    [
      'a numbered mnemonic',
      english
        .split(' ')
        .map((word, i) => `${i + 1}. ${word}`)
        .join('\n'),
      'sausage',
    ],
    ['half a mnemonic', 'thank year wave sausage worth useful', 'sausage'],
    [
      'a mnemonic in four letters',
      english
        .split(' ')
        .map((word) => word.slice(0, 4))
        .join(' '),
      'saus',
    ],
    ['a Spanish mnemonic', `frase: ${spanish}`, 'abdomen'],
    ['a decomposed Spanish mnemonic', spanish.normalize('NFKD'), 'abdomen'],
  ];
  it.each(leaks)('hides %s', (_name, text, leak) => {
    expect(text).toContain(leak);
    expect(clean(text)).not.toContain(leak);
    expect(clean(text)).toContain('[redacted');
  });

  const harmless = [
    'block 12 committed with 17 transactions in 4 views',
    'listening on http://127.0.0.1:8080/metrics',
    'GET https://example.com:8080/users/@bob gave 404',
    'peer /ip4/127.0.0.1/tcp/4001/p2p/12D3KooWGatU9DWdJ6wtxUr4tiPvQJzYJ4hmC3 joined',
    'ratio 3:4 at 12:30:11, keys=3, seed: 42',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    '-----BEGIN CERTIFICATE-----',
    'could not find the file because there was nothing in the place where it should have been',
    'seed_nodes=10.0.0.1,10.0.0.2',
    'basic authentication is off',
    'v1.2.3-beta.4',
  ];
  it.each(harmless)('leaves alone: %s', (text) => {
    expect(clean(text)).toBe(text);
  });

  it('keeps what stands around a secret', () => {
    expect(clean('a password=x b')).toBe('a password=[redacted] b');
    expect(clean('https://bob:pw@host/x?y=1')).toBe('https://[redacted]@host/x?y=1');
    expect(clean(`see ${jwt}!`)).toBe('see [redacted jwt]!');
  });
});

describe('control characters', () => {
  it('makes them visible', () => {
    expect(clean('a\nb\r\tc\u001b[31m\u0000')).toBe('a\\nb\\r\\tc\\u001b[31m\\u0000');
    expect(clean('\u009b31m \u2028 \u202e \u200b \ufeff')).toBe(
      '\\u009b31m \\u2028 \\u202e \\u200b \\ufeff',
    );
    expect(clean('x\ud800y\udc00')).toBe('x\\ud800y\\udc00');
    expect(clean('\u{e0041}')).toBe('\\u{e0041}');
  });

  it('keeps text of people', () => {
    expect(clean('grüße 你好 😀 señal')).toBe('grüße 你好 😀 señal');
  });
});

describe('names', () => {
  it.each([
    'password',
    'userPassword',
    'db_password',
    'PASSWORD',
    'passphrase',
    'apiKey',
    'x-api-key',
    'privateKey',
    'private_key_pem',
    'mnemonic',
    'clientSecret',
    'Authorization',
    'set-cookie',
    'sessionId',
    'pin',
    'otpCode',
    'access_token',
    'signingKey',
    'secret_id',
    'entropy',
  ])('%s is secret', (name) => {
    expect(kindOfName(name)).toBe('strict');
  });

  it.each(['token', 'vaultTokenCount', 'seed', 'tokens', 'peerToken', 'passwordLength'])(
    '%s shows numbers only',
    (name) => {
      expect(kindOfName(name)).toBe('soft');
    },
  );

  it.each([
    'publicKey',
    'key',
    'passed',
    'compass',
    'keyId',
    'seedNodes',
    'secretary',
    'tokenize',
    'spin',
    'height',
    'hash',
    'signature',
    'address',
    'bypassed',
  ])('%s is plain', (name) => {
    expect(kindOfName(name)).toBe('plain');
  });
});

describe('complexity', () => {
  // Work, not time: each of these once took quadratic time in a design that was thrown away, and
  // the test's own timeout would catch that.
  const floods = [
    '://',
    'eyJ',
    'password=',
    '-----BEGIN A-----',
    'a:',
    '%41',
    'Bearer ',
    'http://a@',
    'a.',
    '=',
    '" : "',
    'abandon ',
    '-',
    'hvs.',
    'eyJ.',
    '://a:b/',
    '@',
    '\\',
    '-----BEGIN PUBLIC KEY-----',
  ];
  it.each(floods)('a flood of %j is bounded', (unit) => {
    const text = unit.repeat(Math.ceil(2_000_000 / unit.length));
    expect(clean(text).length).toBeLessThan(40_000);
  });
});
