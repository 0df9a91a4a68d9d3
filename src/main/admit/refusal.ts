import { Refusal } from '../../shared/api/refusal.ts';

/** Returns the refusal that something thrown stands for; undefined where it is a defect. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  try {
    if (thrown instanceof Refusal) return thrown;
    const { status, message } = Object(thrown) as { status: number; message?: unknown };
    // A fault of the server is not shown to the client.
    const isForClient = status < 500 && typeof message === 'string';
    return new Refusal(status, isForClient ? message : undefined);
  } catch {
    return undefined; // it has no status to refuse with, or cannot even be looked at
  }
}
