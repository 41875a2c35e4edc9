//! Who can replace the program, and after which delay: above every bound that governance has stands whoever may
//! upgrade the code.

use anchor_lang::prelude::{Pubkey, pubkey};

/// Squads v4.
pub const SQUADS: Pubkey = pubkey!("SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf");
/// First bytes of a Squads v4 multisig: of the SHA-256 of `account:Multisig`.
pub const SQUADS_MULTISIG: [u8; 8] = [224, 116, 121, 186, 68, 161, 79, 236];
/// Vaults of a multisig that are tried: Squads numbers them from zero, and nobody uses many.
const VAULTS: u8 = 16;

/// Who may upgrade the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeAuthority {
    /// Nobody: the code is final.
    Nobody,
    /// A key of which nothing is known: no delay is promised.
    Key(Pubkey),
    /// The vault of a Squads v4 multisig.
    Squads {
        /// The multisig's account.
        multisig: Pubkey,
        /// Its vault's number.
        vault: u8,
        /// Members that have to approve.
        threshold: u16,
        /// Seconds from approval to execution.
        time_lock_s: u32,
        /// Whether a key outside of it may change its members and its time lock, without either.
        controlled: bool,
    },
}

impl UpgradeAuthority {
    /// Whether the program cannot be replaced sooner than `least_s` seconds after that was announced.
    #[must_use]
    pub fn is_delayed(&self, least_s: i64) -> bool {
        match self {
            Self::Nobody => true,
            Self::Key(_) => false,
            Self::Squads { time_lock_s, controlled, .. } => !controlled && i64::from(*time_lock_s) >= least_s,
        }
    }
}

/// What cannot be read as what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// Not the program data of an upgradeable program.
    #[error("the account is not the program data of an upgradeable program")]
    NotProgramData,
    /// Not a multisig of Squads v4.
    #[error("the account is not a multisig of Squads v4")]
    NotMultisig,
}

/// The upgrade authority's address in the loader's program data; none for a final program.
///
/// # Errors
/// [`AuthorityError::NotProgramData`].
pub fn upgrade_authority(program_data: &[u8]) -> Result<Option<Pubkey>, AuthorityError> {
    // Tag 3 (u32), slot (u64), then an optional key.
    let head = program_data.get(..13).ok_or(AuthorityError::NotProgramData)?;
    if head[..4] != [3, 0, 0, 0] {
        return Err(AuthorityError::NotProgramData);
    }
    match head[12] {
        0 => Ok(None),
        1 => Ok(Some(key(program_data, 13).ok_or(AuthorityError::NotProgramData)?)),
        _ => Err(AuthorityError::NotProgramData),
    }
}

/// What an upgrade authority is, where `multisig` (address, owner and data of an account) is said to stand behind it.
///
/// # Errors
/// [`AuthorityError::NotMultisig`] where what was passed is none; where it is one of which the authority is no vault, the
/// authority is a key of which nothing is known.
pub fn classify(
    authority: Option<Pubkey>,
    multisig: Option<(Pubkey, Pubkey, &[u8])>,
) -> Result<UpgradeAuthority, AuthorityError> {
    let Some(authority) = authority else { return Ok(UpgradeAuthority::Nobody) };
    let Some((address, owner, data)) = multisig else { return Ok(UpgradeAuthority::Key(authority)) };
    // Discriminator (8), create key (32), config authority (32), threshold (u16), time lock (u32).
    let known = owner == SQUADS && data.len() >= 78 && data[..8] == SQUADS_MULTISIG;
    let config = key(data, 40).filter(|_| known).ok_or(AuthorityError::NotMultisig)?;
    let vault = (0..VAULTS).find(|vault| squads_vault(&address, *vault) == authority);
    Ok(vault.map_or(UpgradeAuthority::Key(authority), |vault| UpgradeAuthority::Squads {
        multisig: address,
        vault,
        threshold: u16::from_le_bytes([data[72], data[73]]),
        time_lock_s: u32::from_le_bytes([data[74], data[75], data[76], data[77]]),
        controlled: config != Pubkey::default(),
    }))
}

/// A vault of a Squads v4 multisig.
#[must_use]
pub fn squads_vault(multisig: &Pubkey, vault: u8) -> Pubkey {
    let path: [&[u8]; 4] = [b"multisig", multisig.as_ref(), b"vault", &[vault]];
    Pubkey::find_program_address(&path, &SQUADS).0
}

fn key(data: &[u8], at: usize) -> Option<Pubkey> {
    data.get(at..at + 32).and_then(|bytes| Pubkey::try_from(bytes).ok())
}
