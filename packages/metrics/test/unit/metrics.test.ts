import { describe, expect, test } from 'vitest';

import { catalogue, Health, Metrics, MetricsError } from '../../src/index.ts';

const text = async (metrics: Metrics) => (await metrics.expose(['node', 'security'])).text;

describe('catalogue', () => {
  test('names are unique, prefixed, and end by type', () => {
    const names = Object.values(catalogue).map((definition) => definition.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type } of Object.values(catalogue)) {
      expect(name).toMatch(/^mxd_[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
    }
  });
});

describe('Metrics', () => {
  test('shows every metric of the catalogue from the start', async () => {
    const shown = await text(new Metrics());
    for (const { name, type, help } of Object.values(catalogue)) {
      expect(shown).toContain(`# TYPE ${name} ${type}`);
      expect(shown).toContain(`# HELP ${name} ${help}`);
    }
  });

  test('counts, sets and observes', async () => {
    const metrics = new Metrics();
    metrics.increment('finalBlocks');
    metrics.increment('finalBlocks', {}, 2);
    metrics.increment('mempoolAdmissions', { verdict: 'accepted' });
    metrics.set('epoch', 7);
    metrics.observe('commitDuration', 0.02);
    const shown = await text(metrics);
    expect(shown).toContain('mxd_final_blocks_total 3');
    expect(shown).toContain('mxd_mempool_admissions_total{verdict="accepted"} 1');
    expect(shown).toContain('mxd_epoch 7');
    expect(shown).toContain('mxd_commit_seconds_bucket{le="0.025"} 1');
    expect(shown).toContain('mxd_commit_seconds_bucket{le="0.01"} 0');
  });

  test('reads bound metrics at each scrape', async () => {
    const metrics = new Metrics();
    let height = 1;
    metrics.bind('finalHeight', () => height);
    metrics.bind('networkBytes', () => [
      [{ direction: 'in', channel: 'consensus' }, 10 * height],
      [{ direction: 'out', channel: 'gossip' }, 5],
    ]);
    expect(await text(metrics)).toContain('mxd_final_height 1');
    height = 5;
    const shown = await text(metrics);
    expect(shown).toContain('mxd_final_height 5');
    expect(shown).toContain('mxd_network_bytes_total{direction="in",channel="consensus"} 50');
    expect(() => metrics.set('finalHeight', 3)).toThrow(MetricsError);
    expect(() => metrics.bind('finalHeight', () => 3)).toThrow(MetricsError);
  });

  test('an unknown label value becomes `other`', async () => {
    const metrics = new Metrics();
    for (const verdict of ['a"b', 'evil\n', 'x'.repeat(999)]) {
      metrics.increment('mempoolAdmissions', { verdict });
    }
    const shown = await text(metrics);
    expect(shown).toContain('mxd_mempool_admissions_total{verdict="other"} 3');
    expect(shown).not.toContain('evil');
  });

  test('refuses values that are no number, lowered counters and wrong types', () => {
    const metrics = new Metrics();
    expect(() => metrics.set('epoch', Number.NaN)).toThrow(MetricsError);
    expect(() => metrics.increment('finalBlocks', {}, -1)).toThrow(MetricsError);
    expect(() => metrics.increment('epoch')).toThrow(MetricsError);
    expect(() => metrics.set('finalBlocks', 1)).toThrow(MetricsError);
    expect(() => metrics.observe('epoch', 1)).toThrow(MetricsError);
    expect(() => metrics.bind('commitDuration', () => 1)).toThrow(MetricsError);
  });

  test('security metrics are a group of their own', async () => {
    const metrics = new Metrics();
    metrics.increment('authFailures');
    const { text: shown } = await metrics.expose(['security']);
    expect(shown).toContain('mxd_auth_failures_total 1');
    expect(shown).not.toContain('mxd_final_height');
  });

  test('speaks OpenMetrics to a scraper that asks for it', async () => {
    const metrics = new Metrics();
    metrics.increment('finalBlocks');
    const { contentType, text: shown } = await metrics.expose(
      ['node'],
      'application/openmetrics-text; version=1.0.0',
    );
    expect(contentType).toContain('application/openmetrics-text');
    expect(shown.endsWith('# EOF\n')).toBe(true);
    expect(shown).toContain('# TYPE mxd_final_blocks counter');
    expect(shown).toContain('mxd_final_blocks_total 1');
  });
});

describe('Health', () => {
  test('is live by live parts and ready by all', () => {
    const health = new Health();
    let syncing = true;
    health.register('store', 'live', () => ({ ok: true, reason: 'open' }));
    health.register('sync', 'ready', () => ({ ok: !syncing, reason: 'height 3 of 9' }));
    expect(health.report('live')).toEqual({
      ok: true,
      parts: { store: { ok: true, reason: 'open' } },
    });
    expect(health.report('ready').ok).toBe(false);
    syncing = false;
    expect(health.report('ready').ok).toBe(true);
  });

  test('a probe that throws is a reason, not a crash', () => {
    const health = new Health();
    health.register('store', 'live', () => {
      throw new Error('disk gone');
    });
    expect(health.report('live')).toEqual({
      ok: false,
      parts: { store: { ok: false, reason: 'disk gone' } },
    });
  });
});
