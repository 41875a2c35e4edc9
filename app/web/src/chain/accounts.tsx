import type { Address } from '@solana/kit';
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import {
  getMarginAccountDecoder,
  getMarginAccountSize,
  MARGIN_ACCOUNT_DISCRIMINATOR,
  MARGIN_ACCOUNT_OFFSETS,
  type MarginAccount,
} from '@ballast/client';
import { shortAddress } from '../ui/format';
import { useWallet } from '../wallet/context';
import { standingOf, type Standing } from './delegate';
import { useLiveAccount, useNow, valueOf, type Live } from './hooks';
import { useProgramAccounts, type Found } from './programAccounts';
import { useChain } from './rpc';

/** Refuses bytes of another kind: an address may be typed. */
export function decodeMarginAccount(data: Uint8Array): MarginAccount {
  const begins = MARGIN_ACCOUNT_DISCRIMINATOR.every((byte, at) => data[at] === byte);
  if (!begins || data.length < getMarginAccountSize())
    throw new Error('What is there is no margin account of Ballast.');
  return getMarginAccountDecoder().decode(data);
}

/** All margin accounts of this house that name a key in one of these places, by owner and number. */
function useAccountsNaming(place: 'owner' | 'delegate', key: Address | undefined) {
  const { deployment } = useChain();
  const filter = useMemo(
    () =>
      key && {
        discriminator: MARGIN_ACCOUNT_DISCRIMINATOR,
        at: [
          { offset: MARGIN_ACCOUNT_OFFSETS.clearinghouse, address: deployment.clearinghouse },
          { offset: MARGIN_ACCOUNT_OFFSETS[place], address: key },
        ],
      },
    [key, place, deployment.clearinghouse],
  );
  const found = useProgramAccounts(filter, decodeMarginAccount);
  return useMemo(
    () =>
      found.state === 'ready'
        ? {
            ...found,
            accounts: [...found.accounts].sort(
              (a, b) =>
                a.value.owner.localeCompare(b.value.owner) ||
                a.value.subAccount - b.value.subAccount,
            ),
          }
        : found,
    // The hook makes a new object at every rendering; its parts are stable.
    [found.state, found.state === 'ready' && found.accounts, found.refresh],
  );
}

/** The margin account that the connected wallet acts on: one of its own, or one whose delegate it is. */
export interface Selected {
  /** The wallet's own. */
  list: ReturnType<typeof useAccountsNaming>;
  /** Those of others that name the wallet as their delegate. */
  lent: ReturnType<typeof useAccountsNaming>;
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
const NONE: readonly Found<MarginAccount>[] = [];

export function SelectedAccountProvider({ children }: { children: ReactNode }) {
  const { address: wallet } = useWallet();
  const { deployment } = useChain();
  const list = useAccountsNaming('owner', wallet);
  const lent = useAccountsNaming('delegate', wallet);
  const [chosen, setChosen] = useState<Address | undefined>(() => {
    try {
      return (localStorage.getItem(KEY) as Address | null) ?? undefined;
    } catch {
      return undefined;
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
  const own = list.state === 'ready' && wallet ? list.accounts : NONE;
  const others = lent.state === 'ready' && wallet ? lent.accounts : NONE;
  const known = own.find((a) => a.address === chosen) ?? others.find((a) => a.address === chosen);
  // A node that lists no accounts by their delegate still reads the one that was opened by its address.
  const opened = valueOf(
    useLiveAccount(wallet && !known ? chosen : undefined, decodeMarginAccount),
  );
  const acts = opened?.clearinghouse === deployment.clearinghouse && opened.delegate === wallet;
  const byAddress = useMemo(
    () => (acts && opened && chosen ? { address: chosen, value: opened } : undefined),
    [acts, opened, chosen],
  );
  const selected = known ?? byAddress ?? own[0] ?? others[0];
  const live = useLiveAccount(selected?.address, decodeMarginAccount);
  const value = useMemo(
    () => ({ list, lent, selected, live, choose }),
    [list, lent, selected, live, choose],
  );
  return <SelectedContext value={value}>{children}</SelectedContext>;
}

/** What the connected wallet is to an account. */
export function useStanding(account: MarginAccount | undefined): Standing {
  const { address } = useWallet();
  const now = useNow();
  return account ? standingOf(account, address, now) : { as: 'nobody' };
}

/** What a sub-account is called. */
export function accountName(account: MarginAccount): string {
  return account.subAccount === 0 ? 'Main account' : `Account ${account.subAccount}`;
}

/** The same with its owner, where that is not who looks. */
export function accountLabel(account: MarginAccount, wallet: Address | undefined): string {
  const name = accountName(account);
  return account.owner === wallet ? name : `${name} of ${shortAddress(account.owner)}`;
}
