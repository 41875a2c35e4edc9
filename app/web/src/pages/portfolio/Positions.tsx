import type { Address } from '@solana/kit';
import type { MarginAccount } from '@ballast/client';
import { useStanding } from '../../chain/accounts';
import { settle } from '../../chain/actions';
import { may } from '../../chain/delegate';
import type { Explanation } from '../../chain/explain';
import { useBoard, useNow, valueOf } from '../../chain/hooks';
import { useMarks } from '../../chain/marks';
import { useChain } from '../../chain/rpc';
import { href } from '../../router';
import { liquidationPrice, ProblemNotice } from '../../tx/Review';
import { useSend } from '../../tx/useSend';
import { Badge, Button, Card, Empty, plain, Table, type Column } from '../../ui';
import { decimal, dollars, price, quote, QUOTE_DECIMALS, valueAt } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { termsText } from '../parts/options';

type Slot = MarginAccount['positions'][number];

interface Props {
  address: Address;
  account: MarginAccount;
  positions: readonly Slot[];
  /** False while funding since the last touch is not counted in yet. */
  exact: boolean;
  explained?: Explanation;
  /** On the trade page, where there is no need to point to it. */
  here?: boolean;
}

interface Row {
  slot: Slot;
  symbol: string;
  asset: string;
  decimals: number;
  option: boolean;
  mark: string;
  /** An option's terms, and its mark a whole token. */
  terms?: string;
  each?: string;
  /** Value at the oracle's price, or an option's mark, and profit that is not settled, micro-units. */
  value?: bigint;
  profit?: bigint;
  liquidation: string;
}

/** Perpetuals and options that the account holds. */
export function Positions({ address, account, positions, exact, explained, here }: Props) {
  const chain = useChain();
  const { config } = chain;
  const { signer } = useWallet();
  const standing = useStanding(account);
  const board = valueOf(useBoard());
  const now = useNow();
  const sending = useSend();
  const marks = useMarks(positions.filter(({ market }) => config.markets.find((m) => m.index === market)?.kind === 'option'));
  const rows = positions.map((slot): Row => {
    const market = config.markets.find((m) => m.index === slot.market);
    const asset = config.assets.find((a) => a.index === market?.asset);
    const state = market && board?.assets[market.asset];
    const option = market?.kind === 'option';
    const at = state && { mantissa: state.spotMantissa, shift: state.spotShift };
    const listed = board?.markets[slot.market];
    const value = option ? marks.data?.get(slot.market) : at && valueAt(at, slot.base);
    const leg = explained?.legs.find((l) => l.asset === asset?.symbol);
    return {
      slot,
      symbol: market?.symbol ?? `market ${slot.market}`,
      asset: asset?.symbol ?? '',
      decimals: asset?.decimals ?? 0,
      option,
      terms: option && listed ? termsText(listed, asset?.decimals ?? 0, now) : undefined,
      each:
        option && value !== undefined && slot.base !== 0n
          ? dollars((Number(value) / Number(slot.base)) * 10 ** ((asset?.decimals ?? 0) - QUOTE_DECIMALS))
          : undefined,
      mark: at ? price(at, asset?.decimals ?? 0) : '–',
      value,
      profit: value === undefined ? undefined : value + slot.entry,
      liquidation: explained ? liquidationPrice(leg) : '–',
    };
  });
  const columns: Column<Row>[] = [
    {
      title: 'Market',
      cell: (r) => (
        <span className="cell-stack start">
          <span className="row">
            <a className="nowrap" href={href('trade', [r.symbol])}>
              {r.symbol}
            </a>
            {r.slot.base !== 0n && (
              <Badge tone={r.slot.base > 0n ? 'good' : 'bad'}>{r.slot.base > 0n ? 'long' : 'short'}</Badge>
            )}
          </span>
          {r.terms && <span className="small faint">{r.terms}</span>}
        </span>
      ),
    },
    {
      title: 'Size',
      numeric: true,
      cell: (r) => `${decimal(r.slot.base < 0n ? -r.slot.base : r.slot.base, r.decimals, { most: 6 })} ${r.asset}`,
    },
    {
      title: 'Value',
      numeric: true,
      cell: (r) =>
        r.value === undefined ? (
          '–'
        ) : r.each === undefined ? (
          quote(r.value)
        ) : (
          <span className="cell-stack">
            <span>{quote(r.value)}</span>
            <span className="small faint">mark {r.each}</span>
          </span>
        ),
    },
    { title: 'Oracle price', numeric: true, cell: (r) => r.mark },
    { title: 'Liquidation', numeric: true, cell: (r) => r.liquidation },
    {
      title: 'Unsettled profit',
      numeric: true,
      cell: (r) =>
        r.profit === undefined ? (
          <span
            className="faint"
            title={r.option ? 'The gateway does not say its mark now; it is part of the equity above' : undefined}
          >
            {r.option ? 'in equity' : '–'}
          </span>
        ) : (
          <span className={r.profit < 0n ? 'bad' : 'good'}>{quote(r.profit, { sign: true })}</span>
        ),
    },
    {
      title: '',
      cell: (r) => (
        <span className="row end">
          <Button
            size="small"
            look="quiet"
            disabled={!signer || sending.busy}
            title="Move profit or loss into the quote balance"
            onClick={() =>
              void sending.send(`Settled in ${r.symbol}`, () => settle(chain, address, r.slot.market))
            }
          >
            Settle
          </Button>
          {r.slot.base !== 0n && !r.option && may(standing, 'reduce') && (
            <a
              className="button button-secondary button-small"
              href={href('trade', [r.symbol], {
                side: r.slot.base > 0n ? 'sell' : 'buy',
                size: plain(r.slot.base < 0n ? -r.slot.base : r.slot.base, r.decimals),
              })}
            >
              Close
            </a>
          )}
        </span>
      ),
    },
  ];
  return (
    <Card
      title="Positions"
      note={exact ? undefined : 'Funding since the last touch is not counted in yet'}
      flush
    >
      <Table
        caption="Positions"
        columns={columns}
        rows={rows}
        rowKey={(r) => r.slot.market}
        empty={
          <Empty
            title="No positions"
            action={
              here || !may(standing, 'trade') ? undefined : (
                <a className="button button-secondary button-small" href={href('trade')}>
                  Trade
                </a>
              )
            }
          />
        }
      />
      {sending.problem && (
        <div className="card-inset">
          <ProblemNotice problem={sending.problem} />
        </div>
      )}
    </Card>
  );
}
