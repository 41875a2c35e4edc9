import type { ButtonHTMLAttributes, ReactNode } from 'react';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it is among others: the one to press, another, a quiet one, or one that takes something away. */
  look?: 'primary' | 'secondary' | 'quiet' | 'danger';
  size?: 'normal' | 'small';
  /** While it works: shown, announced, and not to be pressed again. */
  busy?: boolean;
  children: ReactNode;
}

export function Button({ look = 'secondary', size = 'normal', busy, children, ...rest }: Props) {
  const { className = '', disabled, type = 'button', ...others } = rest;
  return (
    <button
      {...others}
      type={type}
      className={`button button-${look} button-${size} ${className}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
