import { type EngineError, handlerError } from '../../shared/api/errors.ts';
import type { ConnectionRequest } from '../../shared/api/public-types.ts';
import { Refusal, refusalOf } from '../../shared/api/refusal.ts';
import { isThenable } from '../../shared/app/handler-calls.ts';
import type { Renewal } from '../../shared/expiry/expiries.ts';
import { type Decision, decisionOf } from '../../shared/expiry/with-expiry.ts';
import type { ResolvedServerOptions } from '../../shared/options/server-options.ts';
import { clearTimeout, setTimeout } from '../../shared/time/timers.ts';

/** The bounds of a decision of `authorize`. */
interface DecisionBounds {
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Is aborted when the engine closes. */
  readonly closing: AbortSignal;
}

/**
 * Asks the app about a request.
 * @throws Refusal 401, 503 after a timeout or when the engine closes; errors of `authorize`
 */
export function authorized(
  request: ConnectionRequest,
  { authorize }: Pick<ResolvedServerOptions, 'authorize'>,
  bounds: DecisionBounds,
): Decision | Promise<Decision> {
  const answer: unknown = authorize?.(request);
  return isThenable(answer) ? within(answer, bounds).then(decisionOf) : decisionOf(answer);
}

/**
 * Makes the function that asks the app about a new token of a connection. The app gets the request
 * that the connection came with, and the new token in it. The function never rejects.
 * @param report gets errors of `authorize` that refuse nothing
 */
export function renewalOf(
  { token: _, ...request }: ConnectionRequest,
  options: Pick<ResolvedServerOptions, 'authorize' | 'endpoint'>,
  bounds: DecisionBounds,
  report: (error: EngineError) => void,
): (token: string) => Promise<Renewal> {
  return async (token) => {
    try {
      const decision = await authorized({ ...request, token }, options, bounds);
      return { outcome: 'renewed', ...decision };
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      if (refusal !== undefined) {
        // From 500 on it says nothing of the token.
        const outcome = refusal.status < 500 ? 'refused' : 'failed';
        return { outcome, why: `authorize answered the new one with ${refusal.status}` };
      }
      report(handlerError(`${options.endpoint}: deciding on a new token`, thrown));
      return { outcome: 'failed', why: 'authorize threw for the new one' };
    }
  };
}

async function within<Value>(
  promise: PromiseLike<Value>,
  { timeoutMs, closing }: DecisionBounds,
): Promise<Value> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Refusal(503, 'authorize timed out')), timeoutMs);
  const onClosing = () => reject(new Refusal(503));
  closing.addEventListener('abort', onClosing);
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', onClosing);
  }
}
