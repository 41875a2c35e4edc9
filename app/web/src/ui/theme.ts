import { useCallback, useSyncExternalStore } from 'react';

/** Light, dark, or as the system says. The choice is this browser's own. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'ballast.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

let choice = stored();

function isDark(): boolean {
  return choice === 'dark' || (choice === 'system' && system.matches);
}

function apply() {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  for (const listener of listeners) listener();
}

system.addEventListener('change', apply);
apply();

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme() {
  const dark = useSyncExternalStore(subscribe, isDark);
  const current = useSyncExternalStore(subscribe, () => choice);
  const choose = useCallback((next: ThemeChoice) => {
    choice = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    apply();
  }, []);
  return { dark, choice: current, choose };
}
