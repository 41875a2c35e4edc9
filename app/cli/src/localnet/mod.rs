//! A local cluster: a node, the house on it, people, prices, a keeper and the gateway, with one command.
//!
//! | module | what it gives |
//! |---|---|
//! | [`folder`] | keys, databases and logs of a local cluster |
//! | [`node`] | a node that is started here, or a connection to one that runs |
//! | [`house`] | tokens, and the house by `ballast migrate`'s own plan |
//! | [`market`] | what prices do: a replay or a walk, and shocks |
//! | [`gateway`] | the indexer and its gateway, for this house |
//! | [`feed`] | posts them, as Pyth's receiver would leave them |
//! | [`people`] | capital, insurance, a keeper's account, traders with books |
//! | [`keeper`] | the keeper's process |
//! | [`control`] | faucet, shocks and time travel over HTTP |
//! | [`process`] | children that end with whoever started them |
//! | [`steps`] | what is shown while it starts |
//!
//! Everything ends with the process that started it, also where that is killed: node and keeper hang on pipes that close
//! with it.

pub mod control;
pub mod feed;
pub mod folder;
pub mod gateway;
pub mod house;
pub mod keeper;
pub mod market;
pub mod node;
pub mod people;
pub mod process;
pub mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use ballast_client::{Deployment, authority};
use serde_json::{Value, json};
use solana_signer::Signer as _;

use self::control::Control;
use self::feed::Feed;
use self::folder::Folder;
use self::house::{House, Keys};
use self::keeper::Keeper;
use self::market::{History, Tape};
use self::node::{Host, Node, Program};
use self::people::{Cast, SOL};
use self::steps::Steps;

/// What the payer begins with.
const LAMPORTS: u64 = 10_000 * SOL;
/// How often children are looked after.
const WATCH: Duration = Duration::from_secs(1);

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the gateway; 0 for any.
    pub port: u16,
    /// RPC and WebSocket address of a node that runs already.
    pub node: Option<(String, String)>,
    /// The house's config.
    pub config: Option<PathBuf>,
    /// Keys, databases, logs.
    pub folder: PathBuf,
    /// Whether keys are made anew.
    pub reset: bool,
    /// Price files, each `SYMBOL=path`.
    pub prices: Vec<String>,
    /// Where their replay begins, unix seconds.
    pub from: Option<i64>,
    /// Seed of what is generated.
    pub seed: u64,
    /// How much faster than real time prices go.
    pub speed: f64,
    /// Whether assets live through their first day before anybody comes, by time travel.
    pub season: bool,
    /// Whether a keeper is started.
    pub keeper: bool,
    /// Whether the dApp is served.
    pub web: bool,
    /// Whether one JSON line is printed in the place of the box.
    pub json: bool,
}

/// Everything that was started, in the order in which it ends.
struct Running {
    keeper: Option<Arc<Keeper>>,
    feed: Arc<Feed>,
    host: Option<Host>,
    folder: Folder,
    description: Value,
    root: PathBuf,
}

/// Runs a local cluster until somebody ends it.
///
/// # Errors
/// What is missing, or went wrong, and what to do.
pub fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(serve(options));
    runtime.shutdown_background();
    result
}

