//! A bank with the compiled program in its genesis, and a clearinghouse's addresses in it.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::bpf_loader_upgradeable;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::system_instruction::create_account;
use anchor_spl::token::{self, spl_token};
use ballast::error::BallastError;
use ballast::state::{MarginAccount, Market, RiskBoard, Treasury};
use ballast_client::{Deployment, decode};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::vm::{START, program_path};
use ballast_sandbox::{Keypair, Signer};
use solana_account::{Account, AccountSharedData};
use solana_clock::Clock;
use solana_instruction_error::InstructionError;
use solana_message::Message;
use solana_program_test::{ProgramTest, ProgramTestContext};
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
const COMPUTE_LIMIT: u32 = 1_400_000;

/// What an accepted transaction did.
pub struct Done {
    pub logs: Vec<String>,
    pub return_data: Vec<u8>,
}

pub struct Bank {
    context: ProgramTestContext,
    clock: Clock,
    sent: u32,
    pub upgrade_authority: Keypair,
}

/// An account without anything particular.
fn account(owner: Pubkey, data: Vec<u8>) -> Account {
    Account { lamports: 10_000_000_000, data, owner, executable: false, rent_epoch: u64::MAX }
}

impl Bank {
    /// A bank at the sandbox's time, with the program as a deployment by `upgrade_authority` would
    /// have left it.
    pub async fn start() -> Self {
        let path = program_path();
        let code = std::fs::read(&path).unwrap_or_else(|e| {
            panic!("cannot read the compiled program {}: {e}; run `make build`", path.display())
        });
        let upgrade_authority = Keypair::new();
        let data_address = Deployment::program_data();
        // UpgradeableLoaderState::Program { programdata_address }
        let program = [&2u32.to_le_bytes()[..], data_address.as_ref()].concat();
        // UpgradeableLoaderState::ProgramData { slot, upgrade_authority_address }, then the code
        let authority = upgrade_authority.pubkey();
        let program_data =
            [&3u32.to_le_bytes()[..], &0u64.to_le_bytes(), &[1], authority.as_ref(), &code].concat();

        let mut test = ProgramTest::default();
        test.prefer_bpf(true);
        let loader = bpf_loader_upgradeable::ID;
        test.add_genesis_account(ballast::ID, Account { executable: true, ..account(loader, program) });
        test.add_genesis_account(data_address, account(loader, program_data));
        let context = test.start_with_context().await;
        let mut clock: Clock = context.banks_client.get_sysvar().await.expect("a bank has a clock");
        clock.unix_timestamp = START;
        context.set_sysvar(&clock);
        Self { context, clock, sent: 0, upgrade_authority }
    }

    pub fn payer(&self) -> Pubkey {
        self.context.payer.pubkey()
    }

    pub fn now(&self) -> i64 {
        self.clock.unix_timestamp
    }

    pub fn advance(&mut self, seconds: i64) {
        self.clock.unix_timestamp += seconds;
        self.context.set_sysvar(&self.clock);
    }

    /// Sends one transaction; an error is the runtime's word.
    pub async fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Done, TransactionError> {
        // A limit of its own makes every transaction a different one.
        self.sent += 1;
        let mut limit = vec![2];
        limit.extend_from_slice(&(COMPUTE_LIMIT - self.sent).to_le_bytes());
        let limit = Instruction { program_id: COMPUTE_BUDGET, accounts: vec![], data: limit };
        let all = [&[limit], instructions].concat();
        let message = Message::new(&all, Some(&self.payer()));
        let blockhash =
            self.context.banks_client.get_latest_blockhash().await.expect("a bank has a blockhash");
        let keys = [&[&self.context.payer], signers].concat();
        let transaction = Transaction::new(&keys, message, blockhash);
        let processed = self.context.banks_client.process_transaction_with_metadata(transaction).await;
        let processed = processed.expect("the bank answers");
        processed.result?;
        let metadata = processed.metadata.expect("a processed transaction has metadata");
        Ok(Done {
            logs: metadata.log_messages,
            return_data: metadata.return_data.map(|d| d.data).unwrap_or_default(),
        })
    }

