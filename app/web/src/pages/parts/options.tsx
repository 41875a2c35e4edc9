import type { BoardView } from '@ballast/client';
import { duration, percent, price, RATE_ONE } from '../../ui/format';

type Listed = BoardView['markets'][number];
type AssetState = BoardView['assets'][number];

export function isOption(listed: Pick<Listed, 'kind'>): boolean {
  return listed.kind !== 0;
}

/** Strike of an option, dollars a whole token. */
export function strikeText(listed: Listed, decimals: number): string {
  return price({ mantissa: listed.strikeMantissa, shift: listed.strikeShift }, decimals);
}

/** "European call at 150" and how long it lives. */
export function termsText(listed: Listed, decimals: number, now: number): string {
  const left = Number(listed.expiry) - now;
  const life = left > 0 ? `expires in ${duration(left)}` : 'expired';
  return `${listed.kind === 1 ? 'call' : 'put'} at ${strikeText(listed, decimals)}, ${life}`;
}

/** A year as feeds of implied volatility count it. */
const YEAR_S = 31_536_000;

/** A volatility of the board, over its horizon, as people quote it: for a year. */
export function yearly(rate: bigint, horizonS: number): string {
  return `${percent((Number(rate) / Number(RATE_ONE)) * Math.sqrt(YEAR_S / horizonS), 1)} a year`;
}

/** What an oracle has published of an asset's implied volatility, and when; nothing where none does. */
export function published({
  impliedSigma,
  impliedTime,
}: AssetState): { sigma: bigint; time: number } | undefined {
  return impliedSigma === 0n ? undefined : { sigma: impliedSigma, time: Number(impliedTime) };
}
