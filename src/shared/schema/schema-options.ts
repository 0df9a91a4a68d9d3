import { EngineError } from '../api/errors.ts';
import { schemaTable } from './schema-table.ts';

/** The options of a server that its schemas depend on. */
interface SchemaOptions {
  readonly events: unknown;
  readonly handlers: unknown;
  readonly checkOutgoing: boolean;
  readonly maxEventNameBytes: number;
}

/** Refuses schemas that cannot be used. @throws EngineError ERR_OPTION */
export function checkSchemaOptions(options: SchemaOptions): void {
  const { events, handlers, checkOutgoing, maxEventNameBytes } = options;
  if (events === undefined) {
    if (!checkOutgoing || handlers !== undefined) return;
    throw new EngineError('ERR_OPTION', 'checkOutgoing: there is nothing to check without events');
  }
  if (handlers !== undefined) {
    const message =
      'events: schemas cannot go to the threads of handlers; export const events in that module';
    throw new EngineError('ERR_OPTION', message);
  }
  schemaTable(events, 'events', 'ERR_OPTION', maxEventNameBytes);
}
