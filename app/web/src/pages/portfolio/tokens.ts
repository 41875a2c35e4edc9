import type { Address } from '@solana/kit';
import { useEffect, useMemo, useState } from 'react';
import { associatedToken } from '../../chain/transaction';
import { tokenAccounts, type Token } from '../../chain/actions';
import { QUOTE_SYMBOL, type Config } from '../../chain/config';
import { useLiveAccount, type Live } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { QUOTE_DECIMALS } from '../../ui/format';

/** How a token is written. */
export interface TokenName {
  token: Token;
  symbol: string;
  decimals: number;
}

export function tokenName(config: Config, token: Token): TokenName {
  if (token === 'quote') return { token, symbol: QUOTE_SYMBOL, decimals: QUOTE_DECIMALS };
  const asset = config.assets.find((a) => a.index === token);
  return { token, symbol: asset?.symbol ?? `asset ${token}`, decimals: asset?.decimals ?? 0 };
}

/** What may be deposited: quote, and every asset that has a token. */
export function useTokens(): TokenName[] {
  const { config } = useChain();
  return useMemo(
    () => [
      tokenName(config, 'quote'),
      ...config.assets.filter((a) => a.mint).map((a) => tokenName(config, a.index)),
    ],
    [config],
  );
}

/** Where the amount stands in a token account, of either token program. */
const AMOUNT_AT = 64;
const amountOf = (data: Uint8Array): bigint =>
  new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(AMOUNT_AT, true);

/** What a wallet holds of a token in its associated account, native units. No account holds nothing. */
export function useWalletBalance(owner: Address | undefined, token: Token): Live<bigint> {
  const chain = useChain();
  const [found, setFound] = useState<{ key: string; account: Address }>();
  const key = `${owner ?? ''} ${token}`;
  useEffect(() => {
    if (!owner) return;
    let gone = false;
    void tokenAccounts(chain, token)
      .then((t) => associatedToken(owner, t.mint, t.tokenProgram))
      .then((account) => {
        if (!gone) setFound({ key, account });
      })
      // Without its config no balance is shown; the notices above the page say what is wrong.
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [chain, key]);
  const live = useLiveAccount(found?.key === key ? found.account : undefined, amountOf);
  return live.state === 'missing' ? { state: 'ready', value: 0n } : live;
}
