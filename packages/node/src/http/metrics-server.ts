import type { Health, HealthQuestion, Metrics } from '@mxd/metrics';
import fastify, { type FastifyInstance } from 'fastify';

import { listen, type HttpListener } from './server.ts';

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Further metrics as Prometheus text: those of plugins. */
  readonly more: () => string;
}

/** Appends further series; OpenMetrics ends with a line that must stay the last one. */
function joined(text: string, more: string): string {
  const end = '# EOF\n';
  return text.endsWith(end) ? text.slice(0, -end.length) + more + end : text + more;
}

/** Serves metrics and health on a listener of their own. @throws NodeError NODE_PORT. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<HttpListener> {
  const { host, port, metrics, health, more } = options;
  const app: FastifyInstance = fastify({ bodyLimit: 1_024, forceCloseConnections: true });
  app.get('/metrics', async (request, reply) => {
    const exposed = await metrics.expose(['node', 'security'], request.headers.accept);
    return reply.type(exposed.contentType).send(joined(exposed.text, more()));
  });
  app.get('/security-metrics', async (request, reply) => {
    const exposed = await metrics.expose(['security'], request.headers.accept);
    return reply.type(exposed.contentType).send(exposed.text);
  });
  const answer = (path: string, question: HealthQuestion): void => {
    app.get(path, (_, reply) => {
      const report = health.report(question);
      return reply.code(report.ok ? 200 : 503).send(report);
    });
  };
  answer('/livez', 'live');
  answer('/healthz', 'live');
  answer('/readyz', 'ready');
  return listen(app, host, port);
}
