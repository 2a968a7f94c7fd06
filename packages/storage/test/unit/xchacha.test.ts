import { fromHex, toHex } from '@mxd/codec';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { assert, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { openXChaCha, sealXChaCha } from '../../src/backup/xchacha.ts';

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
test('the vector of the draft', () => {
  const plain = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
      'sunscreen would be it.',
  );
  const key = Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index);
  const nonce = Uint8Array.from({ length: 24 }, (_, index) => 0x40 + index);
  const sealed = sealXChaCha(key, nonce, fromHex('50515253c0c1c2c3c4c5c6c7'), plain);
  expect(toHex(sealed.subarray(0, 16))).toBe('bd6d179d3e83d43b9576579493c0e939');
  expect(toHex(sealed.subarray(-16))).toBe('c0875924c1c7987947deafd8780acf49');
});

test('the same as the portable implementation, both ways', () => {
  const bytes = (length: number) => uint8Array({ minLength: length, maxLength: length });
  const some = uint8Array({ maxLength: 300 });
  assert(
    property(bytes(32), bytes(24), some, some, (key, nonce, context, plain) => {
      const portable = xchacha20poly1305(key, nonce, context);
      const sealed = sealXChaCha(key, nonce, context, plain);
      expect(sealed).toEqual(portable.encrypt(plain));
      expect(openXChaCha(key, nonce, context, sealed)).toEqual(plain);
    }),
  );
});

test('nothing comes out of what was changed', () => {
  const key = new Uint8Array(32).fill(1);
  const nonce = new Uint8Array(24).fill(2);
  const context = Uint8Array.of(3);
  const sealed = sealXChaCha(key, nonce, context, new Uint8Array(20).fill(4));
  for (let at = 0; at < sealed.length; at += 1) {
    const bad = sealed.slice();
    bad[at]! ^= 0x80;
    expect(openXChaCha(key, nonce, context, bad)).toBeUndefined();
    expect(openXChaCha(key, nonce, context, sealed.subarray(0, at))).toBeUndefined();
  }
  expect(openXChaCha(key, nonce, Uint8Array.of(4), sealed)).toBeUndefined();
  expect(openXChaCha(key, new Uint8Array(24), context, sealed)).toBeUndefined();
  expect(openXChaCha(new Uint8Array(32), nonce, context, sealed)).toBeUndefined();
});
