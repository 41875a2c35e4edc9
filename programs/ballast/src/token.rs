//! Tokens that are taken as collateral: those of SPL Token, and those of Token-2022 whose extensions cannot take, lock
//! away or revalue what a vault holds.
//!
//! | extension of the mint | taken | why |
//! |---|---|---|
//! | transfer fee | yes | a deposit is credited with what arrived; a fee above the one at listing stops deposits |
//! | metadata and pointer, group, member and their pointers | yes | they only describe |
//! | default account state *initialised* | yes | as without it |
//! | transfer hook without a program | yes | no code runs; naming a program later stops deposits |
//! | default account state *frozen* | no | who withdraws would need leave to receive |
//! | permanent delegate | no | it may take the vault's tokens |
//! | transfer hook with a program | no | foreign code decides who is paid |
//! | non-transferable | no | cannot be paid out |
//! | confidential transfer, its fee, confidential supply | no | balances that nobody can add up |
//! | pausable | no | a third party stops withdrawals and liquidation sales |
//! | close authority | no | the address may come back as another token, of other decimals |
//! | interest-bearing, scaled amount | no | a price is of a displayed token, and what is displayed changes by itself |
//! | any other | no | unknown |
//!
//! What can change after listing (a fee, a hook's program, the default state) is examined again at every deposit.
//! Withdrawals are never stopped by it.

use anchor_lang::prelude::*;
use anchor_lang::system_program::{Allocate, Assign, Transfer, allocate, assign, transfer};
use anchor_spl::token_2022::spl_token_2022::extension::default_account_state::DefaultAccountState;
use anchor_spl::token_2022::spl_token_2022::extension::transfer_fee::TransferFeeConfig;
use anchor_spl::token_2022::spl_token_2022::extension::transfer_hook::TransferHook;
use anchor_spl::token_2022::spl_token_2022::extension::{
    BaseStateWithExtensions, ExtensionType, StateWithExtensions,
};
use anchor_spl::token_2022::spl_token_2022::state::{Account as TokenState, AccountState, Mint as MintState};
use anchor_spl::token_2022::{
    self, InitializeAccount3, InitializeImmutableOwner, TransferChecked, initialize_account3,
    initialize_immutable_owner,
};
use anchor_spl::token_interface::{Mint, TokenAccount};

use crate::error::BallastError;

/// What a mint says that matters to who holds its tokens for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintTerms {
    /// Fee on a transfer, in force or announced, basis points.
    pub transfer_fee_bps: u16,
    /// Whether somebody can stop the vault's transfers: by freezing it, or by naming a hook.
    pub freezable: bool,
    /// Bytes of a token account for it.
    account_size: usize,
}

/// Which error an extension is refused with; none where it is taken.
fn refusal(extension: ExtensionType, mint: &StateWithExtensions<MintState>) -> Result<Option<BallastError>> {
    use ExtensionType as E;
    Ok(match extension {
        E::TransferFeeConfig
        | E::MetadataPointer
        | E::TokenMetadata
        | E::GroupPointer
        | E::TokenGroup
        | E::GroupMemberPointer
        | E::TokenGroupMember => None,
        E::TransferHook => {
            let program = Option::<Pubkey>::from(mint.get_extension::<TransferHook>()?.program_id);
            program.map(|_| BallastError::MintHasTransferHook)
        }
        E::DefaultAccountState => {
            let initialised = AccountState::Initialized as u8;
            let state = mint.get_extension::<DefaultAccountState>()?.state;
            (state != initialised).then_some(BallastError::MintFreezesByDefault)
        }
        E::PermanentDelegate => Some(BallastError::MintHasPermanentDelegate),
        E::NonTransferable => Some(BallastError::MintNotTransferable),
        E::ConfidentialTransferMint | E::ConfidentialTransferFeeConfig | E::ConfidentialMintBurn => {
            Some(BallastError::MintConfidential)
        }
        E::Pausable => Some(BallastError::MintPausable),
        E::MintCloseAuthority => Some(BallastError::MintClosable),
        E::InterestBearingConfig | E::ScaledUiAmount => Some(BallastError::MintRescaled),
        _ => Some(BallastError::MintExtensionUnknown),
    })
}

