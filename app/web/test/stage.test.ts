import { describe, expect, it } from 'vitest';
import { limitOf, stageOf } from '../src/pages/trade/stage';

const request = { after: 100n, expires: 160n };
const LAG = 10;
const at = (previous: number, published: number) => ({
  previousPublishTime: BigInt(previous),
  publishTime: BigInt(published),
});

describe('a request', () => {
  it('waits while no price after it was published, and is unserved once it has expired', () => {
    expect(stageOf(request, at(90, 100), LAG, 160)).toBe('waiting');
    expect(stageOf(request, at(90, 100), LAG, 161)).toBe('unserved');
  });

  it('is due on the first price after it, up to the lag', () => {
    expect(stageOf(request, at(100, 101), LAG, 111)).toBe('due');
    expect(stageOf(request, at(100, 101), LAG, 112)).toBe('missed');
  });

  it('has missed its price where a second one stands on the board', () => {
    expect(stageOf(request, at(101, 102), LAG, 103)).toBe('missed');
  });

  it('is unserved where the first price came too late', () => {
    expect(stageOf(request, at(100, 161), LAG, 161)).toBe('unserved');
  });
});

describe('its limit', () => {
  it('lets a buyer pay more and a seller get less, never the other way round', () => {
    expect(limitOf(1_000_000n, true, 100)).toBe(1_010_001n);
    expect(limitOf(-1_000_000n, false, 100)).toBe(990_000n);
  });

  it('is never zero, which the program refuses', () => {
    expect(limitOf(0n, true, 0)).toBe(1n);
    expect(limitOf(1n, false, 10_000)).toBe(1n);
  });
});
