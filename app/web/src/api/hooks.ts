import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Api, ApiError, type HouseEvent } from './client';
import { EventStream, merged, type Source, type StreamState } from './stream';

/** The gateway that served the dApp. */
export const api = new Api('.');
/** Its events. */
export const stream = new EventStream(() => new EventSource(api.streamUrl) as Source);

/** What a call gave: the last good answer stays while a newer one fails, so that a page says both. */
export interface Answer<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  /** Asks again now. */
  again: () => void;
}

/**
 * Asks the gateway, again every `everyMs`, and once more when the page comes back into sight. `key` names the question:
 * another one forgets the old answer.
 */
export function useApi<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs = 0): Answer<T> {
  const [answer, setAnswer] = useState<{ key: string; data?: T; error?: ApiError }>({ key });
  const [round, setRound] = useState(0);
  const [loading, setLoading] = useState(true);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      setLoading(true);
      try {
        const data = await latest.current(abort.signal);
        if (abort.signal.aborted) return;
        setAnswer({ key, data });
      } catch (error) {
        if (abort.signal.aborted) return;
        const failure =
          error instanceof ApiError ? error : new ApiError('malformed', 'The answer could not be read.');
        setAnswer((before) => ({ key, data: before.key === key ? before.data : undefined, error: failure }));
      }
      setLoading(false);
      if (everyMs > 0) timer = setTimeout(() => void run(), everyMs);
    };
    const seen = () => {
      if (document.visibilityState !== 'visible' || everyMs === 0) return;
      clearTimeout(timer);
      void run();
    };
    void run();
    document.addEventListener('visibilitychange', seen);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [key, everyMs, round]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  const current = answer.key === key ? answer : { data: undefined, error: undefined };
  return { data: current.data, error: current.error, loading, again };
}

export function useStreamState(): StreamState {
  return useSyncExternalStore(stream.watch, stream.state);
}

export interface Feed extends Answer<HouseEvent[]> {
  stream: StreamState;
  /** Asks for older ones; undefined where there are none, or none are known. */
  older: (() => void) | undefined;
}

const PAGE = 60;

/**
 * Events of some kinds, newest first: fetched, then kept in step by the stream. After a gap of the stream the newest are
 * fetched anew, so that nothing is missing between what was known and what comes.
 */
export function useEvents(kinds: readonly string[], account?: string): Feed {
  const key = `${kinds.join(',')}/${account ?? ''}`;
  const standing = useStreamState();
  const [older, setOlder] = useState({ key: '', events: [] as HouseEvent[], end: false });
  const [heard, setHeard] = useState({ key: '', events: [] as HouseEvent[] });
  const live = standing.kind === 'live';
  const ask = (before: number | undefined, signal?: AbortSignal) =>
    api.events({ kind: kinds.join(','), account, limit: PAGE, before }, signal);
  const answer = useApi(key, (signal) => ask(undefined, signal), live ? 0 : 15_000);
  const { again } = answer;
  useEffect(
    () =>
      stream.listen((event) => {
        if (!kinds.includes(event.kind) || (account && !mentions(event, account))) return;
        setHeard((h) => ({ key, events: merged(h.key === key ? h.events : [], [event], 500) }));
      }, again),
    // The key names kinds and account.
    [key, again],
  );
  const own = <T extends { key: string; events: HouseEvent[] }>(x: T) => (x.key === key ? x.events : []);
  const data = answer.data && merged(answer.data, [...own(heard), ...own(older)], 2_000);
  const last = data?.at(-1);
  const done = older.key === key ? older.end : (answer.data?.length ?? 0) < PAGE;
  const more = useCallback(() => {
    if (!last) return;
    void ask(last.id).then(
      (events) => setOlder((o) => ({ key, events: merged(own(o), events, 2_000), end: events.length < PAGE })),
      () => setOlder((o) => ({ key, events: own(o), end: false })),
    );
  }, [key, last?.id]);
  return { ...answer, data, stream: standing, older: last && !done ? more : undefined };
}

/** Whether an event names an address, in whatever field. */
export function mentions(event: HouseEvent, address: string): boolean {
  return Object.values(event.data).includes(address);
}
