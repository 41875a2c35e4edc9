//! The best liquidation of an account, as a keeper sees it.
//!
//! The program lets the keeper choose legs and amounts and judges the outcome; so the plan is a search:
//! each leg by itself, and the same share of all large legs together (which is how a hedge has to be
//! unwound). For each of these, the largest share that the program admits and the keeper can carry.

use ballast::instructions::{LegAmount, LiquidationLeg};
use ballast::limits::MAX_LIQUIDATION_LEGS;
use ballast::margin::BoardView;
use ballast::policy::{self, Action};
use ballast::state::{AssetState, MarginAccount, RiskBoard};
use ballast_risk::Result;
use ballast_risk::book::Basis;
use ballast_risk::liquidation::{OptionTakeover, Refusal, Step, Taken, Takeover, step_of};

/// A liquidation that the program would admit.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Legs and amounts, as the instruction takes them.
    pub legs: Vec<LegAmount>,
    /// Its terms, and the account before and after.
    pub step: Step,
}

/// Shares of a leg are searched in steps of this many parts.
const PARTS: i128 = 1 << 40;

/// A leg that could be taken over.
#[derive(Clone, Copy)]
struct Candidate {
    leg: LiquidationLeg,
    /// All of it.
    whole: Taken,
    /// Signed units of all of it.
    quantity: i64,
    value: u64,
}

impl Candidate {
    fn share(&self, parts: i128) -> (u64, Taken) {
        // Rounded up, so that the smallest share of the smallest leg is not nothing.
        let amount = (i128::from(self.quantity.unsigned_abs()) * parts + PARTS - 1) / PARTS;
        let quantity = amount as i64 * self.quantity.signum();
        let taken = match self.whole {
            Taken::Linear(whole) => Taken::Linear(Takeover { quantity, ..whole }),
            Taken::Option(whole) => Taken::Option(OptionTakeover { contracts: quantity, ..whole }),
        };
        (quantity.unsigned_abs(), taken)
    }
}

/// What a step of some share would come to.
enum Outcome {
    Admitted(Plan),
    TooMuch,
    Useless,
}

struct Search<'a> {
    account: &'a MarginAccount,
    keeper: &'a MarginAccount,
    view: BoardView<'a>,
    now: i64,
}

