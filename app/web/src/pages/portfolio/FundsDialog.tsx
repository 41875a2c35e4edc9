import type { Address, TransactionSigner } from '@solana/kit';
import { useEffect, useState } from 'react';
import type { MarginAccount } from '@ballast/client';
import { accountName, useSelectedAccount, useStanding } from '../../chain/accounts';
import { deposit, transfer, withdraw, type Token } from '../../chain/actions';
import { useExplanation, useHealth } from '../../chain/health';
import { valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { figuresNow, ProblemNotice, Review } from '../../tx/Review';
import { usePreview } from '../../tx/usePreview';
import { useSend } from '../../tx/useSend';
import { AmountField, Button, Dialog, SelectField, Tabs } from '../../ui';
import { decimal, parseDecimal } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { FaucetButton } from '../../wallet/Faucet';
import { tokenName, useTokens, useWalletBalance } from './tokens';

export type Way = 'deposit' | 'withdraw' | 'transfer';

interface Props {
  way: Way | undefined;
  setWay: (way: Way | undefined) => void;
  address: Address;
  account: MarginAccount;
}

const DONE: Record<Way, string> = {
  deposit: 'Deposited',
  withdraw: 'Withdrawn',
  transfer: 'Transferred',
};

/** Money into the account, and for its owner out of it, or to another one of the same owner. */
export function FundsDialog(props: Props) {
  const { way, setWay, account } = props;
  const { list } = useSelectedAccount();
  const owns = useStanding(account).as === 'owner';
  const several = list.state === 'ready' && list.accounts.length > 1;
  const tabs = [
    { key: 'deposit' as const, title: 'Deposit' },
    ...(owns ? [{ key: 'withdraw' as const, title: 'Withdraw' }] : []),
    ...(owns && several ? [{ key: 'transfer' as const, title: 'Transfer' }] : []),
  ];
  return (
    <Dialog title="Move funds" open={way !== undefined} onClose={() => setWay(undefined)}>
      {way && (
        <Tabs label="Direction" tabs={tabs} value={way} onChange={setWay}>
          <FundsForm key={way} {...props} way={way} />
        </Tabs>
      )}
    </Dialog>
  );
}

/** What an account holds of a token, native units. */
export function heldOf(account: MarginAccount, token: Token): bigint {
  if (token === 'quote') return account.quote;
  return account.collateral.find((c) => c.amount > 0n && c.asset === token)?.amount ?? 0n;
}

function FundsForm({ way, setWay, address, account }: Props & { way: Way }) {
  const chain = useChain();
  const { signer, address: owner, wrongCluster } = useWallet();
  const { list } = useSelectedAccount();
  const tokens = useTokens();
  const [token, setToken] = useState<Token>('quote');
  const [text, setText] = useState('');
  const [to, setTo] = useState<Address>();
  const sending = useSend();
  const inWallet = useWalletBalance(owner, token);
  const health = useHealth(address, owner);
  const explained = useExplanation(address).data;

  const others = list.state === 'ready' ? list.accounts.filter((a) => a.address !== address) : [];
  const target = to ?? others[0]?.address;
  const { symbol, decimals } = tokenName(chain.config, token);
  const amount = parseDecimal(text, decimals);
  const held = heldOf(account, token);
  const available = way === 'deposit' ? valueOf(inWallet) : held > 0n ? held : 0n;
  const short = typeof amount === 'bigint' && way === 'deposit' && available !== undefined && amount > available;
  const ready = typeof amount === 'bigint' && !short && owner !== undefined && (way !== 'transfer' || target);

  const build = (by: TransactionSigner) => {
    if (typeof amount !== 'bigint') throw new Error('There is no amount.');
    if (way === 'deposit') return deposit(chain, by, address, token, amount);
    if (way === 'withdraw') return withdraw(chain, by, address, token, amount);
    return transfer(chain, by, address, target!, token, amount);
  };
  const key = `${way} ${address} ${token} ${typeof amount === 'bigint' ? amount : ''} ${target ?? ''}`;
  const preview = usePreview(
    key,
    ready && signer && !sending.busy ? () => build(signer) : undefined,
    owner,
    address,
  );
  const { clear } = sending;
  useEffect(clear, [key, clear]);

  const submit = async () => {
    const signature = await sending.send(`${DONE[way]}: ${text} ${symbol}`, build);
    if (signature) setWay(undefined);
  };
  const refused = preview.state === 'refused';
  return (
    <form
      className="stack"
      onSubmit={(e) => {
        e.preventDefault();
        if (ready && !refused) void submit();
      }}
    >
      <SelectField
        label="Token"
        value={String(token)}
        onChange={(e) => {
          setToken(e.target.value === 'quote' ? 'quote' : Number(e.target.value));
          setText('');
        }}
      >
        {tokens.map((t) => (
          <option key={String(t.token)} value={String(t.token)}>
            {t.symbol}
          </option>
        ))}
      </SelectField>
      {way === 'transfer' && (
        <SelectField label="To" value={target} onChange={(e) => setTo(e.target.value as Address)}>
          {others.map((a) => (
            <option key={a.address} value={a.address}>
              {accountName(a.value)}
            </option>
          ))}
        </SelectField>
      )}
      <AmountField
        label="Amount"
        text={text}
        onText={setText}
        decimals={decimals}
        symbol={symbol}
        disabled={sending.busy}
        available={
          available === undefined
            ? undefined
            : { label: way === 'deposit' ? 'In your wallet' : 'In the account', amount: available }
        }
        error={
          short ? `Your wallet holds ${decimal(available, decimals)} ${symbol}.` : undefined
        }
        hint={
          way === 'withdraw' && token === 'quote'
            ? 'More than is settled borrows against the rest, where margin and limits allow it.'
            : undefined
        }
      />
      {way === 'deposit' && available === 0n && (
        <div className="row">
          <span className="small muted">Your wallet holds no {symbol}.</span>
          <FaucetButton />
        </div>
      )}
      {sending.problem ? (
        <ProblemNotice problem={sending.problem} />
      ) : (
        <Review
          preview={preview}
          before={{ title: 'Now', figures: figuresNow(health, explained), explained }}
          idle="Give an amount to see what margin, health and liquidation price will be after it."
        />
      )}
      {wrongCluster && <p className="small warn">Your wallet does not serve this cluster.</p>}
      <Button
        type="submit"
        look="primary"
        className="button-wide"
        busy={sending.busy}
        disabled={!ready || !signer || preview.state !== 'ready'}
      >
        {sending.step ?? { deposit: 'Deposit', withdraw: 'Withdraw', transfer: 'Transfer' }[way]}
      </Button>
    </form>
  );
}
