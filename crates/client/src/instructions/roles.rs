//! Proposals, roles, pauses, the hand-over of governance, and the insurance fund.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::system_program;
use anchor_spl::token;
use ballast::governance::{Parameter, Target};
use ballast::instructions::{Move, PauseArgs};
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

/// A parameter, and the asset or market whose it is (of a backstop, its market); zero for one of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    /// The parameter.
    pub parameter: Parameter,
    /// Index of its asset or market.
    pub target: u8,
}

impl Deployment {
    /// The accounts that a parameter stands in besides clearinghouse and board.
    fn books(&self, which: Which) -> [Option<Pubkey>; 3] {
        let (target, market) = (which.target, Some(self.market(which.target)));
        match which.parameter.row().target {
            Target::House => [None; 3],
            Target::Asset => [Some(self.asset(target)), None, None],
            Target::Market => [None, market, None],
            Target::Backstop => [None, market, Some(self.backstop(target))],
        }
    }

    /// `propose`; signed by `payer` and `authority`: governance, or the steward by its mandate.
    #[must_use]
    #[allow(clippy::too_many_arguments)]
    pub fn propose(
        &self,
        payer: Pubkey,
        authority: Pubkey,
        as_steward: bool,
        id: u64,
        which: Which,
        from: u64,
        to: u64,
    ) -> Instruction {
        let [asset, market, backstop] = self.books(which);
        build(
            &accounts::Propose {
                payer,
                authority,
                clearinghouse: self.clearinghouse,
                board: self.board,
                proposal: self.proposal(id),
                asset,
                market,
                backstop,
                mandate: as_steward.then(|| self.mandate(which)),
                system_program: system_program::ID,
            },
            &instruction::Propose { change: Move { parameter: which.parameter, from, to } },
        )
    }

    /// `tighten`; signed by `authority`: governance, or the steward by its mandate.
    #[must_use]
    pub fn tighten(
        &self,
        authority: Pubkey,
        as_steward: bool,
        which: Which,
        from: u64,
        to: u64,
    ) -> Instruction {
        let [asset, market, backstop] = self.books(which);
        build(
            &accounts::Tighten {
                authority,
                clearinghouse: self.clearinghouse,
                board: self.board,
                asset,
                market,
                backstop,
                mandate: as_steward.then(|| self.mandate(which)),
            },
            &instruction::Tighten { change: Move { parameter: which.parameter, from, to } },
        )
    }

    /// `apply_proposal`; signed by nobody. `which` where it moves a parameter.
    #[must_use]
    pub fn apply_proposal(&self, id: u64, which: Option<Which>) -> Instruction {
        let [asset, market, backstop] = which.map_or([None; 3], |which| self.books(which));
        let (clearinghouse, board, proposal) = (self.clearinghouse, self.board, self.proposal(id));
        build(
            &accounts::ApplyProposal { clearinghouse, board, proposal, asset, market, backstop },
            &instruction::ApplyProposal {},
        )
    }

    /// `cancel_proposal`; signed by `authority`. `payer` is who paid for it.
    #[must_use]
    pub fn cancel_proposal(&self, authority: Pubkey, id: u64, payer: Pubkey) -> Instruction {
        let (clearinghouse, proposal) = (self.clearinghouse, self.proposal(id));
        build(
            &accounts::CancelProposal { authority, clearinghouse, proposal, payer },
            &instruction::CancelProposal {},
        )
    }

    /// `propose_listing`; signed by `payer` and `governance`.
    #[must_use]
    pub fn propose_listing(&self, payer: Pubkey, governance: Pubkey, id: u64, hash: [u8; 32]) -> Instruction {
        let (clearinghouse, proposal) = (self.clearinghouse, self.proposal(id));
        let system_program = system_program::ID;
        build(
            &accounts::Announce { payer, governance, clearinghouse, proposal, system_program },
            &instruction::ProposeListing { hash },
        )
    }

