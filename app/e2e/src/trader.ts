/**
 * A trader without a browser: the TypeScript client against the cluster's node. The story's other people act through it,
 * and the test of the client flow is made of it.
 */
import * as kit from '@solana/kit';
import {
  Deployment,
  failureOf,
  fetchMarginAccount,
  fetchMaybeTradeRequest,
  formatUnits,
  getHealthReportDecoder,
  instructions,
  priceToNumber,
  rateToNumber,
  readBoard,
  returnedBytes,
  type BoardView,
  type HealthReport,
  type MarginAccount,
} from '@ballast/client';
import type { Config } from './cluster';
import { until } from './wait';

/** What the program refused, in its words. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly failure: string | undefined,
    sentence: string,
  ) {
    super(sentence);
  }
}

const COMPUTE_BUDGET = kit.address('ComputeBudget111111111111111111111111111111');
const UNITS = 600_000;

export class Trader {
  readonly #rpc: kit.Rpc<kit.SolanaRpcApi>;
  readonly #send: ReturnType<typeof kit.sendAndConfirmTransactionFactory>;

  private constructor(
    readonly config: Config,
    readonly house: Deployment,
    readonly signer: kit.TransactionSigner,
    readonly account: kit.Address,
  ) {
    this.#rpc = kit.createSolanaRpc(config.rpcUrl);
    const rpcSubscriptions = kit.createSolanaRpcSubscriptions(config.wsUrl);
    this.#send = kit.sendAndConfirmTransactionFactory({ rpc: this.#rpc, rpcSubscriptions } as never);
  }

  static async of(config: Config, signer?: kit.TransactionSigner): Promise<Trader> {
    const house = await Deployment.of(config.quoteMint);
    const who = signer ?? (await kit.generateKeyPairSigner());
    return new Trader(config, house, who, await house.marginAccount(who.address, 0));
  }

  /** Quote in the wallet, micro-units. */
  async wallet(): Promise<bigint> {
    const token = await instructions.associatedToken(this.signer.address, this.config.quoteMint);
    const { value } = await this.#rpc.getTokenAccountBalance(token, { commitment: 'confirmed' }).send();
    return BigInt(value.amount);
  }

  /** Opens the margin account and deposits quote. */
  async enter(quote: bigint): Promise<void> {
    await this.send([
      await instructions.openMarginAccount(this.house, { owner: this.signer, subAccount: 0 }),
      await instructions.deposit(this.house, {
        marginAccount: this.account,
        authority: this.signer,
        amount: quote,
      }),
    ]);
  }

  async withdraw(amount: bigint): Promise<void> {
    const { account: marginAccount, signer: owner } = this;
    await this.send([await instructions.withdraw(this.house, { marginAccount, owner, amount })]);
  }

  /** Trades with the backstop at up to 2 % from the oracle, and waits until somebody has executed it. */
  async trade(market: number, base: bigint): Promise<void> {
    const { price, decimals } = await this.price(market);
    const worth = (Number(base < 0n ? -base : base) / 10 ** decimals) * price;
    const id = BigInt(Date.now());
    await this.send([
      await instructions.requestTrade(this.house, {
        authority: this.signer,
        marginAccount: this.account,
        market,
        id,
        base,
        limitQuote: BigInt(Math.round(worth * (base > 0n ? 1.02 : 0.98) * 1e6)),
        expiresInS: 60,
      }),
    ]);
    const request = await this.house.tradeRequest(this.account, id);
    await until('the request to be served', async () => {
      const found = await fetchMaybeTradeRequest(this.#rpc, request, { commitment: 'confirmed' });
      return !found.exists;
    });
  }

  /** Signed native units of a market that the account holds. */
  async position(market: number): Promise<bigint> {
    const { positions } = await this.state();
    return positions.find((slot) => slot.base !== 0n && slot.market === market)?.base ?? 0n;
  }

  async state(): Promise<MarginAccount> {
    return (await fetchMarginAccount(this.#rpc, this.account, { commitment: 'confirmed' })).data;
  }

  async board(): Promise<BoardView> {
    const account = await kit.fetchEncodedAccount(this.#rpc, this.house.board, { commitment: 'confirmed' });
    kit.assertAccountExists(account);
    return readBoard(account.data);
  }

  /** Dollars a token of a market's asset, and the haircut of holding it, a fraction. */
  async price(market: number): Promise<{ price: number; decimals: number; haircut: number }> {
    const { assets, markets } = await this.board();
    const { spotMantissa: mantissa, spotShift: shift, decimals, haircutLong } = assets[markets[market]!.asset]!;
    return { price: priceToNumber({ mantissa, shift }, decimals), decimals, haircut: rateToNumber(haircutLong) };
  }

  /** What the program says that the account is worth and must hold. */
  async health(): Promise<HealthReport> {
    const message = await this.#message([instructions.health(this.house, this.account)]);
    const wire = kit.getBase64EncodedWireTransaction(kit.compileTransaction(message));
    const { value } = await this.#rpc
      .simulateTransaction(wire, { encoding: 'base64', replaceRecentBlockhash: true, commitment: 'confirmed' })
      .send();
    const failure = failureOf(value.err, value.logs);
    if (failure) throw new Refused(failure.name, failure.sentence);
    return getHealthReportDecoder().decode(returnedBytes(value.returnData as never)!);
  }

  async send(parts: kit.Instruction[]): Promise<kit.Signature> {
    const transaction = await kit.signTransactionMessageWithSigners(await this.#message(parts));
    try {
      await this.#send(transaction as never, { commitment: 'confirmed' });
    } catch (error) {
      const failure = failureOf(error)!;
      throw new Refused(failure.name, failure.sentence);
    }
    return kit.getSignatureFromTransaction(transaction);
  }

  async #message(parts: kit.Instruction[]) {
    const { value } = await this.#rpc.getLatestBlockhash({ commitment: 'confirmed' }).send();
    const limit = new Uint8Array(5);
    limit[0] = 2;
    new DataView(limit.buffer).setUint32(1, UNITS, true);
    return kit.pipe(
      kit.createTransactionMessage({ version: 0 }),
      (m) => kit.setTransactionMessageFeePayerSigner(this.signer, m),
      (m) => kit.setTransactionMessageLifetimeUsingBlockhash(value, m),
      (m) =>
        kit.appendTransactionMessageInstructions(
          [{ programAddress: COMPUTE_BUDGET, data: limit }, ...parts],
          m,
        ),
    );
  }
}

/** For the messages of tests. */
export const dollars = (units: bigint): string => formatUnits(units, 6, 2);
