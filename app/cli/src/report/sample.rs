//! Made-up reports for the tests of this module.

use crate::prices::synthetic;

use super::model::{
    AssetPoint, AssetTrack, DemoReport, LiquidationRow, TraderPoint, TraderRole, TraderTrack,
};

const M: i64 = 1_000_000;

/// A run over the synthetic crash: three assets, six accounts, some liquidations.
pub fn report() -> DemoReport {
    run(1, 14)
}

/// As many bars, accounts and liquidations as a demo may have.
pub fn large() -> DemoReport {
    run(60, 2_000)
}

/// Nothing happened, nothing was there.
pub fn empty() -> DemoReport {
    DemoReport {
        title: String::new(),
        source: String::new(),
        synthetic: false,
        notes: vec![],
        bars: 0,
        steps: 0,
        ticks: 0,
        refreshes: 0,
        from_ts: 0,
        to_ts: 0,
        assets: vec![],
        traders: vec![],
        liquidations: vec![],
        trades: 0,
        bad_debt: 0,
        insurance: vec![],
        keeper_earned: 0,
        conservation: vec![],
        conservation_checks: 0,
        conservation_error: 0,
        compute: vec![],
        wall_seconds: 0.0,
    }
}

/// `fine` samples a bar.
fn run(fine: i64, liquidations: usize) -> DemoReport {
    let paths = synthetic::crash(7);
    let step = 3_600 / fine;
    let (from_ts, to_ts) = (paths.ts[0], paths.ts[paths.ts.len() - 1] + 3_600 - step);
    let times: Vec<(usize, i64)> =
        paths.ts.iter().enumerate().flat_map(|(i, &ts)| (0..fine).map(move |k| (i, ts + k * step))).collect();

    let mut assets = Vec::new();
    for series in &paths.series {
        let (mut stable, mut variance) = (series.bars[0].open, 0.005_f64.powi(2));
        let points = times.iter().map(|&(i, ts)| {
            let bar = &series.bars[i];
            let r = (bar.close / bar.open).ln();
            stable += (bar.close - stable) * 0.02 / fine as f64;
            variance += (r * r - variance) * 0.06 / fine as f64;
            let sigma_hour = variance.sqrt();
            let haircut = (0.03 + 4.0 * sigma_hour).clamp(0.05, 0.35);
            AssetPoint {
                ts,
                price: bar.close,
                stable_price: stable,
                sigma_hour,
                haircut_long: haircut,
                haircut_short: (haircut * 0.9).max(0.05),
            }
        });
        let points = points.collect();
        assets.push(AssetTrack {
            symbol: series.symbol.clone(),
            haircut_min: 0.05,
            haircut_max: 0.35,
            points,
        });
    }

    let cast = [
        ("Ada", "long 2 BTC, leverage 4", TraderRole::Trader, [2.0, 0.0, 0.0], 30_000),
        ("Ben", "long 300 SOL and 10 ETH on SOL collateral", TraderRole::Trader, [0.0, 10.0, 300.0], 25_000),
        ("Cleo", "short 1,000 SOL", TraderRole::Trader, [0.0, 0.0, -1_000.0], 60_000),
        ("Dev", "hedged: long 40 ETH, short 2 BTC", TraderRole::Trader, [-2.0, 40.0, 0.0], 40_000),
        ("Keeper 1", "liquidates for a fee", TraderRole::Keeper, [0.0; 3], 100_000),
        ("Harbour", "takes the other side", TraderRole::MarketMaker, [0.0, -50.0, 700.0], 2_000_000),
    ];
    let traders: Vec<TraderTrack> = cast
        .iter()
        .map(|&(name, book, role, size, cash)| {
            let points: Vec<TraderPoint> = (0..times.len())
                .map(|k| {
                    let (mut equity, mut mm) = (cash as f64, 0.0);
                    for (asset, n) in assets.iter().zip(size) {
                        let p: &AssetPoint = &asset.points[k];
                        equity += n * (p.price - asset.points[0].price);
                        mm += n.abs() * p.price * p.haircut_long;
                    }
                    let micro = |v: f64| (v * M as f64) as i64;
                    TraderPoint { ts: times[k].1, equity: micro(equity), im: micro(mm * 1.25), mm: micro(mm) }
                })
                .collect();
            TraderTrack {
                name: name.into(),
                book: book.into(),
                address: format!("{}7XkT9pQw4mZr", name.replace(' ', "")),
                role,
                final_equity: points[points.len() - 1].equity,
                points,
                deposited: cash * M,
            }
        })
        .collect();

    let mut rows: Vec<LiquidationRow> = (0..liquidations)
        .map(|i| {
            let who = &traders[[0, 1, 3][i % 3]];
            let at = (306 + i % 12) * fine as usize;
            let mm = who.points[at].mm;
            LiquidationRow {
                time: who.points[at].ts,
                account: who.name.clone(),
                address: who.address.clone(),
                leg: ["BTC-PERP position", "SOL collateral", "ETH-PERP position"][i % 3].into(),
                quantity: 0.25 + i as f64,
                value: 12_345 * M + 670_000,
                equity_before: mm - mm / 20,
                mm_before: mm,
                equity_after: mm - mm / 20 - 90 * M,
                mm_after: mm / 2,
                penalty: 90 * M + 123_456,
                to_keeper: 60 * M + 123_456,
                to_insurance: 30 * M,
                keeper: "Keeper 1".into(),
                signature: format!("5h{i:04}VtQmZr8KjYcNpLwXsBdFgHqTuRaEeWiOoPzMkJnBv"),
            }
        })
        .collect();

    rows.sort_by_key(|l| l.time);

    let insurance = times
        .iter()
        .map(|&(i, ts)| (ts, (50_000 + if i > 306 { (i as i64 - 306).min(12) * 260 } else { 0 }) * M));
    DemoReport {
        title: "Twelve traders through a crash".into(),
        source: paths.source,
        synthetic: true,
        notes: vec![
            "BTC: gap of 3 bars at 2021-04-25 04:00 UTC: carried forward flat at the last close".into(),
            "ETH, line 1042: bad tick at 2021-05-19 12:00 UTC: close 0.01 is far from both neighbours".into(),
        ],
        bars: 600,
        steps: 2_400,
        ticks: 599,
        refreshes: 2_400,
        from_ts,
        to_ts,
        trades: 48,
        bad_debt: 0,
        keeper_earned: 840 * M,
        conservation: times.iter().map(|&(_, ts)| (ts, 0)).collect(),
        insurance: insurance.collect(),
        conservation_checks: 5_412,
        conservation_error: 0,
        compute: vec![
            ("deposit".into(), 14, 18_404, 21_011),
            ("match_fill".into(), 48, 41_330, 57_902),
            ("refresh".into(), 2_400, 88_120, 102_400),
            ("liquidate".into(), liquidations as u64, 39_001, 44_650),
        ],
        wall_seconds: 12.34,
        assets,
        traders,
        liquidations: rows,
    }
}
