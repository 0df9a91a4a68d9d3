import assert from 'node:assert/strict';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';
import {
  BUILT_CLIENT_SCRIPT,
  BUILT_MSGPACK_MODULE,
  clientScriptHead,
  MSGPACK_MODULE,
} from '../src/main/script/client-script.ts';
import { DEFAULT_EVENT_PREFIX } from '../src/shared/codec/text-codec.ts';

const TARGET = 'es2022';
const OPENING = '(()=>{';

/** What the text build of the client may have, in bytes gzipped: less than this. */
export const MAX_CLIENT_SIZE = 5120;

/**
 * What the classes of the client call each other's properties; no page sees them, and no platform
 * has them. Short ones save the bytes that let the classes be several.
 */
const OF_CLIENT = [
  'abandon|begin|connection|end|ended|events|fail|hooks|lists|meet|options|opened|prepare|received|report|retrying|socket|target|tell|tellError',
  'allowed|check|fallback|secret', // of the rules of options
];

/** What codecs call theirs: the same in both files, of which a page may have one from its cache. */
const OF_CODECS = {
  ask: 'K',
  encodeAnswer: 'A',
  encodeFailure: 'F',
  encodeHello: 'H',
  encodeMessage: 'M',
  withAsk: 'W',
  answerTo: 'T',
  failure: 'R',
  native: 'N',
  maxEventNameBytes: 'B',
} as const;

const SHORT_NAMES: BuildOptions = {
  mangleProps: new RegExp(`^(${[...OF_CLIENT, ...Object.keys(OF_CODECS)].join('|')})$`),
  mangleCache: OF_CODECS,
};

/** An error of the script has its code for a message: words are a tenth of all its bytes. */
const WORDS = String.raw`\s*('[^']*'|\`(?!\$\{(?:prefix|name)\})[^\`]*\`|LAYOUT),?\s*\)`;
const FAULTS = new RegExp(String.raw`\b(malformedEvent|unencodable)\(${WORDS}`, 'g');
const ERRORS = new RegExp(String.raw`(new EngineError\(\s*'\w+'),${WORDS}`, 'g');
/** Of an option that is wrong its name. */
const NAMED = /('ERR_OPTION',\s*)`((?:\$\{prefix\})?\$\{name\}):? [^`]*`/g;
const TYPE_ERRORS = new RegExp(String.raw`(new TypeError)\(${WORDS}`, 'g');

/** The words for what is allowed, which no error of the script has. */
const ALLOWED = /(\boptionError\([^,()]+,[^,()]+,\s*)'[^']*'/g;
const RULES = /\brule\(\s*('[^']*'|"[^"]*"|`[^`]*`),/g;

/** Nor has one the rule for names of events, or a name for options as a whole. */
const NAME_RULE = /\b(malformedEvent)\(nameRule\([^)]*\)\)/g;
const WHAT = /, '', 'the options of emitWithAck'|,\s*what = [^\n]*options',/g;

/** An error of a codec has its code ahead of its cause. */
const CODEC_ERRORS = /\berrorOf\(('\w+'), '[^']*'/g;

/** Nobody throws a page a value that has no text. */
const NO_TEXT = / \?\? 'a value without text'/;

/** No option of a page is a secret. */
const SECRET = /, secret \}|\bsecret \? secretError\([^)]*\) : /g;

/** Where nothing else stands for it, the code of an error is its message. */
const MESSAGE = /\bconstructor\(code: ErrorCode, message: string,/;

/** Nothing in the script closes a connection with the code of an error. */
const CLOSE_CODE = /^ *if \(options\.closeCode .*$/m;

/** The script has few words for its errors. */
const briefly: Plugin = {
  name: 'briefly',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source
        .replace(FAULTS, "$1('')")
        .replace(NAMED, '$1`$2`')
        .replace(ERRORS, '$1)')
        .replace(TYPE_ERRORS, '$1()')
        .replace(ALLOWED, "$1''")
        .replace(RULES, "rule('',")
        .replace(NAME_RULE, "$1('')")
        .replace(CODEC_ERRORS, 'errorOf($1, $1')
        .replace(NO_TEXT, " ?? ''")
        .replace(WHAT, '')
        .replace(SECRET, (found) => (found.endsWith('}') ? ' }' : ''))
        .replace(CLOSE_CODE, '')
        .replace(MESSAGE, 'constructor(code: ErrorCode, message: string = code,');
      return { contents, loader: 'ts' };
    });
  },
};

