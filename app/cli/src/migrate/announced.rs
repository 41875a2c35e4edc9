//! What governance has announced, and what it has to announce first.
//!
//! After the opening a listing or the naming of a role waits: it is proposed, and carried out once the delay has passed.
//! A plan therefore proposes what nobody has proposed yet, waits for what is not ripe, and carries out what is.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anyhow::Result;
use ballast::instructions::listing_hash;
use ballast::state::proposal::{kind, role};
use ballast::state::{Clearinghouse, Proposal};
use ballast_client::instructions::with_proposal;
use ballast_client::{Deployment, decode};

use super::chain::Chain;
use super::plan::{Plan, Signer, Step};

/// Proposals that are looked through, the last ones.
const LOOKED_THROUGH: u64 = 64;

/// What stands announced.
pub struct Announced {
    pub(super) at: Deployment,
    pub(super) payer: Pubkey,
    pub(super) governance: Pubkey,
    /// Whether the clearinghouse is open, so that listings wait.
    open: bool,
    now: i64,
    pub(super) pending: Vec<Proposal>,
    next: u64,
}

/// A role, as a config names it.
#[derive(Clone, Copy)]
pub struct Role {
    /// Its number.
    pub number: u8,
    /// What it is called.
    pub name: &'static str,
    /// Who holds it.
    pub stands: Pubkey,
    /// Who should.
    pub wanted: Pubkey,
}

impl Announced {
    /// Reads what governance has announced.
    ///
    /// # Errors
    /// If the chain cannot be read.
    pub fn read<C: Chain>(
        chain: &C,
        at: Deployment,
        payer: Pubkey,
        governance: Pubkey,
        house: Option<&Clearinghouse>,
    ) -> Result<Self> {
        let (next, now) = (house.map_or(0, |house| house.proposals), chain.now()?);
        let mut pending = Vec::new();
        for id in next.saturating_sub(LOOKED_THROUGH)..next {
            if let Some(data) = chain.data(&at.proposal(id))? {
                pending.push(decode::config::<Proposal>(&data)?);
            }
        }
        pending.retain(|p| !p.done && now < p.expires_at);
        Ok(Self { at, payer, governance, open: house.is_some_and(|h| h.open), now, pending, next })
    }

    pub(super) fn propose(
        &mut self,
        plan: &mut Plan,
        what: &str,
        make: impl FnOnce(&Deployment, u64) -> Instruction,
    ) {
        let instruction = make(&self.at, self.next);
        self.next += 1;
        let what = format!("propose to {what}; it waits its delay");
        plan.steps.push(Step { what, instruction, signer: Signer::Governance });
    }

    /// Does a listing, or first announces it.
    ///
    /// # Errors
    /// None that can be met: arguments can be written down.
    pub fn list(
        &mut self,
        plan: &mut Plan,
        what: String,
        (name, index, mint): (&str, u8, Pubkey),
        args: &impl anchor_lang::AnchorSerialize,
        instruction: Instruction,
    ) -> Result<()> {
        if !self.open {
            plan.steps.push(Step { what, instruction, signer: Signer::Governance });
            return Ok(());
        }
        let hash = listing_hash(name, index, mint, args)?;
        let (payer, governance) = (self.payer, self.governance);
        self.carry_out(
            plan,
            what,
            |p| p.kind == kind::LISTING && p.subject == hash,
            |at, id| at.propose_listing(payer, governance, id, hash),
            |at, id| (with_proposal(instruction, at.proposal(id)), Signer::Governance),
        );
        Ok(())
    }

    /// Carries out a proposal that is ripe, waits for one that is not, and proposes where there is none.
    fn carry_out(
        &mut self,
        plan: &mut Plan,
        what: String,
        is_it: impl Fn(&Proposal) -> bool,
        propose: impl FnOnce(&Deployment, u64) -> Instruction,
        ripe: impl FnOnce(&Deployment, u64) -> (Instruction, Signer),
    ) {
        let found = self.pending.iter().find(|p| is_it(p)).map(|p| (p.id, p.ready_at - self.now));
        match found {
            Some((id, left)) if left <= 0 => {
                let (instruction, signer) = ripe(&self.at, id);
                plan.steps.push(Step { what, instruction, signer });
            }
            Some((id, left)) => {
                plan.waiting.push(format!("to {what}: proposal {id} ripens in {left} s"));
            }
            None => self.propose(plan, &what, propose),
        }
    }

    /// Gives a role to the key that the config names.
    pub fn name(&mut self, plan: &mut Plan, named: &Role) {
        if named.wanted == named.stands || named.wanted == Pubkey::default() {
            return;
        }
        let what = format!("name {} as {}", named.wanted, named.name);
        if named.number == role::DEPTH_REPORTER && !self.open {
            let instruction = self.at.set_depth_reporter(self.governance, named.wanted);
            plan.steps.push(Step { what, instruction, signer: Signer::Governance });
            return;
        }
        let (payer, governance, Role { number, wanted, .. }) = (self.payer, self.governance, *named);
        self.carry_out(
            plan,
            what,
            |p| p.kind == kind::ROLE && p.parameter == number && p.subject == wanted.to_bytes(),
            |at, id| at.propose_role(payer, governance, id, number, wanted),
            |at, id| (at.apply_proposal(id, None), Signer::Anybody),
        );
    }
}
