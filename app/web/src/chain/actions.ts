import { fetchEncodedAccount, type Address, type Instruction, type TransactionSigner } from '@solana/kit';
import {
  getAssetConfigDecoder,
  getCloseMarginAccountInstruction,
  getCloseRequestInstruction,
  getDepositInstruction,
  getExecuteTradeInstruction,
  getOpenMarginAccountInstruction,
  getRequestTradeInstruction,
  getSetAlertsInstruction,
  getSetDelegateInstruction,
  getSetModeInstruction,
  getSettleInstruction,
  getTransferInstruction,
  getWithdrawInstruction,
} from '@ballast/client';
import type { Chain } from './rpc';
import { associatedToken, createAssociatedToken, TOKEN_PROGRAM } from './transaction';

/** Instructions of a trader, with every account in its place. Who signs is also who pays. */

/** Quote, or the asset with this index. */
export type Token = 'quote' | number;

interface TokenAccounts {
  mint: Address;
  vault: Address;
  tokenProgram: Address;
  asset?: Address;
}

const programs = new Map<Address, Promise<Address>>();

/** Which token program an asset's vault is of: its config says. */
function tokenProgramOf(chain: Chain, config: Address): Promise<Address> {
  let found = programs.get(config);
  if (!found) {
    found = fetchEncodedAccount(chain.rpc, config, { commitment: 'confirmed' }).then((account) => {
      if (!account.exists) throw new Error('This asset is not listed on this cluster.');
      return getAssetConfigDecoder().decode(account.data).tokenProgram;
    });
    found.catch(() => programs.delete(config));
    programs.set(config, found);
  }
  return found;
}

export async function tokenAccounts(chain: Chain, token: Token): Promise<TokenAccounts> {
  const { config, deployment } = chain;
  if (token === 'quote') {
    return { mint: config.quoteMint, vault: deployment.quoteVault, tokenProgram: TOKEN_PROGRAM };
  }
  const listed = config.assets.find((a) => a.index === token);
  if (!listed?.mint) throw new Error('This asset is no collateral: it has no token.');
  const asset = await deployment.asset(token);
  const [vault, tokenProgram] = await Promise.all([
    deployment.vault(listed.mint),
    tokenProgramOf(chain, asset),
  ]);
  return { mint: listed.mint, vault, tokenProgram, asset };
}

/** A new sub-account: cross margin, or isolated to a market. */
export async function openAccount(
  chain: Chain,
  owner: TransactionSigner,
  subAccount: number,
  isolated?: number,
): Promise<Instruction[]> {
  const { deployment } = chain;
  return [
    getOpenMarginAccountInstruction({
      payer: owner,
      owner,
      clearinghouse: deployment.clearinghouse,
      marginAccount: await deployment.marginAccount(owner.address, subAccount),
      market: isolated === undefined ? undefined : await deployment.market(isolated),
      treasury: deployment.treasury,
      subAccount,
    }),
  ];
}

export async function closeAccount(
  chain: Chain,
  owner: TransactionSigner,
  marginAccount: Address,
): Promise<Instruction[]> {
  const { treasury } = chain.deployment;
  return [getCloseMarginAccountInstruction({ owner, marginAccount, treasury })];
}

/** Cross, or isolated to a market; only of an empty account. */
export async function setMode(
  chain: Chain,
  owner: TransactionSigner,
  marginAccount: Address,
  isolated?: number,
): Promise<Instruction[]> {
  const market = isolated === undefined ? undefined : await chain.deployment.market(isolated);
  return [getSetModeInstruction({ owner, marginAccount, market })];
}

export async function deposit(
  chain: Chain,
  owner: TransactionSigner,
  marginAccount: Address,
  token: Token,
  amount: bigint,
): Promise<Instruction[]> {
  const { clearinghouse, board } = chain.deployment;
  const t = await tokenAccounts(chain, token);
  const source = await associatedToken(owner.address, t.mint, t.tokenProgram);
  return [
    getDepositInstruction({
      clearinghouse,
      board,
      marginAccount,
      authority: owner,
      asset: t.asset,
      vault: t.vault,
      source,
      mint: t.mint,
      tokenProgram: t.tokenProgram,
      amount,
    }),
  ];
}

