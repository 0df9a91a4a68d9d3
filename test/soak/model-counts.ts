/** How many messages there were, and what became of them. */
export class ModelCounts {
  connections = 0;
  /** Messages whose sending was confirmed. */
  messages = 0;
  deliveries = 0;
  /** Deliveries that had to be, as far as judged. */
  due = 0;
  /** Deliveries that did not come and need not have: the member's leave or end was under way. */
  excused = 0;
  /** The same for connections that were flooded, and closed for it. */
  cut = 0;
  /** Messages that slow connections lost where the server drops. */
  dropped = 0;
}
