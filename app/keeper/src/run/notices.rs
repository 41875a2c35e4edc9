//! What people are told of, and the figures that go with it.

use ballast_client::deployment::symbol_text;
use serde_json::json;

use super::Engine;
use crate::alerts::Alert;
use crate::fresh::Fresh;
use crate::watch::ratio_bps;
use ballast::margin::BoardView;
use ballast_risk::book::Basis;

/// Names of a breaker's states.
const STATES: [&str; 4] = ["normal", "guarded", "doubted", "halted"];

impl Engine {
    /// Tells people what stands, and sets the figures.
    pub(super) fn tell(&mut self, fresh: &Fresh) {
        let now = self.time.now();
        for alert in self.conditions(fresh) {
            self.alerts.tell(alert, now);
        }
        if let Ok((profit, _)) = self.journal.profit() {
            self.metrics.own.with_label_values(&["profit"]).set(profit);
        }
    }

    fn conditions(&self, fresh: &Fresh) -> Vec<Alert> {
        let (rules, now, board) = (&self.config.alerts, self.time.now(), &fresh.board);
        let mut all = Vec::new();
        let named = rules.accounts.iter().filter_map(|text| text.parse().ok());
        for address in named.chain(std::iter::once(self.own.0)) {
            let Some(account) = self.book.margin(&address) else { continue };
            let view = BoardView::for_liquidation(board, now);
            let Ok(margin) = view.margin(account, Basis::Maintenance) else { continue };
            let ratio = ratio_bps(&margin);
            let stands = !account.is_free_of_risk() && ratio < rules.health_bps;
            all.push(Alert {
                kind: "health",
                subject: address.to_string(),
                stands,
                text: format!("margin account {address}: equity is {} % of its MM", ratio / 100),
                data: json!({ "equity": margin.equity, "maintenance": margin.maintenance }),
            });
        }
        for asset in 0..board.asset_count {
            let on = &board.assets[usize::from(asset)];
            let state = on.state(now) as usize;
            let name = self.book.asset(asset).map_or(String::new(), |c| symbol_text(&c.symbol));
            for (at, said) in STATES.iter().enumerate().skip(1) {
                all.push(Alert {
                    kind: "breaker",
                    subject: format!("{asset}:{said}"),
                    stands: state == at,
                    text: format!("{name} is {said}"),
                    data: json!({ "asset": asset, "symbol": name, "state": STATES.get(state) }),
                });
            }
        }
        if let Some(treasury) = self.book.treasury() {
            self.metrics.own.with_label_values(&["insurance"]).set(treasury.insurance as i64);
            all.push(Alert {
                kind: "insurance",
                subject: "house".into(),
                stands: treasury.insurance < rules.insurance_below,
                text: format!("the insurance fund holds {} micro-units", treasury.insurance),
                data: json!({ "insurance": treasury.insurance }),
            });
        }
        if let Some(own) = self.book.margin(&self.own.0) {
            self.metrics.own.with_label_values(&["quote"]).set(own.quote);
            all.push(Alert {
                kind: "quote",
                subject: "own".into(),
                stands: own.quote < rules.quote_below,
                text: format!("the keeper's settled quote is {} micro-units", own.quote),
                data: json!({ "quote": own.quote }),
            });
        }
        if let Some(lamports) = self.lamports {
            self.metrics
                .own
                .with_label_values(&["lamports"])
                .set(i64::try_from(lamports).unwrap_or(i64::MAX));
            all.push(Alert {
                kind: "lamports",
                subject: "own".into(),
                stands: lamports < rules.lamports_below,
                text: format!("the keeper's key holds {lamports} lamports"),
                data: json!({ "lamports": lamports }),
            });
        }
        all
    }
}
