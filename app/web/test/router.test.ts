import { expect, it } from 'vitest';
import { href, parse } from '../src/router';

it('reads back the address that it writes', () => {
  const route = parse(href('trade', ['SOL/USD PERP'], { side: 'sell', size: '1.5' }));
  expect(route.page).toBe('trade');
  expect(route.rest).toEqual(['SOL/USD PERP']);
  expect(route.query.get('side')).toBe('sell');
  expect(route.query.get('size')).toBe('1.5');
});

it('takes an empty address for the first page', () => {
  for (const hash of ['', '#', '#/']) expect(parse(hash).page).toBe('');
});

it('does not fall over a broken escape', () => {
  expect(parse('#/risk/%E0%A4%A').rest).toEqual(['%E0%A4%A']);
});
