import { type ParseArgsConfig, parseArgs } from 'node:util';
import { isPathOrEmpty, optionError } from '../shared/options/option-rules.ts';

/** The options of the command. */
export interface Options {
  /** The path of the module that exports `events`. */
  readonly module: string;
  /** The path of the server; undefined: the document does not say it. */
  readonly endpoint: string | undefined;
  readonly title: string;
  readonly version: string;
  /** The file to write; undefined: standard output. */
  readonly output: string | undefined;
}

/** The text of `--help`. */
export const HELP = `usage: fanring-asyncapi ./events.ts [options]

Writes an AsyncAPI 3 document, as JSON, of the schemas that a module exports as \`events\`.

  --endpoint PATH   the path of the server, such as /chat
  --title TEXT      the title of the document; default: the endpoint, else the file's name
  --version TEXT    the version of the events; default 1.0.0
  --output FILE     the file to write; default: standard output
  --help

A schema that its library cannot turn into JSON Schema becomes {}, and standard error says so. The
exit code is 0, 1 where there is no document, 2 for a wrong option.
`;

const OPTIONS = {
  endpoint: { type: 'string' },
  title: { type: 'string' },
  version: { type: 'string', default: '1.0.0' },
  output: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} satisfies ParseArgsConfig['options'];

/**
 * Reads the arguments of the command; undefined where it is asked for help.
 * @throws an error with a message for the user
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const [module, ...others] = positionals;
  if (module === undefined || others.length > 0) {
    throw new Error(`name one module that exports events, not ${positionals.length}`);
  }
  const { endpoint, version, output } = values;
  if (endpoint !== undefined && !(endpoint !== '' && isPathOrEmpty(endpoint))) {
    throw optionError('endpoint', endpoint, "a path such as '/chat'");
  }
  const title = values.title ?? endpoint ?? module.replace(/^.*[/\\]|\.[^.]*$/g, '');
  return { module, endpoint, title, version, output };
}
