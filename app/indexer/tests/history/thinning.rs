//! Thinning: old samples are kept coarser, and no extreme is lost.

use std::collections::BTreeSet;

use ballast_indexer::store::Store;
use ballast_indexer::store::history::{self, AssetPoint, HousePoint, MarketPoint, Range, Sample};
use ballast_indexer::store::thin::thin;

use crate::world::database;

const DAY: i64 = 86_400;
/// A full hour.
const NOW: i64 = 1_700_000_000 / 3_600 * 3_600;

/// An asset at a time.
pub fn point(t: i64) -> AssetPoint {
    let price = price(t);
    AssetPoint {
        t,
        price: Some(price),
        stable: Some(100.0),
        sigma: 0.01,
        haircut_long: price / 1_000.0,
        haircut_short: 0.1,
        haircut_min: 0.05,
        haircut_max: 0.5,
        state: u8::from(price > 120.0),
    }
}

fn sample(t: i64) -> Sample {
    let (asset, price) = (point(t), price(t));
    let market =
        MarketPoint { t, open_interest: price as i64, funding_per_day: 0.0, inventory: Some(-price as i64) };
    let house = HousePoint { t, insurance: price as i64, quote_vault: 1, lent: 0, accounts: 1 };
    Sample { assets: vec![asset], markets: vec![market], house: Some(house) }
}

/// A price that wanders, with a wick here and there.
fn price(t: i64) -> f64 {
    let wander = ((t * 7_919) % 1_000) as f64 / 100.0;
    100.0 + wander + if t % 1_741 < 10 { 40.0 } else { 0.0 } - if t % 2_003 < 10 { 60.0 } else { 0.0 }
}

async fn filled(spans: &[(i64, i64)]) -> (Store, std::path::PathBuf) {
    let path = database();
    let store = Store::open(&path).expect("a new file");
    let spans = spans.to_vec();
    store
        .write(move |to| {
            for (from, until) in spans {
                for t in (from..until).step_by(10) {
                    history::keep(to, &sample(t))?;
                }
            }
            Ok(())
        })
        .await
        .expect("it is written");
    (store, path)
}

async fn points(store: &Store, from: i64, to: i64, points: usize) -> Vec<AssetPoint> {
    store.read(move |c| history::asset(c, 0, Range { from, to, points })).await.expect("it can be read")
}

#[tokio::test]
async fn each_minute_and_each_hour_keeps_its_first_last_lowest_and_highest() {
    let (minutes, hours) = (NOW - 3 * DAY, NOW - 40 * DAY);
    let today = NOW - 3_600;
    let (store, path) =
        filled(&[(hours, hours + 4 * 3_600), (minutes, minutes + 2 * 3_600), (today, NOW)]).await;
    store.write(|of| thin(of, NOW)).await.expect("it thins");

    for (from, span, length) in [(hours, 4 * 3_600, 3_600), (minutes, 2 * 3_600, 60)] {
        let kept: BTreeSet<i64> =
            points(&store, from, from + span - 1, 1_000_000).await.iter().map(|point| point.t).collect();
        assert!(kept.len() < span as usize / 10, "something is let go");
        for start in (from..from + span).step_by(length as usize) {
            let times: Vec<i64> = (start..start + length).step_by(10).collect();
            let by = |t: &&i64| (price(**t) * 1e6) as i64;
            let wanted = [
                times[0],
                times[times.len() - 1],
                *times.iter().min_by_key(by).expect("times"),
                // The later of equals comes last in `max_by_key`; the earlier is kept.
                *times.iter().rev().max_by_key(by).expect("times"),
            ];
            for t in wanted {
                assert!(kept.contains(&t), "{t} of the piece at {start}");
            }
            let of_piece = kept.range(start..start + length).count();
            assert!(of_piece <= 5, "{of_piece} of the piece at {start}");
        }
    }
    assert_eq!(points(&store, today, NOW, 1_000_000).await.len(), 360, "today is whole");

    let again = store.write(|of| thin(of, NOW)).await.expect("it thins");
    assert_eq!(again, 0, "what was thinned stays");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[tokio::test]
async fn a_chart_keeps_its_ends_and_its_wicks() {
    let from = NOW - 6 * 3_600;
    let (store, path) = filled(&[(from, NOW)]).await;
    let all = points(&store, from, NOW, 1_000_000).await;
    let height = |of: &[AssetPoint]| {
        let prices = of.iter().filter_map(|point| point.price);
        prices.fold((f64::MAX, f64::MIN), |(low, high), price| (low.min(price), high.max(price)))
    };
    for most in [4, 50, 300, 2_000] {
        let shown = points(&store, from, NOW, most).await;
        assert!(shown.len() <= most && shown.len() > most / 5, "{} of {most}", shown.len());
        assert!(shown.is_sorted_by(|a, b| a.t < b.t));
        assert_eq!((shown.first(), shown.last()), (all.first(), all.last()));
        assert_eq!(height(&shown), height(&all));
    }
    let ends = points(&store, from, NOW, 2).await;
    assert_eq!((ends.len(), ends.first(), ends.last()), (2, all.first(), all.last()));
    assert!(points(&store, NOW + 1, NOW + DAY, 300).await.is_empty());
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
