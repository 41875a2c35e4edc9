//! Whoever pokes the board more often changes nothing: the same price path, refreshed once a grid cell
//! or at any number of moments between, with short ticks wherever one is due, leaves the same variances, the same
//! ring with its memory, the same index, depth and charges.
//!
//! The notice level is the one thing that depends on who looks: it is a limit on growth, and growth that nobody
//! asked for in time is not made up for. More pokes never raise it, and never hold it back by more than the growth
//! of one cell.

use ballast::limits::ClearinghouseParams;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Signer};
use ballast_tests::auditor::board::ROLLING;
use ballast_tests::auditor::layout::{asset as at, board as layout, bytes, u64_at};
use ballast_tests::auditor::{Asset, Board};

const COINS: [(&str, f64); 3] = [("BTC", 60_000.0), ("ETH", 3_000.0), ("SOL", 150.0)];
/// Width of a cell of the variance grid, and of the tick grid, seconds.
const CELL: i64 = 300;
const HOUR: i64 = 3_600;

/// A small generator: the test needs no quality, only the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n
    }

    /// Between −1 and 1.
    fn signed(&mut self) -> f64 {
        self.below(2_000_001) as f64 / 1e6 - 1.0
    }
}

/// A price at every second of a path: a step a cell, jumps now and then, and wobble inside the cell that
/// is gone at its ends.
struct Path {
    seed: u64,
    cells: Vec<f64>,
}

impl Path {
    fn new(seed: u64, start: f64, cells: usize) -> Self {
        let mut random = Random(seed);
        let mut price = start;
        let cells = (0..=cells)
            .map(|_| {
                let size = if random.below(40) == 0 { 0.12 } else { 0.004 };
                price *= 1.0 + size * random.signed();
                price
            })
            .collect();
        Self { seed, cells }
    }

