/**
 * Field names of the Elastic Common Schema, 8.11. What the schema has a name for gets that name;
 * the caller's other fields go under `mxd`, so that they cannot clash with the schema's types.
 */
import { securityEvent } from '../events.ts';
import type { CleanObject, CleanValue } from '../sanitise/sanitiser.ts';

/** `ecs.version` of every line. */
export const ecsVersion = '8.11.0';

function errorFields(value: CleanValue): CleanValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { message: typeof value === 'string' ? value : JSON.stringify(value) };
  }
  const { type, message, stack, code, ...details } = value;
  const fields: CleanObject = {};
  if (type !== undefined) fields['type'] = type;
  if (message !== undefined) fields['message'] = message;
  if (code !== undefined) fields['code'] = typeof code === 'number' ? String(code) : code;
  if (stack !== undefined) fields['stack_trace'] = stack;
  // The schema's error fields have fixed types, and these are ours.
  if (Object.keys(details).length > 0) fields['mxd'] = details;
  return fields;
}

function eventFields(name: string): CleanObject {
  const definition = securityEvent(name);
  const event: CleanObject = { kind: 'event', action: name };
  if (definition !== undefined) {
    event['category'] = [definition.category];
    event['type'] = [definition.type];
    event['outcome'] = definition.outcome;
  }
  return event;
}

/** Clean fields of a line under the schema's names. */
export function toEcs(fields: CleanObject): CleanObject {
  const ecs: CleanObject = {};
  const own: CleanObject = {};
  const eventName = fields['event'];
  const event = typeof eventName === 'string' ? eventName : undefined;
  const isEvent = event !== undefined;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'error' || name === 'err') ecs['error'] = errorFields(value);
    else if (isEvent && name === 'event') ecs['event'] = eventFields(event);
    else if (isEvent && name === 'user_id') ecs['user'] = { id: value };
    else if (isEvent && name === 'ip') ecs['source'] = { ip: value };
    else if (isEvent && name === 'request_id') ecs['http'] = { request: { id: value } };
    else own[name] = value;
  }
  if (Object.keys(own).length > 0) ecs['mxd'] = own;
  return ecs;
}
