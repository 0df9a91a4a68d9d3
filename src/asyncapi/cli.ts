#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../shared/api/errors.ts';
import { MAX_NAME_BYTES } from '../shared/api/room-name.ts';
import { schemaTable } from '../shared/schema/schema-table.ts';
import { asyncApiDocument } from './document.ts';
import { JsonSchemas } from './json-schemas.ts';
import { HELP, type Options, readOptions } from './options.ts';

const EXIT = { OK: 0, FAILED: 1, USAGE: 2 } as const;

/** Resolves when the text has been taken: behind that the process may end. */
function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

function say(text: string): Promise<void> {
  return print(process.stderr, `fanring-asyncapi: ${text}\n`);
}

async function eventsOf(path: string, url: URL): Promise<unknown> {
  if (!existsSync(url)) throw new Error(`${path}: there is no such file`);
  let module: { readonly events?: unknown };
  try {
    module = (await import(url.href)) as typeof module;
  } catch (cause) {
    throw new Error(`${path} could not be loaded: ${messageOf(cause)}`, { cause });
  }
  if (module.events === undefined) {
    throw new Error(`${path} exports no events: export const events = { chat: schema }`);
  }
  return module.events;
}

async function write({ module, output, ...about }: Options): Promise<void> {
  const url = pathToFileURL(resolve(module));
  const events = await eventsOf(module, url);
  const table = schemaTable(events, `events of ${module}`, 'ERR_OPTION', MAX_NAME_BYTES);
  const notes: string[] = [];
  const document = await asyncApiDocument(
    table,
    new JsonSchemas(url, (note) => notes.push(note)),
    about,
  );
  for (const note of notes) await say(note);
  const text = `${JSON.stringify(document, undefined, 2)}\n`;
  if (output === undefined) await print(process.stdout, text);
  else await writeFile(output, text);
}

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    await say(`${messageOf(error)}\n(fanring-asyncapi --help says more)`);
    return EXIT.USAGE;
  }
  try {
    if (options === undefined) await print(process.stdout, HELP);
    else await write(options);
    return EXIT.OK;
  } catch (error) {
    await say(messageOf(error));
    return EXIT.FAILED;
  }
}

// A module may have opened what keeps a process alive: a connection to a database, say.
process.exit(await main());
