import type { Address } from '@solana/kit';

/**
 * Accounts, as they are now. A subscription brings changes; reads bring what subscriptions cannot promise: what stood
 * before, and what was missed while a socket was down. They are ordered by arrival, never by slot (a node may repeat
 * the slot of the subscription's beginning): an answer to a read is dropped where a notification came after it was
 * asked, because the notification is newer.
 */
export interface AccountBytes {
  data: Uint8Array;
  owner: string;
}

/** Where accounts come from. */
export interface Source {
  /** Accounts in the order of the addresses, null for none. */
  read(addresses: readonly Address[]): Promise<(AccountBytes | null)[]>;
  /** Notifies until the signal aborts; throws when the connection is lost. */
  subscribe(
    address: Address,
    signal: AbortSignal,
    changed: (account: AccountBytes | null) => void,
  ): Promise<void>;
  /** Whatever else is to be read with the accounts; throws where the node does not answer. */
  beat(): Promise<{ chainTime: number; slot: bigint }>;
}

export interface Entry {
  /** undefined: not read yet; null: there is no such account. */
  account: AccountBytes | null | undefined;
  /** performance.now() of the last read or notification that held. */
  at: number;
}

export interface Status {
  /** Whether the node answers. */
  rpc: 'unknown' | 'ok' | 'down';
  /** Whether changes arrive by themselves; where not, accounts are read every few seconds. */
  socket: 'unknown' | 'open' | 'lost';
  /** Chain's clock minus this machine's, seconds. */
  offset: number;
  slot: bigint;
  /** performance.now() of the last answer of the node. */
  heard: number;
}

interface Watched {
  entry: Entry;
  listeners: Set<() => void>;
  /** Number of the read or notification that it holds. */
  newest: number;
  stop: AbortController;
  timer?: ReturnType<typeof setTimeout>;
}

const UNREAD: Entry = { account: undefined, at: 0 };
/** Changes that come faster are shown together. */
const COALESCE_MS = 150;
const BEAT_MS = 3_000;
const RESYNC_MS = 15_000;
const FAILURES_TO_DOWN = 2;
const BACKOFF_MS = [300, 1_000, 2_500, 5_000] as const;

