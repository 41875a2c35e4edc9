import type { BackstopVault } from '@ballast/client';
import { useEffect, useState } from 'react';
import { useApi } from '../../api/hooks';
import { accountLabel, useSelectedAccount, useStanding } from '../../chain/accounts';
import { requestTrade } from '../../chain/actions';
import { may } from '../../chain/delegate';
import type { ConfigMarket } from '../../chain/config';
import { explainAccount, type Outcome } from '../../chain/explain';
import { useExplanation, useHealth } from '../../chain/health';
import { useBoard, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { href } from '../../router';
import { Comparison, figuresNow, figuresOf, ProblemNotice, type Figures } from '../../tx/Review';
import { usePreview } from '../../tx/usePreview';
import { useSend } from '../../tx/useSend';
import { AmountField, Button, Empty, Field, Problem, Segmented, SelectField, Skeleton } from '../../ui';
import { decimal, parseDecimal, price, quote, valueAt } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { limitOf } from './stage';

interface Props {
  market: ConfigMarket;
  vault: BackstopVault;
  initial: { side: 'buy' | 'sell'; size: string };
}

/** Room for the price to move between asking and filling, over what the backstop charges at most, basis points. */
const ROOM_BPS = 50;
const LIVES = [30, 60, 120, 300, 600];

export function Ticket({ market, vault, initial }: Props) {
  const chain = useChain();
  const { config } = chain;
  const { address: owner, signer, wrongCluster, setChoosing } = useWallet();
  const { list, lent, selected, live } = useSelectedAccount();
  const standing = useStanding(live.state === 'ready' ? live.value : selected?.value);
  const board = valueOf(useBoard());
  const [side, setSide] = useState(initial.side);
  const [text, setText] = useState(initial.size);
  const charged = vault.params.feeBps + vault.params.skewBps + ROOM_BPS;
  const [worse, setWorse] = useState(String(Math.max(100, charged) / 100));
  const [life, setLife] = useState(60);
  const [id, setId] = useState(newId);
  const sending = useSend();

  const asset = config.assets.find((a) => a.index === market.asset);
  const state = board?.assets[market.asset];
  const decimals = asset?.decimals ?? 0;
  const symbol = asset?.symbol ?? '';
  const buys = side === 'buy';
  const amount = parseDecimal(text, decimals);
  const base = typeof amount === 'bigint' ? (buys ? amount : -amount) : undefined;
  const spot = state && { mantissa: state.spotMantissa, shift: state.spotShift };
  const value = spot && base !== undefined ? valueAt(spot, base) : undefined;
  const worseBps = Math.round(Number(worse) * 100);
  const worseOk = Number.isFinite(worseBps) && worseBps >= 0 && worseBps <= 5_000;
  const limit = value !== undefined && worseOk ? limitOf(value, buys, worseBps) : undefined;
  const tooLarge = typeof amount === 'bigint' && amount > vault.params.maxTrade;
  const account = selected?.address;

  const health = useHealth(account, owner);
  const explained = useExplanation(account).data;
  const terms =
    base !== undefined && limit !== undefined && !tooLarge
      ? { id, market: market.index, base, limitQuote: limit, expiresInS: life }
      : undefined;
  // The limit follows the price: it is part of what is sent, not of the question.
  const key = terms && `${terms.market} ${terms.base} ${life} ${worseBps} ${account} ${id}`;
  const preview = usePreview(
    key ?? '',
    terms && account && signer && !sending.busy ? () => requestTrade(chain, signer, account, terms) : undefined,
    owner,
    account,
  );
  const tried = useApi(
    `what if ${account} ${market.index} ${base ?? ''}`,
    (signal) =>
      account && base !== undefined && !tooLarge
        ? explainAccount(account, { market: market.index, base }, signal)
        : Promise.reject(new Error('nothing to ask')),
    account && base !== undefined && !tooLarge ? 4_000 : 0,
  );
  const after = tried.data?.whatIf?.after;
  const { clear } = sending;
  useEffect(clear, [key, clear]);

  const submit = async () => {
    if (!terms || !account) return;
    const done = await sending.send(`Asked to ${side} ${text} ${symbol}`, (by) =>
      requestTrade(chain, by, account, terms),
    );
    if (done) {
      setText('');
      setId(newId());
    }
  };

  const problem = sending.problem ?? (preview.state === 'refused' ? preview.problem : undefined);
  return (
    <form
      className="stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (preview.state === 'ready') void submit();
      }}
    >
      <Segmented
        label="Side"
        value={side}
        onChange={setSide}
        options={[
          { key: 'buy', title: 'Buy', tone: 'good' },
          { key: 'sell', title: 'Sell', tone: 'bad' },
        ]}
      />
      <AmountField
        label="Size"
        text={text}
        onText={setText}
        decimals={decimals}
        symbol={symbol}
        disabled={sending.busy}
        error={
          tooLarge
            ? `The backstop trades at most ${decimal(vault.params.maxTrade, decimals)} ${symbol} at once.`
            : undefined
        }
        hint={
          value !== undefined && spot
            ? `${quote(value < 0n ? -value : value)} at the oracle price of ${price(spot, decimals)}`
            : undefined
        }
      />
      <div className="pair">
        <Field
          label="Accept up to"
          value={worse}
          inputMode="decimal"
          suffix="% worse"
          disabled={sending.busy}
          onChange={(e) => setWorse(e.target.value)}
          error={worseOk ? undefined : 'Give a percentage from 0 to 50.'}
        />
        <SelectField
          label="Good for"
          value={life}
          disabled={sending.busy}
          onChange={(e) => setLife(Number(e.target.value))}
        >
          {LIVES.map((s) => (
            <option key={s} value={s}>
              {s < 60 ? `${s} seconds` : `${s / 60} ${s === 60 ? 'minute' : 'minutes'}`}
            </option>
          ))}
        </SelectField>
      </div>
      {limit !== undefined && (
        <p className="small muted num">
          {buys ? 'You pay at most' : 'You get at least'} {quote(limit)}, the market’s taker fee apart.
        </p>
      )}

      {!owner ? (
        <Button look="primary" className="button-wide" onClick={() => setChoosing(true)}>
          Connect wallet
        </Button>
      ) : list.state === 'ready' && lent.state !== 'loading' && !selected ? (
        <Empty
          title="You have no margin account yet"
          action={
            <a className="button button-primary" href={href('portfolio')}>
              Open one
            </a>
          }
        />
      ) : selected && !may(standing, 'trade', 'reduce') ? (
        <Problem tone="info" title="You may not trade for this account">
          {standing.as === 'expired'
            ? 'Your time as its delegate is over: its owner may name you again.'
            : 'Its owner has not given you the power to trade, nor to reduce.'}
        </Problem>
      ) : (
        <>
          {selected && !may(standing, 'trade') && (
            <p className="small muted">Its owner lets you shrink positions of this account, and not open any.</p>
          )}
          {problem ? (
            <ProblemNotice problem={problem} />
          ) : base === undefined ? (
            <p className="small faint">
              Give a size to see what margin, health and liquidation price will be after the trade.
            </p>
          ) : preview.state === 'working' ? (
            <Skeleton lines={5} label="Simulating" />
          ) : preview.state === 'ready' ? (
            <>
              <Comparison
                columns={[
                  { title: 'Now', figures: figuresOf(preview.before, explained) ?? figuresNow(health, explained) },
                  { title: 'Asked', figures: figuresOf(preview.preview.health, preview.explained) },
                  {
                    title: 'Filled',
                    figures: after ? filled(after) : tried.error ? null : undefined,
                  },
                ]}
              />
              <p className="small faint">
                <em>Asked</em> is simulated on the chain: one backstop fee is held until the request is over.{' '}
                <em>Filled</em> is what the program’s engine makes of the trade at the oracle price of now
                {after && !after.explained && ', with equity at the worse of spot and stable price'}.
              </p>
              {after && !after.accepted && (
                <Problem tone="warn" title="Filled now, it would end below initial margin">
                  Unless it strictly reduces risk the fill will fail, and the held fee may be lost. Take a smaller
                  size, or deposit first.
                </Problem>
              )}
              {tried.error && !after && (
                <p className="small warn">Margin after the fill is not known: {tried.error.message}</p>
              )}
            </>
          ) : null}
          {wrongCluster && <p className="small warn">Your wallet does not serve this cluster.</p>}
          <Button
            type="submit"
            look="primary"
            className="button-wide"
            busy={sending.busy}
            disabled={!terms || !signer || preview.state !== 'ready'}
          >
            {sending.step ?? `Request to ${side}`}
          </Button>
          {selected && (
            <p className="small faint centre">
              {standing.as === 'owner' ? '' : 'For '}
              {accountLabel(selected.value, owner)}
            </p>
          )}
        </>
      )}
    </form>
  );
}

/** At spot like the other columns where the gateway says that, else as new risk is counted. */
function filled(after: Outcome): Figures {
  return after.explained ?? { ...after, legs: null };
}

/** Free among an account's open requests: milliseconds do not come twice. */
function newId(): bigint {
  return BigInt(Date.now());
}
