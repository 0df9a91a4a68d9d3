import { type EngineError, stackOf } from '../../shared/api/errors.ts';

/** Makes a process warning of an error that has no listener; the process goes on. */
export function warnOf(error: EngineError): void {
  const { cause, stack, name, code, message } = error;
  // Where it came from; one of another thread has no frames, and would say its message again.
  const detail = stackOf(cause) ?? (stack?.includes('\n    at ') ? stack : '');
  process.emitWarning(message, { type: name, code, detail });
}
