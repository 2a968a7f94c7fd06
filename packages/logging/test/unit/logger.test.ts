import { describe, expect, it } from 'vitest';

import {
  createLogger,
  formatText,
  nullDestination,
  Sanitiser,
  securityEvents,
  SecretRegistry,
  wantsColour,
  type Destination,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from '../../src/index.ts';
import { checkEventFields, securityEvent } from '../../src/events.ts';
import { capture, type Capture } from './capture.ts';

const now = (): number => 1_800_000_000_000;
const time = '2027-01-15T08:00:00.000Z';

function make(
  format: LogFormat = 'json',
  options: Partial<LoggerOptions> = {},
): { readonly log: Logger; readonly to: Capture } {
  const to = capture();
  return { log: createLogger({ outputs: [{ destination: to, format }], now, ...options }), to };
}

describe('JSON lines', () => {
  it('has level, time, component, fields and message', () => {
    const { log, to } = make();
    log
      .child('node')
      .child('consensus')
      .info('block committed', { height: 12, tx: { count: 3 } });
    expect(to.lines).toEqual([
      `{"level":"info","time":"${time}","component":"node.consensus","height":12,"tx":{"count":3},"msg":"block committed"}\n`,
    ]);
  });

  it('gives fields with its own names another one', () => {
    const { log, to } = make('json', { fields: { host: 'a' } });
    log.info('x', {
      level: 'fatal',
      time: 0,
      msg: 'y',
      component: 'z',
      event: 'auth.failed',
      host: 'b',
    });
    expect(to.record).toEqual({
      level: 'info',
      time,
      host: 'a',
      level_: 'fatal',
      time_: 0,
      msg_: 'y',
      component_: 'z',
      event_: 'auth.failed',
      host_: 'b',
      msg: 'x',
    });
  });

  it('has the fields of its ancestors', () => {
    const { log, to } = make('json', { fields: { node: 1 } });
    log.child('a', { x: 1, password: 'p' }).child('b', { y: 2 }).warn('m');
    expect(to.record).toMatchObject({
      component: 'a.b',
      node: 1,
      x: 1,
      y: 2,
      password: '[redacted]',
    });
  });

  it('cleans the message', () => {
    const { log, to } = make();
    log.error('forged\n{"level":"fatal"} password=hunter2');
    expect(to.record['msg']).toBe('forged\\n{"level":"fatal"} password=[redacted]');
    expect(to.lines[0]!.indexOf('\n')).toBe(to.lines[0]!.length - 1);
  });

  it('takes what is not text', () => {
    const { log, to } = make();
    const untyped = log as unknown as Record<LogLevel, (...all: unknown[]) => void>;
    untyped.info({ a: 1 }, 5);
    untyped.info(undefined, null);
    untyped.info(new Error('x'));
    expect(to.lines).toHaveLength(3);
    expect(JSON.parse(to.lines[0]!)).toMatchObject({ msg: '{"a":1}', value: 5 });
  });
});

describe('levels', () => {
  it('writes from the least level on', () => {
    const { log, to } = make('json', { level: 'warn' });
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)
      log[level]('x');
    expect(to.lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      'warn',
      'error',
      'fatal',
    ]);
    expect(log.isEnabled('info')).toBe(false);
    expect(log.isEnabled('error')).toBe(true);
    expect(log.isEnabled('silent')).toBe(false);
  });

  it('knows levels of components and those under them', () => {
    const { log, to } = make('json', {
      level: 'error',
      levels: { 'node.net': 'debug', 'node.net.dht': 'silent' },
    });
    const node = log.child('node');
    node.info('0');
    node.child('net').debug('1');
    node.child('net').child('peers').debug('2');
    node.child('net').child('dht').fatal('3');
    node.child('network').info('4');
    expect(to.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['1', '2']);
  });

  it('has levels per output', () => {
    const [a, b] = [capture(), capture()];
    const log = createLogger({
      level: 'debug',
      outputs: [
        { destination: a, format: 'json' },
        { destination: b, format: 'text', level: 'error', colour: false },
      ],
    });
    log.debug('x');
    log.error('y');
    expect([a.lines.length, b.lines.length]).toEqual([2, 1]);
  });

  it('refuses a level that is none', () => {
    const outputs = [{ destination: capture(), format: 'json' as const }];
    for (const bad of [
      { level: 'loud' },
      { levels: { a: 'loud' } },
    ] as unknown as LoggerOptions[]) {
      expect(() => createLogger({ ...bad, outputs })).toThrow(
        expect.objectContaining({ code: 'LOGGING_OPTION' }),
      );
    }
  });

  it('does not touch fields below its level', () => {
    const { log } = make('json', { level: 'error' });
    let reads = 0;
    log.info('x', Object.defineProperty({}, 'a', { enumerable: true, get: () => reads++ }));
    expect(reads).toBe(0);
  });
});

