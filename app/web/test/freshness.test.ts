import { expect, it } from 'vitest';
import { freshness, staleAssets } from '../src/chain/freshness';

const asset = { spotMantissa: 5n, publishTime: 1_000n, maxAgeS: 60 };

it('calls a price stale in the very second in which the program does', () => {
  expect(freshness(asset, 1_060)).toBe('late');
  expect(freshness(asset, 1_061)).toBe('stale');
});

it('tells a price that was never published from an old one', () => {
  expect(freshness({ ...asset, spotMantissa: 0n }, 1_000)).toBe('never');
});

it('is fresh where the publisher’s clock runs ahead of the chain’s', () => {
  expect(freshness(asset, 990)).toBe('fresh');
});

it('names the assets that need a price', () => {
  const fresh = { ...asset, publishTime: 1_090n };
  expect(staleAssets([asset, fresh, { ...fresh, spotMantissa: 0n }], 1_100)).toEqual([0, 2]);
});
