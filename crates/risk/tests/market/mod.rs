//! Real prices, where they are at hand.

use core::ops::Range;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

/// 2021, 2022 and 2023, unix seconds.
pub const YEARS: [Range<i64>; 3] =
    [1_609_459_200..1_640_995_200, 1_640_995_200..1_672_531_200, 1_672_531_200..1_704_067_200];

/// Open time and close of every hourly bar of an asset. `None`, and a message, where the data are absent.
pub fn hourly(asset: &str) -> Option<Vec<(i64, f64)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/market-data");
    let path = folder.join(format!("spot_{asset}_1h.csv.gz"));
    let Ok(file) = File::open(&path) else {
        println!("skipped: no market data ({})", path.display());
        return None;
    };
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip of text");
    let bar = |line: &str| {
        let mut fields = line.split(',');
        let ts = fields.next()?.parse::<f64>().ok()? as i64;
        Some((ts, fields.nth(3)?.parse().ok()?))
    };
    let mut closes: Vec<(i64, f64)> = text.lines().skip(1).map(|line| bar(line).expect(line)).collect();
    closes.dedup_by_key(|bar| bar.0);
    assert!(closes.is_sorted_by(|a, b| a.0 < b.0), "{asset}: bars out of order");
    Some(closes)
}
