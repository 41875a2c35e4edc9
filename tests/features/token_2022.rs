//! Collateral of the Token-2022 program: which extensions a mint may have, and what its fees do.

use anchor_lang::prelude::Pubkey;
use anchor_spl::{token, token_2022};
use ballast::error::BallastError;
use ballast::event::{CollateralNoted, Deposited, Withdrawn};
use ballast::state::AssetConfig;
use ballast_client::decode;
use ballast_sandbox::house::default_params;
use ballast_sandbox::house::{QUOTE, Sent, made_up_history};
use ballast_sandbox::tokens::MintExtension;
use ballast_sandbox::{AssetSpec, House, MarketSpec, Person, Refusal, Signer};

use crate::common::{COIN, assert_conserved, prices_after, refused, refused_ix, wallet_of, with_account};

/// The token programs' own word for a frozen account.
const FROZEN: u32 = 17;
const FEE: MintExtension = MintExtension::TransferFee(50, u64::MAX);

/// An open house with one coin of Token-2022 at 100 quote, and its perpetual.
fn listed(decimals: u8, freezable: bool, extensions: &[MintExtension]) -> (House, Pubkey) {
    let mut house = House::empty(default_params());
    let mint = house.vm.create_mint_2022(decimals, freezable, extensions);
    house.list_minted(AssetSpec::coin("NEW", decimals), Some(mint)).expect("it is listed");
    house.open_market(MarketSpec::perpetual("NEW", 0)).expect("a market on it");
    house.calibrate(made_up_history(0)).expect("a calibration");
    house.open().expect("governance opens");
    house.post_all(&[100.0]);
    (house, mint)
}

fn list(extensions: &[MintExtension]) -> (House, Result<u8, Refusal>) {
    let mut house = House::empty(default_params());
    let mint = house.vm.create_mint_2022(9, true, extensions);
    let listed = house.list_minted(AssetSpec::coin("NEW", 9), Some(mint));
    (house, listed)
}

fn config(house: &House) -> AssetConfig {
    decode::config(&house.vm.data(&house.at.asset(0))).expect("an asset config")
}

/// Ten coins deposited by somebody new.
fn holder(house: &mut House) -> Person {
    let who = house.person();
    house.fund_collateral(&who, 0, 10 * COIN).expect("a deposit");
    who
}

fn deposit_one(house: &mut House, who: &Person) -> Sent {
    let mint = house.collateral(0).mint;
    house.vm.mint_to(&mint, &who.wallets[&mint], COIN);
    house.deposit_collateral(who, 0, COIN)
}

// ---- the list ------------------------------------------------------------------------------------

#[test]
fn every_dangerous_extension_is_refused_by_name() {
    for (extension, error) in [
        (MintExtension::PermanentDelegate, BallastError::MintHasPermanentDelegate),
        (MintExtension::TransferHook(Some(Pubkey::new_unique())), BallastError::MintHasTransferHook),
        (MintExtension::NonTransferable, BallastError::MintNotTransferable),
        (MintExtension::Confidential, BallastError::MintConfidential),
        (MintExtension::DefaultState { frozen: true }, BallastError::MintFreezesByDefault),
        (MintExtension::Pausable, BallastError::MintPausable),
        (MintExtension::Closable, BallastError::MintClosable),
        (MintExtension::InterestBearing, BallastError::MintRescaled),
        (MintExtension::Scaled, BallastError::MintRescaled),
    ] {
        // Also where it stands behind harmless ones.
        for extensions in
            [vec![extension], vec![MintExtension::GroupPointer, MintExtension::MetadataPointer, extension]]
        {
            let (house, listed) = list(&extensions);
            let refusal = listed.expect_err("it is dangerous");
            assert!(refusal.is(error), "{extension:?}: {refusal}");
            assert_eq!(house.board().asset_count, 0);
        }
    }
}

