use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenInterface};
use ballast_risk::envelope::Envelope;
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::haircut::HaircutBounds;
use ballast_risk::price::MAX_DECIMALS;
use ballast_risk::stress::{STRESS_WORDS, Shock};
use ballast_risk::volatility::VolatilityState;

use super::propose_listing::{listing_hash, require_announced};
use crate::error::{BallastError, OrRefuse};
use crate::event::{AssetAdded, CollateralNoted};
use crate::limits::{MAX_ASSETS, NO_LIMIT_BPS, bounds, sigma_from_e8, within};
use crate::state::{
    AssetConfig, AssetState, Clearinghouse, Proposal, RiskBoard, Setting, VERSION, Window, seeds,
};
use crate::token::{MintTerms, NewVault};

/// Arguments of `add_asset`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct AddAssetArgs {
    /// Name, zero-padded.
    pub symbol: [u8; 16],
    /// Decimals of a native unit; of a collateral asset, its mint's.
    pub decimals: u8,
    /// Pyth feed.
    pub feed_id: [u8; 32],
    /// Age up to which its price may be used, seconds.
    pub max_age_s: u32,
    /// Confidence interval ÷ price up to which a price is accepted, basis points.
    pub max_confidence_bps: u32,
    /// Bounds of the haircut, basis points.
    pub haircut_min_bps: u32,
    pub haircut_max_bps: u32,
    /// σ over the horizon before anything is known, 1e-8.
    pub sigma_prior_e8: u32,
    /// σ is never below this, 1e-8.
    pub sigma_floor_e8: u32,
    /// Half-lives, and the grid on which variance is sampled, seconds.
    pub stable_half_life_s: u32,
    pub fast_half_life_s: u32,
    pub slow_half_life_s: u32,
    pub grid_s: u32,
    /// Ticks it lives before it nets with others.
    pub net_after_ticks: u32,
    /// Penalty on its collateral in a liquidation, basis points.
    pub penalty_bps: u32,
    /// Most of it that the vault may hold, native units.
    pub deposit_cap: u64,
    /// Its worst fall and rise over the horizon, basis points: the single-asset stress.
    pub fall_bps: u32,
    pub rise_bps: u32,
    /// Largest accepted price move, and carry, over the largest accepted age of a price, basis points.
    pub max_move_bps: u32,
    pub carry_bps: u32,
    /// Weight in the market-wide volatility index, basis points.
    pub index_weight_bps: u32,
    /// Feed of an annualised implied volatility in percent points; zero for none.
    pub implied_feed_id: [u8; 32],
    /// η of the square-root law, and φ, the crowd's share of a side, basis points.
    pub impact_bps: u32,
    pub crowd_share_bps: u32,
    /// Bounds of the depth (volume over a horizon), quote micro-units, and half-life of a report, seconds.
    pub depth_floor: u64,
    pub depth_cap: u64,
    pub depth_half_life_s: u32,
    /// Sources beside Pyth, and when they are believed.
    pub sources: SourceArgs,
    /// How much may leave the vault in a window, native units and seconds; a limit of zero is none.
    pub outflow_limit: u64,
    pub outflow_window_s: u32,
}

/// Sources of a price beside Pyth, and when they are believed.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct SourceArgs {
    /// A Switchboard pull feed; default for none.
    pub second_source: Pubkey,
    /// SPL stake pool that redeems a staked token; default for none. Its underlying is another listed asset.
    pub stake_pool: Pubkey,
    pub underlying: Option<u8>,
    /// Fresh sources that a price needs.
    pub quorum: u8,
    /// Distance between sources, and from the stable price, that leaves the breaker alone, basis points.
    pub max_deviation_bps: u32,
    pub max_jump_bps: u32,
    /// Distance from the stable price within which profit is paid out, basis points: at most the least IM, or a jump
    /// between the two is a race of winners. [`NO_LIMIT_BPS`] for `max_jump_bps` alone.
    pub payout_jump_bps: u32,
    /// Move from one accepted price to the next that leaves the breaker alone, basis points: at most the envelope's
    /// `max_move_bps`, or [`NO_LIMIT_BPS`] for none.
    pub max_step_bps: u32,
    /// Most that a redemption rate may grow in a day, and what a staked token is charged beside its underlying's
    /// risk, basis points.
    pub max_growth_bps: u32,
    pub basis_bps: u32,
}

