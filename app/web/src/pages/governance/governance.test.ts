import { getClearinghouseDecoder, getClearinghouseEncoder, getClearinghouseSize, Parameter as Numbers } from '@ballast/client';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DELAYS, pace, PARAMETERS, parse, reach, read, say, step, type Parameter } from './parameters';
import { complaintOf, longestOf, pauseArgs, pauseIn, PAUSES, type PauseChoice } from './pauses';
import { cancellers, mayCancel, sameNumbering, standing, type ProposalState } from './proposals';

const row = (name: string): Parameter => {
  const found = PARAMETERS.find((p) => p.name === name);
  if (!found) throw new Error(`no parameter ${name}`);
  return found;
};

describe('the table', () => {
  it('has every parameter of the client, under the same number', () => {
    expect(PARAMETERS).toHaveLength(Object.keys(Numbers).length / 2);
    expect(sameNumbering).toBe(true);
  });

  it('names a place inside its account for every row', () => {
    for (const p of PARAMETERS) {
      expect(p.place.offset, p.name).toBeGreaterThanOrEqual(8);
      expect([1, 4, 8], p.name).toContain(p.place.width);
    }
  });

  it('finds what the client decodes', () => {
    const house = getClearinghouseDecoder().decode(new Uint8Array(getClearinghouseSize()));
    const bytes = getClearinghouseEncoder().encode({
      ...house,
      params: { ...house.params, initialRatioBps: 12_000, minMaintenance: 1_000_000n, forecastFastBps: 4_321 },
      phases: { ...house.phases, takeoverS: 300, bounty: 5_000_000n },
      lending: { ...house.lending, stepS: 3_599 },
    }) as Uint8Array;
    const value = (name: string) => read(row(name), { clearinghouse: bytes });
    expect(
      ['InitialRatio', 'MinMaintenance', 'ForecastFast', 'Takeover', 'Bounty', 'ChargeStep'].map(value),
    ).toEqual([12_000n, 1_000_000n, 4_321n, 300n, 5_000_000n, 3_599n]);
  });

  it('says nothing of an account that is not there, or too short', () => {
    expect(read(row('InitialRatio'), {})).toBeUndefined();
    expect(read(row('HaircutMin'), { riskBoard: new Uint8Array(1_000) }, 1)).toBeUndefined();
  });

  it('reads a rate as the basis points that it was made of', () => {
    const p = row('HaircutMin');
    for (const bps of [1n, 333n, 9_999n, 10_000n]) {
      const board = new Uint8Array(p.place.offset + 2 * p.place.stride);
      new DataView(board.buffer).setBigUint64(p.place.offset + p.place.stride, (bps << 32n) / 10_000n, true);
      expect(read(p, { riskBoard: board }, 1)).toBe(bps);
    }
  });
});

describe('values in words', () => {
  const token = { symbol: 'SOL', decimals: 9 };
  it.each([
    ['InitialRatio', 12_000n, '120 %'],
    ['CalmSigma', 1_250_000n, '1.25 %'],
    ['CalmSigma', 100n, '0.0001 %'],
    ['NoticeDoubling', 21_600n, '6 h'],
    ['Grace', 0n, '0 s'],
    ['Bounty', 5_500_000n, '5.5'],
    ['DepositCap', 50_000_000_000_000n, '50,000 SOL'],
    ['OutflowLimit', 0n, 'no limit'],
    ['MaxJump', 1_000_000n, 'no limit'],
    ['AssetRestrictions', 1n, 'reduce-only'],
    ['Consistent', 3n, '3'],
  ])('%s of %s is %s', (name, value, words) => {
    expect(say(row(name), value, token)).toBe(words);
  });

  it('are read back as they are typed', () => {
    expect(parse(row('InitialRatio'), '120')).toBe(12_000n);
    expect(parse(row('Fee'), '0')).toBe(0n);
    expect(parse(row('DepositCap'), '1.5', token)).toBe(1_500_000_000n);
    expect(parse(row('Takeover'), '2.5')).toHaveProperty('error');
    expect(parse(row('Fee'), 'ten')).toHaveProperty('error');
  });

  it('leave the unit out of the sentence where the value shows it', () => {
    expect(row('Fee').docs).toBe('Taker fee.');
    expect(row('ProfitCap').docs).toBe('Unsettled profit that may support IM, an account.');
    expect(row('FundingMax').docs).toBe('Largest rate of funding, a day.');
    expect(row('Outage').docs).toBe('A gap of this many seconds between refreshes is an outage.');
    expect(row('Fee').title).toBe('Fee');
    expect(row('AssetPenalty').title).toBe('Penalty');
    expect(step(row('Buffer'))).toBe('25 %, at least 0.1 %');
  });
});

