import { Refusal, type RefusalTerms, refusalOf } from '../api/refusal.ts';
import type { AppConnection } from './app-connection.ts';

/** The way to the socket of a new connection. */
interface OpeningLink {
  /** Lets bytes leave, and reads. */
  open(): void;
  /** Answers with an HTTP error in place of the 101. */
  refuse(refusal: RefusalTerms): void;
}

/**
 * Opens a connection when its `onConnection` handlers are done, or refuses it as they say: with a
 * `Refusal`, or an error that has a `status`. Anything else is a defect: 500, and the engine is told.
 * @param pending the result of {@link AppConnection.connected}
 */
export function whenConnected(
  link: OpeningLink,
  app: Pick<AppConnection, 'setupFailed'>,
  pending: Promise<void> | undefined,
): void {
  if (pending === undefined) {
    link.open();
    return;
  }
  pending.then(
    () => link.open(),
    (thrown: unknown) => {
      const refusal = refusalOf(thrown);
      if (refusal === undefined) app.setupFailed(thrown);
      link.refuse(refusal ?? new Refusal(500));
    },
  );
}
