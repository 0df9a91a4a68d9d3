import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { StandardJSONSchemaV1 } from '@standard-schema/spec';
import { messageOf } from '../shared/api/errors.ts';
import type { Schema } from '../shared/api/event-schemas.ts';

/** A JSON Schema, draft 7. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The payload is described as it is sent: ahead of what a schema makes of it. */
const FORM = { target: 'draft-07' } as const;

/** Libraries that have no Standard JSON Schema: a package, its function, its options. */
const CONVERTERS: Readonly<Record<string, readonly [string, string, object]>> = {
  valibot: ['@valibot/to-json-schema', 'toJsonSchema', { ...FORM, typeMode: 'input' }],
  zod: ['zod', 'toJSONSchema', { ...FORM, io: 'input' }],
};

/** Turns schemas into JSON Schema, by the libraries that the module has. */
export class JsonSchemas {
  readonly #resolve: (name: string) => string;
  readonly #note: (text: string) => void;

  /**
   * @param module its URL: libraries are looked for from there
   * @param note is told of each schema that could not be turned
   */
  constructor(module: URL, note: (text: string) => void) {
    this.#resolve = createRequire(module).resolve;
    this.#note = note;
  }

  /** The JSON Schema of a schema, or {}. @param what names it in the note */
  async of(schema: Schema, what: string): Promise<JsonSchema> {
    try {
      const { $schema, ...rest } = await this.#convert(schema);
      return rest;
    } catch (thrown) {
      this.#note(`${what}: {} stands for a schema of ${vendorOf(schema)}: ${messageOf(thrown)}`);
      return {};
    }
  }

  async #convert(schema: Schema): Promise<JsonSchema> {
    const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
    if (jsonSchema !== undefined) return jsonSchema.input(FORM);
    const converter = CONVERTERS[vendorOf(schema)];
    if (converter !== undefined) return this.#convertBy(schema, ...converter);
    const { toJsonSchema } = schema as { toJsonSchema?(): JsonSchema }; // that of ArkType
    if (typeof toJsonSchema === 'function') return toJsonSchema.call(schema);
    throw new Error('it has no Standard JSON Schema');
  }

  async #convertBy(
    schema: Schema,
    name: string,
    method: string,
    options: object,
  ): Promise<JsonSchema> {
    let path: string;
    try {
      path = this.#resolve(name);
    } catch {
      throw new Error(`install ${name} beside it`);
    }
    const library = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
    const convert = library[method];
    if (typeof convert !== 'function') throw new Error(`this ${name} has no ${method}`);
    return convert(schema, options) as JsonSchema;
  }
}

function vendorOf(schema: Schema): string {
  return schema['~standard'].vendor;
}
