//! The machine-readable summary, for `--json`. Its keys are an interface: scripts read them.

use serde::Serialize;

use super::model::{DemoReport, TraderRole};

/// What `--json` prints. Money in quote micro-units, times in unix seconds.
#[derive(Serialize)]
struct Summary<'a> {
    source: &'a str,
    synthetic: bool,
    from: i64,
    to: i64,
    bars: usize,
    ticks: usize,
    refreshes: usize,
    trades: usize,
    liquidations: Vec<Liquidation<'a>>,
    bad_debt: i64,
    insurance: i64,
    conservation_error: i64,
    conservation_checks: usize,
    accounts: Vec<Account<'a>>,
    compute: Vec<Compute<'a>>,
}

#[derive(Serialize)]
struct Liquidation<'a> {
    time: i64,
    account: &'a str,
    equity_before: i64,
    mm_before: i64,
    equity_after: i64,
    mm_after: i64,
    penalty: i64,
    keeper: &'a str,
}

#[derive(Serialize)]
struct Account<'a> {
    name: &'a str,
    address: &'a str,
    role: TraderRole,
    equity: i64,
    im: i64,
    mm: i64,
    deposited: i64,
}

#[derive(Serialize)]
struct Compute<'a> {
    instruction: &'a str,
    calls: u64,
    mean: u64,
    max: u64,
}

/// The summary of a run as indented JSON, with a line break at the end.
pub fn render(report: &DemoReport) -> String {
    let summary = Summary {
        source: &report.source,
        synthetic: report.synthetic,
        from: report.from_ts,
        to: report.to_ts,
        bars: report.bars,
        ticks: report.ticks,
        refreshes: report.refreshes,
        trades: report.trades,
        liquidations: report
            .liquidations
            .iter()
            .map(|l| Liquidation {
                time: l.time,
                account: &l.account,
                equity_before: l.equity_before,
                mm_before: l.mm_before,
                equity_after: l.equity_after,
                mm_after: l.mm_after,
                penalty: l.penalty,
                keeper: &l.keeper,
            })
            .collect(),
        bad_debt: report.bad_debt,
        insurance: report.insurance_last(),
        conservation_error: report.conservation_error,
        conservation_checks: report.conservation_checks,
        accounts: report
            .traders
            .iter()
            .map(|t| {
                let last = t.points.last();
                Account {
                    name: &t.name,
                    address: &t.address,
                    role: t.role,
                    equity: t.final_equity,
                    im: last.map_or(0, |p| p.im),
                    mm: last.map_or(0, |p| p.mm),
                    deposited: t.deposited,
                }
            })
            .collect(),
        compute: report
            .compute
            .iter()
            .map(|(instruction, calls, mean, max)| Compute {
                instruction,
                calls: *calls,
                mean: *mean,
                max: *max,
            })
            .collect(),
    };
    // Serialising fails only on maps with keys that are no strings, and on broken writers: neither is here.
    serde_json::to_string_pretty(&summary).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn keys(v: &serde_json::Value) -> Vec<&str> {
        let mut keys: Vec<_> = v.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn keys_are_exactly_these() {
        let report = sample::report();
        let json: serde_json::Value = serde_json::from_str(&render(&report)).unwrap();
        assert_eq!(
            keys(&json),
            [
                "accounts",
                "bad_debt",
                "bars",
                "compute",
                "conservation_checks",
                "conservation_error",
                "from",
                "insurance",
                "liquidations",
                "refreshes",
                "source",
                "synthetic",
                "ticks",
                "to",
                "trades"
            ]
        );
        assert_eq!(
            keys(&json["liquidations"][0]),
            [
                "account",
                "equity_after",
                "equity_before",
                "keeper",
                "mm_after",
                "mm_before",
                "penalty",
                "time"
            ]
        );
        assert_eq!(
            keys(&json["accounts"][0]),
            ["address", "deposited", "equity", "im", "mm", "name", "role"]
        );
        assert_eq!(keys(&json["compute"][0]), ["calls", "instruction", "max", "mean"]);
    }

    #[test]
    fn values_are_the_reports() {
        let report = sample::report();
        let json: serde_json::Value = serde_json::from_str(&render(&report)).unwrap();
        assert_eq!(json["insurance"], report.insurance_last());
        assert_eq!(json["bad_debt"], report.bad_debt);
        assert_eq!(json["liquidations"].as_array().unwrap().len(), report.liquidations.len());
        assert_eq!(json["accounts"][0]["equity"], report.traders[0].final_equity);
        assert_eq!(json["accounts"][0]["mm"], report.traders[0].points.last().unwrap().mm);
        let roles: Vec<_> =
            json["accounts"].as_array().unwrap().iter().map(|a| a["role"].as_str().unwrap()).collect();
        assert!(roles.contains(&"market_maker") && roles.contains(&"keeper") && roles.contains(&"trader"));
    }

    #[test]
    fn an_empty_run_is_valid_json() {
        let json: serde_json::Value = serde_json::from_str(&render(&sample::empty())).unwrap();
        assert_eq!(json["insurance"], 0);
        assert_eq!(json["accounts"], serde_json::json!([]));
    }
}
