//! The loop: hear, value, read again what is to be acted on, decide, send.

mod account;
mod look;
mod notices;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use ballast_client::Deployment;
use solana_keypair::Keypair;
use solana_signer::Signer;
use tokio::sync::{mpsc, watch};

use crate::act::sender::{Ended, Sender};
use crate::alerts::{Alerts, Gate};
use crate::book::{self, Book, Posts, Took};
use crate::chain::feed::{Feed, Heard};
use crate::chain::rpc::Rpc;
use crate::chain::time::{self, Time};
use crate::chain::{Source, Update, sync};
use crate::config::Config;
use crate::journal::{End, Journal};
use crate::metrics::Metrics;
use crate::tasks::{self, News};
use crate::watch::Watch;
use crate::webhook::Webhook;

/// Pyth's program that keeps a price account for every feed.
const PYTH_PUSH: Pubkey = anchor_lang::prelude::pubkey!("pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT");
/// Messages that wait for the loop at most.
const BACKLOG: usize = 1 << 16;
/// Accounts that are asked for by name in one look at most.
const MOST_ASKED: usize = 1_000;
/// Longest pause after a refusal, seconds.
const LONGEST_PAUSE_S: i64 = 300;

/// A keeper.
pub struct Engine {
    config: Config,
    rpc: Arc<Rpc>,
    metrics: Arc<Metrics>,
    journal: Arc<Journal>,
    sender: Arc<Sender>,
    alerts: Alerts,
    book: Book,
    watch: Watch,
    time: Time,
    own: (Pubkey, Pubkey),
    lamports: Option<u64>,
    /// Margin accounts that changed since they were last valued.
    changed: HashSet<Pubkey>,
    /// Accounts of which nobody can tell what is newer.
    ask: HashSet<Pubkey>,
    /// When each price account was last heard to change.
    heard: HashMap<Pubkey, Instant>,
    /// When something was last done, by kind and subject.
    recent: HashMap<(&'static str, String), i64>,
    /// Since when each subject has been due, for shards.
    due_since: HashMap<String, i64>,
    /// Refusals in a row of a subject, and until when it is left alone.
    pauses: HashMap<(String, String), (u32, i64)>,
    /// Accounts about which nothing was to be done when they were last looked at, and when that was.
    fruitless: HashMap<Pubkey, i64>,
    /// When people were last told.
    told: Option<Instant>,
    /// Whether the board or a price changed since all accounts were last valued.
    moved: bool,
    /// Whether some accounts are still to be valued on the present board.
    unfinished: bool,
    resynced: Option<Instant>,
    reading: bool,
    housekept: Instant,
    posts: watch::Sender<Vec<Pubkey>>,
    news: mpsc::Sender<News>,
}

/// Reads the key that signs.
///
/// # Errors
/// Where the file is no keypair.
pub fn keypair(config: &Config) -> Result<Keypair> {
    let path = &config.keeper.keypair;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("keeper.keypair: cannot read {}", path.display()))?;
    let bytes: Vec<u8> = serde_json::from_str(&text)
        .with_context(|| format!("keeper.keypair: {} is no keypair file of solana-keygen", path.display()))?;
    Keypair::try_from(bytes.as_slice())
        .map_err(|_| anyhow::anyhow!("keeper.keypair: {} holds no valid key", path.display()))
}

/// What a keeper is made of, before it runs.
pub struct Parts {
    /// What it was told.
    pub config: Config,
    /// Its client of the node.
    pub rpc: Arc<Rpc>,
    /// What it counts.
    pub metrics: Arc<Metrics>,
}

impl Parts {
    /// A keeper as it was told to be.
    ///
    /// # Errors
    /// Where the machine cannot make HTTP requests.
    pub fn new(config: Config) -> Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let c = &config.chain;
        let timeout = Duration::from_millis(c.timeout_ms);
        let rpc = Arc::new(Rpc::new(&c.rpc, &c.commitment, timeout, c.retries, metrics.clone())?);
        Ok(Self { config, rpc, metrics })
    }
}

