import type { Explanation, ExplainedLeg } from '../chain/explain';
import type { TxProblem } from '../chain/errors';
import type { HealthState } from '../chain/health';
import { Problem, Skeleton } from '../ui';
import { dollars, fixed, health as words, healthPercent, quote } from '../ui/format';
import { standing } from '../ui/Gauge';
import type { PreviewState } from './usePreview';
import './review.css';

/** Why something was not made. */
export function ProblemNotice({ problem }: { problem: TxProblem }) {
  const soft = problem.kind === 'rejected' || problem.kind === 'expired';
  return (
    <Problem title={problem.title} tone={soft ? 'warn' : 'bad'}>
      {problem.words} {problem.advice}
      {problem.logs && problem.logs.length > 0 && (
        <details className="logs">
          <summary>Log of the program</summary>
          <pre>{problem.logs.join('\n')}</pre>
        </details>
      )}
    </Problem>
  );
}

/** The figures of a margin that people compare. */
export interface Figures {
  equity: bigint;
  maintenance: bigint;
  initial: bigint;
  legs?: readonly ExplainedLeg[] | null;
  volatilityFactor?: number | null;
}

export interface ColumnOf {
  title: string;
  /** undefined: on its way; null: not known. */
  figures: Figures | null | undefined;
}

/** Prices at which a leg's asset alone would have the account liquidated. */
export function liquidationPrice(leg: ExplainedLeg | undefined): string {
  if (!leg) return 'none';
  // Both at the price that stands: it is below its maintenance margin already.
  if (leg.liquidationBelow !== null && leg.liquidationBelow === leg.liquidationAbove) return 'now';
  const parts = [
    leg.liquidationBelow === null ? '' : `< ${dollars(leg.liquidationBelow)}`,
    leg.liquidationAbove === null ? '' : `> ${dollars(leg.liquidationAbove)}`,
  ].filter(Boolean);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function tone(f: Figures): string {
  const s = standing(f.equity, f.maintenance, f.initial);
  return s === 'liquidatable' ? 'bad' : s === 'reduce' ? 'warn' : '';
}

/** Margin now and afterwards, side by side. */
export function Comparison({ columns }: { columns: readonly ColumnOf[] }) {
  const cell = (f: ColumnOf['figures'], write: (f: Figures) => string, mark?: boolean) => {
    if (f === undefined) return <span className="faint">…</span>;
    if (f === null) return <span className="faint">–</span>;
    return <span className={mark ? tone(f) : ''}>{write(f)}</span>;
  };
  const assets = [
    ...new Set(columns.flatMap((c) => (c.figures?.legs ?? []).map((l) => l.asset))),
  ];
  const last = columns.at(-1)?.figures;
  const rows: [string, (f: Figures) => string, boolean?][] = [
    ['Equity', (f) => quote(f.equity)],
    ['Maintenance margin', (f) => quote(f.maintenance)],
    ['Initial margin', (f) => quote(f.initial)],
    ['Health', (f) => words(healthPercent(f.equity, f.maintenance)), true],
    ...assets.map(
      (asset): [string, (f: Figures) => string] => [
        `Liquidation ${asset}`,
        (f) => (f.legs ? liquidationPrice(f.legs.find((l) => l.asset === asset)) : '–'),
      ],
    ),
    ...(columns.some((c) => c.figures?.volatilityFactor !== undefined && c.figures.legs)
      ? ([
          [
            'Liquidation volatility',
            (f: Figures) =>
              f.volatilityFactor === undefined || !f.legs
                ? '–'
                : f.volatilityFactor === null
                  ? 'none'
                  : `× ${fixed(f.volatilityFactor)}`,
          ],
        ] as [string, (f: Figures) => string][])
      : []),
  ];
  return (
    <div className="comparison-box">
      <table className="comparison">
        <caption className="visually-hidden">Margin before and after</caption>
        <thead>
          <tr>
            <td />
            {columns.map((c) => (
              <th key={c.title} scope="col">
                {c.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, write, mark]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {columns.map((c) => (
                <td key={c.title} className="num">
                  {cell(c.figures, write, mark)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {last && last.legs === null && last.maintenance > 0n && (
        <p className="small faint">
          Liquidation prices after it are not known: the gateway, which takes margin apart, does not say them.
        </p>
      )}
    </div>
  );
}

/** Figures of what the chain said, with what the gateway adds. */
export function figuresOf(
  health: { equity: bigint; maintenance: bigint; initial: bigint } | undefined,
  explained: Explanation | null | undefined,
): Figures | null {
  if (!health) return null;
  // Not asked yet is undefined; asked in vain is null.
  const legs = explained === null ? null : explained?.legs;
  return { ...health, legs, volatilityFactor: explained?.volatilityFactor };
}

export function figuresNow(state: HealthState, explained: Explanation | undefined): Figures | null | undefined {
  if (state.state === 'loading') return undefined;
  return figuresOf(state.state === 'ready' ? state.health : undefined, explained);
}

/** What the program makes of a transaction that is not signed yet. */
export function Review({
  preview,
  before,
  idle,
}: {
  preview: PreviewState;
  /** The account as it stands; the preview's own answer, of the same moment, goes before its figures. */
  before?: ColumnOf & { explained?: Explanation };
  /** Said while nothing is to be simulated. */
  idle?: string;
}) {
  if (preview.state === 'idle') return idle ? <p className="small faint">{idle}</p> : null;
  if (preview.state === 'working') return <Skeleton lines={4} label="Simulating" />;
  if (preview.state === 'refused') return <ProblemNotice problem={preview.problem} />;
  const { health, unvalued } = preview.preview;
  return (
    <div className="stack-s" aria-live="polite">
      {unvalued && (
        <Problem tone="warn" title="It would go through; margin after it is not known now">
          {unvalued}
        </Problem>
      )}
      {health && (
        <Comparison
          columns={[
            ...(before
              ? [{ ...before, figures: figuresOf(preview.before, before.explained) ?? before.figures }]
              : []),
            { title: 'After', figures: figuresOf(health, preview.explained) },
          ]}
        />
      )}
    </div>
  );
}
