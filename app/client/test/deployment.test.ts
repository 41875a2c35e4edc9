/** Addresses and instructions against those of the Rust client (`crates/client/tests/typescript.rs`). */
import { readFileSync } from 'node:fs';
import { AccountRole, createNoopSigner, getAddressDecoder, type Address, type Instruction } from '@solana/kit';
import { TOKEN_PROGRAM_ADDRESS } from '@solana-program/token';
import { beforeAll, describe, expect, test } from 'vitest';
import { Deployment, Parameter, instructions as build, parameterTarget, type RequestRef } from '../src';

type Fixture = {
  addresses: Record<string, Address>;
  targets: Record<string, string>;
  instructions: Record<string, { data: string; accounts: string[] }>;
};
const rust = JSON.parse(
  readFileSync(new URL('./fixtures/rust.json', import.meta.url), 'utf8'),
) as Fixture;

const key = (n: number): Address => getAddressDecoder().decode(new Uint8Array(32).fill(n));
const [quoteMint, OWNER, PAYER, mint, TOKENS, KEEPER] = [1, 2, 3, 4, 5, 6].map(key) as [
  Address, Address, Address, Address, Address, Address,
];
const tokenProgram = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb' as Address;
const owner = createNoopSigner(OWNER);
const payer = createNoopSigner(PAYER);

let house: Deployment;
let account: Address;
beforeAll(async () => {
  house = await Deployment.of(quoteMint);
  account = await house.marginAccount(OWNER);
});

const ADDRESSES: Record<string, () => Promise<Address> | Address> = {
  clearinghouse: () => house.clearinghouse,
  board: () => house.board,
  treasury: () => house.treasury,
  quoteVault: () => house.quoteVault,
  programData: () => house.programData(),
  'asset 0': () => house.asset(0),
  'asset 31': () => house.asset(31),
  'market 0': () => house.market(0),
  'market 63': () => house.market(63),
  'vault of the mint': () => house.vault(mint),
  'margin account 0': () => account,
  'margin account 513': () => house.marginAccount(OWNER, 513),
  'backstop 3': () => house.backstop(3),
  'slice 3': () => house.slice(3),
  'share of 3': () => house.backstopShare(3, OWNER),
  'request 2^63': () => house.tradeRequest(account, 1n << 63n),
  'proposal 258': () => house.proposal(258),
  'mandate for the band of 7': () => house.mandate(Parameter.Band, 7),
};

describe('addresses are those of the Rust client', () => {
  test('all of them', () => {
    expect(Object.keys(ADDRESSES)).toEqual(Object.keys(rust.addresses));
  });
  test.each(Object.keys(rust.addresses))('%s', async (name) => {
    expect(await ADDRESSES[name]!()).toBe(rust.addresses[name]);
    expect(await ADDRESSES[name]!(), 'asked again').toBe(rust.addresses[name]);
  });
  test('an index that is none is refused', () => {
    expect(() => house.asset(256)).toThrow(RangeError);
    expect(() => house.market(-1)).toThrow(RangeError);
    expect(() => house.asset(1.5)).toThrow(RangeError);
  });
});

test('every parameter belongs to whom the program’s table says', () => {
  const names = Object.keys(rust.targets);
  expect(names).toEqual(Object.keys(Parameter).filter((name) => Number.isNaN(Number(name))));
  for (const name of names)
    expect(parameterTarget(Parameter[name as keyof typeof Parameter]), name).toBe(rust.targets[name]);
});

const asset = { index: 5, mint, tokenProgram };
const request = (): RequestRef => ({ market: 3, marginAccount: account, id: 9n, payer: PAYER });
const tokens = () => ({ marginAccount: account, tokenAccount: TOKENS });
const ratio = { parameter: Parameter.InitialRatio, target: 0, from: 15_000n, to: 14_000n };
const haircut = { parameter: Parameter.HaircutMin, target: 5, from: 500n, to: 450n };
const fee = { parameter: Parameter.BackstopFee, target: 3, from: 10n, to: 9n };
const band = { parameter: Parameter.Band, target: 3, from: 100n, to: 90n };

