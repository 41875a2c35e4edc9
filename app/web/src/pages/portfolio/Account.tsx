import type { Address } from '@solana/kit';
import type { MarginAccount } from '@ballast/client';
import { useExplanation, useHealth, usePositions } from '../../chain/health';
import { useStanding } from '../../chain/accounts';
import { may, powersText } from '../../chain/delegate';
import { useClearinghouse, useNow, valueOf } from '../../chain/hooks';
import { Card, Empty, Gauge, Problem, Skeleton, Stat, Stats } from '../../ui';
import { ago, clock, quote, shortAddress } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { FaucetButton } from '../../wallet/Faucet';
import { AccountBar } from './AccountBar';
import { Alerts } from './Alerts';
import { Balances } from './Balances';
import { Delegate } from './Delegate';
import { Costs, Limits, WorstHours } from './Explained';
import { History } from './History';
import { Positions } from './Positions';
import { isEmpty } from './SettingsDialog';

/** Everything about one margin account. */
export function Account({ address, account }: { address: Address; account: MarginAccount }) {
  const { address: wallet } = useWallet();
  const governance = valueOf(useClearinghouse())?.governance;
  // Who pays for a simulation does not matter for its answer.
  const payer = wallet ?? governance;
  const health = useHealth(address, payer);
  const explained = useExplanation(address);
  const { positions, exact } = usePositions(address, account, payer);
  const standing = useStanding(account);
  const empty = isEmpty(account);
  const figures = health.state === 'ready' ? health.health : health.state === 'unvalued' ? health.last : undefined;
  return (
    <>
      <AccountBar address={address} account={account} />
      <Acting account={account} />
      {account.shortSince !== 0n && <BelowMargin since={Number(account.shortSince)} />}
      {empty ? (
        <div className="columns">
          <Card>
            {may(standing, 'deposit') ? (
              <Empty title="This account is empty" action={<FaucetButton />}>
                Deposit quote or a token that counts as collateral; then trade against the backstop.
              </Empty>
            ) : (
              <Empty title="This account is empty">Its owner may deposit, and a delegate that has the power to.</Empty>
            )}
          </Card>
          <Delegate address={address} account={account} />
        </div>
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
            <Positions address={address} account={account} positions={positions} exact={exact} explained={explained.data} />
            <Costs answer={explained} />
            <Balances account={account} />
          </div>
          <div className="stack">
            <Limits answer={explained} />
            <WorstHours answer={explained} />
            <Alerts address={address} account={account} />
            <Delegate address={address} account={account} />
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

/** For whom the connected wallet acts here, where it is not for itself. */
function Acting({ account }: { account: MarginAccount }) {
  const { address: wallet } = useWallet();
  const standing = useStanding(account);
  const owner = <span className="mono">{shortAddress(account.owner)}</span>;
  switch (standing.as) {
    case 'owner':
      return null;
    case 'delegate':
      return (
        <Problem tone="info" title="You act for somebody else">
          {owner} owns this account and lets you {powersText(standing.powers)}
          {standing.until === 0 ? '' : ` until ${clock(standing.until)}`}. Withdrawals, transfers and settings are the
          owner’s.
        </Problem>
      );
    case 'expired':
      return (
        <Problem tone="warn" title="Your time as its delegate is over">
          It ended {clock(standing.until)}. You may look; {owner}, who owns this account, may name you again.
        </Problem>
      );
    case 'nobody':
      return (
        <Problem tone="info" title="You are looking at somebody else’s account">
          {wallet ? 'Your wallet is neither its owner nor its delegate. ' : ''}
          {owner} owns it. Only the owner and a delegate act on it; anybody may settle its positions.
        </Problem>
      );
  }
}
