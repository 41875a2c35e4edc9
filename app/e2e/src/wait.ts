/** Waiting, for what a test needs to be so. */

/** Waits until something is so; says what was awaited where it never is. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = 30_000, every = 250 }: { within?: number; every?: number } = {},
): Promise<T> {
  const end = Date.now() + within;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await pause(every);
  }
  throw new Error(`waited ${within / 1000} s in vain for ${what}`, last ? { cause: last } : undefined);
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
