//! What governance, steward and guardian do.

use anchor_lang::AccountSerialize;
use anchor_lang::prelude::Pubkey;
use ballast::governance::{Books, Parameter, Target};
use ballast::instructions::{PauseArgs, listing_hash};
use ballast::state::proposal::kind;
use ballast::state::{AssetConfig, BackstopVault, Market, Proposal, VERSION};
use ballast_client::decode;
use ballast_client::instructions::{Which, with_proposal};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use super::{House, Sent};

impl House {
    /// An asset's config.
    ///
    /// # Panics
    /// If it is not listed.
    #[must_use]
    pub fn asset_config(&self, index: u8) -> AssetConfig {
        decode::config(&self.vm.data(&self.at.asset(index))).expect("the asset is listed")
    }

    /// A proposal.
    ///
    /// # Panics
    /// If there is none of that number.
    #[must_use]
    pub fn proposal(&self, id: u64) -> Proposal {
        decode::config(&self.vm.data(&self.at.proposal(id))).expect("the proposal is there")
    }

    /// What a parameter is now, read as the program reads it.
    ///
    /// # Panics
    /// If the target is not listed.
    #[must_use]
    pub fn parameter(&self, parameter: Parameter, target: u8) -> u64 {
        let (mut house, mut board) = (self.clearinghouse(), self.board());
        let (mut asset, mut market): (Option<AssetConfig>, Option<Market>) = (None, None);
        let mut backstop: Option<BackstopVault> = None;
        match parameter.row().target {
            Target::House => {}
            Target::Asset => asset = Some(self.asset_config(target)),
            Target::Market => market = Some(self.market(target)),
            Target::Backstop => {
                (market, backstop) = (Some(self.market(target)), Some(self.vault(target)));
            }
        }
        let mut books = Books {
            house: &mut house,
            board: &mut board,
            asset: asset.as_mut(),
            market: market.as_mut(),
            backstop: backstop.as_mut(),
        };
        books.get(parameter).expect("the account of the parameter is there")
    }

