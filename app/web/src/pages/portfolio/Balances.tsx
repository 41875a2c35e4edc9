import type { MarginAccount } from '@ballast/client';
import { useStanding } from '../../chain/accounts';
import { may } from '../../chain/delegate';
import { useBoard, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { Card, Table, type Column } from '../../ui';
import { decimal, price, quote, rate, valueAt } from '../../ui/format';
import { tokenName, useWalletBalance, type TokenName } from './tokens';
import { useWallet } from '../../wallet/context';

interface Row extends TokenName {
  amount: bigint;
  value?: bigint;
  price: string;
  haircut: string;
}

/** Settled quote and collateral. */
export function Balances({ account }: { account: MarginAccount }) {
  const { config } = useChain();
  const board = valueOf(useBoard());
  const pays = may(useStanding(account), 'deposit');
  const rows: Row[] = [
    {
      ...tokenName(config, 'quote'),
      amount: account.quote,
      value: account.quote,
      price: '1.00',
      haircut: 'none',
    },
    ...account.collateral
      .filter((c) => c.amount > 0n)
      .map((c): Row => {
        const name = tokenName(config, c.asset);
        const state = board?.assets[c.asset];
        const at = state && { mantissa: state.spotMantissa, shift: state.spotShift };
        return {
          ...name,
          amount: c.amount,
          value: at && valueAt(at, c.amount),
          price: at ? price(at, name.decimals) : '–',
          haircut: state ? rate(state.haircutLong, 1) : '–',
        };
      }),
  ];
  const columns: Column<Row>[] = [
    {
      title: 'Token',
      cell: (r) => (
        <span>
          {r.symbol}
          {r.token === 'quote' && r.amount < 0n && <span className="small warn"> loan</span>}
        </span>
      ),
    },
    {
      title: 'In the account',
      numeric: true,
      cell: (r) => decimal(r.amount, r.decimals, { least: 2, most: 6 }),
    },
    { title: 'Price', numeric: true, cell: (r) => r.price },
    { title: 'Value', numeric: true, cell: (r) => (r.value === undefined ? '–' : quote(r.value)) },
    { title: 'Haircut alone', numeric: true, wide: true, cell: (r) => r.haircut },
    ...(pays ? [{ title: 'In your wallet', numeric: true, cell: (r: Row) => <InWallet token={r} /> }] : []),
  ];
  return (
    <Card title="Balances" flush>
      <Table caption="Balances" columns={columns} rows={rows} rowKey={(r) => String(r.token)} />
    </Card>
  );
}

function InWallet({ token }: { token: TokenName }) {
  const { address } = useWallet();
  const balance = valueOf(useWalletBalance(address, token.token));
  return <>{balance === undefined ? '–' : decimal(balance, token.decimals, { least: 2, most: 4 })}</>;
}