#[test]
fn an_extension_of_the_future_is_refused() {
    let mut house = House::empty(default_params());
    let mint = house.vm.create_mint_2022(9, false, &[MintExtension::MetadataPointer]);
    let mut data = house.vm.data(&mint);
    // The first entry follows 165 bytes of base and one of kind.
    data[166..168].copy_from_slice(&999u16.to_le_bytes());
    house.vm.put(mint, token_2022::ID, data);
    let refusal = house.list_minted(AssetSpec::coin("NEW", 9), Some(mint)).expect_err("unknown");
    assert!(refusal.is(BallastError::MintExtensionUnknown), "{refusal}");
}

#[test]
fn harmless_extensions_are_listed_and_their_tokens_come_and_go() {
    let harmless = [
        MintExtension::TransferHook(None),
        MintExtension::DefaultState { frozen: false },
        MintExtension::MetadataPointer,
        MintExtension::GroupPointer,
        MintExtension::GroupMemberPointer,
    ];
    for extensions in [&[][..], &harmless[..1], &harmless[1..2], &harmless[2..3], &harmless] {
        let (mut house, mint) = listed(9, true, extensions);
        if extensions.contains(&MintExtension::MetadataPointer) {
            house.vm.describe_mint(&mint, ["New coin", "NEW", "https://example.org/new.json"]);
        }
        let who = holder(&mut house);
        assert_conserved(&house);
        house.withdraw_collateral(&who, 0, 10 * COIN).expect("a withdrawal");
        assert_eq!(wallet_of(&house, &who, &mint), 10 * COIN);
        assert_conserved(&house);
    }
}

#[test]
fn a_listing_notes_program_freezer_and_fee() {
    for (freezable, extensions, noted) in [
        (false, &[][..], (false, 0)),
        (true, &[][..], (true, 0)),
        (false, &[FEE][..], (false, 50)),
        // Whoever may name a hook later may stop transfers.
        (false, &[MintExtension::TransferHook(None)][..], (true, 0)),
    ] {
        let (house, _) = listed(9, freezable, extensions);
        let config = config(&house);
        assert_eq!((config.freezable, config.transfer_fee_bps), noted);
        assert_eq!(config.token_program, token_2022::ID);
    }
    let house = crate::common::sol();
    assert_eq!((config(&house).token_program, config(&house).freezable), (token::ID, false));
}

#[test]
fn a_listing_says_what_it_noted() {
    let mut house = House::empty(default_params());
    let mint = house.vm.create_mint_2022(9, true, &[FEE]);
    let governance = house.governance.insecure_clone();
    let payer = house.vm.payer.pubkey();
    let args = AssetSpec::coin("NEW", 9).args;
    let add = house.at.add_asset_of(token_2022::ID, payer, governance.pubkey(), 0, Some(mint), args);
    // Under the wrong program it is not listed.
    let wrong = with_account(add.clone(), token_2022::ID, token::ID);
    refused_ix(&mut house, BallastError::WrongTokenProgram, wrong, &[&governance]);
    let said: CollateralNoted = house.vm.send(&[add], &[&governance]).expect("it is listed").event();
    assert_eq!((said.asset, said.token_program), (0, token_2022::ID));
    assert_eq!((said.freezable, said.transfer_fee_bps), (true, 50));
}

#[test]
fn a_vaults_owner_cannot_change() {
    let (house, mint) = listed(9, false, &[FEE, MintExtension::TransferHook(None)]);
    use token_2022::spl_token_2022::extension::{
        BaseStateWithExtensions, ExtensionType as E, StateWithExtensions,
    };
    let data = house.vm.data(&house.at.vault(&mint));
    let vault =
        StateWithExtensions::<token_2022::spl_token_2022::state::Account>::unpack(&data).expect("a vault");
    assert_eq!(vault.base.owner, house.at.clearinghouse);
    let mut kinds = vault.get_extension_types().expect("extensions");
    kinds.sort_by_key(|k| *k as u16);
    assert_eq!(kinds, [E::TransferFeeAmount, E::ImmutableOwner, E::TransferHookAccount]);
}

