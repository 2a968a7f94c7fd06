/** What one pass over a text finds, so that costly searches run only where they can succeed. */
export const traits = {
  /** A control character or any character beyond ASCII. */
  unsafe: 1,
  /** `=` or `:`, without which there is no assignment, header or URL. */
  assignment: 2,
  /** A run of 12 or more characters that tokens consist of. */
  longRun: 4,
  /** Six words or more: the least that is taken for a part of a mnemonic. */
  words: 8,
  /** `-`, without which there is no PEM header. */
  dash: 16,
  /** A space, without which there is no `Bearer x`. */
  space: 32,
} as const;

const letter = 1;
const tokenCharacter = 2;

/** Per ASCII code: letter (1), part of a token (2), and from bit 2 on the trait it shows. */
const classes = new Uint16Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  let bits = 0;
  if (/[A-Za-z]/.test(character)) bits |= letter;
  if (/[A-Za-z0-9_.+/~-]/.test(character)) bits |= tokenCharacter;
  if (code < 32 || code === 127) bits |= traits.unsafe << 2;
  if (character === '=' || character === ':') bits |= traits.assignment << 2;
  if (character === '-') bits |= traits.dash << 2;
  if (character === ' ') bits |= traits.space << 2;
  classes[code] = bits;
}

const longRunChars = 12;
const mnemonicWords = 6;

/** The traits of `text`, as a sum of the numbers above. */
export function traitsOf(text: string): number {
  let found = 0;
  let run = 0;
  let longest = 0;
  let words = 0;
  let previous = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const bits = code < 128 ? (classes[code] as number) : letter | (traits.unsafe << 2);
    found |= bits;
    if ((bits & tokenCharacter) === 0) {
      run = 0;
    } else if (++run > longest) {
      longest = run;
    }
    words += bits & ~previous & letter;
    previous = bits;
  }
  let sum = found >> 2;
  if (longest >= longRunChars) sum |= traits.longRun;
  if (words >= mnemonicWords) sum |= traits.words;
  return sum;
}