    fn at(&self, second: i64) -> f64 {
        let (cell, inside) = ((second / CELL) as usize, second % CELL);
        if inside == 0 {
            return self.cells[cell];
        }
        // Far from where the cell began and ends: whoever samples here would see another path.
        let wobble = Random(self.seed ^ (second as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).signed();
        self.cells[cell] * (1.0 + 0.05 * wobble)
    }
}

fn refresh_all(house: &mut House, paths: &[Path], second: i64) {
    let prices: Vec<f64> = paths.iter().map(|p| p.at(second)).collect();
    house.post_all(&prices);
}

/// Seconds in which MM may double.
const DOUBLING_S: u32 = 7_200;
/// Depth that is believed without a report, and the time in which a report halves.
const DEPTH_FLOOR: u64 = 5_000_000 * QUOTE;
const DEPTH_HALF_LIFE_S: i64 = 3_600;

/// Three coins that net, with notice, in a market whose depth was reported at twice its floor; at a full hour.
fn begin() -> (House, Keypair) {
    let notice =
        ClearinghouseParams { notice_doubling_s: DOUBLING_S, notice_least_bps: 6_000, ..default_params() };
    let mut house = House::empty(notice);
    house.vm.trust_signers();
    for (index, (name, _)) in COINS.iter().enumerate() {
        let mut spec = AssetSpec::coin(name, 9);
        (spec.args.depth_floor, spec.args.depth_cap) = (DEPTH_FLOOR, 64 * DEPTH_FLOOR);
        spec.args.depth_half_life_s = DEPTH_HALF_LIFE_S as u32;
        // One asset makes the index: with several, the order in which they are refreshed makes a path of its own
        // for it, through values that it has for a moment only.
        spec.args.index_weight_bps = if index == 0 { 10_000 } else { 0 };
        house.list_asset(spec).expect("a coin is listed");
        house.open_market(MarketSpec::perpetual(name, index as u8)).expect("a market is opened");
        house.calibrate(made_up_history(index as u8)).expect("a calibration is loaded");
    }
    let (governance, reporter) = (house.governance.insecure_clone(), Keypair::new());
    let name = house.at.set_depth_reporter(governance.pubkey(), reporter.pubkey());
    house.vm.send(&[name], &[&governance]).expect("a reporter is named");
    house.open().expect("the clearinghouse opens");
    let next_hour = (house.vm.now() / HOUR + 1) * HOUR;
    house.vm.set_time(next_hour);
    house.post_all(&COINS.map(|c| c.1));
    house.season(&COINS.map(|c| c.1));
    for asset in 0..COINS.len() as u8 {
        report_depth(&mut house, &reporter, asset, u64::MAX);
    }
    house.vm.advance(HOUR);
    (house, reporter)
}

fn report_depth(house: &mut House, reporter: &Keypair, asset: u8, volume: u64) {
    let report = house.at.report_depth(reporter.pubkey(), asset, volume);
    house.vm.send(&[report], &[reporter]).expect("the reporter reports");
}

/// What a walk saw.
#[derive(Default)]
struct Walked {
    pokes: usize,
    short_ticks: usize,
    /// Level and factor of the notice at the beginning of every cell.
    notice: Vec<(f64, f64)>,
}

/// Walks `hours` of the path; `pokes` gives the seconds inside a cell at which somebody pokes it.
fn walk(house: &mut House, paths: &[Path], hours: i64, mut pokes: impl FnMut() -> Vec<i64>) -> Walked {
    let start = house.vm.now();
    assert_eq!(start % HOUR, 0);
    let mut walked = Walked::default();
    for cell in 0..=hours * HOUR / CELL {
        let begins = cell * CELL;
        if cell > 0 {
            house.vm.set_time(start + begins);
        }
        refresh_all(house, paths, begins);
        let _ = house.tick();
        let board = Board::read(&house.vm.data(&house.at.board));
        walked.notice.push((board.notice_level, board.notice));
        if cell == hours * HOUR / CELL {
            break;
        }
        for second in pokes() {
            house.vm.set_time(start + begins + second);
            let second = begins + second;
            for (asset, path) in paths.iter().enumerate() {
                house.post(asset as u8, path.at(second));
                house.refresh(asset as u8).expect("anybody may refresh");
                assert!(house.refresh(asset as u8).is_err(), "the same update twice");
                walked.pokes += 1;
            }
            // In a storm a short tick may be due; the cell has its full one.
            let rows = house.board().tick_count;
            walked.short_ticks += usize::from(house.tick().is_ok());
            assert_eq!(house.board().tick_count, rows, "a full tick in a cell that has one");
        }
    }
    walked
}

/// Everything that feeds a margin, now or tomorrow, as bytes: variances, samples, ticks, tails, age, depth, the
/// charges that are published, the index, the ring and when its rows were written.
fn memory(house: &House) -> Vec<u8> {
    let data = house.vm.data(&house.at.board);
    let mut kept = bytes::<4>(&data, layout::NEXT_ROW).to_vec();
    for at in [layout::TICK_COUNT, layout::LAST_TICK, layout::INDEX_SUM] {
        kept.extend(bytes::<8>(&data, at));
    }
    kept.extend(&data[layout::ROW_TIMES..layout::ROW_TIMES + 1_024]);
    for index in 0..COINS.len() {
        let state = layout::ASSETS + index * layout::ASSET;
        for at in [
            at::SPOT,
            at::SAMPLE,
            at::TICK,
            at::PUBLISH_TIME,
            at::SAMPLE_TIME,
            at::TICK_TIME,
            at::SIGMA,
            at::TICK_SIGMA,
            at::VARIANCE_SHORT,
            at::VARIANCE_FAST,
            at::VARIANCE_SLOW,
            at::FORECAST_SIGMA,
            at::EXPECTED_SIGMA,
            at::HAIRCUT_LONG,
            at::HAIRCUT_SHORT,
            at::ADDON_LONG,
            at::ADDON_SHORT,
            at::LIQUIDITY_LONG,
            at::LIQUIDITY_SHORT,
            at::CROWD_LONG,
            at::CROWD_SHORT,
            at::IMPACT,
            at::DEPTH,
            at::DEPTH_TIME,
            // Four bytes each: both tails, then ticks lived and rows filled, then ticks missed and confidence.
            at::TAIL_LONG,
            at::TICKS_LIVED,
            at::TICKS_MISSED,
        ] {
            kept.extend(bytes::<8>(&data, state + at));
        }
        kept.extend([data[state + at::SAMPLE_SHIFT], data[state + at::TICK_SHIFT], data[state + at::NETTED]]);
        let column = layout::RING + index * layout::COLUMN;
        kept.extend(&data[column..column + layout::COLUMN]);
    }
    kept
}

fn assets(house: &House) -> Vec<Asset> {
    Board::read(&house.vm.data(&house.at.board)).assets
}

#[test]
fn refreshing_more_often_changes_nothing_that_is_remembered() {
    const HOURS: i64 = 12;
    let (mut short_ticks, mut under_notice) = (0, 0);
    for seed in [3, 1_234_567, 0xdead_beef] {
        let paths: Vec<Path> = COINS
            .iter()
            .enumerate()
            .map(|(i, (_, price))| Path::new(seed + 77 * i as u64, *price, (HOURS * HOUR / CELL) as usize))
            .collect();
        let ((mut calm, _), (mut poked, _)) = (begin(), begin());
        assert_eq!(memory(&calm), memory(&poked), "both begin alike");
        let first = memory(&calm);
        let tail =
            |house: &House| assets(house).iter().map(|a| a.column[ROLLING..].to_vec()).collect::<Vec<_>>();
        let loaded = tail(&calm);

        let seldom = walk(&mut calm, &paths, HOURS, Vec::new);
        assert_eq!(seldom.pokes, 0);
        let mut random = Random(seed ^ 0x5555);
        let often = walk(&mut poked, &paths, HOURS, || {
            let mut seconds: Vec<i64> = (0..random.below(5)).map(|_| 1 + random.below(299) as i64).collect();
            seconds.sort_unstable();
            seconds.dedup();
            seconds
        });
        let count = often.pokes;
        assert!(count > 300, "only {count} pokes");
        assert!(memory(&calm) == memory(&poked), "seed {seed}: {count} pokes changed what is remembered");
        assert_ne!(first, memory(&calm), "and there was something to remember");
        for (a, b) in assets(&calm).iter().zip(assets(&poked)) {
            assert!(a.netted && a.ticks_lived >= 36 && a.column == b.column && a.charges == b.charges);
            assert!(a.depth_after(HOURS * HOUR) < a.depth, "the depth that was reported has faded");
        }
        assert_ne!(tail(&calm), loaded, "rows fade in the memory");

        // The limit on growth: at most a cell's worth is lost by looking often, and nothing is gained.
        let cell = (CELL as f64 / f64::from(DOUBLING_S)).exp2();
        for ((level, _), (looked_at, factor)) in seldom.notice.iter().zip(&often.notice) {
            assert!(*looked_at <= level * (1.0 + 1e-5), "seed {seed}: {looked_at} above {level}");
            assert!(looked_at * cell >= level * (1.0 - 1e-5), "seed {seed}: {looked_at} far below {level}");
            under_notice += usize::from(*factor < 1.0);
        }
        short_ticks += often.short_ticks;
    }
    assert!(short_ticks > 0, "no short tick was ever due");
    assert!(under_notice > 20, "MM was behind volatility in {under_notice} cells only");
}

#[test]
fn reporting_depth_more_often_gains_nothing() {
    let depth = |house: &House| u64_at(&house.vm.data(&house.at.board), layout::ASSETS + at::DEPTH);
    let ((mut seldom, one), (mut often, many)) = (begin(), begin());
    for (house, reporter, every) in [(&mut seldom, &one, DEPTH_HALF_LIFE_S), (&mut often, &many, 60)] {
        // From the same moment on.
        report_depth(house, reporter, 0, u64::MAX);
        for _ in 0..2 * DEPTH_HALF_LIFE_S / every {
            house.vm.advance(every);
            report_depth(house, reporter, 0, u64::MAX);
        }
    }
    let (rarely, eagerly) = (depth(&seldom), depth(&often));
    assert!(rarely >= 15 * DEPTH_FLOOR, "it doubles in every half-life: {rarely}");
    assert!(
        eagerly as f64 <= rarely as f64 * (1.0 + 1e-6),
        "{eagerly} by sixty reports an hour, {rarely} by one"
    );
    // And down at once.
    report_depth(&mut often, &many, 0, 0);
    assert_eq!(depth(&often), DEPTH_FLOOR);
}

#[test]
fn a_poke_inside_a_cell_counts_at_once_and_is_gone_with_the_cell() {
    let mut house = House::with_coins(&COINS);
    let hour = (house.vm.now() / HOUR + 1) * HOUR;
    house.vm.set_time(hour);
    house.post_all(&COINS.map(|c| c.1));
    let calm = assets(&house)[0].clone();
    house.vm.advance(10);
    house.post(0, COINS[0].1 * 0.9);
    house.refresh(0).expect("a new price");
    let struck = assets(&house)[0].clone();
    assert!(struck.sigma > 1.2 * calm.sigma, "live σ {} after {}", struck.sigma, calm.sigma);
    assert_eq!((struck.variance_fast, struck.variance_slow), (calm.variance_fast, calm.variance_slow));
    // The spike is taken back before the cell ends: nothing of it is remembered.
    house.vm.advance(10);
    house.post(0, COINS[0].1);
    house.refresh(0).expect("a new price");
    let back = assets(&house)[0].clone();
    assert!(back.sigma <= calm.sigma * (1.0 + 1e-9));
    assert_eq!(back.column, calm.column);
}