    /// Sends one transaction that must be accepted.
    pub async fn accept(&mut self, what: &str, instruction: Instruction, signers: &[&Keypair]) -> Done {
        match self.send(&[instruction], signers).await {
            Ok(done) => done,
            Err(error) => panic!("{what}: refused with {error}{}", name(&error)),
        }
    }

    /// Sends one transaction that the program must refuse.
    pub async fn refuse(
        &mut self,
        what: &str,
        instruction: Instruction,
        signers: &[&Keypair],
        why: BallastError,
    ) {
        match self.send(&[instruction], signers).await {
            Ok(_) => panic!("{what}: accepted"),
            Err(error) => assert_eq!(code(&error), Some(why.into()), "{what}: {error}{}", name(&error)),
        }
    }

    pub async fn data(&mut self, address: &Pubkey) -> Vec<u8> {
        let found = self.context.banks_client.get_account(*address).await.expect("the bank answers");
        found.map(|a| a.data).unwrap_or_default()
    }

    /// Writes a price account, as Pyth's receiver program leaves it.
    pub fn post(&mut self, address: Pubkey, update: &Update) {
        let posted = account(pyth_solana_receiver_sdk::ID, update.bytes());
        self.context.set_account(&address, &AccountSharedData::from(posted));
    }

    // ---- tokens -----------------------------------------------------------------------------

    fn allocate(&self, key: &Keypair, bytes: u64) -> Instruction {
        create_account(&self.payer(), &key.pubkey(), 10_000_000, bytes, &token::ID)
    }

    pub async fn create_mint(&mut self, decimals: u8) -> Pubkey {
        let mint = Keypair::new();
        let initialise = spl_token::instruction::initialize_mint2(
            &token::ID,
            &mint.pubkey(),
            &self.payer(),
            None,
            decimals,
        );
        let create = self.allocate(&mint, 82);
        self.send(&[create, initialise.expect("valid")], &[&mint]).await.expect("a mint is created");
        mint.pubkey()
    }

    pub async fn create_wallet(&mut self, mint: &Pubkey, owner: &Pubkey, amount: u64) -> Pubkey {
        let wallet = Keypair::new();
        let initialise =
            spl_token::instruction::initialize_account3(&token::ID, &wallet.pubkey(), mint, owner);
        let mint_to =
            spl_token::instruction::mint_to(&token::ID, mint, &wallet.pubkey(), &self.payer(), &[], amount);
        let create = self.allocate(&wallet, 165);
        let all = [create, initialise.expect("valid"), mint_to.expect("valid")];
        self.send(&all, &[&wallet]).await.expect("a wallet is created");
        wallet.pubkey()
    }

    pub async fn tokens(&mut self, wallet: &Pubkey) -> u64 {
        let data = self.data(wallet).await;
        u64::from_le_bytes(data[64..72].try_into().expect("eight bytes are a word"))
    }

    // ---- state ------------------------------------------------------------------------------

    pub async fn board(&mut self, at: &Deployment) -> Box<RiskBoard> {
        decode::board(&self.data(&at.board).await).expect("the board is complete")
    }

    pub async fn margin_account(&mut self, address: &Pubkey) -> Box<MarginAccount> {
        decode::margin_account(&self.data(address).await).expect("a margin account is there")
    }

    pub async fn market(&mut self, at: &Deployment, index: u8) -> Market {
        decode::config(&self.data(&at.market(index)).await).expect("the market is open")
    }

    pub async fn treasury(&mut self, at: &Deployment) -> Treasury {
        decode::config(&self.data(&at.treasury).await).expect("the treasury is there")
    }
}

fn code(error: &TransactionError) -> Option<u32> {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => Some(*code),
        _ => None,
    }
}

/// The program's own words for an error.
fn name(error: &TransactionError) -> String {
    match code(error) {
        Some(code) if code >= 6_000 => format!(" (BallastError number {})", code - 6_000),
        _ => String::new(),
    }
}
