import { isAddress, type Address } from '@solana/kit';

/** An address out of what was typed; nothing while nothing is. */
export function typedAddress(text: string): Address | { error: string } | undefined {
  const typed = text.trim();
  if (typed === '') return undefined;
  return isAddress(typed)
    ? typed
    : { error: 'That is no address: it takes 32 bytes in base58, 43 or 44 letters and digits.' };
}