/** The script has the prefix of events from its head, which its server writes. */
const prefixAtHead: Plugin = {
  name: 'prefix-at-head',
  setup({ onLoad }) {
    onLoad({ filter: /\/event-prefix\.ts$/ }, () => ({
      contents: 'export const DEFAULT_EVENT_PREFIX = EVENT_PREFIX;',
    }));
  },
};

/** The script does without what only Node tells. */
const nothingOfNode: Plugin = {
  name: 'nothing-of-node',
  setup({ onLoad }) {
    onLoad({ filter: /\/received-bytes\.ts$/ }, () => ({
      contents: 'export const followBytes = () => {}, receivedBytes = () => 0;',
    }));
  },
};

/** The script asks for the codec that it does not have where the server serves it: beside itself. */
const msgpackBeside: Plugin = {
  name: 'msgpack-beside',
  setup({ onResolve }) {
    onResolve({ filter: /\/msgpack-codec\.ts$/ }, () => ({
      path: `./${MSGPACK_MODULE}`,
      external: true,
    }));
  },
};

/**
 * Bundles the browser client into one classic script, with the default event prefix at its head.
 * @returns its text
 */
async function bundleClient(): Promise<string> {
  const script = await bundle('../src/client/iris-ws.ts', {
    ...SHORT_NAMES,
    minifySyntax: true,
    plugins: [msgpackBeside, prefixAtHead, nothingOfNode, briefly],
  });
  return `${OPENING}${script}})();`;
}

/** Makes a script smaller than a bundle is made: only inside a function is nothing global. */
async function minify(script: string): Promise<string> {
  const { code } = await transform(script, { minify: true, target: TARGET });
  assert(code.startsWith(OPENING), 'the head takes the place of how the script begins');
  return clientScriptHead(DEFAULT_EVENT_PREFIX) + code.slice(OPENING.length);
}

/** Writes the scripts to where servers read them, and prints how large they are. */
export async function buildClient(): Promise<void> {
  const [raw, msgpack] = await Promise.all([
    bundleClient(),
    bundle('../src/shared/codec/msgpack-codec.ts', { ...SHORT_NAMES, minify: true }),
  ]);
  const script = await minify(raw);
  await write(BUILT_CLIENT_SCRIPT, script);
  await write(BUILT_MSGPACK_MODULE, msgpack);
  const size = gzippedSize(script);
  const sizes = `${raw.length} bytes, ${script.length} minified, ${size} gzipped`;
  console.log(`iris-ws.js (text): ${sizes}`);
  console.log(`${MSGPACK_MODULE}: ${msgpack.length} minified, ${gzippedSize(msgpack)} gzipped`);
  if (size >= MAX_CLIENT_SIZE) {
    throw new Error(
      `iris-ws.js has ${size} bytes gzipped; less than ${MAX_CLIENT_SIZE} are allowed`,
    );
  }
}

/** The bytes of a script, gzipped as well as can be. */
export function gzippedSize(script: string | Uint8Array): number {
  return gzipSync(script, { level: 9 }).length;
}

async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: TARGET,
    ...options,
  });
  const [output] = result.outputFiles ?? [];
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return output.text;
}

async function write(file: URL, script: string): Promise<void> {
  // At once: a server or a test may be reading it.
  const half = new URL(`${file}.${process.pid}`);
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(half, script);
  await rename(half, file);
}

if (import.meta.main) await buildClient();
