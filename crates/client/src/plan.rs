//! The best liquidation of an account, as a keeper sees it.
//!
//! The program lets the keeper choose legs and amounts and judges the outcome; so the plan is a search:
//! each leg by itself, and the same share of all large legs together (which is how a hedge has to be
//! unwound). For each of these, the largest share that the program admits and the keeper can carry: the
//! penalty that the auction has reached, what the account's phase and the markets' windows have left, and whether a
//! breach is confirmed, all by the program's own code.

use ballast::error::BallastError;
use ballast::instructions::{LegAmount, LiquidationLeg};
use ballast::limits::MAX_LIQUIDATION_LEGS;
use ballast::margin::BoardView;
use ballast::policy::{self, Action};
use ballast::state::{AssetState, MarginAccount, RiskBoard};
use ballast_risk::Result;
use ballast_risk::book::Basis;
use ballast_risk::fill::reduces;
use ballast_risk::liquidation::{OptionTakeover, Refusal, Step, Taken, Takeover, auctioned};
use ballast_risk::penalty::{BountyLimits, bounty};
use ballast_risk::phase::{Phase, PhaseParams, Window, window_limit};
use ballast_risk::settlement;

/// A liquidation that the program would admit.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Legs and amounts, as the instruction takes them.
    pub legs: Vec<LegAmount>,
    /// Its terms, and the account before and after.
    pub step: Step,
    /// What insurance would pay the keeper besides.
    pub bounty: u64,
}

impl Plan {
    /// The keeper's account with what the plan takes over, its bounty apart.
    ///
    /// # Errors
    /// Where the account has no room for it.
    pub fn taken_by(&self, keeper: &MarginAccount, board: &RiskBoard) -> anchor_lang::Result<MarginAccount> {
        let mut keeper = *keeper;
        for (leg, terms) in self.legs.iter().zip(&self.step.terms) {
            take(&mut keeper, board, leg.leg, terms.quantity, terms.proceeds)?;
            keeper.add_quote(-i64::try_from(terms.to_insurance).unwrap_or(i64::MAX), board)?;
        }
        Ok(keeper)
    }

    /// The windows of its markets with what the plan takes from them.
    ///
    /// # Errors
    /// As the engine.
    pub fn windows_after(&self, board: &RiskBoard, around: &Surroundings) -> Result<Vec<(u8, Window)>> {
        let pace = board.phases.pace(board.params.dust);
        let mut after = Vec::new();
        for (leg, terms) in self.legs.iter().zip(&self.step.terms) {
            let LiquidationLeg::Position { market } = leg.leg else { continue };
            if pace.window_s == 0 {
                continue;
            }
            let (window, limit) = window(board, around, &pace, market)?;
            if let Ok(window) = window.take(&self.step.before, terms.volume, limit, &pace)? {
                after.push((market, window));
            }
        }
        Ok(after)
    }
}

/// A market's window as it is now, and what it holds.
fn window(board: &RiskBoard, around: &Surroundings, pace: &PhaseParams, market: u8) -> Result<(Window, u64)> {
    let asset = board.asset(board.market(market.into())?.asset.into())?;
    let limit = window_limit(asset.reported_depth().at(&asset.depth_params(), around.now)?, pace)?;
    let named = around.windows.iter().find(|(m, _)| *m == market);
    Ok((named.map_or_else(Window::default, |(_, w)| *w).at(around.now, limit, pace)?, limit))
}

/// Moves a leg to the keeper, as far as the program lets it: an isolated account takes what is its market's, a
/// restricted one what reduces.
fn take(
    keeper: &mut MarginAccount,
    board: &RiskBoard,
    leg: LiquidationLeg,
    quantity: i64,
    proceeds: i64,
) -> anchor_lang::Result<()> {
    match leg {
        LiquidationLeg::Position { market } => {
            let listed = board.market(market.into()).map_err(BallastError::from)?;
            let change = keeper.add_position(market, listed, quantity, -proceeds)?;
            if reduces(change.before, change.after) {
                return Ok(());
            }
            policy::require_unrestricted(keeper.restrictions, Action::Increase)
        }
        LiquidationLeg::Collateral { asset } => {
            keeper.add_collateral(asset, quantity.unsigned_abs())?;
            keeper.add_quote(-proceeds, board)
        }
    }
}

/// What a plan looks at besides the two accounts and the board.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What of their windows is used up, by market; one that is not named counts as unused.
    pub windows: &'a [(u8, Window)],
    /// The insurance fund, quote micro-units.
    pub insurance: u64,
    /// Unix seconds.
    pub now: i64,
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
    /// Whether its equity is below zero.
    bankrupt: bool,
    pace: PhaseParams,
    around: Surroundings<'a>,
}

