/**
 * Control (Cc), format (Cf: bidirectional overrides, zero-width, tags), lone surrogates (Cs) and the
 * two Unicode line breaks: what can forge a line, drive a terminal, or hide text from its reader.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOne(character: string): string {
  const known = short[character];
  if (known !== undefined) return known;
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16).padStart(4, '0');
  return point > 0xffff ? `\\u{${hex}}` : `\\u${hex}`;
}

/** Makes control and invisible characters visible as `\n`, `\u001b` and the like. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, escapeOne);
}
