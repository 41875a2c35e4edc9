//! Who can replace the program, read from the chain.

use anchor_lang::prelude::Pubkey;
use ballast::governance::LONG_DELAY_S;
use ballast_client::Deployment;
use ballast_client::authority::{
    AuthorityError, SQUADS, SQUADS_MULTISIG, UpgradeAuthority, classify, squads_vault, upgrade_authority,
};
use ballast_sandbox::Vm;
use solana_sha256_hasher::hashv;

/// A multisig as Squads v4 stores it: two of three, with a time lock.
fn multisig(config: Pubkey, time_lock_s: u32) -> Vec<u8> {
    let mut data = SQUADS_MULTISIG.to_vec();
    data.extend(Pubkey::new_unique().as_ref());
    data.extend(config.as_ref());
    data.extend(2u16.to_le_bytes());
    data.extend(time_lock_s.to_le_bytes());
    data.extend([0; 200]);
    data
}

#[test]
fn the_upgrade_authority_is_read_from_the_program_data() {
    let mut vm = Vm::new();
    let authority = vm.data(&Deployment::program_data());
    let key = ballast_sandbox::Signer::pubkey(&vm.upgrade_authority);
    assert_eq!(upgrade_authority(&authority), Ok(Some(key)));
    assert!(!classify(Some(key), None).expect("a key").is_delayed(1), "a bare key promises nothing");
    vm.set_upgrade_authority(None);
    let nobody = upgrade_authority(&vm.data(&Deployment::program_data())).expect("program data");
    assert!(classify(nobody, None).expect("nobody").is_delayed(i64::MAX), "final code is never replaced");
    for bad in [&[][..], &[3, 0, 0, 0][..], &[2; 45][..]] {
        assert_eq!(upgrade_authority(bad), Err(AuthorityError::NotProgramData));
    }
}

#[test]
fn a_multisig_is_as_slow_as_its_time_lock_and_only_if_nobody_controls_it() {
    assert_eq!(hashv(&[b"account:Multisig"]).to_bytes()[..8], SQUADS_MULTISIG);
    let address = Pubkey::new_unique();
    let vault = squads_vault(&address, 1);
    let three_days = LONG_DELAY_S as u32;
    for (config, lock, delayed) in [
        (Pubkey::default(), three_days, true),
        (Pubkey::default(), three_days - 1, false),
        (Pubkey::default(), 0, false),
        (Pubkey::new_unique(), three_days, false),
    ] {
        let data = multisig(config, lock);
        let found = classify(Some(vault), Some((address, SQUADS, &data))).expect("a multisig");
        assert_eq!(found.is_delayed(LONG_DELAY_S), delayed, "{found:?}");
        assert!(matches!(found, UpgradeAuthority::Squads { vault: 1, threshold: 2, .. }));
    }
    // One that has nothing to do with the authority vouches for nothing; a counterfeit is no multisig.
    let data = multisig(Pubkey::default(), three_days);
    let other = Pubkey::new_unique();
    let found = classify(Some(other), Some((address, SQUADS, &data))).expect("a multisig of others");
    assert_eq!(found, UpgradeAuthority::Key(other));
    let fake = classify(Some(vault), Some((address, Pubkey::new_unique(), &data)));
    assert_eq!(fake, Err(AuthorityError::NotMultisig));
}