impl SourceArgs {
    /// Pyth alone.
    pub const PYTH: Self = Self {
        second_source: Pubkey::new_from_array([0; 32]),
        stake_pool: Pubkey::new_from_array([0; 32]),
        underlying: None,
        quorum: 1,
        max_deviation_bps: 100,
        max_jump_bps: NO_LIMIT_BPS,
        payout_jump_bps: NO_LIMIT_BPS,
        max_step_bps: NO_LIMIT_BPS,
        max_growth_bps: 10,
        basis_bps: 0,
    };

    /// Refuses what the code limits forbid.
    fn validate(&self, max_move_bps: u32) -> Result<()> {
        within(bounds::QUORUM, self.quorum)?;
        within(bounds::DISTANCE_BPS, self.max_deviation_bps)?;
        within(bounds::DISTANCE_BPS, self.max_jump_bps)?;
        within(bounds::DISTANCE_BPS, self.payout_jump_bps)?;
        within(bounds::GROWTH_BPS, self.max_growth_bps)?;
        within(bounds::BASIS_BPS, self.basis_bps)?;
        let sources = 1 + u8::from(self.second_source != Pubkey::default());
        require!(self.quorum <= sources, BallastError::ParameterOutOfBounds);
        // The envelope is a promise only if no larger step is acted upon.
        let kept = (1..=max_move_bps).contains(&self.max_step_bps) || self.max_step_bps == NO_LIMIT_BPS;
        require!(kept, BallastError::ParameterOutOfBounds);
        let staked = self.stake_pool != Pubkey::default();
        require!(staked == self.underlying.is_some(), BallastError::ParameterOutOfBounds);
        Ok(())
    }

    /// Refuses a staked token on what is not listed, or is itself staked.
    fn check_underlying(&self, board: &RiskBoard) -> Result<()> {
        if let Some(at) = self.underlying {
            let under = board.asset(at.into()).or_refuse()?;
            require!(under.underlying == 0, BallastError::ParameterOutOfBounds);
        }
        Ok(())
    }
}

impl AddAssetArgs {
    /// Refuses what the code limits and the envelope forbid.
    pub fn validate(&self) -> Result<()> {
        require!(self.decimals <= MAX_DECIMALS, BallastError::ParameterOutOfBounds);
        within(bounds::MAX_AGE_S, self.max_age_s)?;
        within(bounds::MAX_CONFIDENCE_BPS, self.max_confidence_bps)?;
        within(bounds::HAIRCUT_BPS, self.haircut_min_bps)?;
        within(bounds::HAIRCUT_BPS, self.haircut_max_bps)?;
        within(bounds::SIGMA_E8, self.sigma_prior_e8)?;
        within(bounds::SIGMA_E8, self.sigma_floor_e8)?;
        within(bounds::STABLE_HALF_LIFE_S, self.stable_half_life_s)?;
        within(bounds::VOLATILITY_HALF_LIFE_S, self.fast_half_life_s)?;
        within(bounds::VOLATILITY_HALF_LIFE_S, self.slow_half_life_s)?;
        within(bounds::NET_AFTER_TICKS, self.net_after_ticks)?;
        within(bounds::PENALTY_BPS, self.penalty_bps)?;
        within(bounds::DEPOSIT_CAP, self.deposit_cap)?;
        within(bounds::FALL_BPS, self.fall_bps)?;
        within(bounds::RISE_BPS, self.rise_bps)?;
        within(bounds::MAX_MOVE_BPS, self.max_move_bps)?;
        within(bounds::CARRY_BPS, self.carry_bps)?;
        within(bounds::INDEX_WEIGHT_BPS, self.index_weight_bps)?;
        within(bounds::IMPACT_BPS, self.impact_bps)?;
        within(bounds::CROWD_SHARE_BPS, self.crowd_share_bps)?;
        within(bounds::DEPTH, self.depth_floor)?;
        within(bounds::DEPTH, self.depth_cap)?;
        within(bounds::DEPTH_HALF_LIFE_S, self.depth_half_life_s)?;
        self.sources.validate(self.max_move_bps)
    }

