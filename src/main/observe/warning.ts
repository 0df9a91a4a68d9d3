import type { EventEmitter } from 'node:events';
import { type EngineError, stackOf } from '../../shared/api/errors.ts';
import type { EngineEvents } from '../engine-events.ts';

/** Emits an error of an engine; where nobody listens it becomes a process warning. */
export function emitError(engine: EventEmitter<EngineEvents>, error: EngineError): void {
  if (engine.listenerCount('error') > 0) engine.emit('error', error);
  else warnOf(error);
}

/** Makes a process warning of an error that has no listener; the process goes on. */
function warnOf(error: EngineError): void {
  const { cause, stack, name, code, message } = error;
  // Where it came from; one of another thread has no frames, and would say its message again.
  const detail = stackOf(cause) ?? (stack?.includes('\n    at ') ? stack : '');
  process.emitWarning(message, { type: name, code, detail });
}