export class LiveStore {
  status: Status = { rpc: 'unknown', socket: 'unknown', offset: 0, slot: 0n, heard: 0 };
  readonly #source: Source;
  readonly #watched = new Map<Address, Watched>();
  readonly #statusListeners = new Set<() => void>();
  readonly #actionListeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #failures = 0;
  #lost = new Set<Address>();
  #synced = -Infinity;
  #wake: (() => void) | undefined;
  #sequence = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  start() {
    void this.#beat();
  }

  close() {
    this.#stop.abort();
    this.#wake?.();
    for (const w of this.#watched.values()) w.stop.abort();
    this.#watched.clear();
  }

  entry(address: Address | undefined): Entry {
    return (address && this.#watched.get(address)?.entry) || UNREAD;
  }

  /** Calls back at every change; returns the end of it. */
  watch(address: Address, listener: () => void): () => void {
    let watched = this.#watched.get(address);
    if (!watched) {
      watched = { entry: UNREAD, listeners: new Set(), newest: 0, stop: new AbortController() };
      this.#watched.set(address, watched);
      void this.#follow(address, watched);
      void this.refresh([address]);
    }
    clearTimeout(watched.timer);
    watched.listeners.add(listener);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0) return;
      // A page that follows may want it at once.
      watched.timer = setTimeout(() => {
        if (watched.listeners.size > 0) return;
        watched.stop.abort();
        this.#watched.delete(address);
        this.#lost.delete(address);
      }, 2_000);
    };
  }

  watchStatus(listener: () => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Calls back when the user's own act has changed the chain; returns the end of it. */
  watchActions(listener: () => void): () => void {
    this.#actionListeners.add(listener);
    return () => this.#actionListeners.delete(listener);
  }

  /** The user has changed something: everything is read anew, and who asks the node questions of their own asks again. */
  async acted(): Promise<void> {
    for (const listener of this.#actionListeners) listener();
    await this.refresh();
  }

  /** Reads accounts anew: all that are watched, or some. */
  async refresh(only?: readonly Address[]): Promise<void> {
    const addresses = only ?? [...this.#watched.keys()];
    for (let i = 0; i < addresses.length; i += 100) {
      const some = addresses.slice(i, i + 100);
      const asked = ++this.#sequence;
      try {
        const accounts = await this.#source.read(some);
        this.#answered();
        some.forEach((address, at) => {
          const watched = this.#watched.get(address);
          if (!watched || watched.newest > asked) return;
          watched.newest = asked;
          this.#put(watched, accounts[at] ?? null);
        });
      } catch {
        this.#failed();
      }
    }
  }

  #put(watched: Watched, account: AccountBytes | null) {
    const before = watched.entry.account;
    const same =
      before === account ||
      (!!before && !!account && before.owner === account.owner && equal(before.data, account.data));
    watched.entry = { account: same && before !== undefined ? before : account, at: performance.now() };
    if (!same) this.#announce(watched);
  }

  readonly #due = new Set<Watched>();
  #announce(watched: Watched) {
    if (this.#due.has(watched)) return;
    this.#due.add(watched);
    setTimeout(() => {
      this.#due.delete(watched);
      for (const listener of watched.listeners) listener();
    }, COALESCE_MS);
  }

  async #follow(address: Address, watched: Watched) {
    const { signal } = watched.stop;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const begun = performance.now();
      try {
        await this.#source.subscribe(address, signal, (account) => {
          watched.newest = ++this.#sequence;
          this.#connected(address);
          this.#put(watched, account);
        });
      } catch {
        // Said by the status; tried again below.
      }
      if (signal.aborted) return;
      if (performance.now() - begun > 10_000) attempt = 0;
      this.#lost.add(address);
      this.#setStatus({ socket: 'lost' });
      await sleep(BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)]! * (0.7 + Math.random() * 0.6));
      if (signal.aborted) return;
      // The gap: what changed while nobody told us.
      void this.refresh([address]);
    }
  }

  /** The source tells that a subscription stands, before anything changed. */
  readonly established = (address: Address) => this.#connected(address);

  #connected(address: Address) {
    this.#lost.delete(address);
    if (this.#lost.size === 0 && this.status.socket !== 'open') this.#setStatus({ socket: 'open' });
  }

  async #beat() {
    while (!this.#stop.signal.aborted) {
      const hidden = typeof document !== 'undefined' && document.hidden;
      try {
        const { chainTime, slot } = await this.#source.beat();
        const offset = chainTime - Date.now() / 1000;
        // The clock stands still within a slot: small differences are no travel.
        const moved = Math.abs(offset - this.status.offset) > 3;
        this.#answered({ slot, ...(moved ? { offset } : {}) });
        const due = performance.now() - this.#synced > (this.status.socket === 'open' ? RESYNC_MS : 0);
        if (due && !hidden) {
          this.#synced = performance.now();
          await this.refresh();
        }
      } catch {
        this.#failed();
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, hidden ? BEAT_MS * 5 : BEAT_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Looks again at once: the window came back, or a person asked. */
  readonly retry = () => {
    this.#synced = -Infinity;
    this.#wake?.();
  };

  #answered(change: Partial<Status> = {}) {
    const back = this.status.rpc === 'down';
    this.#failures = 0;
    this.status = { ...this.status, heard: performance.now() };
    if (this.status.rpc !== 'ok' || Object.keys(change).length > 0) {
      this.#setStatus({ rpc: 'ok', ...change });
    }
    if (back) this.#synced = -Infinity;
  }

  #failed() {
    this.#failures++;
    if (this.#failures >= FAILURES_TO_DOWN) this.#setStatus({ rpc: 'down' });
  }

  #setStatus(change: Partial<Status>) {
    this.status = { ...this.status, ...change };
    for (const listener of this.#statusListeners) listener();
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
