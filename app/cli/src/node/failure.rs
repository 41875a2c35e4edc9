//! Why a transaction was refused, in words: which instruction, the program's own sentence, and what to do.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::{token, token_2022};
use serde::Serialize;
use serde_json::Value;

use crate::migrate::idl;

/// A transaction that was refused.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which of its instructions refused, from zero.
    pub instruction: Option<usize>,
    /// The code that it gave.
    pub code: Option<u32>,
    /// The runtime's word.
    pub text: String,
    /// The logs up to it.
    pub logs: Vec<String>,
}

impl Failure {
    /// A runtime's transaction error.
    pub fn of<E: Serialize + core::fmt::Display>(error: &E, logs: Vec<String>) -> Self {
        let shown = serde_json::to_value(error).unwrap_or(Value::Null);
        let inner = &shown["InstructionError"];
        Self {
            instruction: inner[0].as_u64().map(|at| at as usize),
            code: inner[1]["Custom"].as_u64().and_then(|code| u32::try_from(code).ok()),
            text: error.to_string(),
            logs,
        }
    }

    /// The program that refused: the innermost one.
    fn program(&self) -> Option<Pubkey> {
        let failed = |line: &String| line.strip_prefix("Program ")?.split_once(" failed: ")?.0.parse().ok();
        self.logs.iter().find_map(failed)
    }

    /// The sentence that a program of Anchor's logs with its error.
    fn logged(&self) -> Option<&str> {
        self.logs.iter().find_map(|line| Some(line.split_once("Error Message: ")?.1.trim_end_matches('.')))
    }

    /// What was wrong and what to do, of a transaction of these instructions.
    #[must_use]
    pub fn words(&self, instructions: &[Instruction]) -> String {
        let Some(refused) = self.instruction.and_then(|at| instructions.get(at)) else {
            return match self.text.as_str() {
                text if text.contains("no record of a prior credit") || text.contains("insufficient funds") => {
                    "the paying key has no SOL on this cluster for fees and rent: send it some, or give another with \
                     --keypair"
                        .into()
                }
                text => text.to_owned(),
            };
        };
        let of_ballast = refused.program_id == ballast::ID;
        let name = if of_ballast { idl::instruction(&refused.data) } else { None };
        let what = name.map_or_else(|| format!("program {}", refused.program_id), |n| format!("`{n}`"));
        format!("{what} was refused: {}", self.reason(refused))
    }

    fn reason(&self, refused: &Instruction) -> String {
        let program = self.program().unwrap_or(refused.program_id);
        let code = self.code.unwrap_or_default();
        if program == ballast::ID
            && let Some((name, sentence)) = self.code.and_then(idl::error)
        {
            let hint = hint(name).map(|hint| format!("; {hint}")).unwrap_or_default();
            return format!("{sentence} ({name}){hint}");
        }
        if [token::ID, token_2022::ID].contains(&program) {
            return match code {
                1 => "the token account does not hold that much".into(),
                17 => "the token account is frozen by the token's issuer".into(),
                _ => format!("the token program gave error {code} ({})", self.text),
            };
        }
        if program == anchor_lang::system_program::ID && code == 1 {
            return "the paying key has too little SOL for the rent: send it some".into();
        }
        self.logged().map_or_else(|| self.text.clone(), str::to_owned)
    }
}

/// What a person may do about an error, where its sentence does not say.
fn hint(error: &str) -> Option<&'static str> {
    Some(match error {
        "BelowInitialMargin" => {
            "take less, deposit more, or close a position first; `ballast explain` shows what the margin is for"
        }
        "InsufficientBalance" => "`ballast accounts show` lists what it holds",
        "OutflowWindowFull" | "LendingWindowFull" => "try a smaller amount, or later",
        "AssetHalted" | "StalePrice" => {
            "wait for a keeper to refresh the price; `ballast board` shows its age"
        }
        "NotOwner" | "NotAuthorised" => "sign with the owner's key: --keypair",
        "WrongRole" => "`ballast governance show` lists who holds which role",
        "NotAtOnce" => "use `ballast governance propose`",
        "StepTooLarge" => "`ballast governance show` lists the steps",
        "AccountNotEmpty" => "`ballast accounts show` lists what is left in it",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(program_id: Pubkey, data: Vec<u8>) -> Instruction {
        Instruction { program_id, accounts: Vec::new(), data }
    }

    fn failure(code: u32, program: Pubkey) -> Failure {
        Failure {
            instruction: Some(1),
            code: Some(code),
            text: format!("Error processing Instruction 1: custom program error: {code:#x}"),
            logs: vec![format!("Program {program} failed: custom program error: {code:#x}")],
        }
    }

    fn withdrawal() -> Vec<Instruction> {
        use anchor_lang::Discriminator;
        let data = ballast::instruction::Withdraw::DISCRIMINATOR.to_vec();
        vec![instruction(Pubkey::new_unique(), Vec::new()), instruction(ballast::ID, data)]
    }

    #[test]
    fn the_program_says_it_in_its_own_words() {
        let code = ballast::error::BallastError::BelowInitialMargin.into();
        let said = failure(code, ballast::ID).words(&withdrawal());
        assert!(
            said.starts_with("`withdraw` was refused: The account would end below its initial margin"),
            "{said}"
        );
        assert!(said.contains("(BelowInitialMargin)") && said.contains("deposit more"), "{said}");
    }

    #[test]
    fn a_code_is_read_by_the_program_that_gave_it() {
        let said = failure(1, token::ID).words(&withdrawal());
        assert_eq!(said, "`withdraw` was refused: the token account does not hold that much");
        let other = Pubkey::new_unique();
        assert!(failure(6_000, other).words(&withdrawal()).contains("custom program error: 0x1770"));
    }

    #[test]
    fn a_payer_without_lamports_is_told_so() {
        let text = "Attempt to debit an account but found no record of a prior credit.".to_owned();
        let bare = Failure { instruction: None, code: None, text, logs: Vec::new() };
        assert!(bare.words(&withdrawal()).contains("has no SOL on this cluster"));
    }

    #[test]
    fn every_error_of_the_program_has_a_sentence() {
        for code in [ballast::error::BallastError::NotOpen, ballast::error::BallastError::ResolvedFirst] {
            let number: u32 = code.into();
            assert!(idl::error(number).is_some(), "{number}");
        }
        for named in ["BelowInitialMargin", "OutflowWindowFull", "NotAtOnce", "AccountNotEmpty"] {
            assert!(
                (6_000..6_400).any(|code| idl::error(code).is_some_and(|(name, _)| name == named)),
                "{named}"
            );
        }
    }
}
