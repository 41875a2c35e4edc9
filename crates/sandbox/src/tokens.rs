//! Mints and wallets, by the real SPL Token and Token-2022 programs.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::system_instruction;
use anchor_spl::token::{self, spl_token};
use anchor_spl::token_2022::{self, spl_token_2022};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_signer::Signer;
use spl_token_2022::extension::{self, BaseStateWithExtensions, ExtensionType, StateWithExtensions};
use spl_token_2022::instruction as with_extensions;
use spl_token_2022::state::{Account as TokenState, AccountState, Mint as MintState};

use crate::house::Sent;
use crate::vm::Vm;

const MINT_BYTES: usize = 82;
const TOKEN_ACCOUNT_BYTES: usize = 165;
/// `spl_token_metadata_interface:initialize_account`, the start of its SHA-256.
const INITIALISE_METADATA: [u8; 8] = [210, 225, 30, 162, 88, 184, 77, 141];

/// An extension of a Token-2022 mint; whoever it names is the payer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MintExtension {
    /// A fee on every transfer: basis points, and at most so many native units.
    TransferFee(u16, u64),
    /// Somebody who may move everybody's tokens.
    PermanentDelegate,
    /// A program that every transfer calls; none yet, where there is none.
    TransferHook(Option<Pubkey>),
    /// Tokens that stay where they are minted.
    NonTransferable,
    /// Encrypted balances.
    Confidential,
    /// New accounts are frozen, or not.
    DefaultState {
        /// Whether they are.
        frozen: bool,
    },
    /// Transfers that can be paused.
    Pausable,
    /// The mint can be closed.
    Closable,
    /// The displayed amount grows with time.
    InterestBearing,
    /// The displayed amount is a multiple.
    Scaled,
    /// Where the metadata is: in the mint itself.
    MetadataPointer,
    /// Where the group is.
    GroupPointer,
    /// Where the group's member is.
    GroupMemberPointer,
}

impl MintExtension {
    fn kind(self) -> ExtensionType {
        match self {
            Self::TransferFee(..) => ExtensionType::TransferFeeConfig,
            Self::PermanentDelegate => ExtensionType::PermanentDelegate,
            Self::TransferHook(_) => ExtensionType::TransferHook,
            Self::NonTransferable => ExtensionType::NonTransferable,
            Self::Confidential => ExtensionType::ConfidentialTransferMint,
            Self::DefaultState { .. } => ExtensionType::DefaultAccountState,
            Self::Pausable => ExtensionType::Pausable,
            Self::Closable => ExtensionType::MintCloseAuthority,
            Self::InterestBearing => ExtensionType::InterestBearingConfig,
            Self::Scaled => ExtensionType::ScaledUiAmount,
            Self::MetadataPointer => ExtensionType::MetadataPointer,
            Self::GroupPointer => ExtensionType::GroupPointer,
            Self::GroupMemberPointer => ExtensionType::GroupMemberPointer,
        }
    }

    fn initialise(self, mint: &Pubkey, who: &Pubkey) -> Instruction {
        let (id, some) = (&token_2022::ID, Some(*who));
        match self {
            Self::TransferFee(bps, most) => {
                let who = Some(who);
                extension::transfer_fee::instruction::initialize_transfer_fee_config(
                    id, mint, who, who, bps, most,
                )
            }
            Self::PermanentDelegate => with_extensions::initialize_permanent_delegate(id, mint, who),
            Self::TransferHook(program) => {
                extension::transfer_hook::instruction::initialize(id, mint, some, program)
            }
            Self::NonTransferable => with_extensions::initialize_non_transferable_mint(id, mint),
            Self::Confidential => {
                extension::confidential_transfer::instruction::initialize_mint(id, mint, some, true, None)
            }
            Self::DefaultState { frozen } => {
                extension::default_account_state::instruction::initialize_default_account_state(
                    id,
                    mint,
                    &if frozen { AccountState::Frozen } else { AccountState::Initialized },
                )
            }
            Self::Pausable => extension::pausable::instruction::initialize(id, mint, who),
            Self::Closable => with_extensions::initialize_mint_close_authority(id, mint, Some(who)),
            Self::InterestBearing => {
                extension::interest_bearing_mint::instruction::initialize(id, mint, some, 500)
            }
            Self::Scaled => extension::scaled_ui_amount::instruction::initialize(id, mint, some, 2.0),
            Self::MetadataPointer => {
                extension::metadata_pointer::instruction::initialize(id, mint, some, Some(*mint))
            }
            Self::GroupPointer => {
                extension::group_pointer::instruction::initialize(id, mint, some, Some(*mint))
            }
            Self::GroupMemberPointer => {
                extension::group_member_pointer::instruction::initialize(id, mint, some, Some(*mint))
            }
        }
        .expect("the arguments are valid")
    }
}

