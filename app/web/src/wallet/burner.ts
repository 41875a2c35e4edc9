import {
  generateKeyPair,
  getAddressEncoder,
  getAddressFromPublicKey,
  getTransactionDecoder,
  getTransactionEncoder,
  partiallySignTransaction,
} from '@solana/kit';
import {
  SolanaSignTransaction,
  type SolanaSignTransactionFeature,
  type SolanaSignTransactionMethod,
} from '@solana/wallet-standard-features';
import type { Wallet, WalletAccount } from '@wallet-standard/base';
import { registerWallet } from '@wallet-standard/wallet';

/**
 * A wallet for local clusters, so that nobody has to install one to try the dApp. Its key cannot be extracted; the
 * browser keeps it in its own storage, so that a reload does not lose the account. It signs without asking: it must
 * never be offered where tokens are worth anything.
 */
const NAME = 'Burner';
const CHAINS = ['solana:localnet'] as const;
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%23c46a1b'/%3E%3Cpath d='M16 6c1 5 6 7 6 12a6 6 0 0 1-12 0c0-3 2-4 2.5-6 1.5 1 2 2 2 3 1.5-2 2-5 1.5-9z' fill='%23fff'/%3E%3C/svg%3E";

let registered = false;

export async function registerBurner(): Promise<void> {
  if (registered) return;
  registered = true;
  registerWallet(await burnerWallet());
}

async function burnerWallet(): Promise<Wallet> {
  const keys = await keyPair();
  const address = await getAddressFromPublicKey(keys.publicKey);
  const account: WalletAccount = {
    address,
    publicKey: new Uint8Array(getAddressEncoder().encode(address)),
    chains: CHAINS,
    features: [SolanaSignTransaction],
  };
  const signTransaction: SolanaSignTransactionMethod = (...inputs) =>
    Promise.all(
      inputs.map(async ({ transaction }) => {
        const decoded = getTransactionDecoder().decode(transaction);
        const signed = await partiallySignTransaction([keys], decoded);
        return { signedTransaction: new Uint8Array(getTransactionEncoder().encode(signed)) };
      }),
    );
  let connected: readonly WalletAccount[] = [];
  const listeners = new Set<(change: { accounts: readonly WalletAccount[] }) => void>();
  const set = (accounts: readonly WalletAccount[]) => {
    connected = accounts;
    for (const listener of listeners) listener({ accounts });
  };
  return {
    version: '1.0.0',
    name: NAME,
    icon: ICON as Wallet['icon'],
    chains: CHAINS,
    get accounts() {
      return connected;
    },
    features: {
      'standard:connect': {
        version: '1.0.0',
        connect: () => {
          set([account]);
          return Promise.resolve({ accounts: connected });
        },
      },
      'standard:disconnect': {
        version: '1.0.0',
        disconnect: () => {
          set([]);
          return Promise.resolve();
        },
      },
      'standard:events': {
        version: '1.0.0',
        on: (_: 'change', listener: (change: { accounts: readonly WalletAccount[] }) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      [SolanaSignTransaction]: {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signTransaction,
      } satisfies SolanaSignTransactionFeature[typeof SolanaSignTransaction],
    },
  };
}

const STORE = 'keys';

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('ballast-burner', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no storage'));
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no storage'));
  });
}

/** The key that was kept, or a new one; without storage, one that lives as long as the page. */
async function keyPair(): Promise<CryptoKeyPair> {
  try {
    const db = await open();
    const kept: unknown = await done(db.transaction(STORE).objectStore(STORE).get('burner'));
    if (kept) return kept as CryptoKeyPair;
    const made = await generateKeyPair();
    await done(db.transaction(STORE, 'readwrite').objectStore(STORE).put(made, 'burner'));
    return made;
  } catch {
    return generateKeyPair();
  }
}
