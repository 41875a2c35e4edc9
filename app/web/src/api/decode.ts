/**
 * Reading JSON that somebody else wrote. Each decoder takes an unknown value and a path, and gives what it says or throws
 * with the path in its sentence, so that a gateway of another version shows as one clear error instead of `NaN` on a page.
 */

export type Decoder<T> = (value: unknown, path: string) => T;

/** The answer is not what the contract says. */
export class MalformedAnswer extends Error {
  constructor(path: string, wanted: string) {
    super(`${path} is not ${wanted}`);
    this.name = 'MalformedAnswer';
  }
}

export const text: Decoder<string> = (value, path) => {
  if (typeof value === 'string') return value;
  throw new MalformedAnswer(path, 'text');
};

export const number: Decoder<number> = (value, path) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new MalformedAnswer(path, 'a number');
};

export const flag: Decoder<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw new MalformedAnswer(path, 'true or false');
};

/** An integer that may be too large for a number: text or a safe number. */
export const integer: Decoder<bigint> = (value, path) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw new MalformedAnswer(path, 'a whole number');
};

export function maybe<T>(inner: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null || value === undefined ? null : inner(value, path));
}

export function list<T>(inner: Decoder<T>): Decoder<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new MalformedAnswer(path, 'a list');
    return value.map((item, at) => inner(item, `${path}[${at}]`));
  };
}

export function oneOf<T extends string>(...known: readonly T[]): Decoder<T> {
  return (value, path) => {
    if (known.includes(value as T)) return value as T;
    throw new MalformedAnswer(path, `one of ${known.join(', ')}`);
  };
}

/** An object whose named fields are read; what else it has is left alone. */
export function object<T extends object>(fields: { [K in keyof T]: Decoder<T[K]> }): Decoder<T> {
  return (value, path) => {
    const from = record(value, path);
    const to = {} as T;
    for (const key of Object.keys(fields) as (keyof T & string)[]) to[key] = fields[key](from[key], `${path}.${key}`);
    return to;
  };
}

export const record: Decoder<Record<string, unknown>> = (value, path) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new MalformedAnswer(path, 'an object');
};