impl MintTerms {
    /// Reads a mint of either program.
    ///
    /// # Errors
    /// The extension that is not taken, by name.
    pub fn of(mint: &AccountInfo) -> Result<Self> {
        let data = mint.try_borrow_data()?;
        let state = StateWithExtensions::<MintState>::unpack(&data)?;
        let freezes = state.base.freeze_authority.is_some();
        if *mint.owner == anchor_spl::token::ID {
            let account_size = anchor_spl::token::TokenAccount::LEN;
            return Ok(Self { transfer_fee_bps: 0, freezable: freezes, account_size });
        }
        // The parser refuses types that it does not know.
        let types = state.get_extension_types().map_err(|_| BallastError::MintExtensionUnknown)?;
        for extension in &types {
            if let Some(refused) = refusal(*extension, &state)? {
                return Err(refused.into());
            }
        }
        let mut on_account = ExtensionType::get_required_init_account_extensions(&types);
        on_account.push(ExtensionType::ImmutableOwner);
        let hooked = match state.get_extension::<TransferHook>() {
            Ok(hook) => Option::<Pubkey>::from(hook.authority).is_some(),
            Err(_) => false,
        };
        let transfer_fee_bps = match state.get_extension::<TransferFeeConfig>() {
            Ok(fee) => announced(fee, Clock::get()?.epoch),
            Err(_) => 0,
        };
        Ok(Self {
            transfer_fee_bps,
            freezable: freezes || hooked,
            account_size: ExtensionType::try_calculate_account_len::<TokenState>(&on_account)?,
        })
    }

    /// Refuses a deposit of a token that has become worse than it was when it was listed.
    pub fn require_deposit(mint: &AccountInfo, listed_fee_bps: u16) -> Result<()> {
        if *mint.owner == anchor_spl::token::ID {
            return Ok(());
        }
        let terms = Self::of(mint)?;
        require!(terms.transfer_fee_bps <= listed_fee_bps, BallastError::TransferFeeRaised);
        Ok(())
    }
}

/// The highest fee from this epoch on, basis points: a change is announced two epochs ahead.
fn announced(fee: &TransferFeeConfig, epoch: u64) -> u16 {
    let newer = u16::from(fee.newer_transfer_fee.transfer_fee_basis_points);
    if epoch >= u64::from(fee.newer_transfer_fee.epoch) {
        newer
    } else {
        newer.max(fee.older_transfer_fee.transfer_fee_basis_points.into())
    }
}

/// Moves tokens of either program. A fee, where the mint has one, is taken from what arrives.
pub fn pay<'info>(
    token_program: Pubkey,
    from: &InterfaceAccount<'info, TokenAccount>,
    mint: &InterfaceAccount<'info, Mint>,
    to: &InterfaceAccount<'info, TokenAccount>,
    authority: AccountInfo<'info>,
    signer: &[&[&[u8]]],
    amount: u64,
) -> Result<()> {
    let accounts = TransferChecked {
        from: from.to_account_info(),
        mint: mint.to_account_info(),
        to: to.to_account_info(),
        authority,
    };
    let context = CpiContext::new_with_signer(token_program, accounts, signer);
    token_2022::transfer_checked(context, amount, mint.decimals)
}

/// A vault that is to be made, and who takes part in it.
pub struct NewVault<'a, 'info> {
    pub payer: AccountInfo<'info>,
    pub vault: AccountInfo<'info>,
    pub mint: &'a InterfaceAccount<'info, Mint>,
    pub authority: AccountInfo<'info>,
    pub system_program: Pubkey,
    pub token_program: Pubkey,
    /// What signs for the vault's address.
    pub seeds: &'a [&'a [u8]],
}

impl NewVault<'_, '_> {
    /// A token account as large as the mint's extensions ask for, whose owner cannot change.
    pub fn create(self, terms: &MintTerms) -> Result<()> {
        let (size, program) = (terms.account_size, self.system_program);
        // Not `create_account`: that refuses an address to which somebody has sent a lamport.
        let missing = Rent::get()?.minimum_balance(size).saturating_sub(self.vault.lamports());
        let pay = Transfer { from: self.payer, to: self.vault.clone() };
        transfer(CpiContext::new(program, pay), missing)?;
        let allocation = Allocate { account_to_allocate: self.vault.clone() };
        allocate(CpiContext::new_with_signer(program, allocation, &[self.seeds]), size as u64)?;
        let assignment = Assign { account_to_assign: self.vault.clone() };
        assign(CpiContext::new_with_signer(program, assignment, &[self.seeds]), &self.token_program)?;
        if self.token_program == token_2022::ID {
            let fixed = InitializeImmutableOwner { account: self.vault.clone() };
            initialize_immutable_owner(CpiContext::new(self.token_program, fixed))?;
        }
        let accounts = InitializeAccount3 {
            account: self.vault,
            mint: self.mint.to_account_info(),
            authority: self.authority,
        };
        initialize_account3(CpiContext::new(self.token_program, accounts))
    }
}
