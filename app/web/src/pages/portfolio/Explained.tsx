import type { Answer } from '../../api/hooks';
import type { ExplainedLeg, Explanation } from '../../chain/explain';
import { useBoard, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { Badge, Button, Card, Empty, Problem, Skeleton, Table, type Column } from '../../ui';
import { clock, dollars, fixed, percent, priceNumber, quote } from '../../ui/format';

type Explained = Answer<Explanation>;

/** In place of what the gateway has not said. */
function Unknown({ answer }: { answer: Explained }) {
  if (answer.error) {
    return (
      <Problem
        tone="warn"
        title="The gateway has no explanation now"
        action={
          <Button size="small" onClick={answer.again}>
            Ask again
          </Button>
        }
      >
        {answer.error.message} Margin above comes from the program, and stands.
      </Problem>
    );
  }
  return <Skeleton lines={3} label="Taking your margin apart" />;
}

/** What each asset adds to the margin: positions and collateral in one asset are one exposure. */
export function Costs({ answer }: { answer: Explained }) {
  const e = answer.data;
  const { config } = useChain();
  const board = valueOf(useBoard());
  const alone = (symbol: string) => {
    const asset = config.assets.find((a) => a.symbol === symbol);
    return asset !== undefined && board?.assets[asset.index]?.netted === 0;
  };
  const total = e ? Number(e.maintenance) : 0;
  const columns: Column<ExplainedLeg>[] = [
    {
      title: 'Asset',
      cell: (l) => (
        <span className="row">
          {l.asset}
          {alone(l.asset) && (
            <Badge tone="info" title="Too new or too wild to net with other assets: it is charged alone, as an add-on">
              charged alone
            </Badge>
          )}
        </span>
      ),
    },
    { title: 'Net exposure', numeric: true, cell: (l) => quote(l.exposure) },
    { title: 'In worst hours', numeric: true, cell: (l) => quote(l.expectedShortfall) },
    { title: 'In worst stress', numeric: true, cell: (l) => quote(l.stress) },
    { title: 'Add-ons', numeric: true, cell: (l) => quote(l.addon) },
    { title: 'Adds to MM', numeric: true, cell: (l) => <strong>{quote(l.maintenance)}</strong> },
    {
      title: 'Share',
      numeric: true,
      wide: true,
      cell: (l) => (total > 0 ? percent(Number(l.maintenance) / total, 0) : '–'),
    },
  ];
  const hedges = e?.legs.some((l) => l.maintenance < 0n);
  return (
    <Card
      title="What your margin is made of"
      note={hedges ? 'Below zero: this exposure hedges the others and takes margin away' : undefined}
      flush={e !== undefined && e.legs.length > 0}
    >
      {!e ? (
        <Unknown answer={answer} />
      ) : e.legs.length === 0 ? (
        <Empty title="No exposure">Quote alone needs no margin.</Empty>
      ) : (
        <>
          <Table caption="Margin by asset" columns={columns} rows={e.legs} rowKey={(l) => l.asset} />
          {e.rest !== 0n && (
            <p className="small faint card-inset">
              Of no asset alone, as minima and the share of gross exposure: {quote(e.rest)}.
            </p>
          )}
        </>
      )}
    </Card>
  );
}

/** How far each price, and volatility, can go before the account is liquidated. */
export function Limits({ answer }: { answer: Explained }) {
  const { config } = useChain();
  const board = valueOf(useBoard());
  const e = answer.data;
  const spot = (symbol: string) => {
    const asset = config.assets.find((a) => a.symbol === symbol);
    const state = asset && board?.assets[asset.index];
    return state && asset
      ? priceNumber({ mantissa: state.spotMantissa, shift: state.spotShift }, asset.decimals)
      : undefined;
  };
  const line = (symbol: string, at: number | null, side: 'below' | 'above') => {
    if (at === null) return null;
    const now = spot(symbol);
    return (
      <li key={`${symbol} ${side}`} className="limit">
        <span>
          {symbol} {side}
        </span>
        <span className="num">{dollars(at)}</span>
        <span className="num faint">
          {now ? `${at > now ? '+' : '−'}${percent(Math.abs(at / now - 1), 1)}` : ''}
        </span>
      </li>
    );
  };
  const lines = e?.legs.flatMap((l) => [
    line(l.asset, l.liquidationBelow, 'below'),
    line(l.asset, l.liquidationAbove, 'above'),
  ]);
  return (
    <Card title="You would be liquidated at" note="If one of these moved and nothing else">
      {!e ? (
        <Unknown answer={answer} />
      ) : e.equity < e.maintenance ? (
        <p className="bad">At the prices of now: this account is below its maintenance margin.</p>
      ) : e.legs.length === 0 ? (
        <p className="muted">Nowhere: this account has no exposure.</p>
      ) : (
        <ul className="limits">
          {lines?.every((x) => x === null) && (
            <li className="muted">No price of a single asset would liquidate this account.</li>
          )}
          {lines}
          <li className="limit">
            <span>Volatility of everything</span>
            <span className="num">{e.volatilityFactor === null ? 'none' : `× ${fixed(e.volatilityFactor)}`}</span>
            <span className="faint">{e.volatilityFactor === null ? 'up to × 16' : ''}</span>
          </li>
        </ul>
      )}
    </Card>
  );
}

/** In which hours of the ring the account would lose most. */
export function WorstHours({ answer }: { answer: Explained }) {
  const e = answer.data;
  const most = e?.worst.reduce((m, w) => (w.loss > m ? w.loss : m), 1n) ?? 1n;
  return (
    <Card title="Your worst hours" note="What this portfolio would lose if one of them came again, at today’s volatility">
      {!e ? (
        <Unknown answer={answer} />
      ) : e.legs.length === 0 ? (
        <p className="muted">It has no exposure that could lose.</p>
      ) : e.worst.every((w) => w.loss <= 0n) ? (
        <p className="muted">
          It loses in none of them: assets that are charged alone do not enter the scenarios.
        </p>
      ) : (
        <ol className="worst">
          {e.worst.map((w) => (
            <li key={w.row}>
              <span>{w.time === 0 ? `Before the opening (row ${w.row})` : clock(w.time)}</span>
              <span className="num">{quote(w.loss)}</span>
              <span className="worst-bar" aria-hidden="true">
                <i style={{ width: `${Math.max(0, Number((w.loss * 100n) / most))}%` }} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
