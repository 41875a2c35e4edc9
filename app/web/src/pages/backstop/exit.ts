/** Longest time in which a withdrawal may be made once its delay is over, seconds. */
const LONGEST_EXIT_S = 86_400;

/**
 * Between which times a withdrawal that was asked for may be made, unix seconds: the end is too late. The delay is the one
 * that stood when it was asked for.
 */
export function exitWindow(requestedAt: number, delayS: number): { from: number; until: number } {
  const from = requestedAt + delayS;
  return { from, until: from + Math.min(delayS, LONGEST_EXIT_S) };
}
