//! Whole books: every basis, adjusted, and liquidated step by step.

use alloc::vec::Vec;

use ballast_risk::asset::{AssetRisk, RiskView, Side};
use ballast_risk::book::{Basis, Book, MAX_ASSETS, Position};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::liquidation::{self, LiquidationParams, Takeover};
use ballast_risk::liquidity::Impact;
use ballast_risk::margin::MarginParams;
use ballast_risk::scenario::{Column, Tails};
use ballast_risk::stress::StressColumn;
use ballast_risk::{Result, RiskError};

use super::charges::{some_column, some_stress};
use super::{Ring, Words};
use crate::draw::Draw;
use crate::wire::Answer;

/// Kinds of assets in a view: they serve all columns, what differs in a book is its quantities.
const KINDS: usize = 8;

/// Thirty-two assets on a ring.
struct View<'a> {
    assets: Vec<AssetRisk>,
    stress: Vec<StressColumn>,
    ring: &'a Ring,
}

impl RiskView for View<'_> {
    fn asset(&self, index: usize) -> Result<AssetRisk> {
        if index < MAX_ASSETS { Ok(self.assets[index % KINDS]) } else { Err(RiskError::UnknownAsset) }
    }

    fn column(&self, index: usize) -> Result<&Column> {
        self.ring.get(index).ok_or(RiskError::UnknownAsset)
    }

    fn stress(&self, index: usize) -> Result<&StressColumn> {
        if index < MAX_ASSETS { Ok(&self.stress[index % KINDS]) } else { Err(RiskError::UnknownAsset) }
    }
}

fn some_side(draw: &mut Draw) -> Side {
    let haircut = draw.up_to(RATE_ONE);
    Side {
        haircut,
        addon: draw.up_to(haircut),
        shock: draw.up_to(8 * RATE_ONE),
        crowd: if draw.one_in(4) { u64::MAX } else { draw.up_to(1 << 50) },
    }
}

fn some_asset(draw: &mut Draw, tail: u32) -> AssetRisk {
    let spot = draw.coin();
    let stable = if draw.one_in(2) { spot } else { draw.coin() };
    let sigma = draw.up_to(RATE_ONE - 1);
    AssetRisk {
        spot,
        stable,
        sigma,
        tail,
        netted: !draw.one_in(8),
        long: some_side(draw),
        short: some_side(draw),
        floor: draw.up_to(RATE_ONE),
        impact: Impact::new(draw.up_to(16 * RATE_ONE), sigma, 1 + draw.up_to(1 << 53)),
        crowding: if draw.one_in(2) { 0 } else { draw.up_to(RATE_ONE) },
        favour: if draw.one_in(2) { 0 } else { draw.up_to(RATE_ONE) },
        void: false,
    }
}

/// Native units worth up to the largest book, sometimes beyond.
pub(super) fn quantity(draw: &mut Draw) -> i64 {
    let length = 10 + draw.below(40);
    let units = (draw.uniform() >> (63 - length)) as i64;
    if draw.one_in(2) { -units } else { units }
}

/// A liquidation step of up to three legs.
#[inline(never)]
fn step(draw: &mut Draw, book: &mut Book, view: &View, params: &MarginParams, out: &mut Answer) {
    let limits = LiquidationParams {
        penalty_bps: 0,
        insurance_share_bps: draw.half() % 8_001,
        buffer_bps: draw.half() % 5_001,
        dust: draw.up_to(1 << 50),
    };
    let takeovers: [Takeover; 3] = core::array::from_fn(|_| {
        let asset = draw.below(MAX_ASSETS as u64) as usize;
        let spot = view.assets[asset % KINDS].spot;
        let held = book.quantity(asset);
        let quantity = if held == 0 { quantity(draw) } else { held >> draw.below(3) };
        Takeover { asset, quantity, spot, penalty_bps: draw.half() % 2_001 }
    });
    match liquidation::step(book, &takeovers[..draw.below(4) as usize], params, &limits) {
        Ok(Ok(step)) => {
            step.before.put(out);
            step.after.put(out);
            step.penalty().put(out);
            step.to_insurance().put(out);
            step.terms.iter().for_each(|t| t.proceeds.put(out));
        }
        Ok(Err(refusal)) => (100 + refusal as u8).put(out),
        Err(e) => (1 + e as u8).put(out),
    }
}

#[inline(never)]
pub(super) fn book(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    let tail = Tails::of(&ring[0]).widest();
    let view = View {
        assets: (0..KINDS).map(|_| some_asset(draw, tail)).collect(),
        stress: (0..KINDS).map(|_| some_column(draw)).collect(),
        ring,
    };
    let (held, traded) = (draw.below(17) as usize, draw.below(17) as usize);
    let mut collateral = [(0usize, 0u64); 16];
    for slot in &mut collateral[..held] {
        *slot = (draw.below(MAX_ASSETS as u64) as usize, quantity(draw).unsigned_abs());
    }
    let flat = Position { asset: 0, base: 0, entry: 0, profit_cap: 0 };
    let mut positions = [flat; 16];
    for slot in &mut positions[..traded] {
        let assets = if draw.one_in(64) { 33 } else { 32 };
        let asset = draw.below(assets) as usize;
        *slot = Position {
            asset,
            base: quantity(draw),
            entry: draw.signed() >> 12,
            profit_cap: draw.word() >> 12,
        };
    }
    let params = MarginParams {
        initial_ratio_bps: 10_000 + draw.half() % 20_001,
        min_maintenance: draw.word() >> 20,
        gross_floor: draw.up_to(RATE_ONE / 4),
        stress: some_stress(draw),
        notice: if draw.one_in(2) { RATE_ONE } else { draw.up_to(RATE_ONE) },
    };
    let quote = draw.signed() >> 8;
    for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
        let valued = Book::new(
            quote,
            collateral[..held].iter().copied(),
            positions[..traded].iter().copied(),
            &view,
            basis,
        );
        let mut book = match valued {
            Ok(book) => book,
            Err(e) => {
                (1 + e as u8).put(out);
                continue;
            }
        };
        book.gross().put(out);
        book.margin(&params).put(out);
        book.margin(&params.at_once()).put(out);
        if basis == Basis::Maintenance {
            // Twice: a step that the scale of the scenarios still fits, then any.
            let asset = positions.first().map_or(0, |p| p.asset);
            book.adjust(asset, -book.quantity(asset) / 2, draw.signed() >> 16).is_ok().put(out);
            book.margin(&params).put(out);
            book.adjust(draw.below(33) as usize, quantity(draw), draw.signed() >> 16).is_ok().put(out);
            book.margin(&params).put(out);
            step(draw, &mut book, &view, &params, out);
        }
    }
}