export async function withdraw(
  chain: Chain,
  owner: TransactionSigner,
  marginAccount: Address,
  token: Token,
  amount: bigint,
): Promise<Instruction[]> {
  const { clearinghouse, board, treasury } = chain.deployment;
  const t = await tokenAccounts(chain, token);
  const destination = await associatedToken(owner.address, t.mint, t.tokenProgram);
  return [
    await createAssociatedToken(owner, owner.address, t.mint, t.tokenProgram),
    getWithdrawInstruction({
      clearinghouse,
      board,
      marginAccount,
      owner,
      treasury,
      asset: t.asset,
      vault: t.vault,
      destination,
      mint: t.mint,
      tokenProgram: t.tokenProgram,
      amount,
    }),
  ];
}

/** Between two accounts of one owner. */
export async function transfer(
  chain: Chain,
  owner: TransactionSigner,
  from: Address,
  to: Address,
  token: Token,
  amount: bigint,
): Promise<Instruction[]> {
  const asset = token === 'quote' ? null : token;
  return [getTransferInstruction({ board: chain.deployment.board, from, to, owner, amount, asset })];
}

async function backstopAccounts(chain: Chain, market: number) {
  const { deployment } = chain;
  const [marketAddress, vault, slice] = await Promise.all([
    deployment.market(market),
    deployment.backstop(market),
    deployment.slice(market),
  ]);
  return { board: deployment.board, market: marketAddress, vault, slice };
}

export interface TradeTerms {
  /** Free among the account's open requests. */
  id: bigint;
  market: number;
  base: bigint;
  limitQuote: bigint;
  expiresInS: number;
}

/** Asks a market's backstop for a trade at the first price published after now. */
export async function requestTrade(
  chain: Chain,
  owner: TransactionSigner,
  marginAccount: Address,
  terms: TradeTerms,
): Promise<Instruction[]> {
  const { id, market, base, limitQuote, expiresInS } = terms;
  const request = await chain.deployment.tradeRequest(marginAccount, id);
  return [
    getRequestTradeInstruction({
      ...(await backstopAccounts(chain, market)),
      payer: owner,
      authority: owner,
      marginAccount,
      request,
      id,
      base,
      limitQuote,
      expiresInS,
    }),
  ];
}

export interface OpenRequest {
  address: Address;
  market: number;
  marginAccount: Address;
  payer: Address;
}

/** Takes a request back, or clears one away that is over. */
export async function closeRequest(
  chain: Chain,
  authority: TransactionSigner,
  request: OpenRequest,
): Promise<Instruction[]> {
  const { address, marginAccount, payer, market } = request;
  const accounts = await backstopAccounts(chain, market);
  return [
    getCloseRequestInstruction({ ...accounts, authority, marginAccount, request: address, payer }),
  ];
}

/** Fills a request whose price is on the board; anybody may. */
export async function executeRequest(chain: Chain, request: OpenRequest): Promise<Instruction[]> {
  const { address, marginAccount, payer, market } = request;
  const accounts = await backstopAccounts(chain, market);
  return [getExecuteTradeInstruction({ ...accounts, marginAccount, request: address, payer })];
}

/** Moves a position's profit or loss into the quote balance, as far as the market's pool allows. */
export async function settle(
  chain: Chain,
  marginAccount: Address,
  market: number,
): Promise<Instruction[]> {
  const { deployment } = chain;
  const marketAddress = await deployment.market(market);
  return [getSettleInstruction({ board: deployment.board, market: marketAddress, marginAccount })];
}

/** Up to four levels of equity ÷ MM, percent; the program wants them falling, zeros at the end. */
export async function setAlerts(
  owner: TransactionSigner,
  marginAccount: Address,
  percents: readonly number[],
): Promise<Instruction[]> {
  const falling = [...percents].sort((a, b) => b - a).map((p) => Math.round(p * 100));
  const levelsBps = [0, 1, 2, 3].map((i) => falling[i] ?? 0);
  return [getSetAlertsInstruction({ owner, marginAccount, levelsBps })];
}

/** Who else may act on the account: which powers, and until when (unix seconds; zero for no end). */
export interface DelegateTerms {
  delegate: Address;
  powers: number;
  until: number;
}

/** Names a delegate in place of the one that is named now; with nobody's key, nobody. */
export function setDelegate(
  owner: TransactionSigner,
  marginAccount: Address,
  { delegate, powers, until }: DelegateTerms,
): Instruction[] {
  return [getSetDelegateInstruction({ owner, marginAccount, delegate, powers, until })];
}
