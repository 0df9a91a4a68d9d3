import type { EventEntry } from '../shared/schema/schema-table.ts';
import type { JsonSchema, JsonSchemas } from './json-schemas.ts';
import type { Options } from './options.ts';

type Members = Record<string, unknown>;

const CHANNEL = 'events';
const DESCRIPTION =
  'Events of a fanring server, in frames of a WebSocket. Each may go either way. PROTOCOL.md of ' +
  'fanring says how events and answers look on the wire.';

/** Keywords whose values are data: a `$ref` in there is none. */
const DATA = new Set(['const', 'default', 'enum', 'example', 'examples']);

/** Makes an AsyncAPI 3 document of the schemas of events. */
export async function asyncApiDocument(
  events: ReadonlyMap<string, EventEntry>,
  schemas: Pick<JsonSchemas, 'of'>,
  { title, version, endpoint }: Pick<Options, 'title' | 'version' | 'endpoint'>,
): Promise<object> {
  const parts = new Parts();
  for (const [event, { payload, answer }] of events) {
    const key = parts.keyOf(event);
    parts.addMessage(key, event, await schemas.of(payload, event));
    if (answer !== undefined) {
      const json = await schemas.of(answer, `the answer to ${event}`);
      parts.addMessage(`${key}.answer`, `the answer to ${event}`, json);
    }
    parts.addOperations(key, answer !== undefined);
  }
  const { schemas: all, messages, operations } = parts;
  return {
    asyncapi: '3.0.0',
    info: { title, version },
    channels: {
      [CHANNEL]: {
        ...(endpoint !== undefined && { address: endpoint }),
        description: DESCRIPTION,
        messages,
        bindings: { ws: {} },
      },
    },
    operations,
    components: { schemas: all },
  };
}

/** The parts of a document that events add to. */
class Parts {
  readonly schemas: Members = {};
  readonly messages: Members = {};
  readonly operations: Members = {};
  readonly #keys = new Set<string>();

  /** A key for an event: names of components have fewer characters than events may have. */
  keyOf(event: string): string {
    const plain = event.replace(/[^\w-]/g, '_');
    let key = plain;
    for (let n = 2; this.#keys.has(key); n++) key = `${plain}-${n}`;
    this.#keys.add(key);
    return key;
  }

  addMessage(key: string, name: string, schema: JsonSchema): void {
    const at = `#/components/schemas/${key}`;
    this.schemas[key] = rebased(schema, at);
    this.messages[key] = { name, payload: { $ref: at } };
  }

  addOperations(key: string, isAnswered: boolean): void {
    for (const action of ['receive', 'send']) {
      this.operations[`${action}.${key}`] = {
        action,
        channel: { $ref: `#/channels/${CHANNEL}` },
        messages: [messageAt(key)],
        ...(isAnswered && {
          reply: {
            channel: { $ref: `#/channels/${CHANNEL}` },
            messages: [messageAt(`${key}.answer`)],
          },
        }),
      };
    }
  }
}

function messageAt(key: string): { readonly $ref: string } {
  return { $ref: `#/channels/${CHANNEL}/messages/${key}` };
}

/** The same schema, whose references to itself hold at its place in the document. */
function rebased<Value>(value: Value, at: string): Value {
  if (Array.isArray(value)) return value.map((item) => rebased(item, at)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]: [string, unknown]) => {
    if (DATA.has(name)) return [name, item];
    if (name === '$ref' && typeof item === 'string' && item.startsWith('#')) {
      return [name, at + item.slice(1)];
    }
    return [name, rebased(item, at)];
  });
  return Object.fromEntries(entries) as Value;
}
