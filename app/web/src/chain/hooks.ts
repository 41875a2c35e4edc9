import type { Address } from '@solana/kit';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import {
  getAssetConfigDecoder,
  getClearinghouseDecoder,
  getMarketDecoder,
  getTreasuryDecoder,
  readBoard,
  type AssetConfig,
  type BoardView,
  type Clearinghouse,
  type Market,
  type Treasury,
} from '@ballast/client';
import type { Entry, Status } from './live';
import { useChain } from './rpc';

/** A value from the chain. `missing` is certain: the node was asked, and there is no such account. */
export type Live<T> =
  | { state: 'loading' }
  | { state: 'missing' }
  | { state: 'unreadable'; error: string }
  | { state: 'ready'; value: T };

/** The value where there is one. */
export function valueOf<T>(live: Live<T>): T | undefined {
  return live.state === 'ready' ? live.value : undefined;
}

type Decode<T> = (data: Uint8Array) => T;

// The same bytes are decoded once, whoever looks at them.
const decoded = new WeakMap<Uint8Array, Map<unknown, unknown>>();

export function decodeOnce<T>(decode: Decode<T>, data: Uint8Array): T {
  let values = decoded.get(data);
  if (!values) decoded.set(data, (values = new Map()));
  if (!values.has(decode)) values.set(decode, decode(data));
  return values.get(decode) as T;
}

/** What is known of an account: nothing yet, that there is none, or what it holds. */
export function liveOf<T>(account: Entry['account'], decode: Decode<T>): Live<T> {
  if (account === undefined) return { state: 'loading' };
  if (account === null) return { state: 'missing' };
  try {
    return { state: 'ready', value: decodeOnce(decode, account.data) };
  } catch (error) {
    return { state: 'unreadable', error: error instanceof Error ? error.message : String(error) };
  }
}

/** An account by subscription. `decode` must be one function, not a new one at every rendering. */
export function useLiveAccount<T>(address: Address | null | undefined, decode: Decode<T>): Live<T> {
  const { live } = useChain();
  const subscribe = useCallback(
    (changed: () => void) => (address ? live.watch(address, changed) : () => {}),
    [live, address],
  );
  const account = useSyncExternalStore(subscribe, () => live.entry(address ?? undefined).account);
  return useMemo(() => liveOf(account, decode), [account, decode]);
}

/** An address that has to be derived. */
export function useDerived(derive: () => Promise<Address> | undefined, of: readonly unknown[]) {
  const [found, setFound] = useState<{ key: string; address: Address }>();
  const key = of.join(' ');
  const latest = useRef(derive);
  latest.current = derive;
  useEffect(() => {
    let gone = false;
    void latest.current()?.then((address) => {
      if (!gone) setFound({ key, address });
    });
    return () => {
      gone = true;
    };
  }, [key]);
  return found?.key === key ? found.address : undefined;
}

const clearinghouse: Decode<Clearinghouse> = (d) => getClearinghouseDecoder().decode(d);
const treasury: Decode<Treasury> = (d) => getTreasuryDecoder().decode(d);
const market: Decode<Market> = (d) => getMarketDecoder().decode(d);
const assetConfig: Decode<AssetConfig> = (d) => getAssetConfigDecoder().decode(d);

/** Header, assets and markets of the risk board. */
export function useBoard(): Live<BoardView> {
  return useLiveAccount(useChain().deployment.board, readBoard);
}

export function useClearinghouse(): Live<Clearinghouse> {
  return useLiveAccount(useChain().deployment.clearinghouse, clearinghouse);
}

export function useTreasury(): Live<Treasury> {
  return useLiveAccount(useChain().deployment.treasury, treasury);
}

/** A market's own account (its part on the board is in `useBoard().markets`). */
export function useMarket(index: number | undefined): Live<Market> {
  const { deployment } = useChain();
  const address = useDerived(
    () => (index === undefined ? undefined : deployment.market(index)),
    [index],
  );
  return useLiveAccount(address, market);
}

/** An asset's config (its state is in `useBoard().assets`). */
export function useAssetConfig(index: number | undefined): Live<AssetConfig> {
  const { deployment } = useChain();
  const address = useDerived(
    () => (index === undefined ? undefined : deployment.asset(index)),
    [index],
  );
  return useLiveAccount(address, assetConfig);
}

/** How the connection is. */
export function useStatus(): Status {
  const { live } = useChain();
  const subscribe = useCallback((changed: () => void) => live.watchStatus(changed), [live]);
  return useSyncExternalStore(subscribe, () => live.status);
}

/** The chain's time in unix seconds, once a second: never the machine's, a local cluster may travel. */
export function useNow(): number {
  const { live } = useChain();
  const [now, setNow] = useState(() => chainNow(live.status));
  useEffect(() => {
    const timer = setInterval(() => setNow(chainNow(live.status)), 1_000);
    const stop = live.watchStatus(() => setNow(chainNow(live.status)));
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [live]);
  return now;
}

export function chainNow(status: Status): number {
  return Math.floor(Date.now() / 1000 + status.offset);
}
