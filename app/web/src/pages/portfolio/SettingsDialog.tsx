import type { Address, TransactionSigner } from '@solana/kit';
import { getSetRestrictionInstruction, type MarginAccount } from '@ballast/client';
import { useState } from 'react';
import { closeAccount, setMode } from '../../chain/actions';
import { useSelectedAccount } from '../../chain/accounts';
import { useChain } from '../../chain/rpc';
import { ProblemNotice } from '../../tx/Review';
import { useSend } from '../../tx/useSend';
import { Button, Dialog, SelectField } from '../../ui';
import { useWallet } from '../../wallet/context';

/** The bit of an account's restrictions that its owner sets. */
const BY_OWNER = 2;

interface Props {
  open: boolean;
  onClose: () => void;
  address: Address;
  account: MarginAccount;
}

/** Nothing in it that is not nothing. */
export function isEmpty(account: MarginAccount): boolean {
  return (
    account.quote === 0n &&
    account.collateral.every((c) => c.amount === 0n) &&
    account.positions.every((p) => p.base === 0n && p.entry === 0n)
  );
}

/** Mode, own restriction, and the end of an account. */
export function SettingsDialog({ open, onClose, address, account }: Props) {
  return (
    <Dialog title="Account settings" open={open} onClose={onClose}>
      {open && <Settings onClose={onClose} address={address} account={account} />}
    </Dialog>
  );
}

function Settings({ onClose, address, account }: Omit<Props, 'open'>) {
  const chain = useChain();
  const { signer } = useWallet();
  const { list } = useSelectedAccount();
  const sending = useSend();
  const empty = isEmpty(account);
  const now = account.isolated === 0 ? 'cross' : String(account.isolated - 1);
  const [mode, setChosen] = useState(now);
  const held = (account.restrictions & BY_OWNER) !== 0;
  const restrict = (owner: TransactionSigner) =>
    Promise.resolve([
      getSetRestrictionInstruction({ owner, marginAccount: address, reduceOnly: !held }),
    ]);
  const change = (owner: TransactionSigner) =>
    setMode(chain, owner, address, mode === 'cross' ? undefined : Number(mode));
  const end = async () => {
    if (await sending.send('Account closed', (by) => closeAccount(chain, by, address))) {
      list.refresh();
      onClose();
    }
  };
  return (
    <div className="stack">
      <SelectField
        label="Margin mode"
        value={mode}
        disabled={!empty}
        onChange={(e) => setChosen(e.target.value)}
        hint={empty ? undefined : 'It can be changed while the account is empty.'}
      >
        <option value="cross">Cross: all markets, one margin</option>
        {chain.config.markets.map((m) => (
          <option key={m.index} value={m.index}>
            Isolated: {m.symbol}
          </option>
        ))}
      </SelectField>
      {empty && mode !== now && (
        <Button disabled={!signer} busy={sending.busy} onClick={() => void sending.send('Mode changed', change)}>
          Change mode
        </Button>
      )}
      <div className="spread">
        <div>
          <h3>Reduce only</h3>
          <p className="small muted">Holds this account to reducing positions and loans, a delegate too.</p>
        </div>
        <Button
          size="small"
          disabled={!signer}
          busy={sending.busy}
          onClick={() =>
            void sending.send(held ? 'Restriction lifted' : 'Account may only reduce', restrict)
          }
        >
          {held ? 'Lift' : 'Restrict'}
        </Button>
      </div>
      <div className="spread">
        <div>
          <h3>Close account</h3>
          <p className="small muted">
            {empty
              ? 'Its rent goes back to your wallet.'
              : 'Withdraw what is in it and settle its positions first.'}
          </p>
        </div>
        <Button size="small" look="danger" disabled={!signer || !empty} busy={sending.busy} onClick={() => void end()}>
          Close
        </Button>
      </div>
      {sending.problem && <ProblemNotice problem={sending.problem} />}
      {sending.step && <p className="small muted">{sending.step}</p>}
    </div>
  );
}
