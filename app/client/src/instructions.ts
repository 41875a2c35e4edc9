/**
 * Builders for the instructions whose accounts follow from the deployment: who calls them says what is meant (an owner,
 * a market, an amount), not which of nine accounts stands where. All others are in `generated`, and take a `Deployment`'s
 * addresses directly.
 */
import { AccountRole, type Address, type Instruction, type TransactionSigner } from '@solana/kit';
import {
  TOKEN_PROGRAM_ADDRESS,
  findAssociatedTokenPda,
  getCreateAssociatedTokenIdempotentInstructionAsync,
} from '@solana-program/token';
import { parameterTarget, type Deployment } from './deployment';
import * as generated from './generated';

/** An asset that is deposited or withdrawn: its index on the board and its token. */
export type Collateral = {
  index: number;
  mint: Address;
  /** Program of the token where it is not SPL Token. */
  tokenProgram?: Address;
};

/** Tokens between a margin account and a token account; quote where no asset is named. */
export type Movement = {
  marginAccount: Address;
  amount: bigint;
  asset?: Collateral | undefined;
  /** The owner's associated token account where none is named. */
  tokenAccount?: Address | undefined;
};

/** Where an owner's tokens stand unless said otherwise. */
export async function associatedToken(
  owner: Address,
  mint: Address,
  tokenProgram: Address = TOKEN_PROGRAM_ADDRESS,
): Promise<Address> {
  return (await findAssociatedTokenPda({ owner, mint, tokenProgram }))[0];
}

/** Creates that account if it is not there. */
export function createAssociatedToken(
  payer: TransactionSigner,
  owner: Address,
  mint: Address,
  tokenProgram: Address = TOKEN_PROGRAM_ADDRESS,
): Promise<Instruction> {
  return getCreateAssociatedTokenIdempotentInstructionAsync({ payer, owner, mint, tokenProgram });
}

/** Opens a margin account: isolated where a market is given, else cross. */
export async function openMarginAccount(
  house: Deployment,
  input: {
    owner: TransactionSigner;
    payer?: TransactionSigner;
    subAccount: number;
    isolatedMarket?: number | undefined;
  },
): Promise<Instruction> {
  const { owner, payer = owner, subAccount, isolatedMarket } = input;
  return generated.getOpenMarginAccountInstruction({
    payer,
    owner,
    clearinghouse: house.clearinghouse,
    marginAccount: await house.marginAccount(owner.address, subAccount),
    treasury: house.treasury,
    subAccount,
    ...(isolatedMarket !== undefined && { market: await house.market(isolatedMarket) }),
  });
}

/** Closes an empty margin account; the rent goes to its owner. */
export function closeMarginAccount(
  house: Deployment,
  input: { owner: TransactionSigner; marginAccount: Address },
): Instruction {
  return generated.getCloseMarginAccountInstruction({ ...input, treasury: house.treasury });
}

/** Deposits; signed by the owner or a delegate, whose tokens they are. */
export async function deposit(
  house: Deployment,
  input: Movement & { authority: TransactionSigner },
): Promise<Instruction> {
  const { marginAccount, authority, amount } = input;
  const { tokenAccount: source, ...token } = await moved(house, input, authority.address);
  return generated.getDepositInstruction({
    clearinghouse: house.clearinghouse,
    board: house.board,
    marginAccount,
    authority,
    source,
    ...token,
    amount,
  });
}

/** Withdraws; quote below zero is borrowed. Signed by the owner. */
export async function withdraw(
  house: Deployment,
  input: Movement & { owner: TransactionSigner },
): Promise<Instruction> {
  const { marginAccount, owner, amount } = input;
  const { tokenAccount: destination, ...token } = await moved(house, input, owner.address);
  return generated.getWithdrawInstruction({
    clearinghouse: house.clearinghouse,
    board: house.board,
    marginAccount,
    owner,
    treasury: house.treasury,
    destination,
    ...token,
    amount,
  });
}

async function moved(house: Deployment, { asset, tokenAccount }: Movement, owner: Address) {
  const mint = asset?.mint ?? house.quoteMint;
  const tokenProgram = asset?.tokenProgram ?? TOKEN_PROGRAM_ADDRESS;
  return {
    mint,
    tokenProgram,
    vault: await house.vault(mint),
    tokenAccount: tokenAccount ?? (await associatedToken(owner, mint, tokenProgram)),
    ...(asset && { asset: await house.asset(asset.index) }),
  };
}

/** Moves quote, or collateral where an asset's index is given, between two margin accounts of one owner. */
export function transfer(
  house: Deployment,
  input: { owner: TransactionSigner; from: Address; to: Address; amount: bigint; asset?: number | undefined },
): Instruction {
  const { asset = null, ...rest } = input;
  return generated.getTransferInstruction({ ...rest, board: house.board, asset });
}

