import { describe, expect, test } from 'vitest';
import {
  RISK_BOARD_DISCRIMINATOR,
  RISK_BOARD_OFFSETS,
  getRiskBoardDecoder,
  getRiskBoardSize,
  readBoard,
  readBoardAsset,
  readBoardHeader,
  readBoardMarket,
} from '../src';
import { Dice } from './idl';

/** A board of random bytes: every field differs from every other. */
function board(assets: number, markets: number, seed = 1): Uint8Array {
  const data = new Dice(seed).bytes(getRiskBoardSize());
  data.set(RISK_BOARD_DISCRIMINATOR);
  data[RISK_BOARD_OFFSETS.version] = 1;
  data[RISK_BOARD_OFFSETS.assetCount] = assets;
  data[RISK_BOARD_OFFSETS.marketCount] = markets;
  return data;
}

describe('the cheap views of the board', () => {
  test.each([
    [0, 0],
    [3, 5],
    [32, 64],
  ])('with %i assets and %i markets are what the full decoder says', (assets, markets) => {
    const data = board(assets, markets, assets + 1);
    const whole = getRiskBoardDecoder().decode(data);
    const view = readBoard(data);
    const { discriminator: _, assets: __, markets: ___, ...others } = whole;
    const { ring, stress, rowTimes, reservedTail, ...header } = others;
    expect(view.header).toEqual(header);
    expect(view.assets).toEqual(whole.assets.slice(0, assets));
    expect(view.markets).toEqual(whole.markets.slice(0, markets));
    expect([ring, stress, rowTimes, reservedTail].every((part) => part.length > 0)).toBe(true);
  });

  test('stand where the documentation says', () => {
    expect(RISK_BOARD_OFFSETS).toMatchObject({
      assets: 648,
      markets: 18_056,
      ring: 30_344,
      stress: 63_112,
      rowTimes: 67_208,
      reservedTail: 68_232,
    });
  });

  test('read a board that is a window into other bytes', () => {
    const data = board(2, 2);
    const wider = new Uint8Array(data.length + 20);
    wider.set(data, 13);
    expect(readBoard(wider.subarray(13, 13 + data.length))).toEqual(readBoard(data));
  });

  test('refuse an asset or market that is not listed', () => {
    const data = board(2, 1);
    expect(() => readBoardAsset(data, 2)).toThrow('no asset 2');
    expect(() => readBoardAsset(data, -1)).toThrow('no asset');
    expect(() => readBoardMarket(data, 1)).toThrow('no market 1');
  });

  test('refuse a board that still grows, another account, and a layout of a later release', () => {
    const growing = board(1, 1);
    growing.fill(0, 0, 8);
    expect(() => readBoardHeader(growing)).toThrow('no complete risk board');
    expect(() => readBoardHeader(board(1, 1).subarray(0, 10_000))).toThrow('these are 10000');
    const later = board(1, 1);
    later[RISK_BOARD_OFFSETS.version] = 2;
    expect(() => readBoard(later)).toThrow('layout version 2');
  });
});
