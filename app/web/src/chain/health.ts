import { getMarginAccountDecoder, getTouchPositionInstruction, type BoardView, type HealthReport, type MarginAccount } from '@ballast/client';
import type { Address } from '@solana/kit';
import { useEffect, useRef, useState } from 'react';
import { useApi } from '../api/hooks';
import type { TxProblem } from './errors';
import { explainAccount } from './explain';
import { useBoard, useClearinghouse, useLiveAccount, useStatus, valueOf } from './hooks';
import { useChain, type Chain } from './rpc';
import { healthNow, simulate } from './transaction';

export type HealthState =
  | { state: 'loading' }
  | { state: 'ready'; health: HealthReport }
  /** The program does not value it now, for instance because a price is stale; `last` is what it said before. */
  | { state: 'unvalued'; problem: TxProblem; last?: HealthReport };

const bytesOf = (data: Uint8Array): Uint8Array => data;
const APART_MS = 1_200;

/**
 * Health of an account as the program itself computes it: asked by simulation whenever the account or the board has
 * changed, at most every 1.2 seconds.
 */
export function useHealth(account: Address | undefined, payer: Address | undefined): HealthState {
  const chain = useChain();
  const governance = valueOf(useClearinghouse())?.governance;
  const own = valueOf(useLiveAccount(account, bytesOf));
  const board = valueOf(useLiveAccount(chain.deployment.board, bytesOf));
  const [state, setState] = useState<{ of?: Address; is: HealthState }>({ is: { state: 'loading' } });
  const schedule = useRef<() => void>(() => {});

  useEffect(() => {
    if (!account || !payer) return;
    let gone = false;
    let busy = false;
    let again = false;
    let asked = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      busy = true;
      asked = performance.now();
      let answer = await healthNow(chain, payer, account);
      // A wallet without SOL can pay for no simulation either; who asks does not matter for the answer.
      if (!answer.ok && answer.problem.kind === 'funds' && governance) {
        answer = await healthNow(chain, governance, account);
      }
      busy = false;
      if (gone) return;
      setState((before) => {
        if (answer.ok) return { of: account, is: { state: 'ready', health: answer.health } };
        const old = before.of === account ? before.is : undefined;
        const last = old?.state === 'ready' ? old.health : old?.state === 'unvalued' ? old.last : undefined;
        return { of: account, is: { state: 'unvalued', problem: answer.problem, last } };
      });
      if (again) soon();
    };
    const soon = () => {
      again = busy;
      if (busy) return;
      clearTimeout(timer);
      timer = setTimeout(() => void run(), Math.max(0, asked + APART_MS - performance.now()));
    };
    schedule.current = soon;
    return () => {
      gone = true;
      clearTimeout(timer);
      schedule.current = () => {};
    };
  }, [chain, account, payer, governance]);

  useEffect(() => {
    if (own && board) schedule.current();
  }, [chain, account, payer, governance, own, board]);
  return state.of === account && account ? state.is : { state: 'loading' };
}

/** An account's margin taken apart by the gateway, every few seconds. */
export function useExplanation(account: Address | undefined) {
  const { rpc } = useStatus();
  const answer = useApi(
    `explain ${account ?? ''}`,
    (signal) => (account ? explainAccount(account, undefined, signal) : Promise.reject(new Error())),
    rpc === 'down' ? 15_000 : 4_000,
  );
  return account ? answer : { ...answer, data: undefined, error: undefined };
}

/** Whether nothing has happened to a position since it was last written: its side's indexes are those it remembers. */
function inStep(slot: MarginAccount['positions'][number], board: BoardView): boolean {
  const market = board.markets[slot.market];
  if (slot.base === 0n || !market) return true;
  const side = slot.base > 0n ? market.long : market.short;
  return slot.cash === side.cash && slot.scale === side.scale && slot.epoch === side.epoch;
}

async function broughtInStep(
  chain: Chain,
  payer: Address,
  account: Address,
  markets: readonly number[],
): Promise<MarginAccount | undefined> {
  const touches = await Promise.all(
    markets.map(async (market) =>
      getTouchPositionInstruction({
        board: chain.deployment.board,
        market: await chain.deployment.market(market),
        marginAccount: account,
      }),
    ),
  );
  const run = await simulate(chain, payer, touches, [account]);
  const after = run.ok ? run.after[0] : undefined;
  return after ? getMarginAccountDecoder().decode(after) : undefined;
}

/**
 * Positions as they are now. Funding and deleveraging reach a position when it is next touched; the program is asked,
 * by simulation, what a touch would write. `exact` is false while that is not known.
 */
export function usePositions(
  account: Address | undefined,
  written: MarginAccount | undefined,
  payer: Address | undefined,
): { positions: MarginAccount['positions']; exact: boolean } {
  const chain = useChain();
  const board = valueOf(useBoard());
  const [touched, setTouched] = useState<{ of: Address; key: string; account: MarginAccount }>();
  const behind =
    board && written ? written.positions.filter((p) => !inStep(p, board)).map((p) => p.market) : [];
  // Indexes move slowly: what they are is part of the question.
  const key = board
    ? behind
        .map((m) => `${m}/${board.markets[m]!.long.cash}/${board.markets[m]!.short.cash}`)
        .concat(written?.positions.map((p) => `${p.base}/${p.entry}`) ?? [])
        .join(' ')
    : '';
  useEffect(() => {
    if (!account || !payer || behind.length === 0) return;
    let gone = false;
    void broughtInStep(chain, payer, account, behind).then((after) => {
      if (!gone && after) setTouched({ of: account, key, account: after });
    });
    return () => {
      gone = true;
    };
  }, [chain, account, payer, key]);
  const now = touched && touched.of === account && touched.key === key ? touched.account : undefined;
  const known = behind.length === 0 || now !== undefined;
  const source = behind.length > 0 && now ? now : written;
  return {
    positions: (source?.positions ?? []).filter((p) => p.base !== 0n || p.entry !== 0n),
    exact: known,
  };
}