/** What an account asks of a market's backstop. */
export type TradeWanted = {
  marginAccount: Address;
  market: number;
  /** The account's own number for the request: one that none of its open requests has. */
  id: bigint;
  /** Signed native units that it buys (negative: sells). */
  base: bigint;
  /** Most that it pays, least that it gets, in all and fees apart, quote micro-units. */
  limitQuote: bigint;
  expiresInS: number;
};

/** Requests a trade against the backstop; anybody executes it at the next price. Signed by owner or delegate. */
export async function requestTrade(
  house: Deployment,
  input: TradeWanted & { authority: TransactionSigner; payer?: TransactionSigner },
): Promise<Instruction> {
  const { market, authority, payer = authority, ...rest } = input;
  return generated.getRequestTradeInstruction({
    ...rest,
    payer,
    authority,
    board: house.board,
    ...(await backstopOf(house, market)),
    request: await house.tradeRequest(rest.marginAccount, rest.id),
  });
}

/** What the builders below need to know of a request as it stands on the chain. */
export type RequestRef = Pick<generated.TradeRequest, 'market' | 'marginAccount' | 'id' | 'payer'>;

/** Executes a request at the price that was published after it; anybody. */
export async function executeTrade(house: Deployment, request: RequestRef): Promise<Instruction> {
  return generated.getExecuteTradeInstruction(await requested(house, request));
}

/** Takes a request back; signed by owner or delegate while it waits, by anybody afterwards. */
export async function closeRequest(
  house: Deployment,
  request: RequestRef,
  authority: TransactionSigner,
): Promise<Instruction> {
  return generated.getCloseRequestInstruction({ ...(await requested(house, request)), authority });
}

async function requested(house: Deployment, { market, marginAccount, id, payer }: RequestRef) {
  return {
    board: house.board,
    ...(await backstopOf(house, market)),
    marginAccount,
    request: await house.tradeRequest(marginAccount, id),
    payer,
  };
}

async function backstopOf(house: Deployment, market: number) {
  return {
    market: await house.market(market),
    vault: await house.backstop(market),
    slice: await house.slice(market),
  };
}

/** Settles a position's profit or loss with the market's pool; anybody. */
export async function settle(house: Deployment, market: number, marginAccount: Address): Promise<Instruction> {
  return generated.getSettleInstruction({ board: house.board, market: await house.market(market), marginAccount });
}

/** Brings a position in step with its side's index: funding and deleveraging are written down; anybody. */
export async function touchPosition(
  house: Deployment,
  market: number,
  marginAccount: Address,
): Promise<Instruction> {
  const address = await house.market(market);
  return generated.getTouchPositionInstruction({ board: house.board, market: address, marginAccount });
}

/** Records alerts, and starts or ends the clock of a shortfall; anybody. */
export function touchAccount(house: Deployment, marginAccount: Address): Instruction {
  return generated.getTouchAccountInstruction({ board: house.board, marginAccount });
}

/** Margin of an account; simulate it and read the return data with `getHealthReportDecoder`. */
export function health(house: Deployment, marginAccount: Address): Instruction {
  return generated.getHealthInstruction({ board: house.board, marginAccount });
}

/** Closes parts of an account that falls short, into the keeper's own; signed by the keeper's owner or delegate. */
export async function liquidate(
  house: Deployment,
  input: {
    marginAccount: Address;
    keeper: Address;
    keeperAuthority: TransactionSigner;
    legs: generated.LegAmountArgs[];
  },
): Promise<Instruction> {
  const instruction = generated.getLiquidateInstruction({
    board: house.board,
    treasury: house.treasury,
    ...input,
  });
  const markets = input.legs.flatMap(({ leg }) => (leg.__kind === 'Position' ? [leg.market] : []));
  const addresses = await Promise.all(markets.map((market) => house.market(market)));
  const more = addresses.map((address) => ({ address, role: AccountRole.WRITABLE }));
  return { ...instruction, accounts: [...instruction.accounts, ...more] };
}

/** Opens the account of somebody's shares in a market's backstop. */
export async function openBackstopShare(
  house: Deployment,
  input: { owner: TransactionSigner; payer?: TransactionSigner; market: number },
): Promise<Instruction> {
  const { owner, payer = owner, market } = input;
  const { vault, share } = await shared(house, market, owner.address);
  return generated.getOpenBackstopShareInstruction({ payer, owner, vault, share });
}

/** Deposits quote into a market's backstop. */
export async function backstopDeposit(
  house: Deployment,
  input: { owner: TransactionSigner; market: number; amount: bigint; source?: Address | undefined },
): Promise<Instruction> {
  const { owner, market, amount } = input;
  const source = input.source ?? (await associatedToken(owner.address, house.quoteMint));
  return generated.getBackstopDepositInstruction({
    ...(await backstopMoney(house, market, owner)),
    source,
    amount,
  });
}

