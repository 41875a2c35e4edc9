import { address, type Address } from '@solana/kit';
import {
  useConnect,
  useDisconnect,
  useWallets,
  type UiWallet,
  type UiWalletAccount,
} from '@wallet-standard/react';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';
import type { Config } from '../chain/config';
import { registerBurner } from './burner';
import { chainOf, signerOf, signs, type WalletSigner } from './signer';

export interface WalletState {
  /** Wallets that sign Solana transactions. */
  wallets: readonly UiWallet[];
  /** The connected account; undefined where there is none. */
  account?: UiWalletAccount;
  walletName?: string;
  address?: Address;
  /** Signs; undefined without an account, or where the wallet does not know this cluster. */
  signer?: WalletSigner;
  /** The wallet is connected, but does not serve the cluster of this deployment. */
  wrongCluster: boolean;
  use: (wallet: UiWallet, account: UiWalletAccount) => void;
  forget: () => void;
  /** Opens and closes the list of wallets. */
  choosing: boolean;
  setChoosing: (open: boolean) => void;
}

const WalletContext = createContext<WalletState | null>(null);

export function useWallet(): WalletState {
  const wallet = useContext(WalletContext);
  if (!wallet) throw new Error('useWallet is used outside of WalletProvider');
  return wallet;
}

interface Chosen {
  name: string;
  address: string;
}

const KEY = 'ballast.wallet';

function remembered(): Chosen | undefined {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? 'null') as Chosen | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(chosen: Chosen | undefined) {
  try {
    if (chosen) localStorage.setItem(KEY, JSON.stringify(chosen));
    else localStorage.removeItem(KEY);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export function WalletProvider({ config, children }: { config: Config; children: ReactNode }) {
  const all = useWallets();
  const wallets = useMemo(() => all.filter(signs), [all]);
  const [chosen, setChosen] = useState(remembered);
  const [choosing, setChoosing] = useState(false);
  const chain = chainOf(config.cluster);
  useEffect(() => {
    if (chain === 'solana:localnet') void registerBurner();
  }, [chain]);

  const wallet = wallets.find((w) => w.name === chosen?.name);
  const account =
    wallet?.accounts.find((a) => a.address === chosen?.address) ?? wallet?.accounts[0];
  const wrongCluster = !!account && !account.chains.includes(chain);
  const signer = useMemo(
    () => (account && !wrongCluster ? signerOf(account, chain) : undefined),
    [account, wrongCluster, chain],
  );
  const use = useCallback((w: UiWallet, a: UiWalletAccount) => {
    const next = { name: w.name, address: a.address };
    remember(next);
    setChosen(next);
    setChoosing(false);
  }, []);
  const forget = useCallback(() => {
    remember(undefined);
    setChosen(undefined);
  }, []);
  const state = useMemo<WalletState>(
    () => ({
      wallets,
      account,
      walletName: account && wallet?.name,
      address: account && address(account.address),
      signer,
      wrongCluster,
      use,
      forget,
      choosing,
      setChoosing,
    }),
    [wallets, account, wallet?.name, signer, wrongCluster, use, forget, choosing],
  );
  return (
    <WalletContext value={state}>
      {wallet && !account && <Reconnect key={wallet.name} wallet={wallet} onFail={forget} />}
      {children}
    </WalletContext>
  );
}

/** Asks a wallet that was used before, without its window, whether it still allows this page. */
function Reconnect({ wallet, onFail }: { wallet: UiWallet; onFail: () => void }) {
  const [, connect] = useConnect(wallet);
  const tried = useRef(false);
  useEffect(() => {
    if (tried.current) return;
    tried.current = true;
    connect({ silent: true }).then(
      (accounts) => accounts.length === 0 && onFail(),
      onFail,
    );
  }, [connect, onFail]);
  return null;
}

export { useConnect, useDisconnect };
