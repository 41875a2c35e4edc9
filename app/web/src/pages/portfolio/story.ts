import type { HouseEvent } from '../../api/client';
import { integer, list, maybe, number, record, text } from '../../api/decode';
import type { Config } from '../../chain/config';
import { NOBODY, powersText } from '../../chain/delegate';
import { clock, decimal, quote, shortAddress } from '../../ui/format';
import { tokenName } from './tokens';

/** Events of an account that its owner reads as history. */
export const OWN_KINDS = [
  'Deposited',
  'Withdrawn',
  'Transferred',
  'TradeRequested',
  'Filled',
  'TradeDeclined',
  'TradeRequestClosed',
  'Settled',
  'Liquidated',
  'TakenOver',
  'OptionSettled',
  'DelegateSet',
] as const;

export interface Story {
  title: string;
  text: string;
  tone: 'plain' | 'good' | 'warn' | 'bad';
}

const DECLINES: Record<string, string> = {
  Limit: 'the price was beyond your limit',
  Full: 'it was more than the backstop takes',
  Halted: 'the backstop is halted by losses',
  NotAllowed: 'the state of the market did not allow it',
};

function decline(reason: unknown): string {
  const name =
    typeof reason === 'string'
      ? reason
      : typeof reason === 'number'
        ? (Object.keys(DECLINES)[reason] ?? '')
        : (Object.keys((reason as object | null) ?? {})[0] ?? '');
  const key = Object.keys(DECLINES).find((k) => k.toLowerCase() === name.toLowerCase());
  return key ? DECLINES[key]! : 'it did not say why';
}

/** An event in words, seen from one account. */
export function storyOf(event: HouseEvent, config: Config, account: string): Story {
  try {
    return tell(event, config, account);
  } catch {
    return { title: event.kind, text: '', tone: 'plain' };
  }
}

function tell(event: HouseEvent, config: Config, account: string): Story {
  const { data: d, kind } = event;
  const market = () => {
    const index = number(d.market, 'market');
    const listed = config.markets.find((m) => m.index === index);
    const asset = config.assets.find((a) => a.index === listed?.asset);
    return { name: listed?.symbol ?? `market ${index}`, unit: asset?.symbol ?? '', decimals: asset?.decimals ?? 0 };
  };
  const token = () => {
    const name = tokenName(config, maybe(number)(d.asset, 'asset') ?? 'quote');
    return `${decimal(integer(d.amount, 'amount'), name.decimals, { most: 6 })} ${name.symbol}`;
  };
  const size = (base: bigint, m: ReturnType<typeof market>) =>
    `${base > 0n ? 'buy' : 'sell'} ${decimal(base < 0n ? -base : base, m.decimals, { most: 6 })} ${m.unit}`;
  switch (kind) {
    case 'Deposited':
      return { title: 'Deposit', text: token(), tone: 'plain' };
    case 'Withdrawn':
      return { title: 'Withdrawal', text: token(), tone: 'plain' };
    case 'Transferred':
      return { title: d.to === account ? 'Transfer in' : 'Transfer out', text: token(), tone: 'plain' };
    case 'TradeRequested': {
      const m = market();
      return { title: `Request in ${m.name}`, text: size(integer(d.base, 'base'), m), tone: 'plain' };
    }
    case 'Filled': {
      const m = market();
      const base = integer(d.base, 'base');
      const own = text(d.taker, 'taker') === account ? base : -base;
      const fee = text(d.taker, 'taker') === account ? integer(d.fee, 'fee') : 0n;
      return {
        title: `Filled in ${m.name}`,
        text: `${size(own, m)} for ${quote(integer(d.quote, 'quote'))}${fee > 0n ? `, fee ${quote(fee)}` : ''}`,
        tone: 'good',
      };
    }
    case 'TradeDeclined':
      return { title: `Declined in ${market().name}`, text: `${decline(d.reason)}`, tone: 'warn' };
    case 'TradeRequestClosed': {
      const kept = integer(d.kept, 'kept');
      return {
        title: `Request closed in ${market().name}`,
        text: kept > 0n ? `its commitment of ${quote(kept)} stays with the backstop` : 'its commitment came back',
        tone: 'plain',
      };
    }
    case 'Settled':
      return {
        title: `Settled in ${market().name}`,
        text: quote(integer(d.amount, 'amount'), { sign: true }),
        tone: 'plain',
      };
    case 'OptionSettled':
      return {
        title: `Option settled, ${market().name}`,
        text: quote(integer(d.payoff, 'payoff'), { sign: true }),
        tone: 'plain',
      };
    case 'Liquidated': {
      const legs = list(record)(d.legs, 'legs').length;
      const keeper = d.keeper === account;
      return {
        title: keeper ? 'Liquidated another account' : 'Liquidation',
        text: `${legs} ${legs === 1 ? 'part' : 'parts'}, penalty ${quote(integer(d.penalty, 'penalty'))}`,
        tone: keeper ? 'plain' : 'bad',
      };
    }
    case 'TakenOver':
      return {
        title: `Taken over in ${market().name}`,
        text: `penalty ${quote(integer(d.penalty, 'penalty'))}`,
        tone: 'bad',
      };
    case 'DelegateSet': {
      const delegate = text(d.delegate, 'delegate');
      const until = Number(integer(d.until, 'until'));
      if (delegate === NOBODY) return { title: 'Delegate revoked', text: '', tone: 'plain' };
      const powers = powersText(number(d.powers, 'powers'));
      return {
        title: 'Delegate named',
        text: `${shortAddress(delegate)} may ${powers}${until === 0 ? '' : ` until ${clock(until)}`}`,
        tone: 'plain',
      };
    }
    default:
      return { title: kind, text: '', tone: 'plain' };
  }
}