impl Vm {
    /// The program that owns an account; the system program where there is none.
    #[must_use]
    pub fn owner(&self, address: &Pubkey) -> Pubkey {
        self.svm.get_account(address).map(|a| a.owner).unwrap_or_default()
    }

    fn allocate(&self, key: &Keypair, bytes: usize, program: &Pubkey) -> Instruction {
        let lamports = self.svm.minimum_balance_for_rent_exemption(bytes);
        system_instruction::create_account(
            &self.payer.pubkey(),
            &key.pubkey(),
            lamports,
            bytes as u64,
            program,
        )
    }

    /// Creates an SPL Token mint whose authority is the payer.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn create_mint(&mut self, decimals: u8) -> Pubkey {
        let mint = self.key();
        let authority = self.payer.pubkey();
        let initialise =
            spl_token::instruction::initialize_mint2(&token::ID, &mint.pubkey(), &authority, None, decimals)
                .expect("the arguments are valid");
        let create = self.allocate(&mint, MINT_BYTES, &token::ID);
        self.send(&[create, initialise], &[&mint]).expect("the token program creates the mint");
        mint.pubkey()
    }

    /// Creates a Token-2022 mint with extensions; the payer is every authority, and that of freezing if there is one.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn create_mint_2022(
        &mut self,
        decimals: u8,
        freezable: bool,
        extensions: &[MintExtension],
    ) -> Pubkey {
        let (mint, who) = (self.key(), self.payer.pubkey());
        let kinds: Vec<_> = extensions.iter().map(|e| e.kind()).collect();
        let bytes = ExtensionType::try_calculate_account_len::<MintState>(&kinds).expect("a size");
        let mut all = vec![self.allocate(&mint, bytes, &token_2022::ID)];
        all.extend(extensions.iter().map(|e| e.initialise(&mint.pubkey(), &who)));
        let freezer = freezable.then_some(&who);
        let last =
            with_extensions::initialize_mint2(&token_2022::ID, &mint.pubkey(), &who, freezer, decimals);
        all.push(last.expect("the arguments are valid"));
        self.send(&all, &[&mint]).expect("the token program creates the mint");
        mint.pubkey()
    }

    /// Writes name, symbol and address of its metadata into a mint that points at itself.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn describe_mint(&mut self, mint: &Pubkey, texts: [&str; 3]) {
        let who = self.payer.pubkey();
        let mut data = INITIALISE_METADATA.to_vec();
        for text in texts {
            data.extend((text.len() as u32).to_le_bytes());
            data.extend(text.as_bytes());
        }
        let write = Instruction {
            program_id: token_2022::ID,
            accounts: vec![
                AccountMeta::new(*mint, false),
                AccountMeta::new_readonly(who, false),
                AccountMeta::new_readonly(*mint, false),
                AccountMeta::new_readonly(who, true),
            ],
            data,
        };
        let rent = system_instruction::transfer(&who, mint, 10_000_000);
        self.send(&[rent, write], &[]).expect("the mint's authority describes it");
    }

    /// Announces another transfer fee: in force two epochs later.
    ///
    /// # Errors
    /// What the token program refuses.
    ///
    /// # Panics
    /// Never: the arguments are valid.
    pub fn set_transfer_fee(&mut self, mint: &Pubkey, bps: u16, most: u64) -> Sent {
        let who = self.payer.pubkey();
        let set = extension::transfer_fee::instruction::set_transfer_fee(
            &token_2022::ID,
            mint,
            &who,
            &[],
            bps,
            most,
        );
        self.send(&[set.expect("the arguments are valid")], &[])
    }

    /// Names, or removes, the program of a transfer hook.
    ///
    /// # Errors
    /// What the token program refuses.
    ///
    /// # Panics
    /// Never: the arguments are valid.
    pub fn set_transfer_hook(&mut self, mint: &Pubkey, program: Option<Pubkey>) -> Sent {
        let who = self.payer.pubkey();
        let set = extension::transfer_hook::instruction::update(&token_2022::ID, mint, &who, &[], program);
        self.send(&[set.expect("the arguments are valid")], &[])
    }

    /// Changes the state in which new accounts of a mint begin.
    ///
    /// # Errors
    /// What the token program refuses.
    ///
    /// # Panics
    /// Never: the arguments are valid.
    pub fn set_default_state(&mut self, mint: &Pubkey, frozen: bool) -> Sent {
        let who = self.payer.pubkey();
        let state = if frozen { AccountState::Frozen } else { AccountState::Initialized };
        let set = extension::default_account_state::instruction::update_default_account_state(
            &token_2022::ID,
            mint,
            &who,
            &[],
            &state,
        );
        self.send(&[set.expect("the arguments are valid")], &[])
    }

    /// Freezes a token account, or thaws it.
    ///
    /// # Errors
    /// What the token program refuses.
    ///
    /// # Panics
    /// Never: the arguments are valid.
    pub fn freeze(&mut self, mint: &Pubkey, account: &Pubkey, frozen: bool) -> Sent {
        let (program, who) = (self.owner(mint), self.payer.pubkey());
        let ask = if frozen { with_extensions::freeze_account } else { with_extensions::thaw_account };
        let ask = ask(&program, account, mint, &who, &[]).expect("the arguments are valid");
        self.send(&[ask], &[])
    }

    /// Creates a token account with `amount` native units in it, under the mint's program.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn create_wallet(&mut self, mint: &Pubkey, owner: &Pubkey, amount: u64) -> Pubkey {
        let (wallet, program) = (self.key(), self.owner(mint));
        let initialise = with_extensions::initialize_account3(&program, &wallet.pubkey(), mint, owner)
            .expect("the arguments are valid");
        let create = self.allocate(&wallet, self.wallet_bytes(mint), &program);
        self.send(&[create, initialise], &[&wallet]).expect("the token program creates the wallet");
        if amount > 0 {
            self.mint_to(mint, &wallet.pubkey(), amount);
        }
        wallet.pubkey()
    }

    fn wallet_bytes(&self, mint: &Pubkey) -> usize {
        if self.owner(mint) != token_2022::ID {
            return TOKEN_ACCOUNT_BYTES;
        }
        let data = self.data(mint);
        let state = StateWithExtensions::<MintState>::unpack(&data).expect("it is a mint");
        let kinds = state.get_extension_types().expect("of known extensions");
        let needed = ExtensionType::get_required_init_account_extensions(&kinds);
        ExtensionType::try_calculate_account_len::<TokenState>(&needed).expect("a size")
    }

    /// Mints into a token account.
    ///
    /// # Panics
    /// If the token program refuses: the mint is not the payer's, or the supply would overflow.
    pub fn mint_to(&mut self, mint: &Pubkey, wallet: &Pubkey, amount: u64) {
        let (program, authority) = (self.owner(mint), self.payer.pubkey());
        let mint_to = with_extensions::mint_to(&program, mint, wallet, &authority, &[], amount)
            .expect("the arguments are valid");
        self.send(&[mint_to], &[]).expect("the payer is the mint's authority");
    }

    /// Native units in a token account; zero where there is none.
    #[must_use]
    pub fn tokens(&self, wallet: &Pubkey) -> u64 {
        // amount follows mint (32) and owner (32)
        self.data(wallet).get(64..72).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }
}

impl Vm {
    /// Creates an SPL Token mint that the payer can also freeze.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn create_freezable_mint(&mut self, decimals: u8) -> Pubkey {
        let (mint, who) = (self.key(), self.payer.pubkey());
        let key = mint.pubkey();
        let initialise =
            spl_token::instruction::initialize_mint2(&token::ID, &key, &who, Some(&who), decimals)
                .expect("the arguments are valid");
        let create = self.allocate(&mint, MINT_BYTES, &token::ID);
        self.send(&[create, initialise], &[&mint]).expect("the token program creates the mint");
        key
    }
}
