import {
  AccountRole,
  address,
  generateKeyPairSigner,
  getBase58Decoder,
  getSignatureFromTransaction,
  getTransactionDecoder,
  getTransactionEncoder,
  isTransactionSendingSigner,
  type KeyPairSigner,
  type Transaction,
} from '@solana/kit';
import {
  SolanaSignAndSendTransaction,
  SolanaSignTransaction,
} from '@solana/wallet-standard-features';
import type { Wallet } from '@wallet-standard/base';
import { getOrCreateUiWalletForStandardWallet_DO_NOT_USE_OR_YOU_WILL_BE_FIRED as uiWalletOf } from '@wallet-standard/ui-registry';
import { describe, expect, it, vi } from 'vitest';
import { TransactionProblem } from '../src/chain/errors';
import type { Chain } from '../src/chain/rpc';
import { sendInstructions } from '../src/chain/send';
import { signerOf, signs } from '../src/wallet/signer';

const CHAIN = 'solana:localnet';
const SOMEWHERE = address('So11111111111111111111111111111111111111112');

type Sign = (transaction: Transaction) => Promise<Transaction>;
type Input = { account: { address: string }; chain: string; transaction: Uint8Array };

/** A wallet as the standard has it, with just these ways to sign. */
function walletOf(key: KeyPairSigner, ways: readonly string[], sign: Sign) {
  const asked: Input[] = [];
  const each = async (inputs: Input[]) => {
    asked.push(...inputs);
    return Promise.all(
      inputs.map(({ transaction }) => sign(getTransactionDecoder().decode(transaction))),
    );
  };
  const bytes = (signed: Transaction) => new Uint8Array(getTransactionEncoder().encode(signed));
  const all = {
    [SolanaSignTransaction]: {
      version: '1.0.0',
      supportedTransactionVersions: ['legacy', 0],
      signTransaction: async (...inputs: Input[]) =>
        (await each(inputs)).map((signed) => ({ signedTransaction: bytes(signed) })),
    },
    [SolanaSignAndSendTransaction]: {
      version: '1.0.0',
      supportedTransactionVersions: ['legacy', 0],
      signAndSendTransaction: async (...inputs: Input[]) =>
        (await each(inputs)).map((signed) => ({ signature: signed.signatures[key.address]! })),
    },
  };
  const features = Object.fromEntries(Object.entries(all).filter(([name]) => ways.includes(name)));
  const wallet = {
    version: '1.0.0',
    name: 'A wallet',
    icon: 'data:image/svg+xml;base64,PHN2Zy8+',
    chains: [CHAIN],
    accounts: [
      { address: key.address, publicKey: new Uint8Array(32), chains: [CHAIN], features: ways },
    ],
    features: {
      'standard:connect': { version: '1.0.0', connect: () => Promise.resolve({ accounts: [] }) },
      ...features,
    },
  } as unknown as Wallet;
  const ui = uiWalletOf(wallet);
  return { ui, account: ui.accounts[0]!, asked };
}

/** A node that lets everything through, and knows the signatures that it is told of. */
function nodeOf({ seen = true, height = 0n }: { seen?: boolean; height?: bigint } = {}) {
  const answer = (value: unknown) => ({ send: () => Promise.resolve(value) });
  const sendTransaction = vi.fn((..._: unknown[]) => answer('sent'));
  const rpc = {
    simulateTransaction: () =>
      answer({
        value: { err: null, logs: [], unitsConsumed: 5_000n, accounts: [], returnData: null },
      }),
    getLatestBlockhash: () =>
      answer({
        value: {
          blockhash: '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi',
          lastValidBlockHeight: 100n,
        },
      }),
    getRecentPrioritizationFees: () => answer([]),
    getSignatureStatuses: (signatures: string[]) =>
      answer({
        value: signatures.map(() => (seen ? { err: null, confirmationStatus: 'confirmed' } : null)),
      }),
    getBlockHeight: () => answer(height),
    sendTransaction,
  };
  const parts = {
    config: { programId: SOMEWHERE },
    deployment: { board: SOMEWHERE },
    live: { acted: () => Promise.resolve() },
  };
  return { chain: { rpc, ...parts } as unknown as Chain, sendTransaction };
}

