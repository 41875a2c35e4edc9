import type { Address } from '@solana/kit';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveStore, type AccountBytes, type Source } from '../src/chain/live';

const A = 'A'.repeat(32) as Address;
const bytes = (value: number): AccountBytes => ({ data: new Uint8Array([value]), owner: 'x' });

/** A node that the test speaks for. */
class Node implements Source {
  value: AccountBytes | null = bytes(1);
  silent = false;
  reads = 0;
  hold: Promise<void> | undefined;
  notify: (account: AccountBytes | null) => void = () => {};
  drop: () => void = () => {};
  subscriptions = 0;
  established: (a: Address) => void = () => {};

  async read(addresses: readonly Address[]) {
    this.reads++;
    const value = this.value;
    await this.hold;
    if (this.silent) throw new Error('silent');
    return addresses.map(() => value);
  }
  subscribe(address: Address, signal: AbortSignal, changed: (a: AccountBytes | null) => void) {
    this.subscriptions++;
    this.notify = changed;
    this.established(address);
    return new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve());
      this.drop = () => reject(new Error('dropped'));
    });
  }
  beat() {
    return this.silent
      ? Promise.reject(new Error('silent'))
      : Promise.resolve({ chainTime: Date.now() / 1000 + 86_400, slot: 7n });
  }
}

let node: Node;
let store: LiveStore;
const seen = () => store.entry(A).account?.data[0];
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  node = new Node();
  store = new LiveStore(node);
  node.established = store.established;
});
afterEach(() => {
  store.close();
  vi.useRealTimers();
});

it('shows what is read, then what is notified', async () => {
  store.watch(A, () => {});
  await pass(1);
  expect(seen()).toBe(1);
  node.notify(bytes(2));
  expect(seen()).toBe(2);
});

it('drops an answer that was overtaken by a notification', async () => {
  let release = () => {};
  node.hold = new Promise((resolve) => (release = resolve));
  store.watch(A, () => {});
  await pass(1);
  node.notify(bytes(2));
  release();
  await pass(1);
  expect(seen()).toBe(2);
});

it('tells a missing account from one that is not read yet', async () => {
  node.value = null;
  store.watch(A, () => {});
  expect(store.entry(A).account).toBeUndefined();
  await pass(1);
  expect(store.entry(A).account).toBeNull();
});

it('reads what it missed while the socket was down, and says that it is down', async () => {
  store.watch(A, () => {});
  await pass(1);
  expect(store.status.socket).toBe('open');
  node.value = bytes(3);
  node.drop();
  await pass(1);
  expect(store.status.socket).toBe('lost');
  await pass(1_000);
  expect(node.subscriptions).toBe(2);
  expect(store.status.socket).toBe('open');
  expect(seen()).toBe(3);
});

it('says that the node is silent, keeps what it knew, and comes back by itself', async () => {
  store.watch(A, () => {});
  store.start();
  await pass(1);
  expect(store.status.rpc).toBe('ok');
  node.silent = true;
  await pass(7_000);
  expect(store.status.rpc).toBe('down');
  expect(seen()).toBe(1);
  node.silent = false;
  node.value = bytes(4);
  await pass(4_000);
  expect(store.status.rpc).toBe('ok');
  expect(seen()).toBe(4);
});

it('takes the time from the chain, which may have travelled', async () => {
  store.start();
  await pass(1);
  expect(store.status.offset).toBeCloseTo(86_400, 0);
});

it('asks once for many who look at one account, and nobody once they have gone', async () => {
  const ends = [1, 2, 3].map(() => store.watch(A, () => {}));
  await pass(1);
  expect(node.reads).toBe(1);
  expect(node.subscriptions).toBe(1);
  ends.forEach((end) => end());
  await pass(3_000);
  expect(store.entry(A).account).toBeUndefined();
});

it('tells of an act of the user’s, and reads anew', async () => {
  store.watch(A, () => {});
  await pass(1);
  const told = vi.fn();
  const end = store.watchActions(told);
  node.value = bytes(2);
  await store.acted();
  expect(told).toHaveBeenCalledOnce();
  expect(seen()).toBe(2);
  end();
  await store.acted();
  expect(told).toHaveBeenCalledOnce();
});