describe('a move', () => {
  it('waits where it takes protection away, and goes as the table says otherwise', () => {
    expect(pace(row('InitialRatio'), 12_000n, 11_000n)).toBe('wait');
    expect(pace(row('InitialRatio'), 12_000n, 13_000n)).toBe('atOnce');
    expect(pace(row('Buffer'), 500n, 600n)).toBe('ramp');
    expect(pace(row('Takeover'), 300n, 200n)).toBe('wait');
  });

  it('reaches the larger of a share and a distance, inside the code’s bounds', () => {
    expect(reach(row('InitialRatio'), 12_000n)).toEqual({ least: 10_800n, most: 13_200n });
    expect(reach(row('StressWeight'), 2_700n)).toEqual({ least: 2_500n, most: 3_200n });
    expect(reach(row('Fee'), 0n)).toEqual({ least: 0n, most: 2n });
  });

  it('of the steward reaches less far', () => {
    expect(reach(row('InitialRatio'), 12_000n, true)).toEqual({ least: 11_400n, most: 12_600n });
    expect(reach(row('MaxUtilisation'), 8_000n, true)).toEqual({ least: 7_800n, most: 8_200n });
    expect(step(row('InitialRatio'), undefined, true)).toBe('5 %, at least 0.01 %');
    expect(step(row('MaxUtilisation'), undefined, true)).toBe('2 %');
  });
});

const proposal = (over: Partial<ProposalState> = {}): ProposalState => ({
  id: 1n,
  kind: 0,
  parameter: row('Buffer').index,
  target: 0,
  from: 500n,
  to: 600n,
  at: 500n,
  ramps: true,
  loosens: false,
  bySteward: false,
  done: false,
  readyAt: 1_000n,
  readySlot: 100n,
  expiresAt: 1_000n + BigInt(DELAYS.life),
  rampedS: 0n,
  rampTime: 0n,
  ...over,
});

describe('a proposal', () => {
  const at = (time: number, slot = 1_000n) => ({ time, slot });

  it('waits for its time and for its slot', () => {
    expect(standing(proposal(), at(400), 500n)).toEqual({ kind: 'waiting', seconds: 600 });
    expect(standing(proposal(), at(2_000, 90n), 500n)).toEqual({ kind: 'waiting', seconds: 4 });
  });

  it('is ripe until it expires, and is expired at that second', () => {
    expect(standing(proposal(), at(1_000), 500n)).toEqual({ kind: 'ripe', seconds: DELAYS.life });
    expect(standing(proposal(), at(1_000 + DELAYS.life), 500n).kind).toBe('expired');
  });

  it('is void on another value than it was made on', () => {
    expect(standing(proposal(), at(2_000), 510n).kind).toBe('stale');
    expect(standing(proposal({ kind: 2 }), at(2_000)).kind).toBe('ripe');
  });

  it('ramps from its first crank on, and is bound to what it wrote itself', () => {
    const ramping = proposal({ at: 550n, rampedS: 43_200n, rampTime: 50_000n });
    expect(standing(ramping, at(50_010), 550n)).toMatchObject({ kind: 'ramping', share: 0.5, crankable: false });
    expect(standing(ramping, at(53_600), 550n)).toMatchObject({ kind: 'ramping', crankable: true });
    expect(standing(ramping, at(53_600), 500n).kind).toBe('stale');
  });

  it('is ended by anybody when it is over, and else by whom it concerns', () => {
    const nobody = { governance: false, guardian: false, steward: false };
    expect(mayCancel(proposal(), { kind: 'expired' }, nobody)).toBe(true);
    expect(mayCancel(proposal(), { kind: 'ripe', seconds: 1 }, nobody)).toBe(false);
    expect(mayCancel(proposal(), { kind: 'ripe', seconds: 1 }, { ...nobody, guardian: true })).toBe(false);
    expect(mayCancel(proposal({ loosens: true }), { kind: 'ripe', seconds: 1 }, { ...nobody, guardian: true })).toBe(true);
    expect(mayCancel(proposal({ bySteward: true }), { kind: 'ripe', seconds: 1 }, { ...nobody, steward: true })).toBe(true);
  });
});