impl Engine {
    /// Opens the journal, looks at the clock, and reads everything once.
    ///
    /// # Errors
    /// What is missing, and what to do about it.
    pub async fn start(parts: Parts) -> Result<(Self, mpsc::Receiver<News>)> {
        let Parts { config, rpc, metrics } = parts;
        let key = keypair(&config)?;
        let at = Deployment::of(config.quote_mint()?);
        let own = config.account()?.unwrap_or(at.margin_account(&key.pubkey(), config.keeper.sub_account));
        let own = (own, key.pubkey());
        let journal = if config.keeper.dry_run {
            Journal::in_memory()?
        } else {
            Journal::open(&config.journal.path)
                .with_context(|| format!("journal.path: {}", config.journal.path.display()))?
        };
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let today = since.map_or(0, |d| d.as_secs() as i64);
        journal.prune(today.saturating_sub(config.journal.keep_days.saturating_mul(86_400)))?;
        let journal = Arc::new(journal);
        let sending = config.sending.clone();
        let sender = Arc::new(Sender::new(rpc.clone(), journal.clone(), metrics.clone(), key, sending)?);
        let time = Time::new(rpc.clock().await.context("the cluster's clock cannot be read")?);
        let gate = Gate::new(config.alerts.repeat_s, config.alerts.most_per_minute);
        let webhook = config.endpoint().map(|endpoint| Webhook::start(endpoint, metrics.clone()));
        let (news, inbox) = mpsc::channel(BACKLOG);
        let mut engine = Self {
            alerts: Alerts::new(gate, webhook, metrics.clone()),
            book: Book::new(at),
            watch: Watch::default(),
            config,
            rpc,
            metrics,
            journal,
            sender,
            time,
            own,
            lamports: None,
            changed: HashSet::new(),
            ask: HashSet::new(),
            heard: HashMap::new(),
            recent: HashMap::new(),
            due_since: HashMap::new(),
            pauses: HashMap::new(),
            fruitless: HashMap::new(),
            told: None,
            moved: true,
            unfinished: true,
            resynced: None,
            reading: false,
            housekept: Instant::now(),
            posts: watch::Sender::new(Vec::new()),
            news,
        };
        engine.read_everything().await?;
        // What the first reading said of the assets tells where their prices are.
        engine.read_everything().await?;
        if engine.book.board().is_none() {
            bail!(
                "there is no clearinghouse of the quote mint {} on {}: check chain.quote_mint and chain.rpc",
                engine.config.chain.quote_mint,
                engine.config.chain.rpc
            );
        }
        Ok((engine, inbox))
    }

    async fn read_everything(&mut self) -> Result<()> {
        let (others, known) = (self.book.posts().all(), self.book.known());
        let updates = sync::everything(&self.rpc, &others, &known).await?;
        self.take_all(updates);
        self.resynced = Some(Instant::now());
        self.metrics.resyncs.inc();
        Ok(())
    }

    fn take_all(&mut self, updates: Vec<Update>) {
        for update in updates {
            self.take(update);
        }
        self.find_posts();
    }

    /// Takes what a node says of an account.
    fn take(&mut self, update: Update) {
        let (address, source) = (update.address, update.source);
        if address == time::ADDRESS {
            if let Some(clock) = update.raw.as_ref().and_then(time::decode) {
                self.time.look(clock);
            }
            return;
        }
        match self.book.take(update) {
            Took::Changed => {
                if self.book.margin(&address).is_some() {
                    self.changed.insert(address);
                } else if self.book.price(&address).is_some() || self.book.source(&address).is_some() {
                    self.heard.insert(address, Instant::now());
                    self.moved = true;
                    if source == Source::Push {
                        self.ask_beside(&address);
                    }
                } else if address == self.book.at.board {
                    self.moved = true;
                } else if self.watch.found(&address).is_some() {
                    self.watch.forget(&address);
                }
            }
            Took::Ask => {
                self.ask.insert(address);
            }
            Took::Stale => {
                let source = if source == Source::Push { "push" } else { "read" };
                self.metrics.stale.with_label_values(&[source]).inc();
            }
            Took::Same | Took::Useless => {}
        }
    }

    /// A price that follows from several sources is judged on all of them as they are now, at the time that they are of.
    fn ask_beside(&mut self, changed: &Pubkey) {
        let beside = self.book.beside_of(changed);
        if !beside.is_empty() {
            self.ask.extend(beside.into_iter().chain([time::ADDRESS]));
        }
    }

