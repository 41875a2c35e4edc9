import type { Address, Instruction } from '@solana/kit';
import { useEffect, useRef, useState } from 'react';
import type { HealthReport } from '@ballast/client';
import { problemOf, type TxProblem } from '../chain/errors';
import { explainBytes, type Explanation } from '../chain/explain';
import { useActs, useChain } from '../chain/rpc';
import { healthNow, previewOf, type Preview } from '../chain/transaction';

export type PreviewState =
  | { state: 'idle' }
  | { state: 'working' }
  | { state: 'refused'; problem: TxProblem }
  | {
      state: 'ready';
      preview: Extract<Preview, { ok: true }>;
      /** Health without the instructions, asked at the same moment. */
      before?: HealthReport;
      /** Taken apart by the gateway; null where it does not answer. */
      explained?: Explanation | null;
    };

const TYPING_MS = 300;
/** The market moves while somebody thinks. */
const AGAIN_MS = 5_000;

/**
 * What instructions would make of an account, by simulation. `key` names the instructions: where it changes they are
 * built and simulated anew, after each act of the user's, and every few seconds. Nothing happens while `build` is undefined.
 */
export function usePreview(
  key: string,
  build: (() => Promise<readonly Instruction[]>) | undefined,
  payer: Address | undefined,
  account?: Address,
): PreviewState {
  const chain = useChain();
  const [found, setFound] = useState<{ key: string; state: PreviewState }>();
  const latest = useRef(build);
  latest.current = build;
  const acts = useActs();
  const active = build !== undefined && payer !== undefined;

  useEffect(() => {
    if (!active || !payer) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      let state: PreviewState;
      try {
        const instructions = await latest.current?.();
        if (!instructions) return;
        const [preview, before] = await Promise.all([
          previewOf(chain, payer, instructions, account),
          account && healthNow(chain, payer, account),
        ]);
        state = preview.ok
          ? { state: 'ready', preview, before: before?.ok ? before.health : undefined }
          : { state: 'refused', problem: preview.problem };
      } catch (error) {
        state = { state: 'refused', problem: problemOf(error) };
      }
      if (stop.signal.aborted) return;
      setFound((f) => {
        // Until the gateway has answered again, what it said last stays beside the newer figures.
        const old = f?.key === key && f.state.state === 'ready' ? f.state.explained : undefined;
        return { key, state: state.state === 'ready' ? { ...state, explained: old } : state };
      });
      if (state.state === 'ready' && state.preview.account) {
        const explained = await explainBytes(state.preview.account, stop.signal).catch(() => null);
        if (stop.signal.aborted) return;
        setFound({ key, state: { ...state, explained } });
      }
      timer = setTimeout(() => void run(), AGAIN_MS);
    };
    timer = setTimeout(() => void run(), TYPING_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [chain, key, active, payer, account, acts]);

  if (!active) return { state: 'idle' };
  return found?.key === key ? found.state : { state: 'working' };
}
