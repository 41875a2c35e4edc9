import type { Address } from '@solana/kit';
import type { MarginAccount } from '@ballast/client';
import { useExplanation, useHealth, usePositions } from '../../chain/health';
import { useNow } from '../../chain/hooks';
import { Card, Empty, Gauge, Problem, Skeleton, Stat, Stats } from '../../ui';
import { ago, quote } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { FaucetButton } from '../../wallet/Faucet';
import { AccountBar } from './AccountBar';
import { Alerts } from './Alerts';
import { Balances } from './Balances';
import { Costs, Limits, WorstHours } from './Explained';
import { History } from './History';
import { Positions } from './Positions';
import { isEmpty } from './SettingsDialog';

/** Everything about one margin account. */
export function Account({ address, account }: { address: Address; account: MarginAccount }) {
  const { address: owner } = useWallet();
  const health = useHealth(address, owner);
  const explained = useExplanation(address);
  const { positions, exact } = usePositions(address, account, owner);
  const empty = isEmpty(account);
  const figures = health.state === 'ready' ? health.health : health.state === 'unvalued' ? health.last : undefined;
  return (
    <>
      <AccountBar address={address} account={account} />
      {account.shortSince !== 0n && <BelowMargin since={Number(account.shortSince)} />}
      {empty ? (
        <Card>
          <Empty title="This account is empty" action={<FaucetButton />}>
            Deposit quote or a token that counts as collateral; then trade against the backstop.
          </Empty>
        </Card>
      ) : (
        <div className="columns">
          <div className="stack">
            <Card title="Margin" note="Asked of the program at every change of prices, volatility or your account">
              <div className="stack">
                {health.state === 'unvalued' && (
                  <Problem
                    tone="warn"
                    title={
                      health.problem.kind === 'program'
                        ? 'The program does not value this account now'
                        : health.problem.title
                    }
                  >
                    {health.problem.words}
                    {health.last && ' The figures below are the last ones.'}
                  </Problem>
                )}
                {figures ? (
                  <>
                    <Gauge
                      equity={figures.equity}
                      maintenance={figures.maintenance}
                      initial={figures.initial}
                      alerts={account.alertBps.filter((b) => b > 0).map((b) => b / 100)}
                    />
                    {figures.maintenance > 0n && (
                      <Stats>
                        <Stat label="Expected shortfall" value={quote(figures.expectedShortfall)} note="worst 7 of 256 hours" />
                        <Stat
                          label="Worst stress"
                          value={quote(figures.stress)}
                          note={explained.data?.stressSource}
                        />
                        <Stat label="Both, blended" value={quote(figures.core)} />
                        <Stat label="Un-netted add-ons" value={quote(figures.addons)} />
                      </Stats>
                    )}
                  </>
                ) : (
                  health.state === 'loading' && <Skeleton lines={4} label="Asking the program" />
                )}
              </div>
            </Card>
            <Positions address={address} positions={positions} exact={exact} explained={explained.data} />
            <Costs answer={explained} />
            <Balances account={account} />
          </div>
          <div className="stack">
            <Limits answer={explained} />
            <WorstHours answer={explained} />
            <Alerts address={address} account={account} />
          </div>
        </div>
      )}
      <History address={address} />
    </>
  );
}

function BelowMargin({ since }: { since: number }) {
  const now = useNow();
  return (
    <Problem title="This account was found below its maintenance margin">
      That was {ago(since, now)}. Keepers may take over parts of it, for a penalty that grows with time: deposit, or reduce
      a position. The clock is reset by a touch that finds it above its maintenance margin at fresh prices.
    </Problem>
  );
}
