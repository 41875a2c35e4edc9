/**
 * Whether a price may be believed to be current, as the program asks it: no older than the asset allows. Before the
 * program calls it stale it is called late, so that a trader sees a feed stop before it matters.
 */
export type Freshness = 'never' | 'fresh' | 'late' | 'stale';

export interface Dated {
  spotMantissa: bigint;
  publishTime: bigint;
  maxAgeS: number;
}

export function freshness(asset: Dated, now: number): Freshness {
  if (asset.spotMantissa === 0n) return 'never';
  const age = now - Number(asset.publishTime);
  if (age > asset.maxAgeS) return 'stale';
  return age > asset.maxAgeS / 2 ? 'late' : 'fresh';
}

/** Indices of the assets that have no current price. */
export function staleAssets(assets: readonly Dated[], now: number): number[] {
  return assets.flatMap((asset, index) => {
    const state = freshness(asset, now);
    return state === 'stale' || state === 'never' ? [index] : [];
  });
}
