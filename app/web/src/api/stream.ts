/**
 * The gateway's server-sent events, as one connection for all who listen.
 *
 * The browser's own `EventSource` gives up for good on some failures and hides the others. This one always tries again,
 * after a wait that doubles up to half a minute, says how it stands, and notices a connection on which nothing comes
 * any more. Whoever listens is told after each gap, and fetches what it missed.
 */
import { houseEvent, type HouseEvent } from './client';

export type StreamState =
  | { kind: 'connecting' }
  | { kind: 'live'; slot: number | null }
  | { kind: 'down'; retryAt: number };

/** What of `EventSource` is used, so that a test can bring its own. */
export interface Source {
  addEventListener(type: string, listener: (event: MessageEvent) => void): void;
  close(): void;
}

interface Timers {
  now: () => number;
  set: (run: () => void, ms: number) => unknown;
  clear: (timer: unknown) => void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** The gateway tells of the board every few seconds: without a word for so long the connection may be dead. */
const SILENCE_MS = 45_000;

const browserTimers: Timers = {
  now: () => Date.now(),
  set: (run, ms) => setTimeout(run, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

export class EventStream {
  private source: Source | undefined;
  private timer: unknown;
  private wait = FIRST_WAIT_MS;
  private standing: StreamState = { kind: 'connecting' };
  private readonly onEvent = new Set<(event: HouseEvent) => void>();
  private readonly onState = new Set<() => void>();
  private readonly onGap = new Set<() => void>();
  private begun = false;
  /** Bad messages that were left out; a page may say so. */
  dropped = 0;

  constructor(
    private readonly open: () => Source,
    private readonly timers: Timers = browserTimers,
  ) {}

  /** For `useSyncExternalStore`. */
  state = (): StreamState => this.standing;

  /** Listens to how the connection stands; it is held open while anybody does. */
  watch = (changed: () => void): (() => void) => {
    this.onState.add(changed);
    this.connectFirst();
    return () => this.leave(this.onState, changed);
  };

  /** Listens to events; `gap` is called where some may have been missed, and are to be fetched. */
  listen = (heard: (event: HouseEvent) => void, gap: () => void = () => {}): (() => void) => {
    this.onEvent.add(heard);
    this.onGap.add(gap);
    this.connectFirst();
    return () => {
      this.onGap.delete(gap);
      this.leave(this.onEvent, heard);
    };
  };

  /** Tries at once, where a person does not want to wait. */
  retry = () => {
    if (this.standing.kind !== 'down') return;
    this.wait = FIRST_WAIT_MS;
    this.connect();
  };

  private connectFirst() {
    if (!this.source && this.timer === undefined) this.connect();
  }

  private leave<T>(from: Set<T>, who: T) {
    from.delete(who);
    if (this.onEvent.size + this.onState.size > 0) return;
    this.drop();
    this.standing = { kind: 'connecting' };
    this.wait = FIRST_WAIT_MS;
    this.begun = false;
  }

  private drop() {
    this.timers.clear(this.timer);
    this.timer = undefined;
    this.source?.close();
    this.source = undefined;
  }

  private set(state: StreamState) {
    this.standing = state;
    for (const changed of this.onState) changed();
  }

  private connect() {
    this.drop();
    this.set({ kind: 'connecting' });
    const source = this.open();
    this.source = source;
    this.guard();
    source.addEventListener('open', () => {
      if (this.source !== source) return;
      this.wait = FIRST_WAIT_MS;
      this.guard();
      this.set({ kind: 'live', slot: null });
      if (this.begun) for (const gap of this.onGap) gap();
      this.begun = true;
    });
    // The gateway says so where it could not send as fast as things happened.
    source.addEventListener('missed', () => {
      if (this.source === source) for (const gap of this.onGap) gap();
    });
    source.addEventListener('board', (message) => {
      if (this.source !== source) return;
      this.guard();
      const slot = numberIn(message.data, 'slot');
      if (this.standing.kind !== 'live' || this.standing.slot !== slot) this.set({ kind: 'live', slot });
    });
    source.addEventListener('event', (message) => {
      if (this.source !== source) return;
      this.guard();
      const event = parse(message.data);
      if (event) for (const heard of this.onEvent) heard(event);
      else this.dropped += 1;
    });
    source.addEventListener('error', () => {
      if (this.source === source) this.fail();
    });
  }

  /** Counts the silence anew. */
  private guard() {
    this.timers.clear(this.timer);
    this.timer = this.timers.set(() => this.connect(), SILENCE_MS);
  }

  private fail() {
    this.drop();
    const wait = this.wait;
    this.wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    this.timer = this.timers.set(() => this.connect(), wait);
    this.set({ kind: 'down', retryAt: this.timers.now() + wait });
  }
}

function parse(data: unknown): HouseEvent | undefined {
  try {
    return houseEvent(JSON.parse(String(data)), 'event');
  } catch {
    return undefined;
  }
}

function numberIn(data: unknown, field: string): number | null {
  try {
    const value: unknown = (JSON.parse(String(data)) as Record<string, unknown>)[field];
    return typeof value === 'number' ? value : null;
  } catch {
    return null;
  }
}

/** Newest first, each once, no more than `most`: what was known with what came. */
export function merged(known: readonly HouseEvent[], came: readonly HouseEvent[], most: number): HouseEvent[] {
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of came) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, most);
}
