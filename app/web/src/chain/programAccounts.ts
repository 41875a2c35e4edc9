import { getBase58Decoder, type Address, type Base58EncodedBytes } from '@solana/kit';
import { useCallback, useEffect, useRef, useState } from 'react';
import { sleep } from './live';
import { accountBytes, useChain, type Chain } from './rpc';

/** Which accounts of the program: by their first eight bytes, and by what stands at offsets. */
export interface ProgramFilter {
  discriminator: Uint8Array;
  /** Addresses that must stand at these offsets. */
  at: readonly { offset: number; address: Address }[];
}

export interface Found<T> {
  address: Address;
  value: T;
}

export type ProgramAccounts<T> =
  | { state: 'loading' }
  | { state: 'failed' }
  | { state: 'ready'; accounts: readonly Found<T>[] };

function filtersOf(filter: ProgramFilter) {
  const memcmp = (offset: number, bytes: string) => ({
    memcmp: { offset: BigInt(offset), bytes: bytes as Base58EncodedBytes, encoding: 'base58' as const },
  });
  return [
    memcmp(0, getBase58Decoder().decode(filter.discriminator)),
    ...filter.at.map((f) => memcmp(f.offset, f.address)),
  ];
}

async function read<T>(chain: Chain, filter: ProgramFilter, decode: (d: Uint8Array) => T) {
  const found = await chain.rpc
    .getProgramAccounts(chain.config.programId, {
      encoding: 'base64',
      commitment: 'confirmed',
      filters: filtersOf(filter),
    })
    .send({ abortSignal: AbortSignal.timeout(10_000) });
  const accounts: Found<T>[] = [];
  for (const { pubkey, account } of found) {
    const bytes = accountBytes(account);
    if (bytes) accounts.push({ address: pubkey, value: decode(bytes.data) });
  }
  return accounts;
}

/**
 * All accounts of a kind, live: a subscription says that something changed, a read says what. Closed accounts are not
 * announced by every node, so it also reads every `everyS` seconds. Nothing is asked while `filter` is undefined.
 */
export function useProgramAccounts<T>(
  filter: ProgramFilter | undefined,
  decode: (data: Uint8Array) => T,
  everyS = 20,
): ProgramAccounts<T> & { refresh: () => void } {
  const chain = useChain();
  const [found, setFound] = useState<{ key: string; result: ProgramAccounts<T> }>();
  const key = filter
    ? JSON.stringify([[...filter.discriminator], filter.at])
    : '';
  const latest = useRef({ filter, decode });
  latest.current = { filter, decode };
  const again = useRef<() => void>(() => {});

  useEffect(() => {
    const { filter: wanted } = latest.current;
    if (!wanted) return;
    const stop = new AbortController();
    let asked = 0;
    let shown = 0;
    let due: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      const number = ++asked;
      try {
        const accounts = await read(chain, wanted, latest.current.decode);
        if (stop.signal.aborted || number < shown) return;
        shown = number;
        setFound({ key, result: { state: 'ready', accounts } });
      } catch {
        if (stop.signal.aborted) return;
        // What was read before still stands; the status tells that the node is silent.
        setFound((f) => (f?.key === key && f.result.state === 'ready' ? f : { key, result: { state: 'failed' } }));
      }
    };
    const soon = () => {
      clearTimeout(due);
      due = setTimeout(() => void load(), 200);
    };
    again.current = () => void load();
    const follow = async () => {
      for (let attempt = 0; !stop.signal.aborted; attempt++) {
        try {
          const notifications = await chain.subscriptions
            .programNotifications(chain.config.programId, {
              commitment: 'confirmed',
              encoding: 'base64',
              filters: filtersOf(wanted),
            })
            .subscribe({ abortSignal: stop.signal });
          soon();
          for await (const _ of notifications) soon();
        } catch {
          // The status tells; tried again below.
        }
        await sleep(Math.min(8_000, 500 * 2 ** attempt));
      }
    };
    void load();
    void follow();
    const timer = setInterval(() => void load(), everyS * 1_000);
    return () => {
      stop.abort();
      clearTimeout(due);
      clearInterval(timer);
    };
  }, [chain, key, everyS]);

  const refresh = useCallback(() => again.current(), []);
  const result: ProgramAccounts<T> = found && found.key === key ? found.result : { state: 'loading' };
  return { ...result, refresh };
}
