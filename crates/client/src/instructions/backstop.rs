use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::system_program;
use anchor_spl::token;
use ballast::instructions::RequestTradeArgs;
use ballast::limits::BackstopParams;
use ballast::state::{TradeRequest, seeds};
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;
use crate::address::derived as address;

impl Deployment {
    /// The backstop vault of a market.
    #[must_use]
    pub fn backstop(&self, market: u8) -> Pubkey {
        address(&[seeds::BACKSTOP, self.market(market).as_ref()])
    }

    /// The margin account that a market's backstop trades with.
    #[must_use]
    pub fn slice(&self, market: u8) -> Pubkey {
        self.margin_account(&self.backstop(market), 0)
    }

    /// Where an owner's shares of a market's backstop stand.
    #[must_use]
    pub fn backstop_share(&self, market: u8, owner: &Pubkey) -> Pubkey {
        address(&[seeds::SHARE, self.backstop(market).as_ref(), owner.as_ref()])
    }

    /// A margin account's request to trade with this number.
    #[must_use]
    pub fn trade_request(&self, margin_account: &Pubkey, id: u64) -> Pubkey {
        address(&[seeds::REQUEST, margin_account.as_ref(), &id.to_le_bytes()])
    }

    /// `create_backstop`; signed by `payer` and governance. A listing: see
    /// [`with_proposal`](super::with_proposal).
    #[must_use]
    pub fn create_backstop(
        &self,
        payer: Pubkey,
        governance: Pubkey,
        market: u8,
        params: BackstopParams,
    ) -> Instruction {
        build(
            &accounts::CreateBackstop {
                payer,
                governance,
                clearinghouse: self.clearinghouse,
                board: self.board,
                treasury: self.treasury,
                market: self.market(market),
                vault: self.backstop(market),
                slice: self.slice(market),
                system_program: system_program::ID,
                proposal: None,
            },
            &instruction::CreateBackstop { params },
        )
    }

    /// `open_backstop_share`; signed by `payer` and `owner`.
    #[must_use]
    pub fn open_backstop_share(&self, payer: Pubkey, owner: Pubkey, market: u8) -> Instruction {
        build(
            &accounts::OpenBackstopShare {
                payer,
                owner,
                vault: self.backstop(market),
                share: self.backstop_share(market, &owner),
                system_program: system_program::ID,
            },
            &instruction::OpenBackstopShare {},
        )
    }

    /// `backstop_deposit`; signed by the owner, who owns the source.
    #[must_use]
    pub fn backstop_deposit(&self, market: u8, owner: Pubkey, source: Pubkey, amount: u64) -> Instruction {
        build(
            &accounts::BackstopDeposit {
                clearinghouse: self.clearinghouse,
                board: self.board,
                vault: self.backstop(market),
                slice: self.slice(market),
                share: self.backstop_share(market, &owner),
                owner,
                quote_vault: self.quote_vault,
                source,
                token_program: token::ID,
            },
            &instruction::BackstopDeposit { amount },
        )
    }

    fn request_withdrawal(&self, market: u8, owner: Pubkey) -> accounts::RequestWithdrawal {
        let (vault, share) = (self.backstop(market), self.backstop_share(market, &owner));
        accounts::RequestWithdrawal { vault, share, owner }
    }

    /// `backstop_request_withdraw`; signed by the owner.
    #[must_use]
    pub fn backstop_request_withdraw(&self, market: u8, owner: Pubkey, shares: u64) -> Instruction {
        let accounts = self.request_withdrawal(market, owner);
        build(&accounts, &instruction::BackstopRequestWithdraw { shares })
    }

    /// `backstop_cancel_withdraw`; signed by the owner.
    #[must_use]
    pub fn backstop_cancel_withdraw(&self, market: u8, owner: Pubkey) -> Instruction {
        build(&self.request_withdrawal(market, owner), &instruction::BackstopCancelWithdraw {})
    }

    /// `backstop_withdraw`; signed by the owner.
    #[must_use]
    pub fn backstop_withdraw(&self, market: u8, owner: Pubkey, destination: Pubkey) -> Instruction {
        build(
            &accounts::BackstopWithdraw {
                clearinghouse: self.clearinghouse,
                board: self.board,
                vault: self.backstop(market),
                slice: self.slice(market),
                share: self.backstop_share(market, &owner),
                owner,
                quote_vault: self.quote_vault,
                destination,
                token_program: token::ID,
            },
            &instruction::BackstopWithdraw {},
        )
    }

    /// `request_trade`; signed by `payer` and the account's authority.
    #[must_use]
    pub fn request_trade(
        &self,
        payer: Pubkey,
        market: u8,
        (margin_account, authority): (Pubkey, Pubkey),
        args: RequestTradeArgs,
    ) -> Instruction {
        build(
            &accounts::RequestTrade {
                payer,
                authority,
                board: self.board,
                market: self.market(market),
                vault: self.backstop(market),
                slice: self.slice(market),
                margin_account,
                request: self.trade_request(&margin_account, args.id),
                system_program: system_program::ID,
            },
            &instruction::RequestTrade { args },
        )
    }

    /// `execute_trade` of a request as it stands on the chain; anybody.
    #[must_use]
    pub fn execute_trade(&self, request: &TradeRequest) -> Instruction {
        let (market, margin_account) = (request.market, request.margin_account);
        build(
            &accounts::ExecuteTrade {
                board: self.board,
                market: self.market(market),
                vault: self.backstop(market),
                slice: self.slice(market),
                margin_account,
                request: self.trade_request(&margin_account, request.id),
                payer: request.payer,
            },
            &instruction::ExecuteTrade {},
        )
    }

    /// `close_request` of a request as it stands on the chain; signed by whoever closes it.
    #[must_use]
    pub fn close_request(&self, authority: Pubkey, request: &TradeRequest) -> Instruction {
        let (market, margin_account) = (request.market, request.margin_account);
        build(
            &accounts::CloseRequest {
                authority,
                board: self.board,
                market: self.market(market),
                vault: self.backstop(market),
                slice: self.slice(market),
                margin_account,
                request: self.trade_request(&margin_account, request.id),
                payer: request.payer,
            },
            &instruction::CloseRequest {},
        )
    }

    /// `take_over` of part of an account's position in a market; anybody.
    #[must_use]
    pub fn take_over(&self, market: u8, margin_account: Pubkey, amount: u64) -> Instruction {
        build(
            &accounts::TakeOver {
                board: self.board,
                treasury: self.treasury,
                market: self.market(market),
                vault: self.backstop(market),
                slice: self.slice(market),
                margin_account,
            },
            &instruction::TakeOver { amount },
        )
    }

    /// `update_funding` of a market; anybody.
    #[must_use]
    pub fn update_funding(&self, market: u8) -> Instruction {
        build(
            &accounts::UpdateFunding {
                board: self.board,
                market: self.market(market),
                vault: self.backstop(market),
                slice: self.slice(market),
            },
            &instruction::UpdateFunding {},
        )
    }
}
