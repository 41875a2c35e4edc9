import type { Address } from '@solana/kit';
import {
  getBackstopVaultDecoder,
  getTradeRequestDecoder,
  TRADE_REQUEST_DISCRIMINATOR,
  type BackstopVault,
  type BoardView,
  type MarginAccount,
  type TradeRequest,
} from '@ballast/client';
import { useEffect, useMemo, useState } from 'react';
import { useEvents } from '../../api/hooks';
import { useStanding } from '../../chain/accounts';
import { closeRequest, executeRequest } from '../../chain/actions';
import { may } from '../../chain/delegate';
import { useBoard, useLiveAccount, useNow, valueOf } from '../../chain/hooks';
import { useProgramAccounts, type Found } from '../../chain/programAccounts';
import { useChain } from '../../chain/rpc';
import { ProblemNotice } from '../../tx/Review';
import { useSend } from '../../tx/useSend';
import { Badge, Button, Card, useToast } from '../../ui';
import { decimal, duration, quote } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { storyOf } from '../portfolio/story';
import { stageOf, type Stage } from './stage';

/** Where the margin account stands in a request's bytes. */
const ACCOUNT_AT = 11;
const ENDS = ['Filled', 'TradeDeclined', 'TradeRequestClosed'] as const;
const EVERY_S = 4;

const decodeRequest = (data: Uint8Array): TradeRequest => getTradeRequestDecoder().decode(data);
const decodeVault = (data: Uint8Array): BackstopVault => getBackstopVaultDecoder().decode(data);

/** Requests of an account that are not over, and what became of those that are. */
export function Requests({ address, account }: { address: Address; account: MarginAccount }) {
  const { config } = useChain();
  const filter = useMemo(
    () => ({ discriminator: TRADE_REQUEST_DISCRIMINATOR, at: [{ offset: ACCOUNT_AT, address }] }),
    [address],
  );
  const found = useProgramAccounts(filter, decodeRequest, EVERY_S);
  const board = valueOf(useBoard());
  const toast = useToast();
  const feed = useEvents(ENDS, address);
  const [seen, setSeen] = useState<number>();
  const newest = feed.data?.[0];
  useEffect(() => {
    if (!feed.data) return;
    if (seen !== undefined && newest && newest.id > seen) {
      const story = storyOf(newest, config, address);
      toast({ tone: story.tone === 'plain' ? 'info' : story.tone, title: story.title, text: story.text });
    }
    setSeen(newest?.id ?? 0);
  }, [newest?.id, feed.data === undefined]);

  if (found.state === 'failed') {
    return (
      <Card title="Open requests">
        <p className="muted">They could not be read: the node did not answer. They stand on the chain.</p>
      </Card>
    );
  }
  if (found.state !== 'ready' || found.accounts.length === 0 || !board) return null;
  return (
    <Card title="Open requests">
      <ul className="stack">
        {found.accounts.map((r) => (
          <Request key={r.address} request={r} account={account} board={board} refresh={found.refresh} />
        ))}
      </ul>
    </Card>
  );
}

const WORDS: Record<Stage, { badge: string; tone: 'info' | 'good' | 'warn' }> = {
  waiting: { badge: 'waiting for its price', tone: 'info' },
  due: { badge: 'being filled', tone: 'good' },
  missed: { badge: 'missed its price', tone: 'warn' },
  unserved: { badge: 'no price came', tone: 'warn' },
};

function Request({
  request,
  account,
  board,
  refresh,
}: {
  request: Found<TradeRequest>;
  account: MarginAccount;
  board: BoardView;
  refresh: () => void;
}) {
  const chain = useChain();
  const { config } = chain;
  const { signer } = useWallet();
  const standing = useStanding(account);
  const now = useNow();
  const sending = useSend();
  const r = request.value;
  const market = config.markets.find((m) => m.index === r.market);
  const asset = config.assets.find((a) => a.index === market?.asset);
  const state = market && board.assets[market.asset];
  const vault = valueOf(useLiveAccount(market?.backstop, decodeVault));
  if (!market || !asset || !state) return null;
  const stage = vault ? stageOf(r, state, vault.params.maxLagS, now) : 'waiting';
  const size = decimal(r.base < 0n ? -r.base : r.base, asset.decimals, { most: 6 });
  const open = { address: request.address, market: r.market, marginAccount: r.marginAccount, payer: r.payer };
  const end = (done: string) =>
    void sending.send(done, (by) => closeRequest(chain, by, open)).then((s) => s && refresh());
  const fill = () =>
    void sending.send('Executed', () => executeRequest(chain, open)).then((s) => s && refresh());
  const until = Number(r.after) - now;
  const text = {
    waiting:
      until > 0
        ? `A price counts that is published more than ${duration(until)} from now.`
        : `It is filled at the next price; it lives for another ${duration(Number(r.expires) - now)}.`,
    due: 'Its price is on the board. A keeper executes it, and so may you.',
    missed: `Nobody executed it in time: its commitment of ${quote(r.commitment)} stays with the backstop.`,
    unserved: `Clear it away, and its commitment of ${quote(r.commitment)} comes back.`,
  }[stage];
  return (
    <li className="request">
      <div className="spread">
        <span className="row">
          <strong>
            {r.base > 0n ? 'Buy' : 'Sell'} {size} {asset.symbol}
          </strong>
          <span className="faint">{market.symbol}</span>
          <Badge tone={WORDS[stage].tone}>{WORDS[stage].badge}</Badge>
        </span>
        <span className="small muted num">
          {r.base > 0n ? 'at most' : 'at least'} {quote(r.limitQuote)}
        </span>
      </div>
      <p className="small muted">{text}</p>
      {stage === 'waiting' && (
        <p className="small faint">Taking it back leaves the commitment of {quote(r.commitment)} with the backstop.</p>
      )}
      <div className="row">
        {stage === 'due' ? (
          <Button size="small" disabled={!signer} busy={sending.busy} onClick={fill}>
            {sending.step ?? 'Execute now'}
          </Button>
        ) : (
          <Button
            size="small"
            disabled={!signer || (stage === 'waiting' && !may(standing, 'trade', 'reduce'))}
            busy={sending.busy}
            onClick={() => end(stage === 'waiting' ? 'Request taken back' : 'Request cleared away')}
          >
            {sending.step ?? (stage === 'waiting' ? 'Take it back' : 'Clear away')}
          </Button>
        )}
      </div>
      {sending.problem && <ProblemNotice problem={sending.problem} />}
    </li>
  );
}