    /// `propose_role`; signed by `payer` and `governance`.
    #[must_use]
    pub fn propose_role(
        &self,
        payer: Pubkey,
        governance: Pubkey,
        id: u64,
        role: u8,
        key: Pubkey,
    ) -> Instruction {
        let (clearinghouse, proposal) = (self.clearinghouse, self.proposal(id));
        let system_program = system_program::ID;
        build(
            &accounts::Announce { payer, governance, clearinghouse, proposal, system_program },
            &instruction::ProposeRole { role, key },
        )
    }

    /// `remove_role`; signed by `governance`.
    #[must_use]
    pub fn remove_role(&self, governance: Pubkey, role: u8) -> Instruction {
        let clearinghouse = self.clearinghouse;
        build(&accounts::RemoveRole { governance, clearinghouse }, &instruction::RemoveRole { role })
    }

    /// `grant_mandate`; signed by `payer` and `governance`.
    #[must_use]
    pub fn grant_mandate(
        &self,
        payer: Pubkey,
        governance: Pubkey,
        which: Which,
        [least, most]: [u64; 2],
    ) -> Instruction {
        let (clearinghouse, mandate) = (self.clearinghouse, self.mandate(which));
        let (parameter, target) = (which.parameter, which.target);
        let system_program = system_program::ID;
        build(
            &accounts::GrantMandate { payer, governance, clearinghouse, mandate, system_program },
            &instruction::GrantMandate { parameter, target, least, most },
        )
    }

    /// `revoke_mandate`; signed by `governance`.
    #[must_use]
    pub fn revoke_mandate(&self, governance: Pubkey, which: Which, rent_to: Pubkey) -> Instruction {
        let (clearinghouse, mandate) = (self.clearinghouse, self.mandate(which));
        build(
            &accounts::RevokeMandate { governance, clearinghouse, mandate, rent_to },
            &instruction::RevokeMandate {},
        )
    }

    /// `pause`; signed by `guardian`.
    #[must_use]
    pub fn pause(&self, guardian: Pubkey, args: PauseArgs) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(&accounts::Pause { guardian, clearinghouse, board }, &instruction::Pause { args })
    }

    /// `lift_pause`; signed by `authority`: guardian or governance.
    #[must_use]
    pub fn lift_pause(&self, authority: Pubkey) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(&accounts::LiftPause { authority, clearinghouse, board }, &instruction::LiftPause {})
    }

    /// `propose_governance`; signed by `governance`.
    #[must_use]
    pub fn propose_governance(&self, governance: Pubkey, next: Pubkey) -> Instruction {
        let clearinghouse = self.clearinghouse;
        build(
            &accounts::ProposeGovernance { governance, clearinghouse },
            &instruction::ProposeGovernance { next },
        )
    }

    /// `accept_governance`; signed by `next_governance`.
    #[must_use]
    pub fn accept_governance(&self, next_governance: Pubkey) -> Instruction {
        let clearinghouse = self.clearinghouse;
        build(
            &accounts::AcceptGovernance { next_governance, clearinghouse },
            &instruction::AcceptGovernance {},
        )
    }

    /// `top_up_insurance`; signed by `giver`, out of its token account `source`.
    #[must_use]
    pub fn top_up_insurance(&self, giver: Pubkey, source: Pubkey, amount: u64) -> Instruction {
        build(
            &accounts::TopUpInsurance {
                clearinghouse: self.clearinghouse,
                treasury: self.treasury,
                quote_vault: self.quote_vault,
                giver,
                source,
                token_program: token::ID,
            },
            &instruction::TopUpInsurance { amount },
        )
    }
}

/// A listing (`add_asset`, `add_market`, `load_calibration`, `load_stress`, `create_backstop`) after the opening: with the proposal that
/// allows it, which is the last of its accounts.
#[must_use]
pub fn with_proposal(mut listing: Instruction, proposal: Pubkey) -> Instruction {
    if let Some(last) = listing.accounts.last_mut() {
        (last.pubkey, last.is_writable) = (proposal, true);
    }
    listing
}
