import {
  AccountRole,
  address,
  appendTransactionMessageInstructions,
  compileTransaction,
  createNoopSigner,
  createTransactionMessage,
  getAddressEncoder,
  getBase64EncodedWireTransaction,
  getBase64Encoder,
  getProgramDerivedAddress,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  type Address,
  type Blockhash,
  type Instruction,
  type TransactionSigner,
} from '@solana/kit';
import { getHealthInstruction, getHealthReportDecoder, type HealthReport } from '@ballast/client';
import { problemOf, type TxProblem } from './errors';
import type { Chain } from './rpc';

const COMPUTE_BUDGET = address('ComputeBudget111111111111111111111111111111');
export const TOKEN_PROGRAM = address('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const ASSOCIATED_TOKEN = address('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
const SYSTEM_PROGRAM = address('11111111111111111111111111111111');
/** The most that a transaction may use. */
const MOST_UNITS = 1_400_000;

/** Asks for this many compute units. */
export function unitLimit(units: number): Instruction {
  const data = new Uint8Array(5);
  data[0] = 2;
  new DataView(data.buffer).setUint32(1, units, true);
  return { programAddress: COMPUTE_BUDGET, data };
}

/** Offers this many micro-lamports a compute unit. */
export function unitPrice(microLamports: bigint): Instruction {
  const data = new Uint8Array(9);
  data[0] = 3;
  new DataView(data.buffer).setBigUint64(1, microLamports, true);
  return { programAddress: COMPUTE_BUDGET, data };
}

/** Where an owner keeps a token by convention. */
export async function associatedToken(
  owner: Address,
  mint: Address,
  tokenProgram: Address = TOKEN_PROGRAM,
): Promise<Address> {
  const key = getAddressEncoder();
  const seeds = [key.encode(owner), key.encode(tokenProgram), key.encode(mint)];
  return (await getProgramDerivedAddress({ programAddress: ASSOCIATED_TOKEN, seeds }))[0];
}

/** Makes that account where it does not stand yet. */
export async function createAssociatedToken(
  payer: TransactionSigner,
  owner: Address,
  mint: Address,
  tokenProgram: Address = TOKEN_PROGRAM,
): Promise<Instruction> {
  const account = await associatedToken(owner, mint, tokenProgram);
  return {
    programAddress: ASSOCIATED_TOKEN,
    accounts: [
      { address: payer.address, role: AccountRole.WRITABLE_SIGNER, signer: payer } as never,
      { address: account, role: AccountRole.WRITABLE },
      { address: owner, role: AccountRole.READONLY },
      { address: mint, role: AccountRole.READONLY },
      { address: SYSTEM_PROGRAM, role: AccountRole.READONLY },
      { address: tokenProgram, role: AccountRole.READONLY },
    ],
    data: new Uint8Array([1]),
  };
}

interface Lifetime {
  blockhash: Blockhash;
  lastValidBlockHeight: bigint;
}

/** A message of version 0 with these instructions. */
export function messageOf(
  payer: TransactionSigner,
  instructions: readonly Instruction[],
  lifetime: Lifetime,
) {
  return pipe(
    createTransactionMessage({ version: 0 }),
    (m) => setTransactionMessageFeePayerSigner(payer, m),
    (m) => setTransactionMessageLifetimeUsingBlockhash(lifetime, m),
    (m) => appendTransactionMessageInstructions(instructions, m),
  );
}

/** A simulation replaces the blockhash: any will do. */
const ANY_LIFETIME: Lifetime = {
  blockhash: '11111111111111111111111111111111' as Blockhash,
  lastValidBlockHeight: 0n,
};

export interface Simulated {
  units: number;
  /** Of the last instruction, where it is this program's. */
  returned?: Uint8Array;
  /** Accounts as they would be afterwards, in the order asked for. */
  after: (Uint8Array | null)[];
  logs: readonly string[];
}

export type Simulation = ({ ok: true } & Simulated) | { ok: false; problem: TxProblem };

/** Runs instructions without signing or sending them. */
export async function simulate(
  chain: Chain,
  payer: Address,
  instructions: readonly Instruction[],
  look: readonly Address[] = [],
): Promise<Simulation> {
  try {
    const message = messageOf(
      createNoopSigner(payer),
      [unitLimit(MOST_UNITS), ...instructions],
      ANY_LIFETIME,
    );
    const wire = getBase64EncodedWireTransaction(compileTransaction(message));
    const { value } = await chain.rpc
      .simulateTransaction(wire, {
        encoding: 'base64',
        sigVerify: false,
        replaceRecentBlockhash: true,
        commitment: 'confirmed',
        accounts: { addresses: [...look], encoding: 'base64' },
      })
      .send({ abortSignal: AbortSignal.timeout(10_000) });
    const logs = value.logs ?? [];
    if (value.err) return { ok: false, problem: problemOf(value.err, logs) };
    const bytes = getBase64Encoder();
    const mine = value.returnData?.programId === chain.config.programId;
    return {
      ok: true,
      units: Number(value.unitsConsumed ?? 0n),
      returned: mine && value.returnData ? new Uint8Array(bytes.encode(value.returnData.data[0])) : undefined,
      after: (value.accounts ?? []).map((a) => (a ? new Uint8Array(bytes.encode(a.data[0])) : null)),
      logs,
    };
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (problem.kind !== 'network') return { ok: false, problem };
    return { ok: false, problem: { ...problem, words: 'It could not be asked. Nothing was sent.' } };
  }
}

/** The program's own answer to how an account stands. */
export async function healthNow(
  chain: Chain,
  payer: Address,
  account: Address,
): Promise<{ ok: true; health: HealthReport } | { ok: false; problem: TxProblem }> {
  const preview = await previewOf(chain, payer, [], account);
  if (!preview.ok) return preview;
  return preview.health
    ? { ok: true, health: preview.health }
    : { ok: false, problem: { kind: 'other', title: 'No answer', words: 'The program gave no health.' } };
}

export type Preview =
  | {
      ok: true;
      units: number;
      /** Of the account after the instructions. */
      health?: HealthReport;
      /** The account's bytes after the instructions. */
      account?: Uint8Array;
      /** Why health after it is not known, though the transaction would go through. */
      unvalued?: string;
    }
  | { ok: false; problem: TxProblem };

/**
 * What instructions would make of an account: they run, and the program is asked for the account's health after them,
 * in one transaction that is simulated and not sent.
 */
export async function previewOf(
  chain: Chain,
  payer: Address,
  instructions: readonly Instruction[],
  account?: Address,
): Promise<Preview> {
  if (!account) {
    const run = await simulate(chain, payer, instructions);
    return run.ok ? { ok: true, units: run.units } : run;
  }
  const ask = getHealthInstruction({ board: chain.deployment.board, marginAccount: account });
  const run = await simulate(chain, payer, [...instructions, ask], [account]);
  if (!run.ok) {
    if (instructions.length === 0) return run;
    // The question may be what fails, for want of a price: then the transaction itself still goes through.
    const alone = await simulate(chain, payer, instructions, [account]);
    if (!alone.ok) return alone;
    return {
      ok: true,
      units: alone.units,
      account: alone.after[0] ?? undefined,
      unvalued: run.problem.words,
    };
  }
  return {
    ok: true,
    units: run.units,
    health: run.returned && getHealthReportDecoder().decode(run.returned),
    account: run.after[0] ?? undefined,
  };
}
