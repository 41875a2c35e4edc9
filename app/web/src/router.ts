import { useSyncExternalStore } from 'react';

/**
 * Routes live behind the hash, so that any static server serves the dApp. `#/risk/SOL?from=1` is page `risk`, the rest
 * `['SOL']`, and a query.
 */
export interface Route {
  page: string;
  rest: string[];
  query: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter(Boolean).map(decode);
  return { page: parts[0] ?? '', rest: parts.slice(1), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Address of a page, for `<a href>`. */
export function href(page: string, rest: readonly string[] = [], query?: Record<string, string>) {
  const path = [page, ...rest].map(encodeURIComponent).join('/');
  const text = query ? new URLSearchParams(query).toString() : '';
  return `#/${path}${text === '' ? '' : `?${text}`}`;
}

export function go(page: string, rest: readonly string[] = [], query?: Record<string, string>) {
  window.location.hash = href(page, rest, query);
}

function subscribe(changed: () => void) {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

let last: { hash: string; route: Route } | undefined;

function current(): Route {
  const { hash } = window.location;
  if (last?.hash !== hash) last = { hash, route: parse(hash) };
  return last.route;
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current);
}
