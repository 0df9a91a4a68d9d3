const ABSOLUTE_FORM = /^[a-z][-+.0-9a-z]*:\/\/([^/?]+)/i;

/** Returns the path of a request's target as it was sent, without its query; undefined: none. */
export function pathOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const [origin = ''] = url.startsWith('/') ? [] : (ABSOLUTE_FORM.exec(url) ?? []);
  const query = url.indexOf('?');
  const path = url.slice(origin.length, query === -1 ? undefined : query);
  if (path.startsWith('/')) return path;
  return origin !== '' && path === '' ? '/' : undefined;
}

/**
 * Returns the host of a target in absolute form, with its port; undefined: it has none. It counts
 * instead of the Host header (RFC 9112 section 3.2.2).
 */
export function hostOf(url: string | undefined): string | undefined {
  if (url === undefined || url.startsWith('/')) return undefined;
  const [, authority] = ABSOLUTE_FORM.exec(url) ?? [];
  return authority?.slice(authority.lastIndexOf('@') + 1);
}
