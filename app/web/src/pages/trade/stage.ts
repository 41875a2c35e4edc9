/**
 * Where a request stands, as the program reads it (`TradeRequest::stage`): it trades on the first price that is
 * published after it, for a moment, and on no later one. Only for words and for which button to offer: what happens is
 * up to the program.
 */
export type Stage = 'waiting' | 'due' | 'missed' | 'unserved';

export interface Times {
  /** Only a price published later than this is traded on, unix seconds. */
  after: bigint;
  /** And only up to this. */
  expires: bigint;
}

export interface Published {
  publishTime: bigint;
  previousPublishTime: bigint;
}

export function stageOf(request: Times, asset: Published, maxLagS: number, now: number): Stage {
  if (asset.publishTime <= request.after) {
    return BigInt(now) > request.expires ? 'unserved' : 'waiting';
  }
  const first = asset.previousPublishTime <= request.after;
  if (first && asset.publishTime > request.expires) return 'unserved';
  return first && BigInt(now) <= asset.publishTime + BigInt(maxLagS) ? 'due' : 'missed';
}

/** The worst total that a trader accepts: most to pay, or least to get; rounded in the trader's favour by a micro-unit. */
export function limitOf(value: bigint, buys: boolean, worseBps: number): bigint {
  const size = value < 0n ? -value : value;
  const part = (size * BigInt(worseBps)) / 10_000n;
  if (buys) return size + part + 1n;
  return size > part ? size - part : 1n;
}
