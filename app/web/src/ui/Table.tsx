import type { ReactNode } from 'react';

export interface Column<T> {
  /** Heading; also the label of the value on a phone. */
  title: string;
  /** Right-aligned with figures of one width. */
  numeric?: boolean;
  /** Left out on a phone. */
  wide?: boolean;
  cell: (row: T) => ReactNode;
}

interface Props<T> {
  /** Says what the table holds; read out, not shown. */
  caption: string;
  columns: Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  /** In place of rows where there are none. */
  empty?: ReactNode;
}

/** Rows on a wide screen; on a phone every row is a small card with labelled values. The first column heads it. */
export function Table<T>({ caption, columns, rows, rowKey, empty }: Props<T>) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div className="table-scroll">
      <table className="table">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th
                key={c.title}
                scope="col"
                className={`${c.numeric ? 'right' : ''} ${c.wide ? 'wide' : ''}`}
              >
                {c.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((c) => (
                <td
                  key={c.title}
                  data-label={c.title}
                  className={`${c.numeric ? 'right num' : ''} ${c.wide ? 'wide' : ''}`}
                >
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