    /// Refuses what an accepted price move could bankrupt; whoever takes the collateral over pays its transfer fee.
    fn check_envelope(&self, setting: &Setting, transfer_fee_bps: u16) -> Result<()> {
        let envelope = Envelope {
            max_move_bps: self.max_move_bps,
            carry_bps: self.carry_bps,
            penalty_bps: self.penalty_bps,
            slippage_bps: self.max_confidence_bps + u32::from(transfer_fee_bps),
        };
        let shock = Shock { long: rate_from_bps(self.fall_bps), short: rate_from_bps(self.rise_bps) };
        envelope.check(rate_from_bps(self.haircut_min_bps), shock, setting.stress.weight).or_refuse()
    }

    /// The asset as it is first listed.
    pub fn state(&self, index: u8, setting: &Setting) -> Result<AssetState> {
        let haircuts = HaircutBounds {
            min: rate_from_bps(self.haircut_min_bps),
            max: rate_from_bps(self.haircut_max_bps),
        };
        haircuts.validate().or_refuse()?;
        let prior = VolatilityState::with_prior(sigma_from_e8(self.sigma_prior_e8.into()).min(RATE_ONE - 1));
        let mut state = AssetState {
            index,
            decimals: self.decimals,
            underlying: self.sources.underlying.map_or(0, |at| at.saturating_add(1)),
            basis: rate_from_bps(self.sources.basis_bps),
            max_move_bps: self.max_move_bps,
            max_step_bps: self.sources.max_step_bps,
            max_deviation_bps: self.sources.max_deviation_bps,
            max_jump_bps: self.sources.max_jump_bps,
            payout_jump_bps: self.sources.payout_jump_bps,
            max_growth_bps: self.sources.max_growth_bps,
            max_age_s: self.max_age_s,
            net_after_ticks: self.net_after_ticks,
            penalty_bps: self.penalty_bps,
            haircut_min: haircuts.min,
            haircut_max: haircuts.max,
            sigma_floor: sigma_from_e8(self.sigma_floor_e8.into()),
            stable_half_life_s: self.stable_half_life_s,
            fast_half_life_s: self.fast_half_life_s,
            slow_half_life_s: self.slow_half_life_s,
            grid_s: self.grid_s,
            fall_bps: self.fall_bps,
            rise_bps: self.rise_bps,
            envelope_bps: self.max_move_bps + self.carry_bps + self.max_confidence_bps,
            index_weight_bps: self.index_weight_bps,
            impact_bps: self.impact_bps,
            crowd_share_bps: self.crowd_share_bps,
            depth_floor: self.depth_floor,
            depth_cap: self.depth_cap,
            depth_half_life_s: self.depth_half_life_s,
            depth: self.depth_floor,
            variance_short: prior.short,
            variance_fast: prior.fast,
            variance_slow: prior.slow,
            ..bytemuck::Zeroable::zeroed()
        };
        state.depth_params().validate().or_refuse()?;
        let volatility = state.volatility_params(setting);
        volatility.validate().or_refuse()?;
        let live = prior.live(&volatility);
        (state.sigma, state.forecast_sigma) = (live.sigma, live.forecast);
        state.set_shock(&[0; STRESS_WORDS]);
        state.publish(setting).or_refuse()?;
        Ok(state)
    }
}

/// Lists an asset. With a mint it is collateral and gets a vault; without one it is a risk factor
/// that markets can be on.
#[derive(Accounts)]
pub struct AddAsset<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub governance: Signer<'info>,
    #[account(mut, has_one = governance @ BallastError::NotGovernance, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        init,
        payer = payer,
        space = 8 + AssetConfig::INIT_SPACE,
        seeds = [seeds::ASSET, clearinghouse.key().as_ref(), &[clearinghouse.asset_count]],
        bump,
    )]
    pub asset: Box<Account<'info, AssetConfig>>,
    pub mint: Option<Box<InterfaceAccount<'info, Mint>>>,
    /// CHECK: created below, at the vault's address, where there is a mint.
    #[account(mut)]
    pub vault: Option<UncheckedAccount<'info>>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
    /// Needed after the opening.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub proposal: Option<Box<Account<'info, Proposal>>>,
}

