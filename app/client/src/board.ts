/**
 * Reading the risk board without decoding all of it. The board has 68 KB, most of it scenarios that only a margin check
 * needs: decoding everything makes thousands of big integers, at every notification. These views decode the header and
 * the entries that are listed, with the generated codecs, at offsets that the generator computed from the IDL.
 */
import type { ReadonlyUint8Array } from '@solana/kit';
import {
  RISK_BOARD_DISCRIMINATOR,
  getAssetStateDecoder,
  getMarketStateDecoder,
  getRiskBoardHeaderDecoder,
  getRiskBoardSize,
  type AssetState,
  type MarketState,
  type RiskBoardHeader,
} from './generated';
import { RISK_BOARD_OFFSETS } from './generated/layout';

/** What a board says of everything that is listed on it. */
export type BoardView = {
  header: RiskBoardHeader;
  /** By asset index. */
  assets: AssetState[];
  /** By market index. */
  markets: MarketState[];
};

/** The layout that this client reads. */
export const BOARD_VERSION = 1;

const headerDecoder = getRiskBoardHeaderDecoder();
const assetDecoder = getAssetStateDecoder();
const marketDecoder = getMarketStateDecoder();

/** Counts, parameters, times, notice, interest, pauses. */
export function readBoardHeader(data: ReadonlyUint8Array): RiskBoardHeader {
  return headerDecoder.decode(data, checked(data));
}

/** One asset, by its index. */
export function readBoardAsset(data: ReadonlyUint8Array, index: number): AssetState {
  checked(data);
  within(index, data[RISK_BOARD_OFFSETS.assetCount], 'asset');
  return assetDecoder.decode(data, RISK_BOARD_OFFSETS.assets + index * assetDecoder.fixedSize);
}

/** One market, by its index. */
export function readBoardMarket(data: ReadonlyUint8Array, index: number): MarketState {
  checked(data);
  within(index, data[RISK_BOARD_OFFSETS.marketCount], 'market');
  return marketDecoder.decode(data, RISK_BOARD_OFFSETS.markets + index * marketDecoder.fixedSize);
}

/** Header, and the assets and markets that are listed. */
export function readBoard(data: ReadonlyUint8Array): BoardView {
  const header = readBoardHeader(data);
  return {
    header,
    assets: Array.from({ length: header.assetCount }, (_, index) => readBoardAsset(data, index)),
    markets: Array.from({ length: header.marketCount }, (_, index) => readBoardMarket(data, index)),
  };
}

/** Where the header begins, of bytes that are a complete board in a layout that this client knows. */
function checked(data: ReadonlyUint8Array): number {
  const begins = RISK_BOARD_DISCRIMINATOR.every((byte, at) => data[at] === byte);
  if (!begins) throw new Error('these bytes are no complete risk board (the discriminator differs)');
  if (data.length < getRiskBoardSize())
    throw new Error(`a risk board has ${getRiskBoardSize()} bytes, these are ${data.length}`);
  const version = data[RISK_BOARD_OFFSETS.version];
  if (version !== BOARD_VERSION)
    throw new Error(`this board has layout version ${version}, this client reads ${BOARD_VERSION}`);
  return RISK_BOARD_OFFSETS.version;
}

function within(index: number, count: number | undefined, what: string): void {
  if (!(Number.isInteger(index) && index >= 0 && index < (count ?? 0)))
    throw new RangeError(`there is no ${what} ${index} on the board: it lists ${count}`);
}
