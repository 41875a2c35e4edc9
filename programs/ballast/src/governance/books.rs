//! Where each parameter stands, and what must be true after it has moved.

use anchor_lang::prelude::*;
use ballast_risk::envelope::Envelope;
use ballast_risk::fixed::{RATE_BITS, rate_from_bps};
use ballast_risk::haircut::HaircutBounds;
use ballast_risk::stress::Shock;

use crate::error::{BallastError, OrRefuse};
use crate::governance::{Parameter, Target};
use crate::limits::NO_LIMIT_BPS;
use crate::state::{AssetConfig, BackstopVault, Clearinghouse, Market, RiskBoard};

use Parameter::*;

/// The accounts that a parameter may stand in, each named by the clearinghouse.
pub struct Books<'a> {
    pub house: &'a mut Clearinghouse,
    pub board: &'a mut RiskBoard,
    pub asset: Option<&'a mut AssetConfig>,
    pub market: Option<&'a mut Market>,
    /// With its market.
    pub backstop: Option<&'a mut BackstopVault>,
}

impl<'a> Books<'a> {
    /// The accounts of an instruction.
    pub fn of(
        house: &'a mut Clearinghouse,
        board: &'a mut RiskBoard,
        asset: Option<&'a mut Account<'_, AssetConfig>>,
        market: Option<&'a mut Account<'_, Market>>,
        backstop: Option<&'a mut Account<'_, BackstopVault>>,
    ) -> Self {
        Self {
            house,
            board,
            asset: asset.map(|x| &mut **x),
            market: market.map(|x| &mut **x),
            backstop: backstop.map(|x| &mut **x),
        }
    }
}