// ---- fees ----------------------------------------------------------------------------------------

#[test]
fn a_deposit_is_credited_with_what_arrived_to_the_unit() {
    let (mut house, mint) = listed(9, false, &[FEE]);
    let who = house.person();
    let mut held = 0;
    for sent in [10 * COIN, 1_000, 201, 200, 199] {
        house.vm.mint_to(&mint, &who.wallets[&mint], sent);
        let said: Deposited = house.deposit_collateral(&who, 0, sent).expect("a deposit").event();
        // The fee is rounded up.
        held += sent - (sent * 50).div_ceil(10_000);
        assert_eq!(said.amount, sent - (sent * 50).div_ceil(10_000));
        assert_eq!(house.margin_account(&who.account).collateral_of(0), held);
        assert_conserved(&house);
    }
}

#[test]
fn a_withdrawal_is_debited_in_full_and_the_fee_is_the_receivers() {
    let (mut house, mint) = listed(9, false, &[FEE]);
    let who = holder(&mut house);
    let held = house.margin_account(&who.account).collateral_of(0);
    let said: Withdrawn = house.withdraw_collateral(&who, 0, 4 * COIN).expect("a withdrawal").event();
    assert_eq!(said.amount, 4 * COIN);
    assert_eq!(house.margin_account(&who.account).collateral_of(0), held - 4 * COIN);
    assert_eq!(wallet_of(&house, &who, &mint), 4 * COIN - COIN / 50);
    assert_conserved(&house);
    refused(&mut house, BallastError::InsufficientBalance, |h| {
        h.withdraw_collateral(&who, 0, held - 4 * COIN + 1)
    });
    house.withdraw_collateral(&who, 0, held - 4 * COIN).expect("the last unit");
    assert_conserved(&house);
}

#[test]
fn attack_rounds_of_deposit_and_withdrawal_gain_nothing_from_a_fee() {
    let (mut house, mint) = listed(9, false, &[MintExtension::TransferFee(50, 3)]);
    let (who, other) = (house.person(), holder(&mut house));
    house.vm.mint_to(&mint, &who.wallets[&mint], 1_000);
    let mut owned = 1_000;
    for part in 50..65 {
        house.deposit_collateral(&who, 0, part).expect("a deposit");
        let held = house.margin_account(&who.account).collateral_of(0);
        assert_eq!(held, part - 1);
        house.withdraw_collateral(&who, 0, held).expect("a withdrawal");
        let now = wallet_of(&house, &who, &mint) + house.margin_account(&who.account).collateral_of(0);
        assert_eq!(now, owned - 2);
        owned = now;
        assert_conserved(&house);
    }
    house.withdraw_collateral(&other, 0, 10 * COIN - 3).expect("nobody else has lost anything");
}

#[test]
fn a_deposit_of_which_nothing_arrives_is_refused() {
    let (mut house, mint) = listed(9, false, &[FEE]);
    let who = house.person();
    house.vm.mint_to(&mint, &who.wallets[&mint], 1);
    refused(&mut house, BallastError::NothingArrived, |h| h.deposit_collateral(&who, 0, 1));
}

/// A fee is raised after listing: no deposits under it from its announcement on; what is there goes out.
#[test]
fn attack_a_fee_raised_later_takes_nothing_from_the_vault() {
    let (mut house, mint) = listed(9, false, &[FEE]);
    let who = holder(&mut house);
    house.vm.set_transfer_fee(&mint, 10_000, u64::MAX).expect("its authority announces");
    refused(&mut house, BallastError::TransferFeeRaised, |h| deposit_one_minted(h, &who));
    let held = house.margin_account(&who.account).collateral_of(0);
    house.withdraw_collateral(&who, 0, held / 2).expect("still at the old fee");
    house.vm.set_epoch(house.vm.epoch() + 2);
    refused(&mut house, BallastError::TransferFeeRaised, |h| deposit_one_minted(h, &who));
    let before = wallet_of(&house, &who, &mint);
    house.withdraw_collateral(&who, 0, held - held / 2).expect("a withdrawal is never stopped by a fee");
    assert_eq!(wallet_of(&house, &who, &mint), before, "at the receiver's loss");
    assert_conserved(&house);
    // Taken back, and in force: deposits go on.
    house.vm.set_transfer_fee(&mint, 20, u64::MAX).expect("its authority announces");
    refused(&mut house, BallastError::TransferFeeRaised, |h| deposit_one_minted(h, &who));
    house.vm.set_epoch(house.vm.epoch() + 2);
    deposit_one_minted(&mut house, &who).expect("at the lower fee");
    assert_conserved(&house);
}

