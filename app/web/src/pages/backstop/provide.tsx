import {
  eventsFromLogs,
  getBackstopShareDecoder,
  instructions,
  type BackstopShare,
  type BackstopVault,
} from '@ballast/client';
import { useState } from 'react';
import type { ConfigMarket } from '../../chain/config';
import { QUOTE_SYMBOL } from '../../chain/config';
import { useDerived, useLiveAccount, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { associatedToken, createAssociatedToken, type Simulated } from '../../chain/transaction';
import { AmountField, Badge, Card, Segmented, Skeleton } from '../../ui';
import { clock, decimal, duration, parseDecimal, quote, QUOTE_DECIMALS } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { raw } from '../parts/accounts';
import { Act } from '../parts/act';
import { exitWindow } from './exit';

const decodeShare = (data: Uint8Array): BackstopShare => getBackstopShareDecoder().decode(data);
/** Where the amount stands in a token account. */
const TOKEN_AMOUNT_AT = 64;

interface Props {
  market: ConfigMarket;
  vault: BackstopVault;
  now: number;
  perShare: number | undefined;
}

/** What the connected wallet holds of a vault, and the way in and out. */
export function Provide({ market, vault, now, perShare }: Props) {
  const { deployment } = useChain();
  const { address } = useWallet();
  const shareAddress = useDerived(
    () => (address ? deployment.backstopShare(market.index, address) : undefined),
    [market.index, address],
  );
  const share = useLiveAccount(shareAddress, decodeShare);
  const [side, setSide] = useState<'in' | 'out'>('in');
  const held = valueOf(share);
  const current = held && held.epoch === vault.epoch ? held : undefined;
  const pending = current && current.pending > 0n ? current : undefined;
  return (
    <div className="stack">
      <Card title="Your shares">
        {!address ? (
          <p className="muted">Connect a wallet to see what it holds, or to provide capital.</p>
        ) : share.state === 'loading' ? (
          <Skeleton />
        ) : (
          <dl className="facts">
            <div>
              <dt>Shares</dt>
              <dd className="num">
                <strong>{decimal(current?.shares ?? 0n, QUOTE_DECIMALS, { most: 6 })}</strong>
              </dd>
            </div>
            <div>
              <dt>Worth about</dt>
              <dd className="num">
                {perShare === undefined || !current
                  ? '–'
                  : quote(BigInt(Math.floor(Number(current.shares) * perShare)))}
              </dd>
            </div>
            {held && held.epoch !== vault.epoch && held.shares > 0n && (
              <div>
                <dt>Of an older epoch</dt>
                <dd className="num">{decimal(held.shares, QUOTE_DECIMALS)} shares, worth nothing</dd>
              </div>
            )}
          </dl>
        )}
      </Card>
      {pending && <Pending market={market} vault={vault} share={pending} now={now} />}
      <Card title="Provide capital">
        <div className="stack">
          <Segmented
            label="Direction"
            options={[
              { key: 'in', title: 'Deposit' },
              { key: 'out', title: 'Withdraw' },
            ]}
            value={side}
            onChange={setSide}
          />
          {side === 'in' ? (
            <Deposit market={market} opened={share.state === 'ready'} />
          ) : (
            <Request market={market} vault={vault} share={current} again={pending !== undefined} />
          )}
        </div>
      </Card>
    </div>
  );
}

function Deposit({ market, opened }: { market: ConfigMarket; opened: boolean }) {
  const { config, deployment } = useChain();
  const { address } = useWallet();
  const [text, setText] = useState('');
  const wallet = useDerived(
    () => (address ? associatedToken(address, config.quoteMint) : undefined),
    [address, config.quoteMint],
  );
  const bytes = valueOf(useLiveAccount(wallet, raw));
  const available = bytes
    ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(TOKEN_AMOUNT_AT, true)
    : 0n;
  const amount = parseDecimal(text, QUOTE_DECIMALS);
  const valid = typeof amount === 'bigint' ? amount : undefined;
  return (
    <>
      <AmountField
        label="Amount"
        text={text}
        onText={setText}
        decimals={QUOTE_DECIMALS}
        symbol={QUOTE_SYMBOL}
        available={address ? { label: 'In your wallet', amount: available } : undefined}
        error={valid !== undefined && valid > available && address ? 'Your wallet holds less than that.' : undefined}
        hint="Shares are made at the higher of spot and stable value."
      />
      <Act
        label="Deposit"
        done={`Deposited into the ${market.symbol} backstop`}
        draft={valid !== undefined && valid <= available ? `deposit ${market.index} ${valid} ${opened}` : undefined}
        make={async (owner) => ({
          instructions: [
            ...(opened ? [] : [await instructions.openBackstopShare(deployment, { owner, market: market.index })]),
            await instructions.backstopDeposit(deployment, { owner, market: market.index, amount: valid! }),
          ],
        })}
        preview={(trial) => <Minted trial={trial} />}
        onDone={() => setText('')}
      />
    </>
  );
}

function Minted({ trial }: { trial: Simulated }) {
  const event = eventsFromLogs(trial.logs).find((e) => e.name === 'BackstopDeposited');
  if (event?.name !== 'BackstopDeposited') return null;
  return (
    <p className="small muted">
      You get <strong className="num">{decimal(event.data.shares, QUOTE_DECIMALS, { most: 6 })}</strong> shares of{' '}
      <span className="num">{decimal(event.data.totalShares, QUOTE_DECIMALS, { most: 2 })}</span>.
    </p>
  );
}

interface RequestProps {
  market: ConfigMarket;
  vault: BackstopVault;
  share: BackstopShare | undefined;
  again: boolean;
}

function Request({ market, vault, share, again }: RequestProps) {
  const { deployment } = useChain();
  const [text, setText] = useState('');
  const shares = parseDecimal(text, QUOTE_DECIMALS);
  const available = share?.shares ?? 0n;
  const valid = typeof shares === 'bigint' && shares <= available ? shares : undefined;
  return (
    <>
      <AmountField
        label="Shares"
        text={text}
        onText={setText}
        decimals={QUOTE_DECIMALS}
        symbol="shares"
        available={{ label: 'You hold', amount: available }}
        error={typeof shares === 'bigint' && shares > available ? 'You hold fewer shares than that.' : undefined}
        hint={`Paid after ${duration(vault.params.withdrawalDelayS)}, at the lower of spot and stable value. Until then they stay at risk.`}
      />
      {again && <p className="small warn">Asking again takes the request above back and starts the delay anew.</p>}
      <Act
        label="Request withdrawal"
        done="Withdrawal requested"
        draft={valid === undefined ? undefined : `request ${market.index} ${valid}`}
        make={async (owner) => ({
          instructions: [
            await instructions.backstopRequestWithdraw(deployment, { owner, market: market.index, shares: valid! }),
          ],
        })}
        onDone={() => setText('')}
      />
    </>
  );
}

interface PendingProps {
  market: ConfigMarket;
  vault: BackstopVault;
  share: BackstopShare;
  now: number;
}

/** A withdrawal that was asked for: the countdown, then the way out, then that it is too late. */
function Pending({ market, vault, share, now }: PendingProps) {
  const { deployment, config } = useChain();
  const window = exitWindow(Number(share.requestedAt), share.delayS || vault.params.withdrawalDelayS);
  const stage = now < window.from ? 'waiting' : now < window.until ? 'due' : 'late';
  return (
    <Card
      title="Withdrawal"
      actions={
        <Badge tone={stage === 'due' ? 'good' : stage === 'late' ? 'warn' : 'info'}>
          {stage === 'due' ? 'may be made' : stage === 'late' ? 'too late' : 'waiting'}
        </Badge>
      }
    >
      <div className="stack">
        <dl className="facts">
          <div>
            <dt>Shares</dt>
            <dd className="num">{decimal(share.pending, QUOTE_DECIMALS)}</dd>
          </div>
          <div>
            <dt>{stage === 'waiting' ? 'May be made in' : stage === 'due' ? 'To be made within' : 'Ended'}</dt>
            <dd className="num">
              {stage === 'waiting'
                ? duration(window.from - now)
                : stage === 'due'
                  ? duration(window.until - now)
                  : clock(window.until)}
            </dd>
          </div>
          {stage === 'waiting' && (
            <div>
              <dt>From, until</dt>
              <dd className="num small">
                {clock(window.from)} – {clock(window.until)}
              </dd>
            </div>
          )}
        </dl>
        {stage === 'late' && <p className="muted">The time to make it has passed: ask again. Your shares are still yours.</p>}
        {stage === 'due' && (
          <Act
            label="Withdraw"
            done={`Withdrawn from the ${market.symbol} backstop`}
            draft={`withdraw ${market.index} ${share.pending}`}
            make={async (owner) => ({
              instructions: [
                await createAssociatedToken(owner, owner.address, config.quoteMint),
                await instructions.backstopWithdraw(deployment, { owner, market: market.index }),
              ],
            })}
            preview={(trial) => <Paid trial={trial} />}
          />
        )}
        <Act
          label="Take it back"
          look="secondary"
          done="Withdrawal taken back"
          draft={`cancel ${market.index} ${share.pending}`}
          make={async (owner) => ({
            instructions: [
              await instructions.backstopCancelWithdraw(deployment, { owner, market: market.index }),
            ],
          })}
        />
      </div>
    </Card>
  );
}

function Paid({ trial }: { trial: Simulated }) {
  const event = eventsFromLogs(trial.logs).find((e) => e.name === 'BackstopWithdrawn');
  if (event?.name !== 'BackstopWithdrawn') return null;
  return (
    <p className="small muted">
      You get <strong className="num">{quote(event.data.amount)}</strong> {QUOTE_SYMBOL} at the prices of now.
    </p>
  );
}