async fn serve(options: Options) -> Result<()> {
    let steps = Steps::new(options.json);
    gateway::check(options.port)?;
    let mut ends = Ends::listen()?;
    let founding = {
        let (options, steps) = (options.clone(), steps.clone());
        tokio::task::spawn_blocking(move || found(&options, &steps))
    };
    // Whoever ends it while it starts drops what was started so far with the process.
    let mut running = tokio::select! {
        founded = founding => founded??,
        () = ends.come() => return Ok(()),
    };
    let feed = running.feed.clone();
    let posting = std::thread::spawn(move || feed.run());
    let control = Control { feed: running.feed.clone(), keeper: running.keeper.clone() };
    let web = options.web.then(|| running.root.join("app/web/dist")).filter(|dist| dist.is_dir());
    let shown = web.is_some();
    let (node, house) = (running.feed.node.clone(), running.feed.house.clone());
    let control = control::routes(control);
    let gateway = gateway::start(options.port, (&node, &house, &running.folder), control, web).await?;
    let url = format!("http://{}", gateway.address());
    running.description["gatewayUrl"] = url.clone().into();
    running.description["keeperUrl"] = running.keeper.as_ref().map_or(Value::Null, |k| k.url.clone().into());
    let deployment = serde_json::to_string_pretty(&running.description)?;
    running.folder.write("deployment.json", &format!("{deployment}\n"))?;
    steps.done("gateway", &url);
    if options.json {
        super::commands::say(&running.description.to_string())?;
    } else {
        super::commands::say(&summary(&running, &url, shown))?;
    }

    let ended = loop {
        tokio::select! {
            () = ends.come() => break Ok(()),
            () = tokio::time::sleep(WATCH) => {
                if let Some(host) = &mut running.host && !host.runs() {
                    break Err(anyhow!("the node ended: see {}", running.folder.path("logs/node.log").display()));
                }
                let cranks = &running.feed.cranks;
                if !cranks.load(Ordering::Relaxed) && running.keeper.as_ref().is_some_and(|k| !k.runs()) {
                    cranks.store(true, Ordering::Relaxed);
                    let log = running.folder.path("logs/keeper.log");
                    steps.say(&format!("the keeper ended: see {}; the feed refreshes the board now", log.display()));
                }
            }
        }
    };
    steps.say("stopping");
    let stopped = gateway.stop().await;
    tokio::task::spawn_blocking(move || {
        if let Some(keeper) = &running.keeper {
            keeper.stop();
        }
        running.feed.stop();
        let _ = posting.join();
        drop(running);
    })
    .await?;
    ended.and(stopped)
}

