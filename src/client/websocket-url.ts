/**
 * Completes the URL of an endpoint as pages for iris write it: what has a scheme is left alone, a
 * path is one of the page's host, all else begins with a host. The scheme follows the page: `wss:`
 * where it came by `https:`, else `ws:`.
 * @param page the page's `location`; undefined outside a browser
 * @throws TypeError for a path where there is no page
 */
export function websocketUrl(
  url: string,
  page: Pick<Location, 'href' | 'protocol'> | undefined,
): string {
  if (/^[a-z]+:\/\//i.test(url)) return url;
  if (url[0] === '/') return new URL(url, page?.href).href.replace(/^http/, 'ws');
  return (page?.protocol === 'https:' ? 'wss://' : 'ws://') + url;
}
