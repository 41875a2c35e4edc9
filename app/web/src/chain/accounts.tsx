import type { Address } from '@solana/kit';
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import {
  getMarginAccountDecoder,
  MARGIN_ACCOUNT_DISCRIMINATOR,
  type MarginAccount,
} from '@ballast/client';
import { useWallet } from '../wallet/context';
import { useLiveAccount, type Live } from './hooks';
import { useProgramAccounts, type Found } from './programAccounts';
import { useChain } from './rpc';

/** Offsets in a margin account's bytes. */
const CLEARINGHOUSE_AT = 16;
const OWNER_AT = 48;

export const decodeMarginAccount = (data: Uint8Array): MarginAccount =>
  getMarginAccountDecoder().decode(data);

/** All sub-accounts of an owner, by their number. */
export function useMarginAccounts(owner: Address | undefined) {
  const { deployment } = useChain();
  const filter = useMemo(
    () =>
      owner && {
        discriminator: MARGIN_ACCOUNT_DISCRIMINATOR,
        at: [
          { offset: CLEARINGHOUSE_AT, address: deployment.clearinghouse },
          { offset: OWNER_AT, address: owner },
        ],
      },
    [owner, deployment.clearinghouse],
  );
  const found = useProgramAccounts(filter, decodeMarginAccount);
  return useMemo(
    () =>
      found.state === 'ready'
        ? {
            ...found,
            accounts: [...found.accounts].sort((a, b) => a.value.subAccount - b.value.subAccount),
          }
        : found,
    // The hook makes a new object at every rendering; its parts are stable.
    [found.state, found.state === 'ready' && found.accounts, found.refresh],
  );
}

/** A margin account that one looks at: the chosen sub-account of the connected wallet. */
export interface Selected {
  list: ReturnType<typeof useMarginAccounts>;
  /** The chosen one, where the wallet has any. */
  selected?: Found<MarginAccount>;
  /** The same account by its own subscription, which is faster than the list's. */
  live: Live<MarginAccount>;
  choose: (account: Address) => void;
}

const SelectedContext = createContext<Selected | null>(null);

export function useSelectedAccount(): Selected {
  const selected = useContext(SelectedContext);
  if (!selected) throw new Error('useSelectedAccount is used outside of SelectedAccountProvider');
  return selected;
}

const KEY = 'ballast.account';

export function SelectedAccountProvider({ children }: { children: ReactNode }) {
  const { address: owner } = useWallet();
  const list = useMarginAccounts(owner);
  const [chosen, setChosen] = useState<string | null>(() => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  });
  const choose = useCallback((account: Address) => {
    setChosen(account);
    try {
      localStorage.setItem(KEY, account);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }, []);
  const accounts = list.state === 'ready' && owner ? list.accounts : [];
  const selected = accounts.find((a) => a.address === chosen) ?? accounts[0];
  const live = useLiveAccount(selected?.address, decodeMarginAccount);
  const value = useMemo(
    () => ({ list, selected, live, choose }),
    [list, selected, live, choose],
  );
  return <SelectedContext value={value}>{children}</SelectedContext>;
}

/** What a sub-account is called. */
export function accountName(account: MarginAccount): string {
  return account.subAccount === 0 ? 'Main account' : `Account ${account.subAccount}`;
}
