const MAX_CHARACTERS = 80;
const MAX_ITEMS = 10;
const NAME = /^[a-z_]\w*$/i;

/**
 * A value of the app as errors show it, in one short line, much like `inspect` of Node.js. An
 * instance of a class is named alone, since it may hold keys.
 */
export function shown(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name}`.trimEnd();
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof URL) return `URL ${quoted(value.href)}`;
  if (Array.isArray(value)) return listed('[', value.map(brief), ']');
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    return `an instance of ${value.constructor?.name}`;
  }
  const entries = entriesOf(value);
  return listed(
    '{',
    entries.map(([name, item]) => `${NAME.test(name) ? name : quoted(name)}: ${brief(item)}`),
    '}',
  );
}

/** The entries of an object; a getter is not run, since it might throw. */
function entriesOf(value: object): [name: string, item: unknown][] {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(value));
  return properties.flatMap(([name, { enumerable, get, value: item }]) =>
    enumerable ? [[name, get ?? item]] : [],
  );
}

/** A value in an array or object. */
function brief(value: unknown): string {
  if (Array.isArray(value)) return '[Array]';
  return typeof value === 'object' && value !== null ? '[Object]' : shown(value);
}

function listed(open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return open + close;
  const rest = items.length > MAX_ITEMS ? [`${items.length - MAX_ITEMS} more`] : [];
  return `${open} ${[...items.slice(0, MAX_ITEMS), ...rest].join(', ')} ${close}`;
}

/** A text in single quotes, and in one line. */
function quoted(text: string): string {
  const [start, length] = [text.slice(0, MAX_CHARACTERS), text.length];
  const escaped = JSON.stringify(start).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  const more = length - start.length;
  return `'${escaped}'${more > 0 ? `... ${more} more characters` : ''}`;
}
