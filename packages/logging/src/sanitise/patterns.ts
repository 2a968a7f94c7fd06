/** Values that are secret by their look. Every search is linear in the length of the text. */
import { redactAssignments } from './assignments.ts';
import { redactMnemonics } from './mnemonics.ts';
import { traits } from './traits.ts';

/** What replaces a PEM block; arrays of lines look for it. */
export const redactedPem = '[redacted pem]';

const pemBegin = /-{4,5} ?BEGIN ([A-Z0-9 ]{0,48}?) ?-{4,5}/g;
/** Blocks that are meant to be seen. */
const publicPem = /CERTIFICATE|PUBLIC KEY|PARAMETERS/;

/** From each header of a block that may be private up to its footer, or to the end. */
function redactPem(text: string): string {
  pemBegin.lastIndex = 0;
  let clean = '';
  let last = 0;
  for (let match = pemBegin.exec(text); match !== null; match = pemBegin.exec(text)) {
    if (publicPem.test(match[1] ?? '')) continue;
    clean += text.slice(last, match.index) + redactedPem;
    const footer = text.indexOf('END ', match.index + match[0].length);
    const dashes = footer === -1 ? -1 : text.indexOf('----', footer);
    if (dashes === -1) return clean;
    last = dashes;
    while (text[last] === '-') last++;
    pemBegin.lastIndex = last;
  }
  return last === 0 ? text : clean + text.slice(last);
}

const jwtEnd = /[^A-Za-z0-9_.-]/g;

/** JWS and JWE in compact form: every header object starts `{"`, which Base64 turns into `eyJ`. */
function redactJwt(text: string): string {
  let clean = '';
  let last = 0;
  for (let at = text.indexOf('eyJ'); at !== -1;) {
    jwtEnd.lastIndex = at;
    const stop = jwtEnd.exec(text);
    const end = stop === null ? text.length : stop.index;
    const dot = text.indexOf('.', at);
    if (dot !== -1 && dot + 2 < end) {
      clean += `${text.slice(last, at)}[redacted jwt]`;
      last = end;
    }
    at = text.indexOf('eyJ', end);
  }
  return last === 0 ? text : clean + text.slice(last);
}

const prefixedTokens = new RegExp(
  [
    String.raw`hv[sbr]\.[\w-]{8,}`, // HashiCorp Vault: service, batch, recovery
    String.raw`\b[sbr]\.[A-Za-z0-9]{24,}`, // the same before Vault 1.10
    String.raw`gh[opsur]_\w{20,}`,
    String.raw`github_pat_\w{20,}`,
    String.raw`glpat-[\w-]{16,}`,
    String.raw`xox[abprs]-[\w-]{10,}`,
    String.raw`[rs]k_(?:live|test)_\w{16,}`,
    String.raw`npm_\w{30,}`,
    String.raw`A[KS]IA[A-Z0-9]{16}`,
    String.raw`AIza[\w-]{30,}`,
    String.raw`AGE-SECRET-KEY-1[A-Z0-9]{20,}`,
    String.raw`[tuvxyz]prv[1-9A-HJ-NP-Za-km-z]{80,}`, // BIP-32 extended private keys
  ].join('|'),
  'g',
);

const scheme = /(?:earer|EARER|asic|ASIC) /;
const authorizationScheme =
  /\b([Bb]earer|BEARER|[Bb]asic|BASIC) +(?=[^\s]*[0-9A-Z=_~+/])[A-Za-z0-9._~+/-]{4,}=*/g;

const urlTokenEnd = /[\s"'`<>]/g;
const authorityEnd = /[/?#\\]/g;

/** Where the userinfo of a URL ends (its `@`), or -1. `start` is after `://`. */
function userinfoEnd(text: string, start: number, end: number): number {
  authorityEnd.lastIndex = start;
  const stop = authorityEnd.exec(text);
  const authority = Math.min(stop === null ? end : stop.index, end);
  const at = text.lastIndexOf('@', authority - 1);
  if (at >= start) return at;
  // A password with a bare `/` in it: `user:pa/ss@host`. `host:8080/@name` has digits there.
  const colonAt = text.indexOf(':', start);
  if (colonAt === -1 || colonAt >= authority) return -1;
  if (/^\d*$/.test(text.slice(colonAt + 1, authority))) return -1;
  const later = text.lastIndexOf('@', end - 1);
  return later >= start ? later : -1;
}

function redactUserinfo(text: string): string {
  let clean = '';
  let last = 0;
  let end = 0;
  for (let scheme = text.indexOf('://'); scheme !== -1;) {
    const start = scheme + 3;
    if (start > end) {
      urlTokenEnd.lastIndex = start;
      end = urlTokenEnd.exec(text)?.index ?? text.length;
    }
    const at = userinfoEnd(text, start, end);
    if (at !== -1) {
      clean += `${text.slice(last, start)}[redacted]`;
      last = at;
    }
    scheme = text.indexOf('://', Math.max(start, at));
  }
  return last === 0 ? text : clean + text.slice(last);
}

/** `text` without what the patterns above find. `found` are its traits. */
export function redactPatterns(text: string, found: number): string {
  let clean = text;
  if ((found & traits.dash) !== 0 && clean.includes('BEGIN ')) clean = redactPem(clean);
  if ((found & traits.longRun) !== 0) {
    if (clean.includes('eyJ')) clean = redactJwt(clean);
    clean = clean.replace(prefixedTokens, '[redacted token]');
  }
  if ((found & traits.assignment) !== 0) {
    if (clean.includes('://') && clean.includes('@')) clean = redactUserinfo(clean);
    clean = redactAssignments(clean);
  }
  if ((found & traits.space) !== 0 && scheme.test(clean)) {
    clean = clean.replace(authorizationScheme, '$1 [redacted]');
  }
  if ((found & traits.words) !== 0) {
    clean = (found & traits.unsafe) === 0 ? redactMnemonics(clean, true) : redactMnemonics(clean);
  }
  return clean;
}