impl Search<'_> {
    /// An asset whose legs may be taken over now.
    fn believed(&self, asset: u8) -> Option<&AssetState> {
        let (board, at) = (self.view.board(), usize::from(asset));
        policy::require_asset(board, Action::Liquidate, at, self.now).ok()?;
        board.asset(at).ok()
    }

    /// Every leg, the largest first.
    fn candidates(&self) -> Vec<Candidate> {
        let board = self.view.board();
        let candidate = |leg, asset: u8, quantity: i64, penalty_bps| {
            let spot = self.believed(asset)?.spot();
            let value = spot.value(quantity).ok()?.unsigned_abs();
            let whole = Taken::Linear(Takeover { asset: asset.into(), quantity, spot, penalty_bps });
            (quantity != 0).then_some(Candidate { leg, whole, quantity, value })
        };
        let options = BoardView::options(self.account, board).enumerate().filter_map(|(holding, s)| {
            let market = board.market(s.market.into()).ok()?;
            let spot = self.believed(market.asset)?.spot();
            let (contracts, penalty_bps) = (s.base, market.penalty_bps);
            let whole = Taken::Option(OptionTakeover { holding, contracts, penalty_bps });
            let value = spot.value(contracts).ok()?.unsigned_abs();
            let leg = LiquidationLeg::Position { market: s.market };
            let open = contracts != 0 && self.now < market.expiry;
            open.then_some(Candidate { leg, whole, quantity: contracts, value })
        });
        let positions = self.account.held_positions().filter_map(|s| {
            let market = board.market(s.market.into()).ok().filter(|m| !m.is_option())?;
            candidate(LiquidationLeg::Position { market: s.market }, market.asset, s.base, market.penalty_bps)
        });
        let collateral = self.account.held_collateral().filter_map(|s| {
            let penalty_bps = board.asset(s.asset.into()).ok()?.penalty_bps;
            let amount = i64::try_from(s.amount).ok()?;
            candidate(LiquidationLeg::Collateral { asset: s.asset }, s.asset, amount, penalty_bps)
        });
        let mut all: Vec<Candidate> = positions.chain(options).chain(collateral).collect();
        all.sort_by_key(|c| core::cmp::Reverse(c.value));
        all
    }

    fn keeper_can_carry(&self, plan: &Plan) -> bool {
        let mut keeper = *self.keeper;
        let moved = plan.legs.iter().zip(&plan.step.terms).try_for_each(|(leg, terms)| {
            match leg.leg {
                LiquidationLeg::Position { market } => {
                    keeper.add_position(market, terms.quantity, -terms.proceeds)?;
                }
                LiquidationLeg::Collateral { asset } => {
                    keeper.add_collateral(asset, terms.quantity.unsigned_abs())?;
                    keeper.add_quote(-terms.proceeds)?;
                }
            }
            keeper.add_quote(-i64::try_from(terms.to_insurance).unwrap_or(i64::MAX))
        });
        let strict = BoardView::for_new_risk(self.view.board(), self.now);
        moved.is_ok() && strict.margin(&keeper, Basis::Initial).is_ok_and(|m| m.meets_initial())
    }

    fn outcome(&self, legs: &[Candidate], parts: i128) -> Result<Outcome> {
        let (margin, liquidation) =
            (self.view.params(Basis::Maintenance), self.view.board().params.liquidation());
        let shares: Vec<(u64, Taken)> = legs.iter().map(|c| c.share(parts)).collect();
        let mut book = self.view.book(self.account, Basis::Maintenance)?;
        let step = match step_of(&mut book, shares.iter().map(|(_, taken)| *taken), &margin, &liquidation)? {
            Ok(step) => step,
            Err(Refusal::TooMuch) => return Ok(Outcome::TooMuch),
            Err(_) => return Ok(Outcome::Useless),
        };
        let amounts =
            legs.iter().zip(&shares).map(|(c, (amount, _))| LegAmount { leg: c.leg, amount: *amount });
        let plan = Plan { legs: amounts.collect(), step };
        Ok(if self.keeper_can_carry(&plan) { Outcome::Admitted(plan) } else { Outcome::TooMuch })
    }

    /// The largest share of these legs that is admitted.
    fn largest(&self, legs: &[Candidate]) -> Result<Option<Plan>> {
        let (mut low, mut high) = (0, PARTS);
        if let Outcome::Admitted(plan) = self.outcome(legs, high)? {
            return Ok(Some(plan));
        }
        let mut best = None;
        // "Too much" is monotone in the share; what is useless when small may help when larger.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self.outcome(legs, middle)? {
                Outcome::TooMuch => high = middle,
                Outcome::Admitted(plan) => {
                    best = Some(plan);
                    low = middle;
                }
                Outcome::Useless => low = middle,
            }
        }
        Ok(best)
    }
}

/// The liquidation of `account` that shrinks its shortfall most, if it is short and the keeper can
/// carry one.
///
/// # Errors
/// As the engine.
pub fn best(
    account: &MarginAccount,
    keeper: &MarginAccount,
    board: &RiskBoard,
    now: i64,
) -> Result<Option<Plan>> {
    let search = Search { account, keeper, view: BoardView::for_liquidation(board, now), now };
    if !search.view.margin(account, Basis::Maintenance)?.is_liquidatable() {
        return Ok(None);
    }
    let legs = search.candidates();
    let together = &legs[..legs.len().min(MAX_LIQUIDATION_LEGS)];
    let choices = legs.iter().map(core::slice::from_ref).chain((together.len() > 1).then_some(together));
    let mut best: Option<Plan> = None;
    for choice in choices {
        if let Some(plan) = search.largest(choice)?
            && best.as_ref().is_none_or(|b| plan.step.after.shortfall() < b.step.after.shortfall())
        {
            best = Some(plan);
        }
    }
    Ok(best)
}
