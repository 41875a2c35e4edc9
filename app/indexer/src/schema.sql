-- What a history holds. Times are unix seconds of the chain; money is quote micro-units, amounts are native units;
-- rates are fractions.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Every transaction that was looked at, so that none is looked at twice.
CREATE TABLE transactions (
    id        INTEGER PRIMARY KEY,
    signature TEXT    NOT NULL UNIQUE,
    slot      INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    -- 1: the node cut its logs, or no longer had it: there may have been more events.
    cut       INTEGER NOT NULL
);

CREATE TABLE events (
    -- Slot times 2^20, plus a place in the slot: ids are in the order of the chain.
    id    INTEGER PRIMARY KEY,
    tx    INTEGER NOT NULL REFERENCES transactions (id),
    -- Which event of its transaction.
    place INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    data  TEXT    NOT NULL,
    UNIQUE (tx, place)
);
CREATE INDEX events_of_kind ON events (kind, id);

-- The addresses in an event, the house's own left out.
CREATE TABLE mentions (
    account BLOB    NOT NULL,
    event   INTEGER NOT NULL REFERENCES events (id),
    PRIMARY KEY (account, event)
) WITHOUT ROWID;

CREATE TABLE asset_history (
    asset         INTEGER NOT NULL,
    t             INTEGER NOT NULL,
    -- Dollars a whole token; null before the first price.
    price         REAL,
    stable        REAL,
    sigma         REAL    NOT NULL,
    haircut_long  REAL    NOT NULL,
    haircut_short REAL    NOT NULL,
    haircut_min   REAL    NOT NULL,
    haircut_max   REAL    NOT NULL,
    -- As the breaker numbers its states: the higher the worse.
    state         INTEGER NOT NULL,
    UNIQUE (asset, t)
);

CREATE TABLE market_history (
    market          INTEGER NOT NULL,
    t               INTEGER NOT NULL,
    open_interest   INTEGER NOT NULL,
    funding_per_day REAL    NOT NULL,
    -- What the market's backstop holds; null where there is none.
    inventory       INTEGER,
    UNIQUE (market, t)
);

CREATE TABLE house_history (
    t           INTEGER PRIMARY KEY,
    insurance   INTEGER NOT NULL,
    quote_vault INTEGER NOT NULL,
    lent        INTEGER NOT NULL,
    accounts    INTEGER NOT NULL
);