impl Search<'_> {
    /// An asset whose legs may be taken over now.
    fn believed(&self, asset: u8) -> Option<&AssetState> {
        let (board, at) = (self.view.board(), usize::from(asset));
        policy::require_asset(board, Action::Liquidate, at, self.around.now).ok()?;
        board.asset(at).ok()
    }

    /// Whether a perpetual position may be taken, and is worth taking, while a jump is young: of a bankrupt account the
    /// program refuses it, and who takes one in profit is asked for what the bankrupt on the other side owe.
    fn is_taken_in_a_jump(&self, asset: u8, base: i64, entry: i64) -> bool {
        let allowed =
            |action| policy::require_asset(self.view.board(), action, asset.into(), self.around.now).is_ok();
        let unsettled = self
            .believed(asset)
            .and_then(|a| settlement::unsettled(base, entry, &a.spot()).ok())
            .unwrap_or(0);
        (!self.bankrupt || allowed(Action::TakeBankrupt)) && (unsettled <= 0 || allowed(Action::PayOut))
    }

    /// Every leg of which the keeper may take something, the largest first.
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
            let open = contracts != 0 && self.around.now < market.expiry;
            open.then_some(Candidate { leg, whole, quantity: contracts, value })
        });
        let positions = self.account.held_positions().filter_map(|s| {
            let market = board.market(s.market.into()).ok().filter(|m| !m.is_option())?;
            let slot = market.now(s).ok()?;
            if !self.is_taken_in_a_jump(market.asset, slot.base, slot.entry) {
                return None;
            }
            let base = slot.base;
            candidate(LiquidationLeg::Position { market: s.market }, market.asset, base, market.penalty_bps)
        });
        let collateral = self.account.held_collateral().filter_map(|s| {
            let penalty_bps = board.asset(s.asset.into()).ok()?.penalty_bps;
            let amount = i64::try_from(s.amount).ok()?;
            candidate(LiquidationLeg::Collateral { asset: s.asset }, s.asset, amount, penalty_bps)
        });
        // A leg that is not for this keeper must not keep it from those that are.
        let may_take =
            |c: &Candidate| take(&mut { *self.keeper }, board, c.leg, c.quantity.signum(), 0).is_ok();
        let mut all: Vec<Candidate> = positions.chain(options).chain(collateral).filter(may_take).collect();
        all.sort_by_key(|c| core::cmp::Reverse(c.value));
        all
    }

    fn keeper_can_carry(&self, plan: &Plan) -> bool {
        let strict = BoardView::for_new_risk(self.view.board(), self.around.now);
        let carries = |keeper| strict.margin(&keeper, Basis::Initial).is_ok_and(|m| m.meets_initial());
        plan.taken_by(self.keeper, self.view.board()).is_ok_and(carries)
    }

    /// Whether phase and windows have room for a step.
    fn has_room(&self, legs: &[Candidate], step: &Step) -> Result<bool> {
        let account = self.account;
        let phase =
            Phase { start: account.phase_start, taken: account.phase_taken }.at(self.around.now, &self.pace);
        if phase.take(&step.before, step.relief(), &self.pace)?.is_err() {
            return Ok(false);
        }
        if self.pace.window_s == 0 {
            return Ok(true);
        }
        for (leg, terms) in legs.iter().zip(&step.terms) {
            let LiquidationLeg::Position { market } = leg.leg else { continue };
            let (window, limit) = window(self.view.board(), &self.around, &self.pace, market)?;
            if window.take(&step.before, terms.volume, limit, &self.pace)?.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn bounty(&self, step: &Step) -> u64 {
        let (account, phases) = (self.account, &self.view.board().phases);
        let phase = Phase { start: account.phase_start, taken: account.phase_taken };
        let first = phase.at(self.around.now, &self.pace).taken == 0;
        let limits = BountyLimits {
            most: if first { phases.bounty } else { 0 },
            contributed: account.contributed.saturating_add(step.to_insurance()),
            insurance: self.around.insurance.saturating_add(step.to_insurance()),
        };
        bounty(&step.before, step.relief(), step.to_keeper(), &limits)
    }

    fn outcome(&self, legs: &[Candidate], parts: i128) -> Result<Outcome> {
        let board = self.view.board();
        let (margin, liquidation) = (self.view.params(Basis::Maintenance), board.params.liquidation());
        let auction = board.phases.auction(self.account.short_for(self.around.now).unwrap_or(0));
        let shares: Vec<(u64, Taken)> = legs.iter().map(|c| c.share(parts)).collect();
        let mut book = self.view.book(self.account, Basis::Maintenance)?;
        let taken = shares.iter().map(|(_, taken)| *taken);
        let step = match auctioned(&mut book, taken, &margin, &liquidation, &auction)? {
            Ok(step) => step,
            Err(Refusal::TooMuch) => return Ok(Outcome::TooMuch),
            Err(_) => return Ok(Outcome::Useless),
        };
        if !self.has_room(legs, &step)? {
            return Ok(Outcome::TooMuch);
        }
        let amounts =
            legs.iter().zip(&shares).map(|(c, (amount, _))| LegAmount { leg: c.leg, amount: *amount });
        let plan = Plan { legs: amounts.collect(), bounty: self.bounty(&step), step };
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

/// What a keeper should do about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing: it has its MM.
    Nothing,
    /// Touch it: it is short, and no clock runs.
    Touch,
    /// Wait for later prices of what it holds: they confirm the breach, or end it.
    Confirmation,
    /// Liquidate it. Where that is not done, touch it if no clock runs: a takeover by the backstop and the resolution of
    /// who is bankrupt wait for the clock, and nothing but a touch or a liquidation starts one.
    Liquidation,
}

/// What a keeper should do about an account.
///
/// # Errors
/// As the engine.
pub fn due(account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<Due> {
    let margin = BoardView::for_liquidation(board, now).margin(account, Basis::Maintenance)?;
    Ok(if !margin.is_liquidatable() {
        Due::Nothing
    } else if board.phases.pace(board.params.dust).is_deep(&margin) || account.is_confirmed_short(board, now)
    {
        Due::Liquidation
    } else if account.short_for(now).is_some() {
        Due::Confirmation
    } else {
        Due::Touch
    })
}

/// [`best_in`] where nothing is known of the surroundings: windows are unused, and insurance pays nothing.
///
/// # Errors
/// As the engine.
pub fn best(
    account: &MarginAccount,
    keeper: &MarginAccount,
    board: &RiskBoard,
    now: i64,
) -> Result<Option<Plan>> {
    best_in(account, keeper, board, Surroundings { windows: &[], insurance: 0, now })
}

/// The liquidation of `account` that shrinks its shortfall most, if one is due and the keeper may take one over and can
/// carry it.
///
/// # Errors
/// As the engine.
pub fn best_in(
    account: &MarginAccount,
    keeper: &MarginAccount,
    board: &RiskBoard,
    around: Surroundings,
) -> Result<Option<Plan>> {
    let same_owner = [keeper.owner, keeper.delegate].contains(&account.owner);
    if same_owner || due(account, board, around.now)? != Due::Liquidation {
        return Ok(None);
    }
    let view = BoardView::for_liquidation(board, around.now);
    let bankrupt = view.equity(account, Basis::Maintenance)? < 0;
    let search =
        Search { account, keeper, view, bankrupt, pace: board.phases.pace(board.params.dust), around };
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

/// How much of an account's position a market's backstop would take over: the largest amount up to `most` native units
/// that is admitted and that its slice can carry. Takeovers know neither phases nor windows; whether the account has been
/// short for long enough is the caller's question.
///
/// # Errors
/// As the engine.
pub fn takeover(
    account: &MarginAccount,
    slice: &MarginAccount,
    board: &RiskBoard,
    (market, most): (u8, u64),
    now: i64,
) -> Result<Option<Plan>> {
    let view = BoardView::for_liquidation(board, now);
    if !view.margin(account, Basis::Maintenance)?.is_liquidatable() {
        return Ok(None);
    }
    let pace = PhaseParams { first_step_bps: 10_000, window_s: 0, ..board.phases.pace(board.params.dust) };
    let around = Surroundings { windows: &[], insurance: 0, now };
    let bankrupt = view.equity(account, Basis::Maintenance)? < 0;
    let search = Search { account, keeper: slice, view, bankrupt, pace, around };
    let wanted = LiquidationLeg::Position { market };
    let Some(mut leg) = search.candidates().into_iter().find(|c| c.leg == wanted) else { return Ok(None) };
    let room = i64::try_from(most).unwrap_or(i64::MAX);
    leg.quantity = leg.quantity.clamp(-room, room);
    if leg.quantity == 0 { Ok(None) } else { search.largest(&[leg]) }
}
