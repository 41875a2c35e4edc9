/** What the board says of its scenarios: when each row of the ring was written. */
export interface Ring {
  size: number;
  /** Rows written since the opening. */
  written: number;
  /** Unix seconds of the newest and the oldest row that was written; zero for none. */
  newest: number;
  oldest: number;
}

/** Scenarios in the ring. */
export const SCENARIOS = 256;

/** Reads the times of the rows; a row of no time was loaded, not lived. */
export function rowsOf(board: Uint8Array, offset: number): Ring {
  const view = new DataView(board.buffer, board.byteOffset, board.byteLength);
  let written = 0;
  let newest = 0;
  let oldest = 0;
  for (let row = 0; row < SCENARIOS; row++) {
    const time = view.getUint32(offset + 4 * row, true);
    if (time === 0) continue;
    written += 1;
    newest = Math.max(newest, time);
    oldest = oldest === 0 ? time : Math.min(oldest, time);
  }
  return { size: SCENARIOS, written, newest, oldest };
}