    /// Announces a move of a parameter from what it is now; returns the proposal's number.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn propose(
        &mut self,
        by: &Keypair,
        parameter: Parameter,
        target: u8,
        to: u64,
    ) -> Result<u64, crate::Refusal> {
        let from = self.parameter(parameter, target);
        self.propose_from(by, parameter, target, from, to)
    }

    /// The same, on a value that the signer says.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn propose_from(
        &mut self,
        by: &Keypair,
        parameter: Parameter,
        target: u8,
        from: u64,
        to: u64,
    ) -> Result<u64, crate::Refusal> {
        let id = self.clearinghouse().proposals;
        let which = Which { parameter, target };
        let as_steward = self.clearinghouse().steward == by.pubkey();
        let propose = self.at.propose(self.vm.payer.pubkey(), by.pubkey(), as_steward, id, which, from, to);
        self.vm.send(&[propose], &[by]).map(|_| id)
    }

    /// Moves a parameter at once.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn tighten(&mut self, by: &Keypair, parameter: Parameter, target: u8, to: u64) -> Sent {
        let from = self.parameter(parameter, target);
        let as_steward = self.clearinghouse().steward == by.pubkey();
        let tighten = self.at.tighten(by.pubkey(), as_steward, Which { parameter, target }, from, to);
        self.vm.send(&[tighten], &[by])
    }

    /// Carries a proposal out, or moves its ramp on.
    ///
    /// # Errors
    /// What the program refuses.
    ///
    /// # Panics
    /// If there is no proposal of that number.
    pub fn apply(&mut self, id: u64) -> Sent {
        let made = self.proposal(id);
        let which = (made.kind == kind::PARAMETER).then(|| Which {
            parameter: ballast::governance::ROWS[usize::from(made.parameter)].parameter,
            target: made.target,
        });
        let apply = self.at.apply_proposal(id, which);
        self.vm.send(&[apply], &[])
    }

    /// Ends a proposal.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn cancel(&mut self, by: &Keypair, id: u64) -> Sent {
        let cancel = self.at.cancel_proposal(by.pubkey(), id, self.vm.payer.pubkey());
        self.vm.send(&[cancel], &[by])
    }

    /// Announces who shall hold a role; returns the proposal's number.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn propose_role(&mut self, role: u8, key: Pubkey) -> Result<u64, crate::Refusal> {
        let (id, governance) = (self.clearinghouse().proposals, self.governance.insecure_clone());
        let propose = self.at.propose_role(self.vm.payer.pubkey(), governance.pubkey(), id, role, key);
        self.vm.send(&[propose], &[&governance]).map(|_| id)
    }

    /// Pauses.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn pause(&mut self, guardian: &Keypair, args: PauseArgs) -> Sent {
        let pause = self.at.pause(guardian.pubkey(), args);
        self.vm.send(&[pause], &[guardian])
    }

    /// Gives the steward a mandate.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn grant(&mut self, parameter: Parameter, target: u8, between: [u64; 2]) -> Sent {
        let governance = self.governance.insecure_clone();
        let which = Which { parameter, target };
        let grant = self.at.grant_mandate(self.vm.payer.pubkey(), governance.pubkey(), which, between);
        self.vm.send(&[grant], &[&governance])
    }

    /// Gives a role as if that had been announced in time: a story about something else need not wait three days.
    ///
    /// # Errors
    /// What the program refuses.
    ///
    /// # Panics
    /// If there is no such role.
    pub fn name(&mut self, role: u8, key: Pubkey) -> Sent {
        let bound = *self.clearinghouse().role(role).expect("the role is known");
        let id = self.ripe_proposal(kind::ROLE, role, key.to_bytes(), bound);
        self.apply(id)
    }

    /// Sends a listing; after the opening as if it had been announced in time: a story about something else need not
    /// wait three days.
    ///
    /// # Errors
    /// What the program refuses.
    ///
    /// # Panics
    /// If the arguments cannot be hashed.
    pub fn send_listing(
        &mut self,
        listing: Instruction,
        name: &str,
        index: u8,
        mint: Option<Pubkey>,
        args: &impl anchor_lang::AnchorSerialize,
    ) -> Sent {
        let governance = self.governance.insecure_clone();
        if !self.clearinghouse().open {
            return self.vm.send(&[listing], &[&governance]);
        }
        let hash = listing_hash(name, index, mint.unwrap_or_default(), args).expect("arguments are hashed");
        let everything = self.vm.svm.clone();
        let id = self.ripe_proposal(kind::LISTING, 0, hash, Pubkey::default());
        let proposal = self.at.proposal(id);
        let sent = self.vm.send(&[with_proposal(listing, proposal)], &[&governance]);
        // What was refused leaves nothing behind.
        if sent.is_err() {
            self.vm.svm = everything;
        }
        sent
    }

    /// Writes a proposal into the VM that was made three days ago; its number is beyond those that the program gives.
    fn ripe_proposal(&mut self, kind: u8, parameter: u8, subject: [u8; 32], bound: Pubkey) -> u64 {
        let now = self.vm.now();
        let id = (1 << 62) + u64::from(u32::from_le_bytes([subject[0], subject[1], subject[2], subject[3]]));
        let made = Proposal {
            version: VERSION,
            bump: 0,
            kind,
            parameter,
            target: 0,
            by_steward: false,
            loosens: true,
            ramps: false,
            done: false,
            clearinghouse: self.at.clearinghouse,
            payer: self.vm.payer.pubkey(),
            id,
            from: 0,
            to: 0,
            at: 0,
            subject,
            bound,
            created_slot: 0,
            created: now - ballast::governance::LONG_DELAY_S,
            ready_at: now,
            expires_at: now + 60,
            ready_slot: 0,
            ramped_s: 0,
            ramp_time: 0,
            reserved: [0; 64],
        };
        let mut data = Vec::new();
        made.try_serialize(&mut data).expect("a vector takes any number of bytes");
        self.vm.put(self.at.proposal(id), ballast::ID, data);
        id
    }
}
