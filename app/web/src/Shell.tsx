import {
  Component,
  lazy,
  Suspense,
  useEffect,
  useRef,
  useState,
  type ComponentType,
  type LazyExoticComponent,
  type ReactNode,
} from 'react';
import { ConnectionNotices, ConnectionChip } from './Connection';
import { href, useRoute } from './router';
import { Button, Dialog, Problem, Skeleton, useTheme } from './ui';
import { ConnectDialog, WalletButton } from './wallet/Menu';

interface Page {
  page: string;
  title: string;
  icon: string;
  view: LazyExoticComponent<ComponentType>;
}

/** All pages, in the order of the menu. The first four stand in the bar of a phone. */
const PAGES: readonly Page[] = [
  {
    page: 'portfolio',
    title: 'Portfolio',
    icon: 'M3 12a9 9 0 1 0 9-9v9z M15 3.500a9 9 0 0 1 5.5 5.500H15z',
    view: lazy(() => import('./pages/portfolio')),
  },
  {
    page: 'trade',
    title: 'Trade',
    icon: 'M7 4v13m0 0-3-3m3 3 3-3M17 20V7m0 0-3 3m3-3 3 3',
    view: lazy(() => import('./pages/trade')),
  },
  {
    page: 'markets',
    title: 'Markets',
    icon: 'M4 20V10m5 10V4m6 16v-7m5 7V8',
    view: lazy(() => import('./pages/markets')),
  },
  {
    page: 'risk',
    title: 'Risk',
    icon: 'M3 17c3 0 3-9 6-9s3 6 6 6 3-9 6-9',
    view: lazy(() => import('./pages/risk')),
  },
  {
    page: 'liquidations',
    title: 'Liquidations',
    icon: 'M12 3s6 6.5 6 11a6 6 0 0 1-12 0c0-4.5 6-11 6-11z',
    view: lazy(() => import('./pages/liquidations')),
  },
  {
    page: 'backstop',
    title: 'Backstop',
    icon: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z',
    view: lazy(() => import('./pages/backstop')),
  },
  {
    page: 'governance',
    title: 'Governance',
    icon: 'M4 20h16M6 20v-8m4 8v-8m4 8v-8m4 8v-8M3 9l9-5 9 5z',
    view: lazy(() => import('./pages/governance')),
  },
];
const IN_BAR = 4;

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

export function Shell() {
  const route = useRoute();
  const found = PAGES.find((p) => p.page === route.page);
  const page = found ?? (route.page === '' ? PAGES[0] : undefined);
  const main = useRef<HTMLElement>(null);
  const [more, setMore] = useState(false);
  const first = useRef(true);
  useEffect(() => {
    document.title = page ? `${page.title} · Ballast` : 'Ballast';
    setMore(false);
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [page]);
  const View = page?.view;
  return (
    <>
      <a className="skip" href="#main" onClick={(e) => (e.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <header className="top">
        <a className="brand" href={href('portfolio')} aria-label="Ballast">
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="var(--accent)" />
            <path
              d="M6 13.500h20l-2.5 7.700a4 4 0 0 1-3.8 2.800h-7.400a4 4 0 0 1-3.8-2.800z"
              fill="var(--on-accent)"
            />
            <path d="M16 6.500v5" stroke="var(--on-accent)" strokeWidth="2.4" strokeLinecap="round" />
          </svg>
          <span>Ballast</span>
        </a>
        <nav className="nav" aria-label="Pages">
          {PAGES.map((p) => (
            <a key={p.page} href={href(p.page)} aria-current={p === page ? 'page' : undefined}>
              {p.title}
            </a>
          ))}
        </nav>
        <div className="top-right">
          <ConnectionChip />
          <ThemeSwitch />
          <WalletButton />
        </div>
      </header>
      <main id="main" className="main" ref={main} tabIndex={-1}>
        <ConnectionNotices />
        {View ? (
          <Guard key={page.page}>
            <Suspense fallback={<Skeleton lines={6} label={`Loading ${page.title}`} />}>
              <View />
            </Suspense>
          </Guard>
        ) : (
          <Problem title="There is no such page" tone="info">
            <a href={href('portfolio')}>Go to your portfolio</a>
          </Problem>
        )}
      </main>
      <nav className="bar" aria-label="Pages (phone)">
        {PAGES.slice(0, IN_BAR).map((p) => (
          <a key={p.page} href={href(p.page)} aria-current={p === page ? 'page' : undefined}>
            <Icon path={p.icon} />
            {p.title}
          </a>
        ))}
        <button
          type="button"
          aria-haspopup="dialog"
          aria-current={page && PAGES.indexOf(page) >= IN_BAR ? 'page' : undefined}
          onClick={() => setMore(true)}
        >
          <Icon path="M5 12h.01M12 12h.01M19 12h.01" />
          More
        </button>
      </nav>
      <Dialog title="More" open={more} onClose={() => setMore(false)}>
        <ul className="more">
          {PAGES.slice(IN_BAR).map((p) => (
            <li key={p.page}>
              <a href={href(p.page)} onClick={() => setMore(false)}>
                <Icon path={p.icon} />
                {p.title}
              </a>
            </li>
          ))}
        </ul>
      </Dialog>
      <ConnectDialog />
    </>
  );
}

function ThemeSwitch() {
  const { dark, choose } = useTheme();
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={dark ? 'Switch to light' : 'Switch to dark'}
      onClick={() => choose(dark ? 'light' : 'dark')}
    >
      <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round">
        {dark ? (
          <>
            <circle cx="12" cy="12" r="4.2" />
            <path d="M12 3v1.500M12 19.500V21M3 12h1.500M19.5 12H21M5.6 5.600l1.1 1.100M17.3 17.300l1.1 1.100M5.6 18.400l1.1-1.100M17.3 6.700l1.1-1.1" />
          </>
        ) : (
          <path d="M20 14.500A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.500z" />
        )}
      </svg>
    </button>
  );
}

/** A page that fails says so, and leaves the others alone. */
class Guard extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <Problem
        title="This page has failed"
        action={<Button onClick={() => this.setState({ error: undefined })}>Show it again</Button>}
      >
        {this.state.error.message}
      </Problem>
    );
  }
}
