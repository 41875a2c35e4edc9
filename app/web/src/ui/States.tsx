import type { ReactNode } from 'react';

/** In place of figures that are on their way. */
export function Skeleton({ lines = 3, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} style={{ width: `${92 - ((i * 23) % 45)}%` }} />
      ))}
    </div>
  );
}

interface StateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** Where there is nothing, and that is no fault. */
export function Empty({ title, children, action }: StateProps) {
  return (
    <div className="state">
      <h3>{title}</h3>
      {children && <div className="muted">{children}</div>}
      {action && <div className="row">{action}</div>}
    </div>
  );
}

/** Where something is wrong: what, and what to do. */
export function Problem({
  title,
  children,
  action,
  tone = 'bad',
}: StateProps & { tone?: 'bad' | 'warn' | 'info' }) {
  return (
    <div className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children && <div>{children}</div>}
      {action && <div className="row">{action}</div>}
    </div>
  );
}