/** Asks for shares of a backstop back: they are paid after its delay. */
export async function backstopRequestWithdraw(
  house: Deployment,
  input: { owner: TransactionSigner; market: number; shares: bigint },
): Promise<Instruction> {
  const { owner, market, shares } = input;
  const { vault, share } = await shared(house, market, owner.address);
  return generated.getBackstopRequestWithdrawInstruction({ vault, share, owner, shares });
}

/** Leaves them in after all. */
export async function backstopCancelWithdraw(
  house: Deployment,
  input: { owner: TransactionSigner; market: number },
): Promise<Instruction> {
  const { vault, share } = await shared(house, input.market, input.owner.address);
  return generated.getBackstopCancelWithdrawInstruction({ vault, share, owner: input.owner });
}

/** Takes what was asked back, when it is due. */
export async function backstopWithdraw(
  house: Deployment,
  input: { owner: TransactionSigner; market: number; destination?: Address | undefined },
): Promise<Instruction> {
  const { owner, market } = input;
  const destination = input.destination ?? (await associatedToken(owner.address, house.quoteMint));
  return generated.getBackstopWithdrawInstruction({
    ...(await backstopMoney(house, market, owner)),
    destination,
  });
}

async function shared(house: Deployment, market: number, owner: Address) {
  return {
    vault: await house.backstop(market),
    share: await house.backstopShare(market, owner),
  };
}

async function backstopMoney(house: Deployment, market: number, owner: TransactionSigner) {
  return {
    clearinghouse: house.clearinghouse,
    board: house.board,
    ...(await shared(house, market, owner.address)),
    slice: await house.slice(market),
    owner,
    quoteVault: house.quoteVault,
  };
}

/** A parameter and whose it is: index of its asset or market (of a backstop, too), zero for one of the house. */
export type Which = { parameter: generated.Parameter; target: number };

/** A move of a parameter from the value that stands now. */
export type Change = Which & { from: bigint; to: bigint };

/** Announces a change; signed by governance, or by the steward under its mandate. `id` is `Clearinghouse.proposals`. */
export async function propose(
  house: Deployment,
  input: Change & {
    authority: TransactionSigner;
    payer?: TransactionSigner;
    id: bigint;
    asSteward?: boolean;
  },
): Promise<Instruction> {
  const { authority, payer = authority, id } = input;
  return generated.getProposeInstruction({
    payer,
    authority,
    ...(await change(house, input)),
    proposal: await house.proposal(id),
  });
}

/** Changes at once what only binds new risk; signed as a proposal is. */
export async function tighten(
  house: Deployment,
  input: Change & { authority: TransactionSigner; asSteward?: boolean },
): Promise<Instruction> {
  return generated.getTightenInstruction({ authority: input.authority, ...(await change(house, input)) });
}

async function change(house: Deployment, input: Change & { asSteward?: boolean }) {
  const { parameter, target, from, to, asSteward } = input;
  return {
    clearinghouse: house.clearinghouse,
    board: house.board,
    ...(await books(house, input)),
    ...(asSteward && { mandate: await house.mandate(parameter, target) }),
    change: { parameter, from, to },
  };
}

/** `Proposal.kind` of one that moves a parameter; 1 is a listing, 2 a role. */
export const PROPOSAL_OF_PARAMETER = 0;

/** Carries out a proposal that is due, as it stands on the chain; anybody. */
export async function applyProposal(
  house: Deployment,
  proposal: Pick<generated.Proposal, 'id' | 'kind' | 'parameter' | 'target'>,
): Promise<Instruction> {
  return generated.getApplyProposalInstruction({
    clearinghouse: house.clearinghouse,
    board: house.board,
    proposal: await house.proposal(proposal.id),
    ...(proposal.kind === PROPOSAL_OF_PARAMETER && (await books(house, proposal))),
  });
}

/** Withdraws a proposal; signed by governance, by the steward its own, by the guardian one that loosens. */
export async function cancelProposal(
  house: Deployment,
  proposal: Pick<generated.Proposal, 'id' | 'payer'>,
  authority: TransactionSigner,
): Promise<Instruction> {
  return generated.getCancelProposalInstruction({
    authority,
    clearinghouse: house.clearinghouse,
    proposal: await house.proposal(proposal.id),
    payer: proposal.payer,
  });
}

/** The accounts that a parameter stands in besides clearinghouse and board. */
async function books(house: Deployment, { parameter, target }: Which) {
  switch (parameterTarget(parameter)) {
    case 'asset':
      return { asset: await house.asset(target) };
    case 'market':
      return { market: await house.market(target) };
    case 'backstop':
      return { market: await house.market(target), backstop: await house.backstop(target) };
    case 'house':
      return {};
  }
}