/// Where a value stands, and in which unit.
enum Place<'a> {
    Narrow(&'a mut u32),
    Wide(&'a mut u64),
    Bits(&'a mut u8),
    /// A rate that is moved in basis points.
    Rate(&'a mut u64),
}

/// Basis points of a rate that [`rate_from_bps`] gave: it rounds down by less than one in 2³²/10⁴ parts, so rounding
/// up finds what it was given.
fn bps_from_rate(rate: u64) -> u64 {
    ((u128::from(rate) * 10_000).div_ceil(1 << RATE_BITS)) as u64
}

impl Place<'_> {
    fn get(&self) -> u64 {
        match self {
            Self::Narrow(at) => u64::from(**at),
            Self::Wide(at) => **at,
            Self::Bits(at) => u64::from(**at),
            Self::Rate(at) => bps_from_rate(**at),
        }
    }

    fn set(self, to: u64) -> Result<()> {
        let narrow = || u32::try_from(to).map_err(|_| BallastError::ParameterOutOfBounds);
        match self {
            Self::Narrow(at) => *at = narrow()?,
            Self::Wide(at) => *at = to,
            Self::Bits(at) => *at = u8::try_from(to).map_err(|_| BallastError::ParameterOutOfBounds)?,
            Self::Rate(at) => *at = rate_from_bps(narrow()?),
        }
        Ok(())
    }
}

impl Books<'_> {
    /// Index of the asset or the market that was passed; zero for the house.
    ///
    /// # Errors
    /// [`BallastError::WrongTarget`] unless exactly the accounts that the parameter needs were passed.
    pub fn target(&self, parameter: Parameter) -> Result<u8> {
        match (parameter.row().target, &self.asset, &self.market, &self.backstop) {
            (Target::House, None, None, None) => Ok(0),
            (Target::Asset, Some(asset), None, None) => Ok(asset.index),
            (Target::Market, None, Some(market), None) => Ok(market.index),
            (Target::Backstop, None, Some(market), Some(vault)) if vault.market == market.index => {
                Ok(market.index)
            }
            _ => err!(BallastError::WrongTarget),
        }
    }

    /// What a parameter is now.
    ///
    /// # Errors
    /// [`BallastError::WrongTarget`] where its account was not passed.
    pub fn get(&mut self, parameter: Parameter) -> Result<u64> {
        Ok(self.place(parameter)?.get())
    }

    /// Moves a parameter, brings the board in step, and refuses what the code limits or the envelope forbid.
    ///
    /// # Errors
    /// [`BallastError::ParameterOutOfBounds`], [`BallastError::UnsafeEnvelope`], [`BallastError::WrongTarget`].
    pub fn set(&mut self, parameter: Parameter, to: u64, now: i64) -> Result<()> {
        require!(parameter.row().admits(to), BallastError::ParameterOutOfBounds);
        let before = self.get(parameter)?;
        if parameter == IndexWeight {
            self.reweigh(to)?;
        }
        if let (BackstopPosition, Some(vault)) = (parameter, self.backstop.as_deref_mut()) {
            vault.hold_funding(now);
        }
        self.place(parameter)?.set(to)?;
        match parameter.row().target {
            Target::House => self.follow_house(now),
            Target::Asset => self.follow_asset(parameter, before, to, now),
            Target::Market => self.follow_market(parameter, to),
            Target::Backstop => self.follow_backstop(),
        }
    }

    fn place(&mut self, parameter: Parameter) -> Result<Place<'_>> {
        use Place::{Narrow, Wide};
        let at = usize::from(self.target(parameter)?);
        match parameter.row().target {
            Target::House => {}
            Target::Asset => return self.place_of_asset(parameter, at),
            Target::Market => return self.place_of_market(parameter, at),
            Target::Backstop => return self.place_of_backstop(parameter),
        }
        let (core, prices) = (&mut self.house.params, &mut self.house.prices);
        let (phases, lending) = (&mut self.house.phases, &mut self.house.lending);
        Ok(match parameter {
            InitialRatio => Narrow(&mut core.initial_ratio_bps),
            Buffer => Narrow(&mut core.buffer_bps),
            InsuranceShare => Narrow(&mut core.insurance_share_bps),
            MinMaintenance => Wide(&mut core.min_maintenance),
            Dust => Wide(&mut core.dust),
            CalmSigma => Wide(&mut core.calm_sigma_e8),
            StressWeight => Narrow(&mut core.stress_weight_bps),
            Decorrelation => Narrow(&mut core.decorrelation_bps),
            GrossFloor => Narrow(&mut core.gross_floor_bps),
            NoticeDoubling => Narrow(&mut core.notice_doubling_s),
            NoticeLeast => Narrow(&mut core.notice_least_bps),
            ForecastShort => Narrow(&mut core.forecast_short_bps),
            ForecastFast => Narrow(&mut core.forecast_fast_bps),
            Outage => Narrow(&mut prices.outage_s),
            Grace => Narrow(&mut prices.grace_s),
            Consistent => Narrow(&mut prices.consistent),
            Recovery => Narrow(&mut prices.recovery_s),
            Confirm => Narrow(&mut prices.confirm_s),
            GuardedCharge => Narrow(&mut prices.guarded_bps),
            QuoteCap => Narrow(&mut prices.quote_cap_bps),
            OffPeg => Narrow(&mut prices.off_peg_bps),
            OnPeg => Narrow(&mut prices.on_peg_bps),
            Bounty => Wide(&mut phases.bounty),
            Deep => Narrow(&mut phases.deep_bps),
            Bankrupt => Narrow(&mut phases.bankrupt_bps),
            PenaltyStart => Narrow(&mut phases.penalty_start_bps),
            PenaltyGrowth => Narrow(&mut phases.penalty_growth_s),
            FirstStep => Narrow(&mut phases.first_step_bps),
            PhaseWait => Narrow(&mut phases.wait_s),
            WindowDepth => Narrow(&mut phases.window_depth_bps),
            PhaseWindow => Narrow(&mut phases.window_s),
            Takeover => Narrow(&mut phases.takeover_s),
            Resolve => Narrow(&mut phases.resolve_s),
            InterestBase => Narrow(&mut lending.base_bps),
            InterestKink => Narrow(&mut lending.at_kink_bps),
            InterestFull => Narrow(&mut lending.at_full_bps),
            Kink => Narrow(&mut lending.kink_bps),
            MaxUtilisation => Narrow(&mut lending.max_utilisation_bps),
            LentShare => Narrow(&mut lending.lent_bps),
            OutflowShare => Narrow(&mut lending.outflow_bps),
            LendingWindow => Narrow(&mut lending.window_s),
            ChargeStep => Narrow(&mut lending.step_s),
            _ => return err!(BallastError::WrongTarget),
        })
    }

    fn place_of_asset(&mut self, parameter: Parameter, at: usize) -> Result<Place<'_>> {
        use Place::{Bits, Narrow, Rate, Wide};
        let config = self.asset.as_deref_mut().ok_or(BallastError::WrongTarget)?;
        let state = &mut self.board.assets[at];
        Ok(match parameter {
            HaircutMin => Rate(&mut state.haircut_min),
            HaircutMax => Rate(&mut state.haircut_max),
            Fall => Narrow(&mut state.fall_bps),
            Rise => Narrow(&mut state.rise_bps),
            AssetPenalty => Narrow(&mut state.penalty_bps),
            DepositCap => Wide(&mut config.deposit_cap),
            MaxAge => Narrow(&mut state.max_age_s),
            MaxConfidence => Narrow(&mut config.max_confidence_bps),
            MaxMove => Narrow(&mut state.max_move_bps),
            MaxDeviation => Narrow(&mut state.max_deviation_bps),
            MaxJump => Narrow(&mut state.max_jump_bps),
            PayoutJump => Narrow(&mut state.payout_jump_bps),
            MaxGrowth => Narrow(&mut state.max_growth_bps),
            OutflowLimit => Wide(&mut config.outflow_limit),
            OutflowWindow => Narrow(&mut config.outflow_window_s),
            Impact => Narrow(&mut state.impact_bps),
            CrowdShare => Narrow(&mut state.crowd_share_bps),
            DepthFloor => Wide(&mut state.depth_floor),
            DepthCap => Wide(&mut state.depth_cap),
            IndexWeight => Narrow(&mut state.index_weight_bps),
            StakedBasis => Rate(&mut state.basis),
            AssetRestrictions => Bits(&mut state.restrictions),
            _ => return err!(BallastError::WrongTarget),
        })
    }

    fn place_of_market(&mut self, parameter: Parameter, at: usize) -> Result<Place<'_>> {
        use Place::{Bits, Narrow, Wide};
        let market = self.market.as_deref_mut().ok_or(BallastError::WrongTarget)?;
        let state = &mut self.board.markets[at];
        Ok(match parameter {
            Band => Narrow(&mut market.band_bps),
            Fee => Narrow(&mut market.fee_bps),
            MarketPenalty => Narrow(&mut state.penalty_bps),
            ProfitCap => Wide(&mut state.profit_cap),
            OpenInterestCap => Wide(&mut market.open_interest_cap),
            MarketRestrictions => Bits(&mut state.restrictions),
            _ => return err!(BallastError::WrongTarget),
        })
    }

    fn place_of_backstop(&mut self, parameter: Parameter) -> Result<Place<'_>> {
        use Place::{Narrow, Wide};
        let params = &mut self.backstop.as_deref_mut().ok_or(BallastError::WrongTarget)?.params;
        Ok(match parameter {
            BackstopPosition => Wide(&mut params.max_position),
            BackstopTrade => Wide(&mut params.max_trade),
            LossLimit => Wide(&mut params.loss_limit),
            LossWindow => Narrow(&mut params.loss_window_s),
            BackstopFee => Narrow(&mut params.fee_bps),
            Skew => Narrow(&mut params.skew_bps),
            MaxLag => Narrow(&mut params.max_lag_s),
            WithdrawalDelay => Narrow(&mut params.withdrawal_delay_s),
            FundingVelocity => Narrow(&mut params.funding_velocity_bps),
            FundingMax => Narrow(&mut params.funding_max_bps),
            _ => return err!(BallastError::WrongTarget),
        })
    }

    /// The index is a sum: an asset's part leaves it with the old weight and enters it with the new one.
    fn reweigh(&mut self, to: u64) -> Result<()> {
        let to = u32::try_from(to).map_err(|_| BallastError::ParameterOutOfBounds)?;
        let at = usize::from(self.target(IndexWeight)?);
        let (weight, sigma) = (self.board.assets[at].index_weight_bps, self.board.assets[at].sigma);
        let mut index = self.board.index();
        index.replace(weight, sigma, 0).or_refuse()?;
        index.weights = index.weights.checked_sub(weight).ok_or(BallastError::Overflow)?;
        index.add(to, sigma).or_refuse()?;
        (self.board.index_weights, self.board.index_sum) = (index.weights, index.sum);
        Ok(())
    }

    /// Copies what holds for every account to the board; ω is in every asset's haircut and envelope.
    fn follow_house(&mut self, now: i64) -> Result<()> {
        self.house.params.validate()?;
        self.house.prices.validate()?;
        self.house.phases.validate()?;
        self.house.lending.validate()?;
        self.board.params = self.house.params;
        (self.board.prices, self.board.phases) = (self.house.prices, self.house.phases);
        self.board.lending = self.house.lending;
        for at in 0..usize::from(self.board.asset_count) {
            self.check_envelope(at)?;
            self.publish(at, now)?;
        }
        Ok(())
    }

    fn follow_asset(&mut self, parameter: Parameter, before: u64, to: u64, now: i64) -> Result<()> {
        let at = usize::from(self.target(parameter)?);
        // What `haircut_min` must outlast: move + carry + slippage.
        if matches!(parameter, MaxMove | MaxConfidence) {
            let sum = u64::from(self.board.assets[at].envelope_bps) + to;
            let sum = sum.checked_sub(before).and_then(|sum| u32::try_from(sum).ok());
            self.board.assets[at].envelope_bps = sum.ok_or(BallastError::ParameterOutOfBounds)?;
        }
        // What the envelope promises is what the breaker acts upon.
        let state = &mut self.board.assets[at];
        if parameter == MaxMove && state.max_step_bps != NO_LIMIT_BPS {
            state.max_step_bps = state.max_move_bps;
        }
        let state = &self.board.assets[at];
        HaircutBounds { min: state.haircut_min, max: state.haircut_max }.validate().or_refuse()?;
        state.depth_params().validate().or_refuse()?;
        self.check_envelope(at)?;
        let shocks = self.board.stress[at];
        self.board.assets[at].set_shock(&shocks);
        self.publish(at, now)
    }

    fn follow_market(&mut self, parameter: Parameter, to: u64) -> Result<()> {
        let at = usize::from(self.target(parameter)?);
        // What a backstop charges stays inside the band, whichever of the two moves.
        let market = self.market.as_deref().ok_or(BallastError::WrongTarget)?;
        require!(market.quoted_bps <= market.band_bps, BallastError::ParameterOutOfBounds);
        if parameter == OpenInterestCap {
            self.board.markets[at].open_interest_cap = to;
            let state = &self.board.markets[at];
            let (open, time) = (state.open_interest, state.open_interest_time);
            self.board.follow_open_interest(at, open, time).or_refuse()?;
        }
        self.check_envelope(self.board.markets[at].asset.into())
    }

    fn follow_backstop(&mut self) -> Result<()> {
        let market = self.market.as_deref_mut().ok_or(BallastError::WrongTarget)?;
        let params = &self.backstop.as_deref().ok_or(BallastError::WrongTarget)?.params;
        params.validate(market.band_bps)?;
        market.quoted_bps = params.quoted_bps();
        Ok(())
    }

    /// The envelope of an asset, with its own penalty and with that of every market on it.
    fn check_envelope(&self, at: usize) -> Result<()> {
        let setting = self.board.setting(0);
        let asset = &self.board.assets[at];
        let markets = self.board.markets[..usize::from(self.board.market_count)].iter();
        let penalty_bps = markets
            .filter(|m| usize::from(m.asset) == at)
            .fold(asset.penalty_bps, |worst, m| worst.max(m.penalty_bps));
        let envelope = Envelope {
            max_move_bps: asset.max_move_bps,
            carry_bps: asset.envelope_bps.saturating_sub(asset.max_move_bps),
            penalty_bps,
            slippage_bps: 0,
        };
        let shock = Shock { long: rate_from_bps(asset.fall_bps), short: rate_from_bps(asset.rise_bps) };
        envelope.check(asset.haircut_min, shock, setting.stress.weight).or_refuse()
    }

    fn publish(&mut self, at: usize, now: i64) -> Result<()> {
        let setting = self.board.setting(now);
        self.board.update(at, |state| state.publish(&setting)).or_refuse()
    }
}

#[cfg(test)]
mod tests {
    use super::bps_from_rate;
    use ballast_risk::fixed::rate_from_bps;

    #[test]
    fn basis_points_survive_the_way_to_a_rate_and_back() {
        for bps in 0..=50_000 {
            assert_eq!(bps_from_rate(rate_from_bps(bps)), u64::from(bps));
        }
    }
}