describe('text lines', () => {
  it('is made for people', () => {
    const { log, to } = make('text');
    log.child('net').warn('peer left', { peer: 'abc', reason: 'too slow', n: 3, x: { a: [1] } });
    expect(to.lines).toEqual([
      `${time} WARN  net peer left peer=abc reason="too slow" n=3 x={"a":[1]}\n`,
    ]);
  });

  it('shows stacks on the same line', () => {
    const { log, to } = make('text');
    log.error('failed', { error: new Error('a\nb') });
    expect(to.lines[0]!.split('\n')).toHaveLength(2);
    expect(to.lines[0]).toContain(String.raw`a\\nb`);
  });

  it('colours when told', () => {
    const line = JSON.stringify({ level: 'error', time, component: 'c', msg: 'm', a: 1 });
    const escape = String.fromCharCode(27);
    expect(formatText(line, true)).toContain(`${escape}[31mERROR${escape}[0m`);
    expect(formatText(line, false)).not.toContain(escape);
  });

  it('formats foreign lines without trusting them', () => {
    expect(formatText('not json \u001b[2J\n')).toBe('not json \\u001b[2J');
    expect(formatText('5')).toBe('5');
    expect(formatText('{"msg":"a\\u001b[2J\\nb"}')).not.toContain('\n');
    expect(formatText('{"level":3,"k k":null}')).toContain('"k k"=null');
  });

  it.each<[Record<string, string>, boolean, boolean]>([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '0', FORCE_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('with %o on a terminal (%s) colours: %s', (environment, isTerminal, expected) => {
    expect(wantsColour(environment, isTerminal)).toBe(expected);
  });
});

describe('ECS lines', () => {
  it('uses the names of the schema', () => {
    const { log, to } = make('ecs', { fields: { region: 'eu' } });
    log.child('net').error('failed', { height: 4, error: new TypeError('bad') });
    expect(to.record).toMatchObject({
      'log.level': 'error',
      '@timestamp': time,
      'ecs.version': '8.11.0',
      'log.logger': 'net',
      labels: { region: 'eu' },
      mxd: { height: 4 },
      error: { type: 'TypeError', message: 'bad' },
      message: 'failed',
    });
  });

  it('maps security events', () => {
    const { log, to } = make('ecs');
    log.security('auth.failed', {
      user_id: 'bob',
      ip: '10.0.0.1',
      method: 'password',
      reason: 'wrong',
      request_id: 'r1',
    });
    expect(to.record).toMatchObject({
      event: {
        kind: 'event',
        action: 'auth.failed',
        category: ['authentication'],
        type: ['start'],
        outcome: 'failure',
      },
      user: { id: 'bob' },
      source: { ip: '10.0.0.1' },
      http: { request: { id: 'r1' } },
      mxd: { method: 'password', reason: 'wrong' },
    });
  });

  it('shapes errors that are none', () => {
    const { log, to } = make('ecs');
    log.error('x', { error: 'text' });
    log.error('x', { err: { code: 5, extra: 1 } });
    expect(JSON.parse(to.lines[0]!)).toMatchObject({ error: { message: 'text' } });
    expect(JSON.parse(to.lines[1]!)).toMatchObject({ error: { code: '5', mxd: { extra: 1 } } });
  });
});

describe('security events', () => {
  it('carries event, user_id and ip', () => {
    const { log, to } = make();
    log
      .child('api')
      .security('auth.failed', { user_id: 'bob', ip: '::1', method: 'token', reason: 'expired' });
    expect(to.record).toEqual({
      level: 'warn',
      time,
      component: 'api',
      event: 'auth.failed',
      user_id: 'bob',
      ip: '::1',
      method: 'token',
      reason: 'expired',
      msg: securityEvents['auth.failed'].meaning,
    });
  });

  it('says what is missing rather than staying silent', () => {
    const { log, to } = make();
    const untyped = log as unknown as { security(event: string, fields: unknown): void };
    untyped.security('peer.banned', { peer_id: 5, extra: 1, msg: 'x' });
    expect(to.record['event_problems']).toEqual([
      'peer_id: not a string',
      'reason: missing',
      'duration_ms: missing',
      'extra: not in the catalogue',
      'msg: not in the catalogue',
    ]);
    untyped.security('no.such', {});
    expect(log.counts.failed).toBe(1);
  });

  it('has names of one form, and known ways only', () => {
    for (const [name, definition] of Object.entries(securityEvents)) {
      expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
      for (const field of Object.keys(definition.fields)) expect(field).toMatch(/^[a-z][a-z_]*$/);
      expect(securityEvent(name)).toBe(definition);
    }
    expect(securityEvent('toString')).toBeUndefined();
    expect(
      checkEventFields(securityEvents['node.started'], { version: 'x', network: undefined }),
    ).toEqual([]);
    expect(checkEventFields(securityEvents['audit.opened'], { records: NaN })).toEqual([
      'records: not finite',
    ]);
  });

  it('names user_id and ip the same everywhere, and marks them personal', () => {
    for (const { fields } of Object.values(securityEvents)) {
      for (const [name, type] of Object.entries(fields)) {
        expect(type.startsWith('personal')).toBe(name === 'user_id' || name === 'ip');
      }
    }
  });
});

describe('secrets in lines', () => {
  it('leave the bindings of loggers made before they were registered', () => {
    const registry = new SecretRegistry();
    const { log, to } = make('json', { registry });
    const child = log.child('vault', { id: 'correct-horse-9' });
    registry.register('correct-horse-9');
    child.info('x');
    expect(to.record).toMatchObject({ id: '[redacted secret]', component: 'vault' });
    expect(log.counts.withheld).toBe(0);
  });

  it('withhold the line when they arise from clean parts', () => {
    const registry = new SecretRegistry();
    registry.register('12345678901');
    for (const format of ['json', 'ecs', 'text'] as const) {
      const { log, to } = make(format, { registry });
      log.info('x', { n: 12_345_678_901 });
      expect(to.lines[0]).not.toContain('12345678901');
      expect(to.lines[0]).toContain('line withheld');
      expect(log.counts).toMatchObject({ lines: 1, withheld: 1 });
    }
  });

  it('leave the component', () => {
    const registry = new SecretRegistry();
    const { log, to } = make('json', { registry });
    registry.register('correct-horse-9');
    log.child('correct-horse-9').info('x');
    expect(to.record['component']).toBe('[redacted secret]');
  });
});

describe('failures', () => {
  it('of a destination are counted, not thrown', () => {
    const to = capture();
    const fail = (): never => {
      throw new Error('full');
    };
    const broken: Destination = { ...nullDestination(), write: fail, flush: fail };
    const log = createLogger({
      outputs: [
        { destination: broken, format: 'json' },
        { destination: to, format: 'json' },
      ],
    });
    log.info('x');
    log.flush();
    expect(log.counts).toMatchObject({ failed: 2, lines: 1 });
    expect(to.lines).toHaveLength(1);
  });

  it('of bindings are contained', () => {
    const { log, to } = make();
    const bad = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new Error('x');
      },
    });
    log.child('c', bad).info('still here');
    expect(to.record['msg']).toBe('still here');
  });

  it('of a logger given as a field do no harm', () => {
    const { log, to } = make();
    log.info('x', { log, sanitiser: new Sanitiser() });
    expect(to.lines).toHaveLength(1);
  });
});
