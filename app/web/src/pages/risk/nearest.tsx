import type { AccountStanding } from '../../api/client';
import { api, useApi } from '../../api/hooks';
import { useChain } from '../../chain/rpc';
import { href } from '../../router';
import { Badge, Card, Empty, Skeleton, Table, type Column } from '../../ui';
import { health, healthPercent, quote, shortAddress } from '../../ui/format';
import { ApiProblem } from '../parts/range';

const SHOWN = 8;
const EVERY_MS = 5_000;

/** The accounts that have the least left above their maintenance margin, as the gateway's engine values them. */
export function Nearest() {
  const { config } = useChain();
  const { data, error, again } = useApi('accounts', (signal) => api.accounts(SHOWN, signal), EVERY_MS);
  const money = (value: bigint | null) => (value === null ? '–' : quote(value));
  const columns: Column<AccountStanding>[] = [
    {
      title: 'Account',
      cell: (a) => (
        <span className="row">
          <a className="mono" href={href('liquidations', [], { account: a.address })} title={a.address}>
            {shortAddress(a.address)}
          </a>
          {a.backstop !== null && (
            <Badge>{config.markets.find((m) => m.index === a.backstop)?.symbol ?? 'a market'} backstop</Badge>
          )}
        </span>
      ),
    },
    { title: 'Equity', numeric: true, cell: (a) => money(a.equity) },
    { title: 'MM', numeric: true, cell: (a) => money(a.mm) },
    { title: 'IM', numeric: true, wide: true, cell: (a) => money(a.im) },
    {
      title: 'Health',
      numeric: true,
      cell: (a) =>
        a.equity === null || a.mm === null ? (
          <span className="faint" title={a.unvalued ?? undefined}>
            not valued
          </span>
        ) : (
          <span className={a.liquidatable ? 'bad' : a.im !== null && a.equity < a.im ? 'warn' : ''}>
            {health(healthPercent(a.equity, a.mm))}
          </span>
        ),
    },
  ];
  return (
    <Card title="Nearest to liquidation" note="Equity ÷ maintenance margin; below 100 % anybody may liquidate." flush>
      {error && (
        <div className="feed-problem">
          <ApiProblem error={error} again={again} what={data ? 'The newest figures' : 'The accounts'} />
        </div>
      )}
      {data ? (
        <Table
          caption="Margin accounts, the one nearest to liquidation first"
          columns={columns}
          rows={data}
          rowKey={(a) => a.address}
          empty={<Empty title="Nobody has an account yet">It is opened on the portfolio page.</Empty>}
        />
      ) : (
        !error && <Skeleton />
      )}
    </Card>
  );
}
