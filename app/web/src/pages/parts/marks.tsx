import type { ReactNode } from 'react';
import { Badge } from '../../ui';
import { BREAKER, percent, type Breaker } from '../../ui/format';
import './parts.css';

const TONES: Record<Breaker, 'good' | 'warn' | 'bad'> = {
  normal: 'good',
  guarded: 'warn',
  doubted: 'bad',
  halted: 'bad',
};
const MEANINGS: Record<Breaker, string> = {
  normal: 'Everything is allowed.',
  guarded: 'The risk is above what governance allows: no new risk, IM is charged more.',
  doubted: 'The newest price is not believed yet: it gives no credit and nobody is liquidated by it.',
  halted: 'There is no recent price.',
};

/** The state of an asset's breaker. */
export function BreakerBadge({ state }: { state: Breaker }) {
  return (
    <Badge tone={TONES[state]} title={MEANINGS[state]}>
      {state}
    </Badge>
  );
}

export function breakerMeaning(state: Breaker): string {
  return MEANINGS[state];
}

/** State of a breaker at a chain time: without a recent price it is halted, whatever the board last said. */
export function breakerOf(
  asset: { breaker: number; spotMantissa: bigint; publishTime: bigint; maxAgeS: number },
  now: number,
): Breaker {
  const fresh = asset.spotMantissa !== 0n && now - Number(asset.publishTime) <= asset.maxAgeS;
  return fresh ? (BREAKER[asset.breaker] ?? 'halted') : 'halted';
}

/** Where a value lies between two bounds, as a word-high bar. */
export function Between({ value, least, most, label }: { value: number; least: number; most: number; label: string }) {
  const span = most - least || 1;
  const at = Math.min(1, Math.max(0, (value - least) / span));
  const tone = at > 0.9 ? 'bad' : at > 0.6 ? 'warn' : '';
  return (
    <span
      className="between"
      role="img"
      aria-label={`${label}: ${percent(value)}, between ${percent(least)} and ${percent(most)}`}
    >
      <span className={`between-mark ${tone}`} style={{ left: `${at * 100}%` }} />
    </span>
  );
}

/** How much of a limit is used. */
export function Used({ share, label }: { share: number; label: string }) {
  const at = Math.min(1, Math.max(0, share));
  return (
    <span className="used" role="img" aria-label={`${label}: ${percent(share, 0)} used`}>
      <span className={at > 0.9 ? 'used-bad' : at > 0.7 ? 'used-warn' : ''} style={{ width: `${at * 100}%` }} />
    </span>
  );
}

/** States of a breaker through time, under a chart of the same times. */
export function StateStrip({ points }: { points: readonly { t: number; state: Breaker }[] }) {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || last.t <= first.t) return null;
  const runs: { from: number; to: number; state: Breaker }[] = [];
  for (const { t, state } of points) {
    const run = runs.at(-1);
    if (run) run.to = t;
    if (!run || run.state !== state) runs.push({ from: t, to: t, state });
  }
  const width = last.t - first.t;
  const other = runs.filter((run) => run.state !== 'normal');
  const said = other.length === 0 ? 'normal throughout' : other.map((run) => run.state).join(', then ');
  return (
    <div className="strip" role="img" aria-label={`Breaker: ${said}`}>
      <span className="strip-label">Breaker</span>
      <span className="strip-track">
        {runs.map((run) => (
          <span
            key={run.from}
            className={`strip-${run.state}`}
            title={run.state}
            style={{ left: `${((run.from - first.t) / width) * 100}%`, width: `${((run.to - run.from) / width) * 100}%` }}
          />
        ))}
      </span>
    </div>
  );
}

export interface Part {
  name: string;
  rate: number;
}

/** A part below this reads as zero. */
const NOTHING = 0.00005;

/** What a rate is made of: one bar of what adds to it, and all parts by name and size. */
export function Parts({ parts, label }: { parts: readonly Part[]; label: string }) {
  // A part keeps its colour where another comes or goes.
  const coloured = parts.map((part, at) => ({ ...part, colour: `part-${at % 6}` }));
  const shown = coloured.filter((part) => Math.abs(part.rate) >= NOTHING);
  const whole = shown.reduce((sum, part) => sum + Math.max(0, part.rate), 0);
  return (
    <div className="parts">
      <div className="parts-bar" role="img" aria-label={label}>
        {shown.map((part) => (
          <span key={part.name} className={part.colour} style={{ width: `${(Math.max(0, part.rate) / (whole || 1)) * 100}%` }} />
        ))}
      </div>
      <dl>
        {shown.map((part) => (
          <div key={part.name}>
            <dt>
              <i className={part.colour} aria-hidden="true" />
              {part.name}
            </dt>
            <dd className="num">{percent(part.rate)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** A heading of a page, with one sentence of what it is for. */
export function PageHead({ title, note, actions }: { title: string; note: ReactNode; actions?: ReactNode }) {
  return (
    <header className="head">
      <div>
        <h1>{title}</h1>
        <p className="muted">{note}</p>
      </div>
      {actions}
    </header>
  );
}
