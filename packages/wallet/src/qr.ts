/** QR codes of payment requests and addresses, as modules, as an image, and for terminals. */
import qrcode from 'qrcode';

import { WalletError } from './errors.ts';

/** A QR code: `size` x `size` modules; `isDark(row, column)` from 0. */
export interface QrCode {
  readonly size: number;
  isDark(row: number, column: number): boolean;
}

/** Bytes that version 40 holds at level M. */
const mostBytes = 2331;

/** The QR code of a text at error correction level M. @throws WalletError WALLET_QR_SIZE. */
export function qrCode(text: string): QrCode {
  const { length } = new TextEncoder().encode(text);
  if (length === 0 || length > mostBytes) {
    throw new WalletError('WALLET_QR_SIZE', `a QR code holds 1 to ${mostBytes} bytes`, { length });
  }
  const { modules } = qrcode.create(text, { errorCorrectionLevel: 'M' });
  const { size, data } = modules;
  return { size, isDark: (row, column) => (data[row * size + column] ?? 0) !== 0 };
}

/** Light modules around a code, by its standard (ISO/IEC 18004). */
const quiet = 4;

/** An SVG image of a code, with its quiet zone; `moduleSize` in pixels. */
export function qrSvg(text: string, moduleSize = 4): string {
  const code = qrCode(text);
  const side = code.size + 2 * quiet;
  let path = '';
  for (let row = 0; row < code.size; row++) {
    for (let column = 0; column < code.size; column++) {
      if (code.isDark(row, column)) path += `M${column + quiet} ${row + quiet}h1v1h-1z`;
    }
  }
  const pixels = side * moduleSize;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${pixels}" height="${pixels}" ` +
    `viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges" role="img">` +
    `<rect width="${side}" height="${side}" fill="#fff"/><path d="${path}" fill="#000"/></svg>`
  );
}

/**
 * A code for terminals, two modules a character, light on dark: the light modules are drawn, so that
 * a dark background reads right.
 */
export function qrText(text: string): string {
  const code = qrCode(text);
  const isLight = (row: number, column: number): boolean => !code.isDark(row, column);
  const edge = 2;
  const lines: string[] = [];
  for (let row = -edge; row < code.size + edge; row += 2) {
    let line = '';
    for (let column = -edge; column < code.size + edge; column++) {
      const inside = (r: number): boolean =>
        r < 0 || column < 0 || r >= code.size || column >= code.size || isLight(r, column);
      const [top, bottom] = [inside(row), inside(row + 1)];
      line += top ? (bottom ? '█' : '▀') : bottom ? '▄' : ' ';
    }
    lines.push(line);
  }
  return lines.join('\n');
}
