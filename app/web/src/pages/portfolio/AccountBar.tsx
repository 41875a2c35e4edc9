import type { Address } from '@solana/kit';
import { useId, useState } from 'react';
import type { MarginAccount } from '@ballast/client';
import { accountLabel, accountName, useSelectedAccount, useStanding } from '../../chain/accounts';
import { may } from '../../chain/delegate';
import { useChain } from '../../chain/rpc';
import { go } from '../../router';
import { Badge, Button } from '../../ui';
import { shortAddress } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { FundsDialog, type Way } from './FundsDialog';
import { OpenDialog } from './OpenDialog';
import { SettingsDialog } from './SettingsDialog';
import { VisitDialog } from './Visit';

/** What an account's margin covers. */
export function modeText(account: MarginAccount, markets: readonly { symbol: string }[]): string {
  if (account.isolated === 0) return 'cross';
  return `isolated: ${markets[account.isolated - 1]?.symbol ?? `market ${account.isolated - 1}`}`;
}

/** Which account, and what the connected wallet can do with it. */
export function AccountBar({ address, account }: { address: Address; account: MarginAccount }) {
  const { config } = useChain();
  const { address: wallet } = useWallet();
  const { list, lent, choose } = useSelectedAccount();
  const standing = useStanding(account);
  const [way, setWay] = useState<Way>();
  const [dialog, setDialog] = useState<'new' | 'visit' | 'settings'>();
  const id = useId();
  const accounts = list.state === 'ready' && wallet ? list.accounts : [];
  const others = lent.state === 'ready' && wallet ? lent.accounts : [];
  const listed = [...accounts, ...others].some((a) => a.address === address);
  const restricted = account.restrictions !== 0;
  const close = () => setDialog(undefined);
  const pick = (value: string) => {
    if (value === 'new' || value === 'visit') return setDialog(value);
    choose(value as Address);
    go('portfolio');
  };
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
          onChange={(e) => pick(e.target.value)}
        >
          {!listed && <option value={address}>{accountLabel(account, wallet)}</option>}
          {accounts.map((a) => (
            <option key={a.address} value={a.address}>
              {accountName(a.value)} · {modeText(a.value, config.markets)}
            </option>
          ))}
          {others.length > 0 && (
            <optgroup label="As a delegate">
              {others.map((a) => (
                <option key={a.address} value={a.address}>
                  {accountLabel(a.value, wallet)} · {modeText(a.value, config.markets)}
                </option>
              ))}
            </optgroup>
          )}
          {wallet && <option value="new">New account…</option>}
          <option value="visit">Open by address…</option>
        </select>
        <Badge tone={account.isolated === 0 ? 'plain' : 'info'}>
          {modeText(account, config.markets)}
        </Badge>
        {standing.as === 'delegate' && <Badge tone="info">you are its delegate</Badge>}
        {standing.as === 'nobody' && <Badge>not yours</Badge>}
        {restricted && <Badge tone="warn">reduce only</Badge>}
        <span className="mono small faint desktop-only" title={address}>
          {shortAddress(address)}
        </span>
      </div>
      <div className="row">
        {may(standing, 'deposit') && (
          <Button look="primary" onClick={() => setWay('deposit')}>
            Deposit
          </Button>
        )}
        {standing.as === 'owner' && (
          <>
            <Button onClick={() => setWay('withdraw')}>Withdraw</Button>
            {accounts.length > 1 && <Button onClick={() => setWay('transfer')}>Transfer</Button>}
            <Button look="quiet" onClick={() => setDialog('settings')}>
              Settings
            </Button>
          </>
        )}
      </div>
      <FundsDialog way={way} setWay={setWay} address={address} account={account} />
      <OpenDialog open={dialog === 'new'} onClose={close} />
      <VisitDialog open={dialog === 'visit'} onClose={close} />
      <SettingsDialog
        open={dialog === 'settings'}
        onClose={close}
        address={address}
        account={account}
      />
    </div>
  );
}
