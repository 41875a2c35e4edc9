import type { Address } from '@solana/kit';
import { useCallback, useMemo, useRef, useSyncExternalStore } from 'react';
import { type Live, liveOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';

/** Several accounts of one kind by subscription, in the order of their addresses. */
export function useLiveAccounts<T>(
  addresses: readonly (Address | null)[],
  decode: (data: Uint8Array) => T,
): Live<T>[] {
  const { live } = useChain();
  const key = addresses.join(' ');
  const version = useRef(0);
  const subscribe = useCallback(
    (changed: () => void) => {
      const bump = () => {
        version.current += 1;
        changed();
      };
      const ends = addresses.map((address) => (address ? live.watch(address, bump) : () => {}));
      bump();
      return () => ends.forEach((end) => end());
    },
    [live, key],
  );
  const seen = useSyncExternalStore(subscribe, () => version.current);
  return useMemo(
    () =>
      addresses.map((address): Live<T> => {
        return address ? liveOf(live.entry(address).account, decode) : { state: 'missing' };
      }),
    [seen, key, live, decode],
  );
}

/** The bytes of an account as they are. */
export const raw = (data: Uint8Array): Uint8Array => data;
