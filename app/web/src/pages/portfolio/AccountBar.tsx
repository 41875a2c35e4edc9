import type { Address } from '@solana/kit';
import { useId, useState } from 'react';
import type { MarginAccount } from '@ballast/client';
import { accountName, useSelectedAccount } from '../../chain/accounts';
import { useChain } from '../../chain/rpc';
import { Badge, Button } from '../../ui';
import { shortAddress } from '../../ui/format';
import { FundsDialog, type Way } from './FundsDialog';
import { OpenDialog } from './OpenDialog';
import { SettingsDialog } from './SettingsDialog';

/** What an account's margin covers. */
export function modeText(account: MarginAccount, markets: readonly { symbol: string }[]): string {
  if (account.isolated === 0) return 'cross';
  return `isolated: ${markets[account.isolated - 1]?.symbol ?? `market ${account.isolated - 1}`}`;
}

/** Which account, and what can be done with it. */
export function AccountBar({ address, account }: { address: Address; account: MarginAccount }) {
  const { config } = useChain();
  const { list, choose } = useSelectedAccount();
  const [way, setWay] = useState<Way>();
  const [opening, setOpening] = useState(false);
  const [settings, setSettings] = useState(false);
  const id = useId();
  const accounts = list.state === 'ready' ? list.accounts : [];
  const restricted = account.restrictions !== 0;
  return (
    <div className="page-head">
      <div className="row">
        <h1 className="visually-hidden">Portfolio</h1>
        <label htmlFor={id} className="visually-hidden">
          Margin account
        </label>
        <select
          id={id}
          className="account-select"
          value={address}
          onChange={(e) => (e.target.value === 'new' ? setOpening(true) : choose(e.target.value as Address))}
        >
          {accounts.map((a) => (
            <option key={a.address} value={a.address}>
              {accountName(a.value)} · {modeText(a.value, config.markets)}
            </option>
          ))}
          <option value="new">New account…</option>
        </select>
        <Badge tone={account.isolated === 0 ? 'plain' : 'info'}>{modeText(account, config.markets)}</Badge>
        {restricted && <Badge tone="warn">reduce only</Badge>}
        <span className="mono small faint desktop-only" title={address}>
          {shortAddress(address)}
        </span>
      </div>
      <div className="row">
        <Button look="primary" onClick={() => setWay('deposit')}>
          Deposit
        </Button>
        <Button onClick={() => setWay('withdraw')}>Withdraw</Button>
        {accounts.length > 1 && <Button onClick={() => setWay('transfer')}>Transfer</Button>}
        <Button look="quiet" onClick={() => setSettings(true)}>
          Settings
        </Button>
      </div>
      <FundsDialog way={way} setWay={setWay} address={address} account={account} />
      <OpenDialog open={opening} onClose={() => setOpening(false)} />
      <SettingsDialog open={settings} onClose={() => setSettings(false)} address={address} account={account} />
    </div>
  );
}
