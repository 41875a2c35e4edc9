import { useMemo } from 'react';
import { getBackstopVaultDecoder, type BackstopVault, type BoardView } from '@ballast/client';
import { api, useApi } from '../../api/hooks';
import { useSelectedAccount } from '../../chain/accounts';
import type { ConfigMarket } from '../../chain/config';
import { useExplanation, usePositions } from '../../chain/health';
import { useBoard, useLiveAccount, useMarket, useNow, valueOf } from '../../chain/hooks';
import { freshness } from '../../chain/freshness';
import { useMarks } from '../../chain/marks';
import { useChain } from '../../chain/rpc';
import { go, href, useRoute } from '../../router';
import { Badge, Card, Chart, Empty, Skeleton, Stat, Stats } from '../../ui';
import { ago, bps, clock, decimal, dollars, duration, price, QUOTE_DECIMALS, rate } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { pauseIn } from '../governance/pauses';
import { BreakerBadge, breakerOf } from '../parts/marks';
import { published, strikeText, yearly } from '../parts/options';
import { History } from '../parts/range';
import { Positions } from '../portfolio/Positions';
import { Requests } from './Requests';
import { Ticket } from './Ticket';
import './trade.css';

const decodeVault = (data: Uint8Array): BackstopVault => getBackstopVaultDecoder().decode(data);

export default function TradePage() {
  const { config } = useChain();
  const route = useRoute();
  const perpetuals = config.markets.filter((m) => m.kind === 'perpetual');
  const options = config.markets.filter((m) => m.kind === 'option');
  const market = config.markets.find((m) => m.symbol === route.rest[0]) ?? perpetuals[0] ?? options[0];
  if (!market) {
    return (
      <Card title="Trade">
        <Empty title="No market is listed yet">Governance lists markets; see the governance page.</Empty>
      </Card>
    );
  }
  return (
    <>
      <div className="page-head">
        <div className="row">
          <h1 className="visually-hidden">Trade {market.symbol}</h1>
          <label htmlFor="market" className="visually-hidden">
            Market
          </label>
          <select
            id="market"
            className="account-select"
            value={market.symbol}
            onChange={(e) => go('trade', [e.target.value])}
          >
            {perpetuals.map((m) => (
              <option key={m.index} value={m.symbol}>
                {m.symbol}
              </option>
            ))}
            {options.length > 0 && (
              <optgroup label="Options">
                {options.map((m) => (
                  <option key={m.index} value={m.symbol}>
                    {m.symbol}
                  </option>
                ))}
              </optgroup>
            )}
          </select>
          <MarketState market={market} />
        </div>
        <a className="small" href={href('markets', [market.symbol])}>
          About this market
        </a>
      </div>
      <div className="columns tall">
        <MarketCard market={market} />
        <TicketCard key={`${market.index} ${route.query.toString()}`} market={market} query={route.query} />
        <div className="stack">
          <Own market={market} />
        </div>
      </div>
    </>
  );
}

function MarketState({ market }: { market: ConfigMarket }) {
  const board = valueOf(useBoard());
  const now = useNow();
  const asset = board?.assets[market.asset];
  if (!asset) return null;
  const age = freshness(asset, now);
  const pause = pauseIn(board.header, market, now);
  return (
    <>
      <BreakerBadge state={breakerOf(asset, now)} />
      {pause && (
        <Badge tone="warn" title={`The guardian has paused it: until ${clock(Number(board.header.pauseUntil))}`}>
          {pause}
        </Badge>
      )}
      {age === 'never' ? (
        <Badge tone="bad">no price yet</Badge>
      ) : (
        <span className={`small ${age === 'fresh' ? 'faint' : 'warn'}`}>
          price published {ago(Number(asset.publishTime), now)}
        </span>
      )}
    </>
  );
}

const SPAN_S = 6 * 3_600;