/// A deposit of what is left in the wallet, at least 1,000 units of it.
fn deposit_one_minted(house: &mut House, who: &Person) -> Sent {
    house.deposit_collateral(who, 0, 1_000)
}

#[test]
fn a_fee_counts_in_the_envelope_of_a_listing() {
    // 120 of move, 200 of confidence, 100 of penalty: 5 % of least haircut leave room for 80.
    for (bps, fits) in [(80, true), (81, false), (10_000, false)] {
        let (_, listed) = list(&[MintExtension::TransferFee(bps, u64::MAX)]);
        match listed {
            Ok(_) => assert!(fits, "{bps}"),
            Err(refusal) => assert!(!fits && refusal.is(BallastError::UnsafeEnvelope), "{bps}: {refusal}"),
        }
    }
}

// ---- what changes after listing ------------------------------------------------------------------

#[test]
fn a_hook_named_later_stops_deposits() {
    let (mut house, mint) = listed(9, false, &[MintExtension::TransferHook(None)]);
    let who = holder(&mut house);
    house.vm.mint_to(&mint, &who.wallets[&mint], COIN);
    house.vm.set_transfer_hook(&mint, Some(Pubkey::new_unique())).expect("its authority names");
    refused(&mut house, BallastError::MintHasTransferHook, |h| h.deposit_collateral(&who, 0, COIN));
    // The token program itself refuses to pay out without the hook; once it is gone, all is as before.
    house.withdraw_collateral(&who, 0, COIN).expect_err("the hook is missing");
    assert_conserved(&house);
    assert!(house.health(&who).maintenance.equity > 0);
    house.vm.set_transfer_hook(&mint, None).expect("its authority removes");
    house.withdraw_collateral(&who, 0, 10 * COIN).expect("all of it");
}

#[test]
fn a_default_of_frozen_set_later_stops_deposits_only() {
    let (mut house, mint) = listed(9, true, &[MintExtension::DefaultState { frozen: false }]);
    let who = holder(&mut house);
    house.vm.mint_to(&mint, &who.wallets[&mint], COIN);
    house.vm.set_default_state(&mint, true).expect("its authority sets");
    refused(&mut house, BallastError::MintFreezesByDefault, |h| h.deposit_collateral(&who, 0, COIN));
    house.withdraw_collateral(&who, 0, COIN).expect("to an account that is not frozen");
}

