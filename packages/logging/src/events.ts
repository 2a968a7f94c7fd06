/**
 * The catalogue of security events: what may be asserted of each, by name. Names are stable; fields
 * are only ever added. Fields marked personal appear in ordinary logs (which are rotated away) but
 * enter the audit log only as salted commitments.
 */
import type { LogLevel } from './levels.ts';

/** The type of a field: text, number or boolean; personal text; `?` where it may be missing. */
export type FieldType =
  | 'text'
  | 'number'
  | 'boolean'
  | 'personal'
  | 'text?'
  | 'number?'
  | 'boolean?'
  | 'personal?';

/** One kind of security event. */
export interface SecurityEventDefinition {
  readonly level: Exclude<LogLevel, 'silent'>;
  /** Categorisation of the Elastic Common Schema, 8.11: `event.category` and `event.type`. */
  readonly category: string;
  readonly type: string;
  readonly outcome: 'success' | 'failure' | 'unknown';
  /** A sentence, used as the message of the line. */
  readonly meaning: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** Every security event, by name. */
export const securityEvents = {
  'auth.succeeded': {
    level: 'info',
    category: 'authentication',
    type: 'start',
    outcome: 'success',
    meaning: 'A user proved who they are.',
    fields: { user_id: 'personal', ip: 'personal?', request_id: 'text?', method: 'text' },
  },
  'auth.failed': {
    level: 'warn',
    category: 'authentication',
    type: 'start',
    outcome: 'failure',
    meaning: 'A user could not prove who they are.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      method: 'text',
      reason: 'text',
    },
  },
  'auth.session_ended': {
    level: 'info',
    category: 'session',
    type: 'end',
    outcome: 'success',
    meaning: 'A session ended.',
    fields: { user_id: 'personal?', ip: 'personal?', request_id: 'text?', reason: 'text?' },
  },
  'access.denied': {
    level: 'warn',
    category: 'iam',
    type: 'denied',
    outcome: 'failure',
    meaning: 'A request lacked the permission that it needs.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      action: 'text',
      resource: 'text?',
    },
  },
  'access.rate_limited': {
    level: 'warn',
    category: 'network',
    type: 'denied',
    outcome: 'failure',
    meaning: 'A client went over its rate and was refused.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      limit: 'text',
      retry_after_ms: 'number?',
    },
  },
  'access.granted': {
    level: 'info',
    category: 'iam',
    type: 'change',
    outcome: 'success',
    meaning: 'A permission was given.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      target: 'text',
      permission: 'text',
    },
  },
  'access.revoked': {
    level: 'info',
    category: 'iam',
    type: 'change',
    outcome: 'success',
    meaning: 'A permission was taken away.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      target: 'text',
      permission: 'text',
    },
  },
  'input.rejected': {
    level: 'warn',
    category: 'web',
    type: 'denied',
    outcome: 'failure',
    meaning: 'Input broke a rule of its format in a way that ordinary clients do not.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      code: 'text',
      place: 'text?',
    },
  },
  'peer.authenticated': {
    level: 'info',
    category: 'network',
    type: 'connection',
    outcome: 'success',
    meaning: 'A peer proved that it holds a validator key.',
    fields: { peer_id: 'text', ip: 'personal?', validator: 'text' },
  },
  'peer.rejected': {
    level: 'warn',
    category: 'network',
    type: 'denied',
    outcome: 'failure',
    meaning: 'A peer failed its authentication or spoke for another network.',
    fields: { peer_id: 'text', ip: 'personal?', reason: 'text' },
  },
  'peer.banned': {
    level: 'warn',
    category: 'network',
    type: 'denied',
    outcome: 'success',
    meaning: 'A peer was banned for breaking the protocol.',
    fields: { peer_id: 'text', ip: 'personal?', reason: 'text', duration_ms: 'number' },
  },
  'consensus.equivocation': {
    level: 'error',
    category: 'intrusion_detection',
    type: 'indicator',
    outcome: 'unknown',
    meaning: 'A validator signed two conflicting votes.',
    fields: { validator: 'text', height: 'number', view: 'number', evidence: 'text' },
  },
  'consensus.signing_refused': {
    level: 'error',
    category: 'process',
    type: 'denied',
    outcome: 'failure',
    meaning: 'The sign guard refused a vote that could contradict an earlier one.',
    fields: { key_id: 'text', height: 'number', view: 'number', reason: 'text' },
  },
  'key.created': {
    level: 'info',
    category: 'configuration',
    type: 'creation',
    outcome: 'success',
    meaning: 'A key was made or imported.',
    fields: { key_id: 'text', user_id: 'personal?', suite: 'number?' },
  },
  'key.unlocked': {
    level: 'info',
    category: 'authentication',
    type: 'access',
    outcome: 'success',
    meaning: 'A key was unlocked for use.',
    fields: { key_id: 'text', user_id: 'personal?' },
  },
  'key.unlock_failed': {
    level: 'warn',
    category: 'authentication',
    type: 'access',
    outcome: 'failure',
    meaning: 'A key could not be unlocked.',
    fields: { key_id: 'text', user_id: 'personal?', reason: 'text' },
  },
  'key.exported': {
    level: 'warn',
    category: 'configuration',
    type: 'access',
    outcome: 'success',
    meaning: 'A secret key or mnemonic was shown or written out.',
    fields: { key_id: 'text', user_id: 'personal?' },
  },
  'key.rotated': {
    level: 'info',
    category: 'configuration',
    type: 'change',
    outcome: 'success',
    meaning: 'A key was replaced by another.',
    fields: { key_id: 'text', user_id: 'personal?', new_key_id: 'text' },
  },
  'key.deleted': {
    level: 'warn',
    category: 'configuration',
    type: 'deletion',
    outcome: 'success',
    meaning: 'A key was deleted.',
    fields: { key_id: 'text', user_id: 'personal?' },
  },
  'secret.read': {
    level: 'info',
    category: 'configuration',
    type: 'access',
    outcome: 'success',
    meaning: 'A secret was read from its provider.',
    fields: { name: 'text', provider: 'text' },
  },
  'secret.read_failed': {
    level: 'error',
    category: 'configuration',
    type: 'access',
    outcome: 'failure',
    meaning: 'A secret could not be read from its provider.',
    fields: { name: 'text', provider: 'text', reason: 'text' },
  },
  'secret.rotated': {
    level: 'info',
    category: 'configuration',
    type: 'change',
    outcome: 'success',
    meaning: 'A secret changed at its provider and is in use.',
    fields: { name: 'text', provider: 'text' },
  },
  'config.changed': {
    level: 'info',
    category: 'configuration',
    type: 'change',
    outcome: 'success',
    meaning: 'A setting was changed while running.',
    fields: { user_id: 'personal?', ip: 'personal?', request_id: 'text?', setting: 'text' },
  },
  'transfer.signed': {
    level: 'info',
    category: 'process',
    type: 'info',
    outcome: 'success',
    meaning: 'A transaction was signed.',
    fields: { txid: 'text', key_id: 'text', user_id: 'personal?' },
  },
  'transfer.blocked': {
    level: 'warn',
    category: 'process',
    type: 'denied',
    outcome: 'failure',
    meaning: 'A rule of compliance stopped a transaction from being signed or relayed here.',
    fields: { txid: 'text', rule: 'text', user_id: 'personal?' },
  },
  'data.exported': {
    level: 'info',
    category: 'database',
    type: 'access',
    outcome: 'success',
    meaning: 'A backup or report with user data was written.',
    fields: {
      user_id: 'personal?',
      ip: 'personal?',
      request_id: 'text?',
      what: 'text',
      size_bytes: 'number?',
    },
  },
  'data.restored': {
    level: 'warn',
    category: 'database',
    type: 'change',
    outcome: 'success',
    meaning: 'A backup was restored.',
    fields: { user_id: 'personal?', ip: 'personal?', request_id: 'text?', what: 'text' },
  },
  'data.erased': {
    level: 'info',
    category: 'database',
    type: 'deletion',
    outcome: 'success',
    meaning: 'Personal data was erased, or the openings of its commitments were.',
    fields: { user_id: 'personal?', ip: 'personal?', request_id: 'text?', what: 'text' },
  },
  'plugin.refused': {
    level: 'warn',
    category: 'package',
    type: 'denied',
    outcome: 'failure',
    meaning: 'A plugin asked for what it was not given, or failed its check.',
    fields: { plugin: 'text', reason: 'text' },
  },
  'node.started': {
    level: 'info',
    category: 'process',
    type: 'start',
    outcome: 'success',
    meaning: 'The node started.',
    fields: { version: 'text', network: 'text?' },
  },
  'node.stopped': {
    level: 'info',
    category: 'process',
    type: 'end',
    outcome: 'success',
    meaning: 'The node stopped on purpose.',
    fields: { reason: 'text?' },
  },
  'audit.opened': {
    level: 'info',
    category: 'process',
    type: 'start',
    outcome: 'success',
    meaning: 'The audit log was opened for writing.',
    fields: { records: 'number' },
  },
  'audit.recovered': {
    level: 'warn',
    category: 'process',
    type: 'change',
    outcome: 'success',
    meaning: 'What a crash had left unsigned at the end of the audit log was set aside.',
    fields: { unsigned_records: 'number', set_aside_bytes: 'number', set_aside_file: 'text?' },
  },
  'audit.verification_failed': {
    level: 'fatal',
    category: 'intrusion_detection',
    type: 'indicator',
    outcome: 'failure',
    meaning: 'The audit log does not match what was signed.',
    fields: { code: 'text', sequence: 'number?' },
  },
} as const;

