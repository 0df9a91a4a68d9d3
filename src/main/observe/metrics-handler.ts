import type { RequestListener, ServerResponse } from 'node:http';
import type { EngineStats } from '../../shared/api/stats.ts';
import { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';

/**
 * Returns a listener that answers GET and HEAD with an engine's metrics, in the text format of
 * Prometheus. Requests that come while others wait share one answer, and its cost.
 */
export function metricsHandler(stats: () => Promise<EngineStats>): RequestListener {
  let pending: Promise<string> | undefined;
  const text = () => {
    pending ??= stats()
      .then(prometheusText)
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    text()
      .then(
        (body) => send(response, body, request.method === 'HEAD'),
        () => response.headersSent || response.writeHead(503).end(), // the engine has been closed
      )
      .catch((error: Error) => response.destroy(error)); // the app has made it unusable
  };
}

function send(response: ServerResponse, body: string, headOnly: boolean): void {
  if (response.headersSent) return; // the app has answered meanwhile: a timeout, say
  const length = Buffer.byteLength(body);
  response.writeHead(200, { 'Content-Type': PROMETHEUS_TYPE, 'Content-Length': length });
  response.end(headOnly ? undefined : body);
}
