//! An audit as a table and as JSON.

use std::fmt::Write;

use anchor_lang::prelude::Pubkey;
use serde_json::json;

use super::books::Books;
use super::merkle::Proof;
use super::risk::Risk;

/// Everything that an audit found.
pub struct Report<'a> {
    /// Totals and differences.
    pub books: &'a Books,
    /// What the market may do to it.
    pub risk: &'a Risk,
    /// The tree over all accounts.
    pub proof: &'a Proof,
    /// Who may exchange the program, as far as the snapshot says.
    pub upgrade_authority: Result<Option<Pubkey>, String>,
}

/// Quote micro-units as a decimal with grouped thousands.
fn money(micro: i128) -> String {
    let whole = (micro.unsigned_abs() / 1_000_000).to_string();
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i != 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if micro < 0 { "−" } else { "" };
    format!("{sign}{grouped}.{:06}", micro.unsigned_abs() % 1_000_000)
}

fn percent(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "nothing owed".into(), |r| format!("{:.4} %", 100.0 * r))
}

impl Report<'_> {
    /// Whether every identity holds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.books.problems.is_empty()
    }

    /// Value of all vaults ÷ what all accounts are worth together; none where nothing is owed.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (owed, _, _) = self.books.equity();
        (owed > 0).then(|| self.books.assets_value() as f64 / owed as f64)
    }

    fn cover_two(&self) -> u64 {
        self.risk.cover.iter().map(|(_, beyond)| beyond).sum()
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let (books, risk) = (self.books, self.risk);
        let (owed, debt, unvalued) = books.equity();
        let mut out = String::new();
        let mut line = |text: String| writeln!(out, "{text}").expect("a string takes any text");
        line(format!("{} margin accounts, {} markets\n", books.accounts.len(), books.markets.len()));
        line(format!(
            "{:<12} {:>24} {:>24} {:>16} {:>14}",
            "token", "there (native)", "claimed", "surplus", "ratio"
        ));
        for token in &books.tokens {
            let there = i128::from(token.vault) + token.lent as i128;
            line(format!(
                "{:<12} {there:>24} {:>24} {:>16} {:>14}",
                token.symbol,
                token.claims,
                token.surplus(),
                percent(token.ratio())
            ));
        }
        line("\nOf quote, in quote:".into());
        for (what, figure) in [
            ("in the vault", books.tokens[0].vault.into()),
            ("lent to accounts", books.loans),
            ("balances of accounts", books.balances),
            ("interest not yet swept", books.interest_owed),
            ("profit pools", books.pools),
            ("fees not yet swept", books.fees),
            ("insurance fund", books.treasury.insurance.into()),
        ] {
            line(format!("  {what:<36} {:>26}", money(figure as i128)));
        }
        line("\nThe house, in quote at spot:".into());
        let cover = self.cover_two();
        let one = risk.one_book;
        for (what, figure) in [
            ("value of all vaults", Some(books.assets_value())),
            ("owed to accounts (equity above zero)", Some(owed)),
            ("bad debt (equity below zero)", Some(debt)),
            ("bad debt paid by insurance so far", Some(books.treasury.bad_debt_paid.into())),
            ("Expected Shortfall as one book", one.map(|m| m.expected_shortfall.into())),
            ("worst stress as one book", one.map(|m| m.stress.into())),
            ("expected bad debt, worst 2.5 % of rows", Some(risk.expected_bad_debt as i128)),
            ("bad debt in the worst stress row", Some(risk.stress_bad_debt as i128)),
            ("Cover-2: stress beyond margin", Some(cover.into())),
        ] {
            let figure = figure.map_or_else(|| "cannot be valued".into(), money);
            line(format!("  {what:<38} {figure:>26}"));
        }
        line(format!("  {:<38} {:>26}", "collateralisation", percent(self.ratio())));
        let covered = cover <= books.treasury.insurance;
        line(format!("  {:<38} {:>26}", "insurance carries Cover-2", if covered { "yes" } else { "NO" }));
        line(format!(
            "\nupgrade authority  {}",
            match &self.upgrade_authority {
                Ok(Some(key)) =>
                    format!("{key}: it stands above every bound; it should be a multisig with a delay"),
                Ok(None) => "none: the program is final".into(),
                Err(why) => format!("unknown ({why})"),
            }
        ));
        line(format!("root of all claims {}", self.proof.root));
        if unvalued != 0 {
            line(format!("{unvalued} accounts hold something without a price and are left out of equity."));
        }
        if !books.stale.is_empty() {
            line(format!("Prices are late and taken as they were last: {}.", books.stale.join(", ")));
        }
        if self.is_sound() {
            line("\nEverything adds up.".into());
        } else {
            line("\nIT DOES NOT ADD UP:".into());
            for problem in &books.problems {
                line(format!("  - {problem}"));
            }
        }
        out.trim_end().to_owned()
    }

    /// For programs. Money, amounts and times are strings of integers.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let (books, risk) = (self.books, self.risk);
        let (owed, debt, unvalued) = books.equity();
        let figure = |x: i128| json!(x.to_string());
        let tokens = books.tokens.iter().map(|t| {
            json!({
                "symbol": t.symbol, "vault": t.vault.to_string(), "lent": figure(t.lent as i128), "claims": figure(t.claims),
                "surplus": figure(t.surplus()), "ratio": t.ratio(), "value": t.value.map(figure),
            })
        });
        json!({
            "sound": self.is_sound(),
            "problems": books.problems,
            "time": books.time.to_string(),
            "clearinghouse": books.at.clearinghouse.to_string(),
            "accounts": books.accounts.len(),
            "markets": books.markets.len(),
            "tokens": tokens.collect::<Vec<_>>(),
            "balances": figure(books.balances as i128), "loans": figure(books.loans as i128),
            "interest_owed": figure(books.interest_owed as i128), "pools": figure(books.pools as i128),
            "fees": figure(books.fees as i128), "insurance": books.treasury.insurance.to_string(),
            "assets_value": figure(books.assets_value()), "owed_to_accounts": figure(owed), "bad_debt": figure(debt),
            "bad_debt_paid": books.treasury.bad_debt_paid.to_string(), "unvalued_accounts": unvalued,
            "collateralisation": self.ratio(), "stale": books.stale,
            "one_book": risk.one_book.map(|m| json!({
                "equity": m.equity.to_string(), "expected_shortfall": m.expected_shortfall.to_string(),
                "stress": m.stress.to_string(), "mm": m.maintenance.to_string(),
            })),
            "expected_bad_debt": figure(risk.expected_bad_debt as i128),
            "stress_bad_debt": figure(risk.stress_bad_debt as i128),
            "cover_two": {
                "beyond_margin": self.cover_two().to_string(), "insured": self.cover_two() <= books.treasury.insurance,
                "accounts": risk.cover.iter().map(|(key, beyond)| json!({
                    "account": key.to_string(), "beyond_margin": beyond.to_string(),
                })).collect::<Vec<_>>(),
            },
            "upgrade_authority": self.upgrade_authority.as_ref().ok().and_then(|a| a.map(|key| key.to_string())),
            "root": self.proof.root,
        })
    }
}