const INSTRUCTIONS: Record<string, () => Promise<Instruction> | Instruction> = {
  'open cross': () => build.openMarginAccount(house, { owner, payer, subAccount: 513 }),
  'open isolated': () => build.openMarginAccount(house, { owner, payer, subAccount: 1, isolatedMarket: 3 }),
  close: () => build.closeMarginAccount(house, { owner, marginAccount: account }),
  'deposit quote': () => build.deposit(house, { ...tokens(), authority: owner, amount: 1_000_001n }),
  'deposit collateral': () =>
    build.deposit(house, { ...tokens(), authority: owner, asset, amount: 2n ** 64n - 1n }),
  'withdraw quote': () => build.withdraw(house, { ...tokens(), owner, amount: 7n }),
  'withdraw collateral': () => build.withdraw(house, { ...tokens(), owner, asset, amount: 8n }),
  'transfer quote': () => build.transfer(house, { owner, from: account, to: KEEPER, amount: 9n }),
  'transfer collateral': () =>
    build.transfer(house, { owner, from: account, to: KEEPER, asset: 5, amount: 10n }),
  'request trade': () =>
    build.requestTrade(house, {
      authority: owner,
      payer,
      marginAccount: account,
      market: 3,
      id: 9n,
      base: -1_500_000n,
      limitQuote: 250_000_000n,
      expiresInS: 60,
    }),
  'execute trade': () => build.executeTrade(house, request()),
  'close request': () => build.closeRequest(house, request(), owner),
  settle: () => build.settle(house, 3, account),
  'touch position': () => build.touchPosition(house, 3, account),
  'touch account': () => build.touchAccount(house, account),
  health: () => build.health(house, account),
  liquidate: () =>
    build.liquidate(house, {
      marginAccount: account,
      keeper: KEEPER,
      keeperAuthority: owner,
      legs: [
        { leg: { __kind: 'Position', market: 3 }, amount: 1_000n },
        { leg: { __kind: 'Collateral', asset: 5 }, amount: 2_000n },
        { leg: { __kind: 'Position', market: 0 }, amount: 3_000n },
      ],
    }),
  'open share': () => build.openBackstopShare(house, { owner, payer, market: 3 }),
  'backstop deposit': () => build.backstopDeposit(house, { owner, market: 3, source: TOKENS, amount: 11n }),
  'backstop request withdraw': () => build.backstopRequestWithdraw(house, { owner, market: 3, shares: 12n }),
  'backstop cancel withdraw': () => build.backstopCancelWithdraw(house, { owner, market: 3 }),
  'backstop withdraw': () => build.backstopWithdraw(house, { owner, market: 3, destination: TOKENS }),
  'propose for the house': () => build.propose(house, { ...ratio, authority: owner, payer, id: 258n }),
  'propose as steward': () =>
    build.propose(house, { ...haircut, authority: owner, payer, id: 258n, asSteward: true }),
  'tighten a market': () => build.tighten(house, { ...band, authority: owner }),
  'propose for a backstop': () => build.propose(house, { ...fee, authority: owner, payer, id: 258n }),
  'apply for a market': () =>
    build.applyProposal(house, { id: 258n, kind: 0, parameter: Parameter.Band, target: 3 }),
  'apply a listing': () => build.applyProposal(house, { id: 258n, kind: 1, parameter: 0, target: 0 }),
  'cancel proposal': () => build.cancelProposal(house, { id: 258n, payer: PAYER }, owner),
};

const FLAGS = {
  [AccountRole.READONLY]: '',
  [AccountRole.WRITABLE]: 'w',
  [AccountRole.READONLY_SIGNER]: 's',
  [AccountRole.WRITABLE_SIGNER]: 'ws',
};

describe('the builders make the instructions of the Rust client, byte by byte', () => {
  test('all of them', () => {
    expect(Object.keys(INSTRUCTIONS)).toEqual(Object.keys(rust.instructions));
  });
  test.each(Object.keys(rust.instructions))('%s', async (name) => {
    const built = await INSTRUCTIONS[name]!();
    expect(Buffer.from(built.data!).toString('hex')).toBe(rust.instructions[name]!.data);
    expect(built.accounts!.map((meta) => `${meta.address} ${FLAGS[meta.role]}`)).toEqual(
      rust.instructions[name]!.accounts,
    );
  });
});

test('without a token account named, tokens come from and go to the owner’s associated one', async () => {
  const source = await build.associatedToken(OWNER, quoteMint);
  const paid = await build.deposit(house, { marginAccount: account, authority: owner, amount: 1n });
  const taken = await build.withdraw(house, { marginAccount: account, owner, amount: 1n });
  expect(paid.accounts!.map((meta) => meta.address)).toContain(source);
  expect(taken.accounts!.map((meta) => meta.address)).toContain(source);
  expect(paid.accounts!.at(-1)!.address).toBe(TOKEN_PROGRAM_ADDRESS);
  const create = await build.createAssociatedToken(owner, OWNER, quoteMint);
  expect(create.accounts!.map((meta) => meta.address)).toContain(source);
});
