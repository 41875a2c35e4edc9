import { isAddress, type Address } from '@solana/kit';
import { useEffect, useState } from 'react';
import { decodeMarginAccount, useSelectedAccount } from '../../chain/accounts';
import { standingOf } from '../../chain/delegate';
import { useLiveAccount, useNow, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { go, href } from '../../router';
import { Button, Dialog, Field, Problem, Skeleton } from '../../ui';
import { useWallet } from '../../wallet/context';
import { typedAddress } from '../parts/address';
import { Account } from './Account';

/** Asks for the address of any margin account. */
export function VisitDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Open an account by its address" open={open} onClose={onClose}>
      {open && <VisitForm onDone={onClose} />}
    </Dialog>
  );
}

export function VisitForm({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState('');
  const address = typedAddress(text);
  return (
    <form
      className="stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (typeof address !== 'string') return;
        onDone();
        go('portfolio', [address]);
      }}
    >
      <Field
        label="Address of the margin account"
        value={text}
        className="mono"
        autoComplete="off"
        spellCheck={false}
        error={typeof address === 'object' ? address.error : undefined}
        hint="Anybody may look. Where your wallet is its delegate, you may do what its owner lets you."
        onChange={(e) => setText(e.target.value)}
      />
      <Button
        type="submit"
        look="primary"
        className="button-wide"
        disabled={typeof address !== 'string'}
      >
        Open
      </Button>
    </form>
  );
}

/** A margin account by the address in the page's own: the wallet's, one that it acts for, or anybody's. */
export function Visited({ address: text }: { address: string }) {
  const address = isAddress(text) ? text : undefined;
  const { deployment } = useChain();
  const { address: wallet } = useWallet();
  const { choose } = useSelectedAccount();
  const now = useNow();
  const found = useLiveAccount(address, decodeMarginAccount);
  const account = valueOf(found);
  const ours = account?.clearinghouse === deployment.clearinghouse;
  const standing = account && ours ? standingOf(account, wallet, now).as : 'nobody';
  const acts = standing === 'owner' || standing === 'delegate';
  useEffect(() => {
    // What is opened to act on is also what the other pages act on.
    if (acts && address) choose(address as Address);
  }, [acts, address, choose]);
  const back = (
    <a className="button button-secondary button-small" href={href('portfolio')}>
      To your portfolio
    </a>
  );
  if (!address) {
    return (
      <Problem title="That is no address" tone="warn" action={back}>
        An address has 32 bytes in base58, 43 or 44 letters and digits.
      </Problem>
    );
  }
  if (found.state === 'loading') return <Skeleton lines={8} label="Looking for the account" />;
  if (found.state === 'missing') {
    return (
      <Problem title="There is no account at this address" tone="warn" action={back}>
        It may have been closed, or stand on another cluster.
      </Problem>
    );
  }
  if (found.state === 'unreadable' || !ours || !account) {
    return (
      <Problem title="This is no account that can be shown here" tone="warn" action={back}>
        {found.state === 'unreadable'
          ? found.error
          : 'It is a margin account of another clearinghouse.'}
      </Problem>
    );
  }
  return <Account key={address} address={address as Address} account={account} />;
}
