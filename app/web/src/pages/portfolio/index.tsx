import { useState } from 'react';
import { useSelectedAccount } from '../../chain/accounts';
import { useRoute } from '../../router';
import { Button, Card, Problem, Skeleton } from '../../ui';
import { useWallet } from '../../wallet/context';
import { Account } from './Account';
import { OpenForm } from './OpenDialog';
import { VisitDialog, Visited } from './Visit';
import './portfolio.css';

export default function PortfolioPage() {
  const { rest } = useRoute();
  return rest[0] === undefined ? <Chosen /> : <Visited address={rest[0]} />;
}

/** The account that the wallet acts on. */
function Chosen() {
  const { address: wallet } = useWallet();
  const { list, lent, selected, live } = useSelectedAccount();
  if (!wallet) return <NoWallet />;
  // A wallet without an account of its own may still act for somebody else.
  const looking = list.state === 'loading' || (lent.state === 'loading' && !selected);
  if (looking) return <Skeleton lines={8} label="Looking for your accounts" />;
  if (list.state === 'failed' && !selected) {
    return (
      <Problem
        title="Your accounts could not be read"
        action={
          <Button size="small" onClick={list.refresh}>
            Try again
          </Button>
        }
      >
        The node did not answer the question for them. They stand on the chain as they were.
      </Problem>
    );
  }
  if (!selected) return <NoAccount />;
  const account = live.state === 'ready' ? live.value : selected.value;
  return <Account key={selected.address} address={selected.address} account={account} />;
}

function NoWallet() {
  const { setChoosing } = useWallet();
  return (
    <div className="welcome">
      <h1>Margin that knows your whole book</h1>
      <p className="muted">
        Ballast asks of an account what its net portfolio could lose at the volatility of this hour: hedges
        count, and every number on screen is explained.
      </p>
      <div className="row">
        <Button look="primary" onClick={() => setChoosing(true)}>
          Connect wallet
        </Button>
        <a className="button button-secondary" href="#/markets">
          Look at the markets
        </a>
      </div>
      <p className="small faint">Markets, risk and governance are open to read without a wallet.</p>
    </div>
  );
}

function NoAccount() {
  const [visiting, setVisiting] = useState(false);
  return (
    <div className="lonely-card stack">
      <h1>Portfolio</h1>
      <Card title="Open your margin account" note="It holds your collateral and your positions. You may have many.">
        <OpenForm onDone={() => {}} />
      </Card>
      <p className="small muted">
        You act for somebody else?{' '}
        <button type="button" className="link" onClick={() => setVisiting(true)}>
          Open an account by its address
        </button>
      </p>
      <VisitDialog open={visiting} onClose={() => setVisiting(false)} />
    </div>
  );
}
