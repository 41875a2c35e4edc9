import { useId, type ReactNode } from 'react';

interface Props {
  title?: ReactNode;
  /** One line under the title, where the title alone would not be understood. */
  note?: ReactNode;
  /** At the right of the title. */
  actions?: ReactNode;
  /** Without inner padding: for tables that reach the edges. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A titled part of a page. */
export function Card({ title, note, actions, flush, className = '', children }: Props) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={title ? id : undefined}>
      {(title || actions) && (
        <header className="card-head">
          <div>
            {title && <h2 id={id}>{title}</h2>}
            {note && <p className="small faint">{note}</p>}
          </div>
          {actions && <div className="row">{actions}</div>}
        </header>
      )}
      <div className={flush ? 'card-flush' : 'card-body'}>{children}</div>
    </section>
  );
}

/** A named figure. */
export function Stat({
  label,
  value,
  note,
  tone,
}: {
  label: ReactNode;
  value: ReactNode;
  note?: ReactNode;
  tone?: 'good' | 'warn' | 'bad';
}) {
  return (
    <div className="stat">
      <dt>{label}</dt>
      <dd className={`num ${tone ?? ''}`}>{value}</dd>
      {note && <dd className="stat-note">{note}</dd>}
    </div>
  );
}

/** Figures side by side. */
export function Stats({ children }: { children: ReactNode }) {
  return <dl className="stats">{children}</dl>;
}

/** A small coloured word. */
export function Badge({
  tone = 'plain',
  title,
  children,
}: {
  tone?: 'plain' | 'good' | 'warn' | 'bad' | 'info';
  title?: string;
  children: ReactNode;
}) {
  return (
    <span className={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  );
}
