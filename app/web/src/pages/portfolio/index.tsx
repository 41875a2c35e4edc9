import { useSelectedAccount } from '../../chain/accounts';
import { Button, Card, Problem, Skeleton } from '../../ui';
import { useWallet } from '../../wallet/context';
import { Account } from './Account';
import { OpenForm } from './OpenDialog';
import './portfolio.css';

export default function PortfolioPage() {
  const { address: owner } = useWallet();
  const { list, selected, live } = useSelectedAccount();
  if (!owner) return <NoWallet />;
  if (list.state === 'loading') return <Skeleton lines={8} label="Looking for your accounts" />;
  if (list.state === 'failed') {
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
  return (
    <div className="lonely-card stack">
      <h1>Portfolio</h1>
      <Card title="Open your margin account" note="It holds your collateral and your positions. You may have many.">
        <OpenForm onDone={() => {}} />
      </Card>
    </div>
  );
}
