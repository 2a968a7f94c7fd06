import * as fc from 'fast-check';
import { formatAddress } from '@mxd/crypto/address';
import { describe, expect, test } from 'vitest';

import {
  checkExpiry,
  formatPaymentUri,
  parsePaymentUri,
  type PaymentUri,
} from '../../src/payment-request.ts';
import { qrCode, qrSvg, qrText } from '../../src/qr.ts';
import { accountOf } from '../chain.ts';

const owners = [accountOf(1, 1), accountOf(2, 2), accountOf(3, 3)].map(({ owner }) => owner);
const address = formatAddress(owners[0]!, 'test');

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

const requests: fc.Arbitrary<PaymentUri> = fc.record(
  {
    to: fc.constantFrom(...owners),
    amount: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
    expiresMs: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
    commitment: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    label: fc.string({ unit: 'grapheme', maxLength: 20 }),
    message: fc.string({ unit: 'grapheme', maxLength: 40 }),
  },
  { requiredKeys: ['to'] },
);

describe('payment requests', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const text = formatPaymentUri(request, 'test');
        expect(text).toMatch(/^mxd:mx[1-9A-Za-z]+(\?[\x21-\x7e]+)?$/);
        expect(parsePaymentUri(text, 'test')).toEqual(request);
      }),
    );
  });

  test('read as people write them', () => {
    const text = `  MXD:${address}?amount=12.5&expires=2026-01-31T12:00:00Z&label=Caf%C3%A9&x=1 `;
    const request = parsePaymentUri(text, 'test');
    expect(request).toEqual({
      to: owners[0],
      amount: 1_250_000_000n,
      expiresMs: Date.UTC(2026, 0, 31, 12),
      label: 'Café',
    });
    expect(codeOf(() => checkExpiry(request, Date.UTC(2026, 0, 31, 11)))).toBe('none');
    expect(codeOf(() => checkExpiry(request, Date.UTC(2026, 0, 31, 12)))).toBe(
      'WALLET_REQUEST_EXPIRED',
    );
    expect(codeOf(() => checkExpiry({ to: owners[0]! }, Date.UTC(2099, 0)))).toBe('none');
  });

  test.each([
    ['bitcoin:' + address, 'WALLET_URI'],
    ['', 'WALLET_URI'],
    ['mxd:' + 'a'.repeat(3000), 'WALLET_URI'],
    ['mxd:', 'ADDRESS_PREFIX'],
    [`mxd:${address}x`, 'ADDRESS_CHECKSUM'],
    [`mxd:${formatAddress(owners[0]!, 'main')}`, 'ADDRESS_NETWORK'],
    [`mxd:${address}?amount=1.123456789`, 'WALLET_URI_AMOUNT'],
    [`mxd:${address}?amount=-1`, 'WALLET_URI_AMOUNT'],
    [`mxd:${address}?amount=1&amount=2`, 'WALLET_URI_PARAMETER'],
    [`mxd:${address}?expires=tomorrow`, 'WALLET_URI_PARAMETER'],
    [`mxd:${address}?expires=2026-02-31T00:00:00Z`, 'WALLET_URI_PARAMETER'],
    [`mxd:${address}?commitment=12`, 'WALLET_URI_PARAMETER'],
    [`mxd:${address}?label=%E0%A4`, 'WALLET_URI_PARAMETER'],
    [`mxd:${address}?req-escrow=yes`, 'WALLET_URI_PARAMETER'],
  ])('%s is refused with its own code', (text, code) => {
    expect(codeOf(() => parsePaymentUri(text, 'test'))).toBe(code);
  });

  test('requests that cannot be written are refused', () => {
    const to = owners[0]!;
    expect(codeOf(() => formatPaymentUri({ to, commitment: new Uint8Array(3) }, 'test'))).toBe(
      'WALLET_COMMITMENT',
    );
    expect(codeOf(() => formatPaymentUri({ to, expiresMs: -1 }, 'test'))).toBe(
      'WALLET_URI_PARAMETER',
    );
    expect(codeOf(() => formatPaymentUri({ to, message: 'é'.repeat(900) }, 'test'))).toBe(
      'WALLET_URI',
    );
  });
});

describe('QR codes', () => {
  const text = formatPaymentUri({ to: owners[2]!, amount: 5n }, 'test');
  test('have the three finder patterns', () => {
    const code = qrCode(text);
    const corners = [
      [0, 0],
      [0, code.size - 7],
      [code.size - 7, 0],
    ] as const;
    for (const [row, column] of corners) {
      const ring = Array.from({ length: 7 }, (_, i) => code.isDark(row, column + i));
      expect(ring).toEqual(Array(7).fill(true));
      expect(code.isDark(row + 3, column + 3)).toBe(true);
      expect(code.isDark(row + 1, column + 1)).toBe(false);
    }
  });
  test('print and draw the same modules', () => {
    const code = qrCode(text);
    const lines = qrText(text).split('\n');
    expect(lines).toHaveLength(Math.ceil((code.size + 4) / 2));
    for (let row = 0; row < code.size; row++) {
      for (let column = 0; column < code.size; column++) {
        const character = lines[(row + 2) >> 1]![column + 2]!;
        const light = row % 2 === 0 ? '█▀' : '█▄';
        expect(light.includes(character)).toBe(!code.isDark(row, column));
      }
    }
    let dark = 0;
    for (let i = 0; i < code.size ** 2; i++) {
      if (code.isDark(Math.floor(i / code.size), i % code.size)) dark++;
    }
    expect(qrSvg(text).match(/M\d+ \d+h1v1h-1z/g)).toHaveLength(dark);
  });
  test('hold so much and no more', () => {
    expect(codeOf(() => qrCode(''))).toBe('WALLET_QR_SIZE');
    expect(codeOf(() => qrCode('x'.repeat(2332)))).toBe('WALLET_QR_SIZE');
    expect(qrCode('x'.repeat(2331)).size).toBe(177);
  });
});