pub fn add_asset(ctx: Context<AddAsset>, args: AddAssetArgs) -> Result<()> {
    args.validate()?;
    let a = ctx.accounts;
    let index = a.clearinghouse.asset_count;
    require!(usize::from(index) < MAX_ASSETS, BallastError::BoardFull);

    let none = Pubkey::default();
    let (mint, vault, token_program, terms) = match (&a.mint, &a.vault) {
        (Some(mint), Some(vault)) => {
            require!(mint.decimals == args.decimals, BallastError::ParameterOutOfBounds);
            require_keys_neq!(mint.key(), a.clearinghouse.quote_mint, BallastError::WrongAsset);
            let terms = create_vault(a, mint, vault)?;
            (mint.key(), vault.key(), a.token_program.key(), Some(terms))
        }
        (None, None) => (none, none, none, None),
        _ => return err!(BallastError::WrongVault),
    };
    let freezable = terms.as_ref().is_some_and(|t| t.freezable);
    let transfer_fee_bps = terms.map_or(0, |t| t.transfer_fee_bps);

    let proposal = a.proposal.as_deref_mut().map(|p| &mut **p);
    require_announced(&a.clearinghouse, proposal, || listing_hash("add_asset", index, mint, &args))?;

    let now = Clock::get()?.unix_timestamp;
    a.asset.set_inner(AssetConfig {
        version: VERSION,
        bump: ctx.bumps.asset,
        index,
        decimals: args.decimals,
        clearinghouse: a.clearinghouse.key(),
        symbol: args.symbol,
        mint,
        vault,
        feed_id: args.feed_id,
        max_confidence_bps: args.max_confidence_bps,
        deposit_cap: args.deposit_cap,
        implied_feed_id: args.implied_feed_id,
        second_source: args.sources.second_source,
        stake_pool: args.sources.stake_pool,
        quorum: args.sources.quorum,
        freezable,
        token_program,
        outflow: Window::default(),
        outflow_limit: args.outflow_limit,
        outflow_window_s: args.outflow_window_s,
        transfer_fee_bps,
        listed_at: if a.clearinghouse.open { now } else { 0 },
        reserved: [0; 246],
    });
    let mut board = a.board.load_mut()?;
    let setting = board.setting(now);
    args.sources.check_underlying(&board)?;
    args.check_envelope(&setting, transfer_fee_bps)?;
    let state = args.state(index, &setting)?;
    board.list(state).or_refuse()?;
    a.clearinghouse.asset_count = index + 1;
    emit!(AssetAdded {
        clearinghouse: a.clearinghouse.key(),
        asset: index,
        symbol: args.symbol,
        mint: a.mint.as_ref().map(|m| m.key()),
        feed_id: args.feed_id,
    });
    if a.mint.is_some() {
        emit!(CollateralNoted {
            clearinghouse: a.clearinghouse.key(),
            asset: index,
            token_program,
            freezable,
            transfer_fee_bps,
        });
    }
    Ok(())
}

/// A token account at the vault's address, owned by the clearinghouse. A second asset on one mint
/// finds its vault taken and is refused. By hand, because Anchor's `init` cannot be optional.
fn create_vault<'info>(
    a: &AddAsset<'info>,
    mint: &InterfaceAccount<'info, Mint>,
    vault: &UncheckedAccount<'info>,
) -> Result<MintTerms> {
    let info = mint.to_account_info();
    require_keys_eq!(*info.owner, a.token_program.key(), BallastError::WrongTokenProgram);
    let terms = MintTerms::of(&info)?;
    let (clearinghouse, mint_key) = (a.clearinghouse.key(), mint.key());
    let path: [&[u8]; 3] = [seeds::VAULT, clearinghouse.as_ref(), mint_key.as_ref()];
    let (address, bump) = Pubkey::find_program_address(&path, &crate::ID);
    require_keys_eq!(vault.key(), address, BallastError::WrongVault);
    let new = NewVault {
        payer: a.payer.to_account_info(),
        vault: vault.to_account_info(),
        mint,
        authority: a.clearinghouse.to_account_info(),
        system_program: a.system_program.key(),
        token_program: a.token_program.key(),
        seeds: &[path[0], path[1], path[2], &[bump]],
    };
    new.create(&terms)?;
    Ok(terms)
}
