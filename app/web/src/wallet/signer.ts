import {
  address,
  getTransactionDecoder,
  getTransactionEncoder,
  type SignatureBytes,
  type Transaction,
  type TransactionModifyingSigner,
  type TransactionSendingSigner,
} from '@solana/kit';
import {
  SolanaSignAndSendTransaction,
  SolanaSignTransaction,
  type SolanaSignAndSendTransactionFeature,
  type SolanaSignTransactionFeature,
} from '@solana/wallet-standard-features';
import {
  getWalletAccountFeature,
  type UiWallet,
  type UiWalletAccount,
} from '@wallet-standard/react';
import { getWalletAccountForUiWalletAccount_DO_NOT_USE_OR_YOU_WILL_BE_FIRED as walletAccountOf } from '@wallet-standard/ui-registry';

export type ClusterChain = `solana:${string}`;
export type WalletSigner = TransactionModifyingSigner | TransactionSendingSigner;

/** Name of a cluster as wallets write it. */
export function chainOf(cluster: string): ClusterChain {
  return `solana:${cluster === 'mainnet-beta' ? 'mainnet' : cluster}`;
}

/** Whether a wallet signs Solana transactions in one of the two ways that there are. */
export function signs({ chains, features }: Pick<UiWallet, 'chains' | 'features'>): boolean {
  const able =
    features.includes(SolanaSignTransaction) || features.includes(SolanaSignAndSendTransaction);
  return able && chains.some((chain) => chain.startsWith('solana:'));
}

/**
 * A kit signer out of a wallet's account. Where the wallet can sign without sending, it does: our own node then sends, so
 * that a wallet need not know a local cluster. One that only signs what it sends itself is trusted to be on this cluster.
 */
export function signerOf(account: UiWalletAccount, chain: ClusterChain): WalletSigner {
  return account.features.includes(SolanaSignTransaction)
    ? modifying(account, chain)
    : sending(account, chain);
}

function inputs(
  account: UiWalletAccount,
  chain: ClusterChain,
  transactions: readonly Transaction[],
) {
  return transactions.map((transaction) => ({
    account: walletAccountOf(account),
    chain,
    transaction: new Uint8Array(getTransactionEncoder().encode(transaction)),
  }));
}

function modifying(account: UiWalletAccount, chain: ClusterChain): TransactionModifyingSigner {
  const feature = getWalletAccountFeature(
    account,
    SolanaSignTransaction,
  ) as SolanaSignTransactionFeature[typeof SolanaSignTransaction];
  return {
    address: address(account.address),
    modifyAndSignTransactions: async (transactions) => {
      const outputs = await feature.signTransaction(...inputs(account, chain, transactions));
      return outputs.map(
        ({ signedTransaction }, i) =>
          Object.freeze({
            ...transactions[i]!,
            ...getTransactionDecoder().decode(signedTransaction),
          }) as never,
      );
    },
  };
}

function sending(account: UiWalletAccount, chain: ClusterChain): TransactionSendingSigner {
  const feature = getWalletAccountFeature(
    account,
    SolanaSignAndSendTransaction,
  ) as SolanaSignAndSendTransactionFeature[typeof SolanaSignAndSendTransaction];
  return {
    address: address(account.address),
    signAndSendTransactions: async (transactions) => {
      const outputs = await feature.signAndSendTransaction(...inputs(account, chain, transactions));
      return outputs.map(({ signature }) => signature as SignatureBytes);
    },
  };
}
