//! What is drawn, and how often.

use proptest::prelude::*;

use super::{Op, malformed};

/// Perpetuals first, then options, then what is listed on the way.
fn market() -> impl Strategy<Value = u8> {
    prop_oneof![6 => 0u8..3, 3 => 3u8..5, 1 => 5u8..7]
}

fn account() -> impl Strategy<Value = u8> {
    prop_oneof![8 => 0u8..5, 1 => 5u8..10]
}

fn bps() -> impl Strategy<Value = i16> {
    prop_oneof![6 => -100i16..=100, 3 => -1_000i16..=1_000, 1 => -4_500i16..=6_000]
}

pub fn op() -> impl Strategy<Value = Op> {
    let moves = || [bps(), bps(), bps()];
    prop_oneof![
        4 => (account(), 0u8..4, 0u16..200, any::<bool>())
            .prop_map(|(account, coin, size, by_delegate)| Op::Deposit { account, coin, size, by_delegate }),
        5 => (account(), 0u8..4, 0u8..=140).prop_map(|(account, coin, percent)| Op::Withdraw { account, coin, percent }),
        12 => (market(), account(), account(), any::<bool>(), 0u16..250, -130i16..=130)
            .prop_map(|(market, taker, maker, buy, size, off_bps)| Op::Fill { market, taker, maker, buy, size, off_bps }),
        7 => (market(), account()).prop_map(|(market, account)| Op::Settle { market, account }),
        7 => (account(), 3u8..5).prop_map(|(account, keeper)| Op::LiquidatePlanned { account, keeper }),
        4 => (account(), account(), any::<u8>(), 0u8..=110)
            .prop_map(|(account, keeper, leg, percent)| Op::Liquidate { account, keeper, leg, percent }),
        10 => (moves(), 0u8..50).prop_map(|(bps, after)| Op::Prices { bps, after }),
        2 => (0u8..4, bps()).prop_map(|(asset, bps)| Op::Price { asset, bps }),
        2 => moves().prop_map(|bps| Op::Hour { bps }),
        4 => Just(Op::Tick),
        2 => (0u8..4, prop_oneof![0u16..300, 900u16..3_000])
            .prop_map(|(asset, percent)| Op::ReportDepth { asset, percent }),
        2 => (prop_oneof![1u16..150, 150u16..3_000], prop_oneof![3 => 0u16..60, 1 => 60u16..9_000])
            .prop_map(|(percent, late)| Op::Implied { percent, late }),
        4 => (market(), 1u8..4).prop_map(|(market, parts)| Op::Exposure { market, parts }),
        1 => prop_oneof![1u32..90, 3_000u32..8_000, 80_000u32..400_000].prop_map(|seconds| Op::Wait { seconds }),
        1 => (account(), 0u8..6).prop_map(|(account, to)| Op::Delegate { account, to }),
        2 => (3u8..10).prop_map(|account| Op::Open { account }),
        2 => (3u8..10).prop_map(|account| Op::Close { account }),
        1 => (0u8..4).prop_map(|market| Op::SweepFees { market }),
        1 => (3u8..5).prop_map(|market| Op::FixSettlementPrice { market }),
        1 => (0u8..10).prop_map(|account| Op::Migrate { account }),
        2 => account().prop_map(|account| Op::Health { account }),
        1 => any::<bool>().prop_map(|collateral| Op::ListAsset { collateral }),
        1 => (0u8..5).prop_map(|asset| Op::ListMarket { asset }),
        2 => account().prop_map(|account| Op::TouchAccount { account }),
        1 => (account(), 10_000u16..30_000, 0u16..4_000)
            .prop_map(|(account, first, step)| Op::SetAlerts { account, first, step }),
        2 => (0u8..10, 0u8..4, 1u8..120).prop_map(|(account, coin, percent)| Op::Transfer { account, coin, percent }),
        1 => (3u8..10, 0u8..8).prop_map(|(account, market)| Op::SetMode { account, market }),
        1 => (account(), any::<bool>()).prop_map(|(account, on)| Op::Restrict { account, on }),
        1 => (account(), 0u8..6, 0u8..17, any::<u16>())
            .prop_map(|(account, to, powers, seconds)| Op::Empower { account, to, powers, seconds }),
        1 => (0u8..5, 0u16..5_000).prop_map(|(who, size)| Op::TopUp { who, size }),
        6 => (account(), prop_oneof![40u8..100, 100u8..150])
            .prop_map(|(account, percent)| Op::Crash { account, percent }),
        8 => account().prop_map(|account| Op::ResolveBankruptcy { account }),
        2 => (market(), account()).prop_map(|(market, account)| Op::TouchPosition { market, account }),
        1 => account().prop_map(|account| Op::CountLoan { account }),
        2 => Just(Op::Accrue),
        3 => (market(), account()).prop_map(|(market, account)| Op::Cover { market, account }),
        1 => (0u8..3, 0u8..5).prop_map(|(market, who)| Op::OpenShare { market, who }),
        3 => (0u8..3, 0u8..5, 0u16..300).prop_map(|(market, who, size)| Op::Back { market, who, size }),
        2 => (0u8..3, 0u8..5, 0u8..110).prop_map(|(market, who, percent)| Op::AskOut { market, who, percent }),
        1 => (0u8..3, 0u8..5).prop_map(|(market, who)| Op::StayIn { market, who }),
        3 => (0u8..3, 0u8..5, any::<bool>()).prop_map(|(market, who, patient)| Op::WalkOut { market, who, patient }),
        5 => (0u8..3, account(), 0u8..3, any::<bool>(), 0u16..200, 0i16..400).prop_map(
            |(market, account, id, buy, size, slack_bps)| Op::AskTrade { market, account, id, buy, size, slack_bps }
        ),
        6 => (account(), 0u8..3, prop_oneof![4 => bps().prop_map(Some), 1 => Just(None)], 0u8..14)
            .prop_map(|(account, id, bps, late)| Op::Execute { account, id, bps, late }),
        1 => (account(), 0u8..3, 0u8..5).prop_map(|(account, id, by)| Op::CloseTrade { account, id, by }),
        4 => (0u8..3, account(), 1u8..110, prop_oneof![3 => Just(true), 1 => Just(false)]).prop_map(
            |(market, account, percent, patient)| Op::TakeOver { market, account, percent, patient }
        ),
        4 => (0u8..3).prop_map(|market| Op::Funding { market }),
        2 => prop_oneof![2 => -60i16..60, 1 => -800i16..800].prop_map(|bps| Op::Quote { bps }),
        4 => (any::<u8>(), 0u8..3, 80u16..125)
            .prop_map(|(parameter, target, percent)| Op::Propose { parameter, target, percent }),
        3 => (any::<u8>(), 0u8..3, 50u16..180)
            .prop_map(|(parameter, target, percent)| Op::Tighten { parameter, target, percent }),
        3 => (0u8..3, any::<bool>()).prop_map(|(back, patient)| Op::ApplyProposal { back, patient }),
        2 => (0u8..3).prop_map(|back| Op::CancelProposal { back }),
        1 => (0u8..4, 0u8..8, 0u8..8, 1u16..4_000)
            .prop_map(|(bits, assets, markets, seconds)| Op::Pause { bits, assets, markets, seconds }),
        1 => Just(Op::LiftPause),
        4 => (0u8..7, any::<u8>(), 0u8..5, any::<bool>())
            .prop_map(|(act, which, to, patient)| Op::Hand { act, which, to, patient }),
        5 => (0u8..malformed::KINDS, account(), account())
            .prop_map(|(kind, account, other)| Op::Malformed { kind, account, other }),
    ]
}
