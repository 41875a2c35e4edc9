/** What changed between the first and the last point of a history, in words. */
import type { AssetPoint } from '../../api/client';
import { dollars, percent } from '../../ui/format';

export interface Line {
  name: string;
  from: string;
  to: string;
}

/** Figures that read differently at the end than at the beginning. */
export function moved(points: readonly AssetPoint[]): Line[] {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || first === last) return [];
  const money = (value: number | null) => (value === null ? 'none' : dollars(value));
  const rows: [string, string, string][] = [
    ['Price', money(first.price), money(last.price)],
    ['Stable price', money(first.stable), money(last.stable)],
    ['Volatility', percent(first.sigma), percent(last.sigma)],
    ['Haircut long', percent(first.haircutLong), percent(last.haircutLong)],
    ['Haircut short', percent(first.haircutShort), percent(last.haircutShort)],
    ['Least haircut', percent(first.haircutMin), percent(last.haircutMin)],
    ['Most haircut', percent(first.haircutMax), percent(last.haircutMax)],
    ['Breaker', first.state, last.state],
  ];
  return rows.filter(([, from, to]) => from !== to).map(([name, from, to]) => ({ name, from, to }));
}
