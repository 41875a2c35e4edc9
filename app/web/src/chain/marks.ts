import {
  getMarginAccountDecoder,
  getMarginAccountEncoder,
  getMarginAccountSize,
  type BoardView,
} from '@ballast/client';
import type { Address } from '@solana/kit';
import { useApi, type Answer } from '../api/hooks';
import { explainBytes } from './explain';
import { useBoard, valueOf } from './hooks';
import { useChain } from './rpc';

/** So many native units of an option market, negative where they are owed. */
export interface Holding {
  market: number;
  base: bigint;
}

/** Layout version of a margin account. */
const VERSION = 1;

/**
 * The bytes of an account that holds this and nothing else. Its equity, as the program's engine counts it for maintenance
 * margin, is the mark value of what it holds: there is no second arithmetic for options here.
 */
export function holdingAlone(
  clearinghouse: Address,
  { market, base }: Holding,
  sides: Pick<BoardView['markets'][number], 'long' | 'short'>,
): Uint8Array {
  const empty = getMarginAccountDecoder().decode(new Uint8Array(getMarginAccountSize()));
  const { cash, scale, epoch } = base > 0n ? sides.long : sides.short;
  const [first, ...others] = empty.positions;
  const slot = { ...first!, market, base, cash, scale, epoch };
  const account = { ...empty, version: VERSION, clearinghouse, positions: [slot, ...others] };
  return new Uint8Array(getMarginAccountEncoder().encode(account));
}

const EVERY_MS = 10_000;

/**
 * What options are worth at their marks, micro-units by market, by the gateway, which runs the program's own engine. One
 * that it cannot value, for want of a price, is left out.
 */
export function useMarks(holdings: readonly Holding[]): Answer<Map<number, bigint>> {
  const { deployment } = useChain();
  const board = valueOf(useBoard());
  const wanted = board
    ? holdings.filter(({ base, market }) => base !== 0n && board.markets[market])
    : [];
  const key = wanted.map(({ market, base }) => `${market}:${base}`).join(' ');
  return useApi(
    `marks ${key}`,
    async (signal) => {
      const values = await Promise.allSettled(
        wanted.map((holding) =>
          explainBytes(
            holdingAlone(deployment.clearinghouse, holding, board!.markets[holding.market]!),
            signal,
          ),
        ),
      );
      const failed = values.find((value) => value.status === 'rejected');
      if (failed && values.every((value) => value.status === 'rejected')) throw failed.reason;
      return new Map(
        values.flatMap((value, at) =>
          value.status === 'fulfilled' ? [[wanted[at]!.market, value.value.equity] as const] : [],
        ),
      );
    },
    wanted.length > 0 ? EVERY_MS : 0,
  );
}