/// The signals that end it.
struct Ends(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

impl Ends {
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// The programs that a node needs, and where they are built.
fn programs(root: &Path, keys: &Keys) -> [Program; 2] {
    let built = |name: &str| root.join("target/deploy").join(name);
    [
        Program { id: ballast::ID, so: built("ballast.so"), authority: Some(keys.upgrade.pubkey()) },
        Program { id: ballast_poster::ID, so: built("ballast_poster.so"), authority: None },
    ]
}

/// The command that starts a validator with what is needed.
fn validator(folder: &Folder, programs: &[Program; 2]) -> String {
    let [ballast, poster] = programs;
    format!(
        "solana-test-validator --reset --upgradeable-program {} {} {} --bpf-program {} {}",
        ballast.id,
        ballast.so.display(),
        folder.key_path("upgrade").display(),
        poster.id,
        poster.so.display(),
    )
}

/// Starts the node or finds it, founds the house, and lets everybody in.
fn found(options: &Options, steps: &Steps) -> Result<Running> {
    let root = folder::repository()?;
    let folder = Folder::open(&options.folder)?;
    // A node that is started here knows nothing of earlier runs, and neither may what is written about it.
    if options.reset || options.node.is_none() {
        folder.clear(options.reset)?;
    }
    let keys = Arc::new(Keys::of(&folder)?);
    let programs = programs(&root, &keys);

    let (host, node) = match &options.node {
        None => {
            let (host, rpc, ws) = Host::start(&root, &folder, &programs)?;
            (Some(host), Node::connect(&rpc, &ws)?)
        }
        Some((rpc, ws)) => {
            let node = Node::connect(rpc, ws);
            let node = node.map_err(|e| anyhow!("{e}; start one with\n  {}", validator(&folder, &programs)));
            (None, node?)
        }
    };
    let node = Arc::new(node);
    for program in &programs {
        ensure!(
            node.account(&program.id)?.is_some(),
            "the program {} is not on {}: start the node with\n  {}",
            program.id,
            node.rpc_url,
            validator(&folder, &programs)
        );
    }
    let holder = node.account(&Deployment::program_data())?;
    let holder = holder.map(|(_, data)| authority::upgrade_authority(&data)).transpose()?.flatten();
    ensure!(
        holder == Some(keys.upgrade.pubkey()),
        "the program on {} is not {}'s to found a house with: start the node with\n  {}",
        node.rpc_url,
        folder.key_path("upgrade").display(),
        validator(&folder, &programs)
    );
    steps.done("node", &format!("{}  {}", node.rpc_url, node.ws_url));

    node.airdrop(&keys.payer.pubkey(), LAMPORTS)?;
    node.airdrop(&keys.feeder.pubkey(), SOL)?;
    let mut history = None;
    let config = options.config.clone().unwrap_or_else(|| root.join("migrations/localnet.toml"));
    let house = House::found(&node, &folder, &keys, &config, |symbols| {
        let Options { prices: files, from, seed, speed, .. } = options;
        let known = History::of(symbols, &Tape { files, from: *from, seed: *seed, speed: *speed })?;
        let calibration = known.calibration.clone();
        history = Some(known);
        Ok(calibration)
    });
    let house = Arc::new(house.context("cannot found the house")?);
    let history = history.context("a house has a history")?;
    steps.done("house", &house.at.clearinghouse.to_string());

    let feed = Arc::new(Feed::new(node.clone(), house.clone(), keys.clone(), history.prices));
    feed.post(true).context("cannot post the first prices")?;
    steps.done("prices", &history.source);

    if options.season {
        feed.season().context("cannot let the assets live through their first day")?;
        steps.done("season", "a day of ticks: assets net");
    }
    let cast = Cast { node: &node, folder: &folder, keys: &keys, house: &house };
    cast.back().context("cannot put capital behind the markets")?;
    cast.keeper().context("cannot open the keeper's account")?;
    let (filled, asked) = cast.trade(&feed).context("cannot let the traders in")?;
    if asked > 0 {
        steps.done("people", &format!("{filled} of {asked} trades filled"));
    } else {
        steps.done("people", "as they were");
    }

    let keeper = match (options.keeper, Keeper::binary()) {
        (false, _) => None,
        (true, None) => {
            steps.say("no keeper: ballast-keeper is not built beside this binary (`make native`)");
            None
        }
        (true, Some(binary)) => Some(Keeper::start(&binary, &folder, &node, &house)?),
    };
    if let Some(keeper) = &keeper {
        std::thread::sleep(Duration::from_millis(300));
        if !keeper.runs() {
            bail!(
                "the keeper ended at once: see {}, or start with --no-keeper",
                folder.path("logs/keeper.log").display()
            );
        }
        steps.done("keeper", &keeper.url);
    }
    feed.cranks.store(keeper.is_none(), Ordering::Relaxed);

    let mut description = house.describe(&node);
    let key = |name: &str| json!(folder.key_path(name));
    let mut paths = json!({});
    for name in ["payer", "governance", "steward", "guardian", "feeder", "upgrade", "keeper", "provider"] {
        paths[name] = key(name);
    }
    for name in people::traders() {
        paths[format!("trader-{name}")] = key(&format!("trader-{name}"));
    }
    description["keypairs"] = paths;
    Ok(Running { keeper: keeper.map(Arc::new), feed, host, folder, description, root })
}

/// What is printed when everything runs.
fn summary(running: &Running, url: &str, web: bool) -> String {
    let said = |name: &str| running.description[name].as_str().unwrap_or("none").to_owned();
    let dapp = if web { url.to_owned() } else { "not built: make web".into() };
    let rows = [
        ("dApp", dapp),
        ("API", format!("{url}/config.json  {url}/control/status")),
        ("RPC", said("rpcUrl")),
        ("WebSocket", said("wsUrl")),
        ("keeper", said("keeperUrl")),
        ("house", said("clearinghouse")),
        ("keys", running.folder.path("keys").display().to_string()),
    ];
    steps::framed("Ballast on a local cluster", &rows, "Ctrl-C stops everything")
}
