import {
  address,
  getTransactionDecoder,
  getTransactionEncoder,
  type TransactionModifyingSigner,
} from '@solana/kit';
import {
  SolanaSignTransaction,
  type SolanaSignTransactionFeature,
} from '@solana/wallet-standard-features';
import { getWalletAccountFeature, type UiWalletAccount } from '@wallet-standard/react';
import { getWalletAccountForUiWalletAccount_DO_NOT_USE_OR_YOU_WILL_BE_FIRED as walletAccountOf } from '@wallet-standard/ui-registry';

export type ClusterChain = `solana:${string}`;

/** Name of a cluster as wallets write it. */
export function chainOf(cluster: string): ClusterChain {
  return `solana:${cluster === 'mainnet-beta' ? 'mainnet' : cluster}`;
}

/**
 * A kit signer out of a wallet's account. The wallet signs and does not send: our own node then does, so that a wallet
 * need not know a local cluster.
 */
export function signerOf(account: UiWalletAccount, chain: ClusterChain): TransactionModifyingSigner {
  const feature = getWalletAccountFeature(
    account,
    SolanaSignTransaction,
  ) as SolanaSignTransactionFeature[typeof SolanaSignTransaction];
  return {
    address: address(account.address),
    modifyAndSignTransactions: async (transactions) => {
      const inputs = transactions.map((transaction) => ({
        account: walletAccountOf(account),
        chain,
        transaction: new Uint8Array(getTransactionEncoder().encode(transaction)),
      }));
      const outputs = await feature.signTransaction(...inputs);
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
