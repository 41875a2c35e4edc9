//! Whoever pokes the board more often changes nothing: the same price path, refreshed once a grid cell
//! or at any number of moments between, leaves the same variances and the same ring.

use ballast_sandbox::House;
use ballast_tests::auditor::layout::{asset as at, board as layout, bytes};
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

/// Walks `hours` of the path; `pokes` gives the seconds inside a cell at which somebody pokes it.
fn walk(house: &mut House, paths: &[Path], hours: i64, mut pokes: impl FnMut() -> Vec<i64>) -> usize {
    let start = house.vm.now();
    assert_eq!(start % HOUR, 0);
    let mut poked = 0;
    for cell in 0..hours * HOUR / CELL {
        let begins = cell * CELL;
        if cell > 0 {
            house.vm.set_time(start + begins);
        }
        refresh_all(house, paths, begins);
        let _ = house.tick();
        for second in pokes() {
            house.vm.set_time(start + begins + second);
            let second = begins + second;
            for (asset, path) in paths.iter().enumerate() {
                house.post(asset as u8, path.at(second));
                house.refresh(asset as u8).expect("anybody may refresh");
                assert!(house.refresh(asset as u8).is_err(), "the same update twice");
                poked += 1;
            }
            assert!(house.tick().is_err(), "a tick in a cell that has one");
        }
    }
    poked
}

/// Everything that feeds a margin tomorrow, as bytes: variances, samples, ticks, tails, age, and the ring.
fn memory(house: &House) -> Vec<u8> {
    let data = house.vm.data(&house.at.board);
    let mut kept = bytes::<4>(&data, layout::NEXT_ROW).to_vec();
    kept.extend(bytes::<8>(&data, layout::TICK_COUNT));
    for index in 0..COINS.len() {
        let state = layout::ASSETS + index * layout::ASSET;
        for at in [
            at::SAMPLE,
            at::TICK,
            at::SAMPLE_TIME,
            at::TICK_TIME,
            at::TICK_SIGMA,
            at::VARIANCE_FAST,
            at::VARIANCE_SLOW,
            at::TAIL_LONG,
            at::TICKS_LIVED,
        ] {
            kept.extend(bytes::<8>(&data, state + at));
        }
        kept.extend([data[state + at::SAMPLE_SHIFT], data[state + at::TICK_SHIFT]]);
        let column = layout::RING + index * layout::COLUMN;
        kept.extend(&data[column..column + layout::COLUMN]);
    }
    kept
}

fn assets(house: &House) -> Vec<Asset> {
    Board::read(&house.vm.data(&house.at.board)).assets
}

#[test]
fn refreshing_more_often_changes_neither_variances_nor_ring() {
    const HOURS: i64 = 12;
    for seed in [3, 1_234_567, 0xdead_beef] {
        let paths: Vec<Path> = COINS
            .iter()
            .enumerate()
            .map(|(i, (_, price))| Path::new(seed + 77 * i as u64, *price, (HOURS * HOUR / CELL) as usize))
            .collect();
        let begin = || {
            let mut house = House::with_coins(&COINS);
            let next_hour = (house.vm.now() / HOUR + 1) * HOUR;
            house.vm.set_time(next_hour);
            house
        };
        let (mut calm, mut poked) = (begin(), begin());
        assert_eq!(memory(&calm), memory(&poked), "both begin alike");
        let first = memory(&calm);

        assert_eq!(walk(&mut calm, &paths, HOURS, Vec::new), 0);
        let mut random = Random(seed ^ 0x5555);
        let count = walk(&mut poked, &paths, HOURS, || {
            let mut seconds: Vec<i64> = (0..random.below(5)).map(|_| 1 + random.below(299) as i64).collect();
            seconds.sort_unstable();
            seconds.dedup();
            seconds
        });
        assert!(count > 300, "only {count} pokes");
        assert!(memory(&calm) == memory(&poked), "seed {seed}: {count} pokes changed what is remembered");
        assert_ne!(first, memory(&calm), "and there was something to remember");
        for (a, b) in assets(&calm).iter().zip(assets(&poked)) {
            assert!(a.ticks_lived >= 10 && a.variance_fast == b.variance_fast && a.column == b.column);
        }
    }
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
