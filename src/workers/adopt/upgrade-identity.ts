import type { ConnectionRequest } from '../../shared/api/public-types.ts';
import type { ConnectionIdentity } from '../../shared/app/connection-link.ts';
import type { Expiry } from '../../shared/expiry/expiries.ts';
import type { Upgrade } from '../../shared/messages/control-messages.ts';

/** The identity that an upgrade gives a connection; its request is text until a handler asks. */
export class UpgradeIdentity implements ConnectionIdentity {
  readonly id: string;
  data: unknown;
  readonly expiry: Expiry | undefined;
  #request: string | ConnectionRequest;

  constructor({ id, data, expiry, request }: Pick<Upgrade, 'id' | 'data' | 'expiry' | 'request'>) {
    this.id = id;
    this.data = data;
    this.expiry = expiry;
    this.#request = request;
  }

  get requestText(): string | undefined {
    return typeof this.#request === 'string' ? this.#request : undefined;
  }

  get request(): ConnectionRequest {
    if (typeof this.#request === 'string') this.#request = JSON.parse(this.#request);
    return this.#request as ConnectionRequest;
  }

  set request(request: ConnectionRequest) {
    this.#request = JSON.stringify(request); // seldom asked for again, and smaller
  }
}
