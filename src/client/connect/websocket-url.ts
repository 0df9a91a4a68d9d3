/**
 * Completes the URL of an endpoint as pages for iris write it. A path is one of the page's host;
 * any other URL without a scheme begins with a host. The scheme then follows the page: `wss:` where
 * it came by `https:`, else `ws:`.
 * @param page the page's `location`; undefined outside a browser
 * @throws TypeError where it is no URL, or a path without a page
 */
export function websocketUrl(url: string, page: Pick<Location, 'href'> | undefined): string {
  const isPath = url[0] === '/'; // undefined has no [0]: that throws, too
  const absolute = isPath || /^\w+:\/\//.test(url) ? url : `//${url}`;
  // Where the URL has a host, only a scheme is taken from the page.
  const base = page?.href ?? (isPath ? undefined : 'ws://page');
  return new URL(absolute, base).href.replace(/^http/, 'ws');
}
