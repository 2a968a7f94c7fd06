/** Lines for people: `2026-11-21T21:19:00.000Z INFO  node.consensus  block committed height=12`. */
import { escapeControls } from '../sanitise/control.ts';

const escape = String.fromCharCode(27);
const reset = `${escape}[0m`;
const dim = `${escape}[2m`;
const levelColours: Readonly<Record<string, string>> = {
  trace: `${escape}[90m`,
  debug: `${escape}[36m`,
  info: `${escape}[32m`,
  warn: `${escape}[33m`,
  error: `${escape}[31m`,
  fatal: `${escape}[41;97m`,
};
const bare = /^[\w.:/@+%-]+$/;
const ownFields: ReadonlySet<string> = new Set(['level', 'time', 'component', 'msg']);

function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  return bare.test(value) ? value : JSON.stringify(value);
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * One line of the JSON format as text for people, without its line break. Text that is not such a
 * line comes back with its control characters escaped. Never throws.
 */
export function formatText(line: string, colour = false): string {
  let record: Readonly<Record<string, unknown>>;
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null) return escapeControls(line.trim());
    record = parsed as Readonly<Record<string, unknown>>;
  } catch {
    return escapeControls(line.trim());
  }
  const paint = (code: string | undefined, text: string): string =>
    colour && code !== undefined ? `${code}${text}${reset}` : text;
  const level = asText(record['level']);
  const parts = [
    paint(dim, asText(record['time'])),
    paint(levelColours[level], level.toUpperCase().padEnd(5)),
  ];
  const component = asText(record['component']);
  if (component !== '') parts.push(paint(dim, component));
  parts.push(asText(record['msg']));
  for (const [name, value] of Object.entries(record)) {
    if (ownFields.has(name)) continue;
    parts.push(`${paint(dim, `${bare.test(name) ? name : JSON.stringify(name)}=`)}${shown(value)}`);
  }
  // The parts hold no raw control character from the sanitiser; lines from elsewhere may.
  return colour ? parts.join(' ') : escapeControls(parts.join(' '));
}

/**
 * Whether to colour: no when NO_COLOR is set to anything (no-color.org), yes when FORCE_COLOR is
 * (unless to 0), else when the output is a terminal.
 */
export function wantsColour(
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const force = environment['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && environment['TERM'] !== 'dumb';
}