/** The name of a security event. */
export type SecurityEventName = keyof typeof securityEvents;

type FieldsOf<Name extends SecurityEventName> = (typeof securityEvents)[Name]['fields'];
type ValueOf<Type> = Type extends `text${string}` | `personal${string}`
  ? string
  : Type extends `number${string}`
    ? number
    : boolean;
type RequiredNames<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends `${string}?` ? never : Name;
}[keyof Fields];

/** The fields that an event needs and may have. */
export type SecurityEventFields<Name extends SecurityEventName> = {
  readonly [Field in RequiredNames<FieldsOf<Name>>]: ValueOf<FieldsOf<Name>[Field]>;
} & {
  readonly [Field in Exclude<keyof FieldsOf<Name>, RequiredNames<FieldsOf<Name>>>]?:
    | ValueOf<FieldsOf<Name>[Field]>
    | undefined;
};

/** The same, by any name; also the check that each entry has the shape of a definition. */
const catalogue: Readonly<Record<string, SecurityEventDefinition>> = securityEvents;

/** The definition of an event, or undefined for an unknown name. */
export function securityEvent(name: string): SecurityEventDefinition | undefined {
  return Object.hasOwn(securityEvents, name) ? catalogue[name] : undefined;
}

/** What is wrong with the fields of an event, as `field: rule`; empty when nothing is. */
export function checkEventFields(
  definition: SecurityEventDefinition,
  fields: Readonly<Record<string, unknown>>,
): string[] {
  const problems: string[] = [];
  for (const [name, type] of Object.entries(definition.fields)) {
    const value = fields[name];
    if (value === undefined) {
      if (!type.endsWith('?')) problems.push(`${name}: missing`);
      continue;
    }
    const plain = type.replace('?', '');
    const expected = plain === 'text' || plain === 'personal' ? 'string' : plain;
    if (typeof value !== expected) problems.push(`${name}: not a ${expected}`);
    else if (typeof value === 'number' && !Number.isFinite(value)) {
      problems.push(`${name}: not finite`);
    }
  }
  for (const name of Object.keys(fields)) {
    if (!Object.hasOwn(definition.fields, name)) problems.push(`${name}: not in the catalogue`);
  }
  return problems;
}
