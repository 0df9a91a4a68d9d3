/** An origin with '*.' in place of any subdomain, as prefix and suffix around it. */
const PATTERN = /^(https?:\/\/)\*(\.[^*]+)$/;
/** Origins of apps, such as 'capacitor://localhost': what a browser engine makes of their schemes. */
const OF_APPS = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*\\]*$/;
/** Schemes whose origins the URL parser knows. */
const OF_PAGES = /^(?:https?|wss?|ftp|blob|javascript|data):/;

/** Whether a value is a list of origins: of pages, of apps, patterns, or 'null'. */
export function isOriginList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isListed);
}

function isListed(item: unknown): boolean {
  if (typeof item !== 'string') return false;
  if (item === 'null') return true;
  const [, scheme, suffix] = PATTERN.exec(item) ?? [];
  if (suffix !== undefined) return isPageOrigin(`${scheme}any${suffix}`);
  return OF_PAGES.test(item) ? !item.includes('*') && isPageOrigin(item) : OF_APPS.test(item);
}

function isPageOrigin(item: string): boolean {
  return URL.parse(item)?.origin === item;
}

/** Whether a list has an origin, or a pattern that it fits. @param origin as a client sends it */
export function hasOrigin(list: readonly string[], origin: string): boolean {
  if (list.includes(origin)) return true;
  if (!/^https?:/i.test(origin)) return false; // that of a URL of an app is 'null'
  const page = URL.parse(origin)?.origin;
  if (page === undefined) return false;
  return list.some((item) => item === page || fits(item, page));
}

function fits(item: string, page: string): boolean {
  const [, scheme, suffix] = PATTERN.exec(item) ?? [];
  if (scheme === undefined || suffix === undefined) return false;
  const isLongEnough = page.length > scheme.length + suffix.length;
  return isLongEnough && page.startsWith(scheme) && page.endsWith(suffix);
}
