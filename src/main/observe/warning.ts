import { type EngineError, stackOf } from '../../shared/api/errors.ts';

/** Tells of an error that nobody listens to, without ending the process. */
export function warnOf(error: EngineError): void {
  const { cause, stack, name, code, message } = error;
  const detail = stackOf(cause) ?? stack ?? ''; // where it came from
  process.emitWarning(message, { type: name, code, detail });
}
