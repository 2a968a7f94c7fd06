import type { Health, HealthQuestion, Metrics } from '@mxd/metrics';
import fastify, { type FastifyInstance } from 'fastify';

import { listen, type HttpListener } from './server.ts';

/** Serves metrics and health on a listener of their own. @throws NodeError NODE_PORT. */
export async function startMetricsServer(
  host: string,
  port: number,
  metrics: Metrics,
  health: Health,
): Promise<HttpListener> {
  const app: FastifyInstance = fastify({ bodyLimit: 1_024, forceCloseConnections: true });
  app.get('/metrics', async (request, reply) => {
    const exposed = await metrics.expose(['node', 'security'], request.headers.accept);
    return reply.type(exposed.contentType).send(exposed.text);
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
