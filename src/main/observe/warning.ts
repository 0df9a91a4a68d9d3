import { type EngineError, stackOf } from '../../shared/api/errors.ts';

/** Makes a process warning of an error that has no listener; the process goes on. */
export function warnOf(error: EngineError): void {
  const { cause, stack, name, code, message } = error;
  const detail = stackOf(cause) ?? stack ?? ''; // where it came from
  process.emitWarning(message, { type: name, code, detail });
}