const signing =
  (key: KeyPairSigner): Sign =>
  async (transaction) => {
    const [signatures] = await key.signTransactions([transaction as never]);
    return {
      ...transaction,
      signatures: { ...transaction.signatures, ...signatures },
    } as Transaction;
  };

const instructionOf = (key: KeyPairSigner) => ({
  programAddress: SOMEWHERE,
  accounts: [{ address: key.address, role: AccountRole.WRITABLE_SIGNER }],
  data: new Uint8Array([7]),
});

describe('a wallet that only signs what it sends itself', () => {
  const sendsOnly = async (sign?: Sign) => {
    const key = await generateKeyPairSigner();
    const wallet = walletOf(key, [SolanaSignAndSendTransaction], sign ?? signing(key));
    return { key, ...wallet, signer: signerOf(wallet.account, CHAIN) };
  };

  it('is offered, as one that signs is, and one that does neither is not', async () => {
    const { ui } = await sendsOnly();
    expect(signs(ui)).toBe(true);
    expect(signs({ ...ui, features: ['standard:connect'] })).toBe(false);
    expect(signs({ ...ui, chains: ['sui:mainnet'] })).toBe(false);
  });

  it('is given the whole transaction, sends it, and is believed once the cluster has confirmed it', async () => {
    const { key, signer, asked } = await sendsOnly();
    const { chain, sendTransaction } = nodeOf();
    const steps: string[] = [];
    const signature = await sendInstructions(chain, signer, [instructionOf(key)], (step) =>
      steps.push(step),
    );
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ account: { address: key.address }, chain: CHAIN });
    const transaction = getTransactionDecoder().decode(asked[0]!.transaction);
    const signed = await signing(key)(transaction);
    expect(signature).toBe(getBase58Decoder().decode(signed.signatures[key.address]!));
    expect(sendTransaction).not.toHaveBeenCalled();
    expect(steps).toEqual(['simulating', 'signing', 'confirming']);
  });

  it('may be declined by its user', async () => {
    const { key, signer } = await sendsOnly(() =>
      Promise.reject(new Error('User rejected the request.')),
    );
    const refused = await sendInstructions(nodeOf().chain, signer, [instructionOf(key)]).catch(
      (e: unknown) => e,
    );
    expect((refused as TransactionProblem).problem.kind).toBe('rejected');
  });

  it('may be set to another cluster: what never arrives is told so, and not as if nothing had happened', async () => {
    const { key, signer } = await sendsOnly();
    const { chain } = nodeOf({ seen: false, height: 101n });
    const refused = await sendInstructions(chain, signer, [instructionOf(key)]).catch(
      (e: unknown) => e,
    );
    const { problem } = refused as TransactionProblem;
    expect(problem.title).toBe('It has not arrived on this cluster');
    expect(problem.words).not.toMatch(/nothing/i);
  });
});

describe('a wallet that can do both', () => {
  it('signs, and our own node sends', async () => {
    const key = await generateKeyPairSigner();
    const { account } = walletOf(
      key,
      [SolanaSignTransaction, SolanaSignAndSendTransaction],
      signing(key),
    );
    const signer = signerOf(account, CHAIN);
    expect(isTransactionSendingSigner(signer)).toBe(false);
    const { chain, sendTransaction } = nodeOf();
    const signature = await sendInstructions(chain, signer, [instructionOf(key)]);
    expect(sendTransaction).toHaveBeenCalledOnce();
    const wire = Buffer.from(sendTransaction.mock.calls[0]![0] as string, 'base64');
    expect(getSignatureFromTransaction(getTransactionDecoder().decode(wire))).toBe(signature);
  });
});
