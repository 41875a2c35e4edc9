import {
  createSolanaRpc,
  createSolanaRpcSubscriptions,
  getBase64Encoder,
  type Address,
  type Base64EncodedDataResponse,
  type Rpc,
  type RpcSubscriptions,
  type SolanaRpcApi,
  type SolanaRpcSubscriptionsApi,
} from '@solana/kit';
import { address } from '@solana/kit';
import { createContext, useContext, useEffect, useReducer, useState, type ReactNode } from 'react';
import { Deployment } from '@ballast/client';
import type { Config } from './config';
import { LiveStore, type AccountBytes, type Source } from './live';

/** Everything that a page needs to talk to the chain. */
export interface Chain {
  config: Config;
  rpc: Rpc<SolanaRpcApi>;
  subscriptions: RpcSubscriptions<SolanaRpcSubscriptionsApi>;
  deployment: Deployment;
  live: LiveStore;
}

const ChainContext = createContext<Chain | null>(null);

export function useChain(): Chain {
  const chain = useContext(ChainContext);
  if (!chain) throw new Error('useChain is used outside of ChainProvider');
  return chain;
}

const CLOCK = address('SysvarC1ock11111111111111111111111111111111');
const base64 = getBase64Encoder();

interface EncodedAccount {
  data: Base64EncodedDataResponse;
  owner: Address;
  lamports: bigint;
}

export function accountBytes(account: EncodedAccount | null): AccountBytes | null {
  // What was closed is notified as an empty account of the system program.
  if (!account || account.lamports === 0n) return null;
  return { data: new Uint8Array(base64.encode(account.data[0])), owner: account.owner };
}

function sourceOf(
  rpc: Chain['rpc'],
  subscriptions: Chain['subscriptions'],
  established: (a: Address) => void,
): Source {
  return {
    async read(addresses) {
      const { value } = await rpc
        .getMultipleAccounts([...addresses], { encoding: 'base64', commitment: 'confirmed' })
        .send({ abortSignal: AbortSignal.timeout(8_000) });
      return value.map((account) => accountBytes(account));
    },
    async subscribe(of, signal, changed) {
      const notifications = await subscriptions
        .accountNotifications(of, { commitment: 'confirmed', encoding: 'base64' })
        .subscribe({ abortSignal: signal });
      established(of);
      for await (const { value } of notifications) changed(accountBytes(value));
    },
    async beat() {
      const { value, context } = await rpc
        .getAccountInfo(CLOCK, { encoding: 'base64', commitment: 'confirmed' })
        .send({ abortSignal: AbortSignal.timeout(6_000) });
      if (!value) throw new Error('the node has no clock');
      const data = base64.encode(value.data[0]);
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      return { chainTime: Number(view.getBigInt64(32, true)), slot: context.slot };
    },
  };
}

export async function connect(config: Config): Promise<Chain> {
  const rpc = createSolanaRpc(config.rpcUrl);
  const subscriptions = createSolanaRpcSubscriptions(config.wsUrl);
  const deployment = await Deployment.of(config.quoteMint, config.programId);
  const live: LiveStore = new LiveStore(sourceOf(rpc, subscriptions, (a) => live.established(a)));
  return { config, rpc, subscriptions, deployment, live };
}

export function ChainProvider({ config, children }: { config: Config; children: ReactNode }) {
  const [chain, setChain] = useState<Chain>();
  useEffect(() => {
    let made: Chain | undefined;
    let gone = false;
    void connect(config).then((c) => {
      if (gone) return;
      made = c;
      c.live.start();
      setChain(c);
      window.addEventListener('online', c.live.retry);
      document.addEventListener('visibilitychange', c.live.retry);
    });
    return () => {
      gone = true;
      if (!made) return;
      made.live.close();
      window.removeEventListener('online', made.live.retry);
      document.removeEventListener('visibilitychange', made.live.retry);
    };
  }, [config]);
  return chain ? <ChainContext value={chain}>{children}</ChainContext> : null;
}

/** How often the user has changed the chain since this stands: who simulates does so again. */
export function useActs(): number {
  const { live } = useChain();
  const [acts, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => live.watchActions(again), [live]);
  return acts;
}
