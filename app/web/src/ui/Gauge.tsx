import { health as words, healthPercent, quote } from './format';

interface Props {
  /** Quote micro-units. */
  equity: bigint;
  maintenance: bigint;
  initial: bigint;
  /** Alert levels, percent of MM. */
  alerts?: readonly number[];
}

export type Standing = 'idle' | 'safe' | 'reduce' | 'liquidatable';

/** Where an account stands by its three figures. */
export function standing(equity: bigint, maintenance: bigint, initial: bigint): Standing {
  if (equity < maintenance) return 'liquidatable';
  if (maintenance <= 0n) return 'idle';
  return equity < initial ? 'reduce' : 'safe';
}

const WORDS: Record<Standing, { text: string; tone: 'good' | 'warn' | 'bad' }> = {
  idle: { text: 'No risk', tone: 'good' },
  safe: { text: 'Above initial margin', tone: 'good' },
  reduce: { text: 'Below initial margin: only reduce or deposit', tone: 'warn' },
  liquidatable: { text: 'Below maintenance margin: may be liquidated', tone: 'bad' },
};

/** Equity against MM and IM on one scale, which runs to somewhat more than twice the initial margin. */
export function Gauge({ equity, maintenance, initial, alerts = [] }: Props) {
  const percent = healthPercent(equity, maintenance);
  const { text, tone } = WORDS[standing(equity, maintenance, initial)];
  const full = Math.max(Number(initial) * 2.2, Number(maintenance) * 2.2, 1);
  const at = (value: number) => `${Math.min(100, Math.max(0, (value / full) * 100))}%`;
  const mm = Number(maintenance);
  return (
    <figure className="gauge" aria-label={`Health ${words(percent)}${percent === undefined ? '' : `. ${text}`}.`}>
      <figcaption className="gauge-head">
        <span className={`gauge-value num ${tone}`}>{words(percent)}</span>
        {percent !== undefined && <span className="small muted">of maintenance margin · {text}</span>}
      </figcaption>
      {maintenance > 0n && (
        <div className="gauge-track" aria-hidden="true">
          <span className={`gauge-fill gauge-${tone}`} style={{ width: at(Number(equity)) }} />
          <span className="gauge-mark" style={{ left: at(mm) }}>
            <i>MM</i>
          </span>
          <span className="gauge-mark" style={{ left: at(Number(initial)) }}>
            <i>IM</i>
          </span>
          {alerts.map((level) => (
            <span key={level} className="gauge-alert" style={{ left: at((mm * level) / 100) }} />
          ))}
        </div>
      )}
      <dl className="gauge-figures">
        <div>
          <dt>Equity</dt>
          <dd className="num">{quote(equity)}</dd>
        </div>
        <div>
          <dt>Maintenance margin</dt>
          <dd className="num">{quote(maintenance)}</dd>
        </div>
        <div>
          <dt>Initial margin</dt>
          <dd className="num">{quote(initial)}</dd>
        </div>
      </dl>
    </figure>
  );
}