    /// Says where prices are: where the configuration says, or else where Pyth keeps them; and beside Pyth where the assets'
    /// configs say.
    fn find_posts(&mut self) {
        let rules = &self.config.prices;
        let pyth = |feed: &[u8; 32]| {
            let path: [&[u8]; 2] = [&rules.pyth_shard.to_le_bytes(), feed];
            Pubkey::find_program_address(&path, &PYTH_PUSH).0
        };
        let named =
            |listed: &[String], index: u8| listed.get(usize::from(index)).and_then(|t| t.parse().ok());
        let (mut posts, before) = (Posts::default(), self.book.posts());
        for index in 0..self.book.board().map_or(0, |b| b.asset_count) {
            let config = self.book.asset(index);
            let known = named(&rules.accounts, index).or(before.prices.get(&index).copied());
            if let Some(address) = known.or(config.map(|c| pyth(&c.feed_id))) {
                posts.prices.insert(index, address);
            }
            if let Some(config) = config.filter(|c| c.implied_feed_id != [0; 32]) {
                let known = named(&rules.implied, index).or(before.implied.get(&index).copied());
                posts.implied.insert(index, known.unwrap_or_else(|| pyth(&config.implied_feed_id)));
            }
            posts.beside.extend(config.into_iter().flat_map(book::beside));
        }
        let feed = self.book.house().map(|h| h.quote_feed_id).filter(|feed| *feed != [0; 32]);
        posts.quote = rules.quote.parse().ok().or(before.quote).or(feed.map(|f| pyth(&f)));
        if self.book.set_posts(posts) {
            self.posts.send_replace(self.book.posts().all());
            self.resynced = None;
        }
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// Where metrics cannot be served.
    pub async fn run(
        mut self,
        mut inbox: mpsc::Receiver<News>,
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        let mut beside = self.beside().await?;
        tokio::pin!(stop);
        let idle = Duration::from_millis(self.config.watch.idle_ms);
        loop {
            tokio::select! {
                () = &mut stop => break,
                news = inbox.recv() => {
                    let Some(news) = news else { break };
                    self.hear(news);
                    // Whatever else is there is heard before anything is decided.
                    while let Ok(more) = inbox.try_recv() {
                        self.hear(more);
                    }
                }
                () = tokio::time::sleep(idle) => {}
            }
            // A transaction that is signed is written down and on its way before anything is waited for again.
            tokio::select! {
                () = &mut stop => break,
                () = async {
                    self.refresh_doubts().await;
                    self.look().await;
                } => {}
            }
        }
        tracing::info!("stopping; what is on its way is in the journal");
        beside.abort_all();
        Ok(())
    }

    /// Starts what goes on beside the loop.
    async fn beside(&self) -> Result<tokio::task::JoinSet<()>> {
        let mut beside = tokio::task::JoinSet::new();
        let c = &self.config;
        if !c.server.listen.is_empty() {
            let listener = tokio::net::TcpListener::bind(&c.server.listen)
                .await
                .with_context(|| format!("server.listen: cannot serve on {}", c.server.listen))?;
            tracing::info!(address = %listener.local_addr()?, "metrics and health");
            let pages = crate::metrics::pages(self.metrics.clone());
            beside.spawn(async move {
                if let Err(error) = axum::serve(listener, pages).await {
                    tracing::error!(%error, "metrics are served no more");
                }
            });
        }
        let clock = Duration::from_millis(c.chain.clock_ms);
        beside.spawn(tasks::clock(self.rpc.clone(), self.own.1, clock, self.news.clone()));
        let poll = Duration::from_millis(c.sending.poll_ms);
        beside.spawn(tasks::poll(self.sender.clone(), poll, self.news.clone()));
        let written = vec![self.book.at.board, self.book.at.treasury, self.own.0];
        beside.spawn(tasks::fees(self.rpc.clone(), self.sender.clone(), written, c.fees()));
        let feed = Feed {
            url: c.chain.ws.clone(),
            commitment: c.chain.commitment.clone(),
            silence: Duration::from_secs(c.chain.silence_s),
        };
        let (heard, mut pushed) = mpsc::channel(BACKLOG);
        beside.spawn(feed.run(self.posts.subscribe(), heard, self.metrics.clone()));
        let news = self.news.clone();
        beside.spawn(async move {
            while let Some(heard) = pushed.recv().await {
                let said = match heard {
                    Heard::Update(update) => News::Accounts(vec![update]),
                    Heard::Connected => News::Connected,
                };
                if news.send(said).await.is_err() {
                    return;
                }
            }
        });
        Ok(beside)
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Accounts(updates) => updates.into_iter().for_each(|update| self.take(update)),
            News::Everything(updates) => {
                (self.reading, self.resynced) = (false, Some(Instant::now()));
                self.metrics.resyncs.inc();
                self.take_all(updates);
            }
            News::NotEverything => self.reading = false,
            // What happened while nobody listened has to be read.
            News::Connected => self.resynced = None,
            News::Clock(clock, lamports) => {
                self.time.look(clock);
                self.lamports = Some(lamports);
                self.metrics.beat();
            }
            News::Ended(ended) => ended.into_iter().for_each(|e| self.ended(&e)),
        }
    }

    fn ended(&mut self, ended: &Ended) {
        let now = self.time.now();
        for (kind, subject) in &ended.carried {
            let key = (kind.clone(), subject.clone());
            if matches!(ended.end, End::Landed { .. }) {
                self.pauses.remove(&key);
            } else {
                let (fails, until) = self.pauses.entry(key).or_insert((0, 0));
                *fails += 1;
                let pause = self.config.sending.backoff_s.max(0) << (*fails - 1).min(16);
                *until = now.saturating_add(pause.min(LONGEST_PAUSE_S));
            }
            // What it was about has changed, or was not what it was thought to be.
            // Nobody pushes that a request is closed.
            self.ask.extend(subject.split(':').filter_map(|part| part.parse::<Pubkey>().ok()));
        }
        self.ask.insert(self.own.0);
        self.ask.insert(self.book.at.board);
    }

    /// Asks by name for what nobody can tell the age of, and for everything where it is time.
    async fn refresh_doubts(&mut self) {
        if !self.ask.is_empty() {
            let asked: Vec<Pubkey> = self.ask.iter().copied().take(MOST_ASKED).collect();
            if let Ok(updates) = sync::by_name(&self.rpc, &asked).await {
                asked.iter().for_each(|address| {
                    self.ask.remove(address);
                });
                self.take_all(updates);
            }
        }
        let every = Duration::from_secs(self.config.chain.resync_s);
        let due = self.resynced.is_none_or(|last| last.elapsed() >= every);
        if due && !self.reading {
            self.reading = true;
            tasks::everything(
                self.rpc.clone(),
                self.book.posts().all(),
                self.book.known(),
                self.news.clone(),
            );
        }
    }
}