/// The freeze authority of a mint freezes the vault: its tokens stay where they are, and nothing else stops.
#[test]
fn a_frozen_vault_stops_its_token_and_nothing_else() {
    for legacy in [false, true] {
        let mut house;
        let mint;
        if legacy {
            house = House::empty(default_params());
            mint = house.vm.create_freezable_mint(9);
            house.list_minted(AssetSpec::coin("NEW", 9), Some(mint)).expect("it is listed");
            house.open_market(MarketSpec::perpetual("NEW", 0)).expect("a market on it");
            house.calibrate(made_up_history(0)).expect("a calibration");
            house.open().expect("governance opens");
            house.post_all(&[100.0]);
        } else {
            (house, mint) = listed(9, true, &[]);
        }
        assert!(config(&house).freezable);
        let who = holder(&mut house);
        let (desk, keeper) = (house.person_with_quote(100_000), house.person_with_quote(100_000));
        house.withdraw_quote(&who, 800 * QUOTE).expect("a loan");
        let vault = house.at.vault(&mint);
        house.vm.freeze(&mint, &vault, true).expect("its authority freezes");

        refused(&mut house, FROZEN, |h| h.withdraw_collateral(&who, 0, COIN));
        let fails = deposit_one(&mut house, &who).expect_err("nothing arrives either");
        assert_eq!(fails.code(), Some(FROZEN));
        assert!(house.health(&who).maintenance.equity > 0);
        house.fill_at_oracle(0, &desk, &keeper, COIN as i64).expect("trades go on");
        // And so does liquidation: collateral changes hands inside.
        prices_after(&mut house, 30, &[84.0]);
        let plan = house.plan(&who.account, &keeper).expect("it is short");
        house.liquidate(&who.account, &keeper, &plan).expect("the keeper takes it over");
        assert_conserved(&house);
        house.vm.freeze(&mint, &vault, false).expect("its authority thaws");
        house.withdraw_collateral(&keeper, 0, 1_000).expect("what was bought is paid out");
        assert_conserved(&house);
    }
}

// ---- impostors -----------------------------------------------------------------------------------

#[test]
fn attack_another_mint_or_token_program_is_refused() {
    let (mut house, mint) = listed(9, false, &[]);
    let who = holder(&mut house);
    house.vm.mint_to(&mint, &who.wallets[&mint], COIN);
    let (coin, wallet) = (house.collateral(0), who.wallets[&mint]);
    let fake = house.vm.create_mint_2022(9, false, &[]);
    let quote = house.at.quote_mint;
    for ix in [
        house.at.deposit(who.account, who.pubkey(), Some(coin), wallet, COIN),
        house.at.withdraw(who.account, who.pubkey(), Some(coin), wallet, COIN),
    ] {
        for other in [fake, quote] {
            refused_ix(
                &mut house,
                BallastError::WrongAsset,
                with_account(ix.clone(), mint, other),
                &[&who.key],
            );
        }
        let wrong = with_account(ix, token_2022::ID, token::ID);
        refused_ix(&mut house, BallastError::WrongTokenProgram, wrong, &[&who.key]);
    }
}

/// A wallet of another program that says it holds the vault's mint.
#[test]
fn attack_a_wallet_under_the_other_program_is_refused() {
    let (mut house, mint) = listed(9, false, &[]);
    let who = holder(&mut house);
    let forged = Pubkey::new_unique();
    let bytes = house.vm.data(&who.wallets[&mint]);
    house.vm.put(forged, token::ID, bytes[..165].to_vec());
    let coin = house.collateral(0);
    let deposit = house.at.deposit(who.account, who.pubkey(), Some(coin), forged, COIN);
    refused_ix(&mut house, BallastError::WrongTokenProgram, deposit, &[&who.key]);
    let withdraw = house.at.withdraw(who.account, who.pubkey(), Some(coin), forged, COIN);
    refused_ix(&mut house, BallastError::WrongTokenProgram, withdraw, &[&who.key]);
}

// ---- decimals ------------------------------------------------------------------------------------

#[test]
fn tokens_without_and_with_twelve_decimals_are_borrowed_against() {
    for decimals in [0, 12] {
        let (mut house, mint) = listed(decimals, false, &[FEE]);
        let (one, who) = (10u64.pow(decimals.into()), house.person());
        house.person_with_quote(10_000);
        house.fund_collateral(&who, 0, 1_000 * one).expect("a deposit");
        assert_eq!(house.margin_account(&who.account).collateral_of(0), 995 * one);
        house.withdraw_quote(&who, 5_000 * QUOTE).expect("a loan of 5,000 on 99,500");
        house.fund_quote(&who, 5_000 * QUOTE).expect("paid back");
        house.withdraw_collateral(&who, 0, 995 * one).expect("all of it");
        assert_eq!(wallet_of(&house, &who, &mint), 995 * one - (995 * one * 50).div_ceil(10_000));
        assert_conserved(&house);
    }
}