function MarketCard({ market }: { market: ConfigMarket }) {
  const { config } = useChain();
  const board = valueOf(useBoard());
  const now = useNow();
  const vault = valueOf(useLiveAccount(market.backstop, decodeVault));
  const asset = config.assets.find((a) => a.index === market.asset);
  const state = board?.assets[market.asset];
  const horizon = board && duration(board.header.params.horizonS);
  const listed = board?.markets[market.index];
  // What the board holds of open interest is brought in step by keepers; the market's own account is exact.
  const own = valueOf(useMarket(market.index));
  const history = useApi(
    `trade history ${market.asset}`,
    (signal) => api.assetHistory(market.asset, { from: now - SPAN_S, to: now + 60, points: 360 }, signal),
    10_000,
  );
  const drawn = useMemo(() => {
    const points = history.data ?? [];
    return {
      times: points.map((p) => p.t),
      series: [
        { label: 'Price', values: points.map((p) => p.price), colour: 'series-1' as const },
        { label: 'Stable price', values: points.map((p) => p.stable), colour: 'text-3' as const, dashed: true },
      ],
    };
  }, [history.data]);
  if (!state || !asset || !listed) return <Skeleton lines={6} label="Loading the market" />;
  const spot = { mantissa: state.spotMantissa, shift: state.spotShift };
  const stable = { mantissa: state.stableMantissa, shift: state.stableShift };
  return (
    <Card>
      <div className="stack">
        {market.kind === 'option' && <OptionStats market={market} listed={listed} asset={state} unit={asset.symbol} />}
        <Stats>
          <Stat label={market.kind === 'option' ? `${asset.symbol} now` : 'Oracle price'} value={<span className="lead">{price(spot, asset.decimals)}</span>} note={`stable ${price(stable, asset.decimals)}`} />
          <Stat label="Volatility" value={rate(state.sigma)} note={`over ${horizon}`} />
          <Stat label="Haircut" value={rate(state.haircutLong, 1)} note={`short ${rate(state.haircutShort, 1)}`} />
          {market.kind === 'perpetual' && (
            <Stat
              label="Funding"
              value={rate(listed.fundingRate, 3)}
              note={
                listed.fundingRate === 0n ? 'a day' : listed.fundingRate > 0n ? 'a day, longs pay' : 'a day, shorts pay'
              }
            />
          )}
          <Stat
            label="Open interest"
            value={own ? decimal(own.openInterest, asset.decimals, { most: 2 }) : '–'}
            note={`of at most ${decimal(own?.openInterestCap ?? listed.openInterestCap, asset.decimals, { most: 0 })} ${asset.symbol}`}
          />
        </Stats>
        <History answer={history} what="Prices">
          {() => (
            <Chart label={`Price of ${asset.symbol}, six hours`} {...drawn} format={dollars} height={260} />
          )}
        </History>
        {vault && (
          <p className="small faint">
            The backstop quotes the oracle price ± {bps(vault.params.feeBps)} fee, and up to{' '}
            {bps(vault.params.skewBps)} more or less with its inventory; at most{' '}
            {decimal(vault.params.maxTrade, asset.decimals, { most: 4 })} {asset.symbol} at once.
          </p>
        )}
      </div>
    </Card>
  );
}

/** What one whole option is worth, and what it is. */
function OptionStats(props: {
  market: ConfigMarket;
  listed: BoardView['markets'][number];
  asset: BoardView['assets'][number];
  unit: string;
}) {
  const { market, listed, asset, unit } = props;
  const now = useNow();
  const horizon = valueOf(useBoard())?.header.params.horizonS;
  const marks = useMarks([{ market: market.index, base: 10n ** BigInt(asset.decimals) }]);
  const mark = marks.data?.get(market.index);
  const implied = published(asset);
  const expiry = Number(listed.expiry);
  const said = (sigma: bigint) => (horizon ? yearly(sigma, horizon) : '–');
  return (
    <Stats>
      <Stat
        label="Mark"
        value={<span className="lead">{mark === undefined ? '–' : dollars(Number(mark) / 10 ** QUOTE_DECIMALS)}</span>}
        note={mark === undefined && marks.error ? 'the gateway does not say it now' : `one ${unit}`}
      />
      <Stat label="Strike" value={strikeText(listed, asset.decimals)} note={listed.kind === 1 ? 'European call' : 'European put'} />
      <Stat label="Expiry" value={expiry > now ? duration(expiry - now) : 'over'} note={clock(expiry)} />
      <Stat
        label="Implied volatility"
        value={said(implied?.sigma ?? asset.sigma)}
        note={implied ? `published ${ago(implied.time, now)}` : 'none published: the live one'}
      />
    </Stats>
  );
}

/** What the account has here: requests, and positions. */
function Own({ market }: { market: ConfigMarket }) {
  const { address: owner } = useWallet();
  const { selected, live } = useSelectedAccount();
  const account = live.state === 'ready' ? live.value : selected?.value;
  const { positions, exact } = usePositions(selected?.address, account, owner);
  const explained = useExplanation(selected?.address);
  if (!selected || !account) return null;
  return (
    <>
      <Requests address={selected.address} account={account} />
      <Positions
        address={selected.address}
        account={account}
        positions={[...positions].sort((a, b) => Number(b.market === market.index) - Number(a.market === market.index))}
        exact={exact}
        explained={explained.data}
        here
      />
    </>
  );
}

function TicketCard({ market, query }: { market: ConfigMarket; query: URLSearchParams }) {
  const vault = useLiveAccount(market.backstop, decodeVault);
  if (!market.backstop) {
    return (
      <Card title="Trade">
        <Empty title={`${market.symbol} has no backstop`}>
          Nobody quotes here by itself. Trades are agreed between two accounts, off chain or by a venue.
        </Empty>
      </Card>
    );
  }
  return (
    <Card title="Ask the backstop" note="Filled at the first price that is published after you ask">
      {vault.state === 'ready' ? (
        <Ticket
          market={market}
          vault={vault.value}
          initial={{ side: query.get('side') === 'sell' ? 'sell' : 'buy', size: query.get('size') ?? '' }}
        />
      ) : vault.state === 'loading' ? (
        <Skeleton lines={6} label="Loading the backstop" />
      ) : (
        <Empty title="The backstop cannot be read">Its account is not on this node.</Empty>
      )}
    </Card>
  );
}
