import {
  getBase58Decoder,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  isTransactionModifyingSigner,
  isTransactionPartialSigner,
  isTransactionSendingSigner,
  signAndSendTransactionMessageWithSigners,
  signTransactionMessageWithSigners,
  type Instruction,
  type Signature,
  type TransactionSigner,
} from '@solana/kit';
import { problemOf, TransactionProblem, type TxProblem } from './errors';
import { sleep } from './live';
import type { Chain } from './rpc';
import { messageOf, simulate, unitLimit, unitPrice } from './transaction';

export type Step = 'simulating' | 'signing' | 'sending' | 'confirming';

/** Room over what the simulation used: the state may differ when it runs. */
const UNITS_ROOM = 1.3;
const UNITS_LEAST = 20_000;
/** Micro-lamports a unit that the dApp offers at most, whatever others pay. */
const PRICE_MOST = 200_000n;
const POLL_MS = 350;
const RESEND_MS = 2_000;

/** What others have paid lately for a place, the middle of it. */
async function price(chain: Chain): Promise<bigint> {
  try {
    const fees = await chain.rpc.getRecentPrioritizationFees([chain.deployment.board]).send();
    const paid = fees.map((f) => BigInt(f.prioritizationFee)).sort((a, b) => (a < b ? -1 : 1));
    const middle = paid[Math.floor(paid.length / 2)] ?? 0n;
    return middle > PRICE_MOST ? PRICE_MOST : middle;
  } catch {
    return 0n;
  }
}

/** Whether it signs only what it sends itself. */
function sendsItself(signer: TransactionSigner): boolean {
  return (
    isTransactionSendingSigner(signer) && !isTransactionModifyingSigner(signer) && !isTransactionPartialSigner(signer)
  );
}

/**
 * Simulates, has the wallet sign, sends (or has the wallet send) and waits until the cluster has confirmed. Throws a
 * {@link TransactionProblem} that says why not.
 */
export async function sendInstructions(
  chain: Chain,
  signer: TransactionSigner,
  instructions: readonly Instruction[],
  onStep: (step: Step) => void = () => {},
): Promise<Signature> {
  let sent = false;
  try {
    onStep('simulating');
    const run = await simulate(chain, signer.address, instructions);
    if (!run.ok) throw new TransactionProblem(run.problem);
    const units = Math.min(1_400_000, Math.max(UNITS_LEAST, Math.ceil(run.units * UNITS_ROOM)));
    const [{ value: lifetime }, microLamports] = await Promise.all([
      chain.rpc.getLatestBlockhash({ commitment: 'confirmed' }).send(),
      price(chain),
    ]);
    onStep('signing');
    const budget = microLamports > 0n ? [unitPrice(microLamports)] : [];
    const message = messageOf(signer, [unitLimit(units), ...budget, ...instructions], lifetime);
    const lastValid = lifetime.lastValidBlockHeight;
    if (sendsItself(signer)) {
      const bytes = await signAndSendTransactionMessageWithSigners(message);
      sent = true;
      const signature = getBase58Decoder().decode(bytes) as Signature;
      onStep('confirming');
      await confirm(chain, signature, lastValid, undefined);
      void chain.live.acted();
      return signature;
    }
    const signed = await signTransactionMessageWithSigners(message);
    const signature = getSignatureFromTransaction(signed);
    onStep('sending');
    const wire = getBase64EncodedWireTransaction(signed);
    const send = (skipPreflight: boolean) =>
      chain.rpc
        .sendTransaction(wire, {
          encoding: 'base64',
          preflightCommitment: 'confirmed',
          skipPreflight,
          maxRetries: 0n,
        })
        .send();
    sent = true;
    await send(false);
    onStep('confirming');
    await confirm(chain, signature, lastValid, () => send(true));
    void chain.live.acted();
    return signature;
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (problem.kind !== 'network') throw new TransactionProblem(problem);
    const words = sent
      ? 'It is not known whether the transaction arrived. Look at the balances before you try again.'
      : `${problem.words} Nothing was sent.`;
    throw new TransactionProblem({ ...problem, words });
  }
}

/** Of a transaction that the wallet said it had sent, and that this cluster has not seen before it expired. */
const SENT_ELSEWHERE: TxProblem = {
  kind: 'expired',
  title: 'It has not arrived on this cluster',
  words: 'The wallet sent it by a node of its own, and the cluster of this page has not seen it in time.',
  advice: 'See in the wallet whether it is set to this cluster, and look at the balances before you try again.',
};

async function confirm(
  chain: Chain,
  signature: Signature,
  lastValid: bigint,
  /** None where the wallet sends. */
  resend: (() => Promise<unknown>) | undefined,
): Promise<void> {
  let sent = Date.now();
  let silent = 0;
  for (;;) {
    await sleep(POLL_MS);
    let status;
    try {
      const { value } = await chain.rpc.getSignatureStatuses([signature]).send();
      status = value[0];
      silent = 0;
    } catch (error) {
      if (++silent > 20) throw error;
      continue;
    }
    if (status?.err) {
      throw new TransactionProblem(problemOf(status.err, await logsOf(chain, signature)));
    }
    if (status && status.confirmationStatus !== 'processed') return;
    if (Date.now() - sent > RESEND_MS) {
      sent = Date.now();
      if (!status) await resend?.().catch(() => undefined);
      const height = await chain.rpc.getBlockHeight({ commitment: 'confirmed' }).send();
      if (!status && height > lastValid) {
        throw new TransactionProblem(resend ? problemOf('BlockhashNotFound') : SENT_ELSEWHERE);
      }
    }
  }
}

async function logsOf(chain: Chain, signature: Signature): Promise<readonly string[] | undefined> {
  try {
    const found = await chain.rpc
      .getTransaction(signature, {
        commitment: 'confirmed',
        encoding: 'base64',
        maxSupportedTransactionVersion: 0,
      })
      .send();
    return found?.meta?.logMessages ?? undefined;
  } catch {
    return undefined;
  }
}