describe('who may cancel', () => {
  it('is said by role', () => {
    expect(cancellers({ loosens: false, bySteward: false })).toBe('governance');
    expect(cancellers({ loosens: true, bySteward: true })).toBe('governance or the guardian or the steward');
  });
});

describe('a pause', () => {
  const house = { nextPause: [0n, 0n, 0n] };
  const choice = (over: Partial<PauseChoice> = {}): PauseChoice => ({
    kinds: [true, false, false],
    assets: [],
    markets: [],
    seconds: 3_600,
    ...over,
  });

  it('has the lengths and rests of the program', () => {
    const source = readFileSync(
      new URL('../../../../../programs/ballast/src/instructions/governance/pause.rs', import.meta.url),
      'utf8',
    );
    const rules = [...source.matchAll(/Rule \{ longest_s: ([\d_]+), rest: (\d+) \}/g)].map(([, longest, rest]) => ({
      longestS: Number(longest!.replace(/_/g, '')),
      rest: Number(rest),
    }));
    expect(rules).toEqual(PAUSES.map(({ longestS, rest }) => ({ longestS, rest })));
    const policy = readFileSync(new URL('../../../../../programs/ballast/src/policy.rs', import.meta.url), 'utf8');
    const bit = (name: string) => Number(new RegExp(`const ${name}: u32 = (\\d+);`).exec(policy)?.[1]);
    expect([bit('NEW_RISK'), bit('DEPOSITS')]).toEqual([PAUSES[0]!.bit, PAUSES[1]!.bit]);
  });

  it('is refused before it is sent where it names nothing, rests, or lasts too long', () => {
    expect(complaintOf(choice(), house, 100)).toBeUndefined();
    expect(complaintOf(choice({ kinds: [false, false, false] }), house, 100)).toMatch(/Choose/);
    expect(complaintOf(choice({ kinds: [false, false, true] }), house, 100)).toMatch(/assets or markets/);
    expect(complaintOf(choice(), { nextPause: [101n, 0n, 0n] }, 100)).toMatch(/rests/);
    expect(complaintOf(choice(), { nextPause: [100n, 0n, 0n] }, 100)).toBeUndefined();
    expect(complaintOf(choice({ kinds: [true, true, false], seconds: 3_601 }), house, 100)).toMatch(/1 hour at most/);
    expect(complaintOf(choice({ seconds: Number.NaN }), house, 100)).toMatch(/time/);
    expect(longestOf([true, false, false])).toBe(86_400);
  });

  it('stands in the way of the markets that it names, while it lasts', () => {
    const header = { pauseUntil: 200n, paused: 0, pausedAssets: 0, pausedMarkets: 0n } as never;
    const within = (over: object) => ({ ...(header as object), ...over }) as never;
    const market = { index: 3, asset: 2 };
    expect(pauseIn(header, market, 100)).toBeUndefined();
    expect(pauseIn(within({ paused: 1 }), market, 199)).toBe('new risk paused');
    expect(pauseIn(within({ paused: 1 }), market, 200)).toBeUndefined();
    expect(pauseIn(within({ paused: 2 }), market, 100)).toBeUndefined();
    expect(pauseIn(within({ pausedAssets: 1 << 2 }), market, 100)).toBe('paused: reduce-only');
    expect(pauseIn(within({ pausedMarkets: 1n << 3n }), market, 100)).toBe('paused: reduce-only');
    expect(pauseIn(within({ pausedMarkets: 1n << 2n }), market, 100)).toBeUndefined();
  });

  it('names single assets and markets only where they are chosen, up to the last bit', () => {
    const named = { assets: [0, 31], markets: [63] };
    expect(pauseArgs(choice({ kinds: [true, true, false], ...named }))).toEqual({
      bits: 3,
      assets: 0,
      markets: 0n,
      seconds: 3_600,
    });
    expect(pauseArgs(choice({ kinds: [false, false, true], ...named }))).toEqual({
      bits: 0,
      assets: 0x8000_0001,
      markets: 1n << 63n,
      seconds: 3_600,
    });
  });
});
