//! A tree over all margin accounts whose every node carries sums.
//!
//! Whoever knows the root knows how much all accounts claim together; whoever finds its own account under it knows that
//! its balance is in that sum (Maxwell's proof of liabilities, 2014, with the sums inside the hashes as in Chalkias et
//! al. 2020):
//!
//! ```text
//! leaf   H(0, account, owner, n, s_1 … s_n)
//! node   H(1, left hash, left sums, right hash, right sums)      sums of a node: those of its children, added
//! root   H(2, clearinghouse, time, leaves, top hash, top sums)
//! ```
//!
//! `H` is SHA-256; numbers are little-endian, of 16 bytes. A level of odd length is filled up with an empty node: hash
//! and sums of zero.
//!
//! **Sums never are negative.** A negative one anywhere would let a house lower its total. So a balance below zero is
//! not a negative claim but a figure of its own, *loans*: the sums of a leaf are balance, loan, interest owed and then
//! collateral by asset, each at least zero. A house that invents borrowers to look solvent has to show their loans in
//! the total; whether they are real is for the audit, which reads every account, and not for the tree.
//!
//! **What it proves**: that this account, with these amounts, is counted in the totals of this root. **What it does
//! not**: that everybody was shown the same root (compare it with somebody), that the vaults hold as much (that is what
//! the audit and `attest_solvency` say), or what positions are worth: profit that is not settled is no claim on a vault.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::books::Books;

const FORMAT: &str = "ballast-merkle-sum";
const VERSION: u32 = 1;

/// What a leaf says of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Address of the margin account, base58.
    pub account: String,
    /// Its owner, base58.
    pub owner: String,
    /// In the order of [`Proof::figures`].
    pub sums: Vec<u128>,
}

/// A node: a hash, 64 hexadecimal digits, and sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Hash.
    pub hash: String,
    /// Sums below it.
    pub sums: Vec<u128>,
}

/// The file: the root, all leaves, and all nodes level by level from above the leaves to the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Of which house.
    pub clearinghouse: String,
    /// When, unix seconds.
    pub time: i64,
    /// What the sums are of.
    pub figures: Vec<String>,
    /// The root's hash.
    pub root: String,
    /// What everybody claims together.
    pub totals: Vec<u128>,
    /// By address.
    pub leaves: Vec<Leaf>,
    /// From the leaves' own hashes to the top, which is one node.
    pub levels: Vec<Vec<Node>>,
}

/// What a proof says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// The account's leaf.
    pub leaf: Leaf,
    /// Hashes on its way.
    pub steps: usize,
}

/// A node while it is reckoned with.
#[derive(Clone, PartialEq, Eq)]
struct Sum {
    hash: [u8; 32],
    sums: Vec<u128>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Result<[u8; 32]> {
    let wrong = || anyhow!("'{text}' is no hash: it takes 64 hexadecimal digits");
    ensure!(text.len() == 64 && text.is_ascii(), wrong());
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(hash)
}

fn number(hash: &mut Sha256, sums: &[u128]) {
    for sum in sums {
        hash.update(sum.to_le_bytes());
    }
}

impl Sum {
    fn empty(figures: usize) -> Self {
        Self { hash: [0; 32], sums: vec![0; figures] }
    }

    fn of_leaf(leaf: &Leaf) -> Result<Self> {
        let key = |text: &str| text.parse::<Pubkey>().map_err(|_| anyhow!("'{text}' is no address"));
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(key(&leaf.account)?);
        hash.update(key(&leaf.owner)?);
        number(&mut hash, &[leaf.sums.len() as u128]);
        number(&mut hash, &leaf.sums);
        Ok(Self { hash: hash.finalize().into(), sums: leaf.sums.clone() })
    }

    fn above(left: &Self, right: &Self) -> Result<Self> {
        ensure!(left.sums.len() == right.sums.len(), "nodes have different numbers of sums");
        let mut hash = Sha256::new();
        hash.update([1]);
        for child in [left, right] {
            hash.update(child.hash);
            number(&mut hash, &child.sums);
        }
        let pairs = left.sums.iter().zip(&right.sums);
        let sums = pairs.map(|(a, b)| a.checked_add(*b)).collect::<Option<_>>();
        Ok(Self { hash: hash.finalize().into(), sums: sums.context("sums exceed 128 bits")? })
    }

    fn read(node: &Node) -> Result<Self> {
        Ok(Self { hash: unhex(&node.hash)?, sums: node.sums.clone() })
    }

    fn written(&self) -> Node {
        Node { hash: hex(&self.hash), sums: self.sums.clone() }
    }

    /// The hash that stands for all.
    fn root(&self, clearinghouse: &str, time: i64, leaves: usize) -> Result<String> {
        let house: Pubkey = clearinghouse
            .parse()
            .map_err(|_| anyhow!("'{clearinghouse}' is no address of a clearinghouse"))?;
        let mut hash = Sha256::new();
        hash.update([2]);
        hash.update(house);
        hash.update(time.to_le_bytes());
        number(&mut hash, &[leaves as u128]);
        hash.update(self.hash);
        number(&mut hash, &self.sums);
        Ok(hex(&hash.finalize()))
    }
}

impl Proof {
    /// Over all accounts of a house.
    ///
    /// # Errors
    /// If sums do not fit, which no house reaches.
    pub fn of(books: &Books) -> Result<Self> {
        let collateral: Vec<_> = books.assets.iter().filter(|c| c.is_collateral()).collect();
        let names = books.tokens.iter().skip(1).map(|t| t.symbol.clone());
        let figures: Vec<String> =
            ["balance", "loan", "interest owed"].map(str::to_owned).into_iter().chain(names).collect();
        let leaf = |audited: &super::books::Audited| {
            let account = &audited.account;
            let own = [account.quote.max(0) as u128, account.quote.min(0).unsigned_abs().into()];
            let held = collateral.iter().map(|c| u128::from(account.collateral_of(c.index)));
            let sums = own.into_iter().chain([account.interest_owed.into()]).chain(held).collect();
            Leaf { account: audited.address.to_string(), owner: account.owner.to_string(), sums }
        };
        Self::over(
            books.at.clearinghouse.to_string(),
            books.time,
            figures,
            books.accounts.iter().map(leaf).collect(),
        )
    }

    /// Over leaves.
    ///
    /// # Errors
    /// If sums do not fit, or a leaf's key is none.
    pub fn over(clearinghouse: String, time: i64, figures: Vec<String>, leaves: Vec<Leaf>) -> Result<Self> {
        let empty = Sum::empty(figures.len());
        let mut level: Vec<Sum> = leaves.iter().map(Sum::of_leaf).collect::<Result<_>>()?;
        let mut levels = Vec::new();
        if level.is_empty() {
            level.push(empty.clone());
        }
        loop {
            levels.push(level.iter().map(Sum::written).collect());
            if level.len() == 1 {
                break;
            }
            let pair = |pair: &[Sum]| Sum::above(&pair[0], pair.get(1).unwrap_or(&empty));
            level = level.chunks(2).map(pair).collect::<Result<_>>()?;
        }
        let top = &level[0];
        Ok(Self {
            format: FORMAT.into(),
            version: VERSION,
            root: top.root(&clearinghouse, time, leaves.len())?,
            totals: top.sums.clone(),
            clearinghouse,
            time,
            figures,
            leaves,
            levels,
        })
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// If it is no proof that this release reads.
    pub fn parse(text: &str) -> Result<Self> {
        let proof: Self = serde_json::from_str(text)
            .map_err(|e| anyhow!("this is no proof ({e}): write one with `ballast audit --proof`"))?;
        if proof.format != FORMAT || proof.version != VERSION {
            bail!(
                "this is a {} of version {}; this release reads {FORMAT} {VERSION}",
                proof.format,
                proof.version
            );
        }
        Ok(proof)
    }

    /// Follows an account's path to the root.
    ///
    /// # Errors
    /// The first thing that does not follow: the leaf, a node on the path, a sum, the totals, or the root.
    pub fn verify(&self, account: &Pubkey) -> Result<Included> {
        let name = account.to_string();
        let at = self.leaves.iter().position(|leaf| leaf.account == name);
        let mut at = at.with_context(|| {
            format!(
                "the proof does not count {account}: it is no margin account of this house, or it is left out"
            )
        })?;
        let leaf = &self.leaves[at];
        ensure!(leaf.sums.len() == self.figures.len(), "the leaf of {account} has figures that nobody named");
        let empty = Sum::empty(self.figures.len());
        let mut own = Sum::of_leaf(leaf)?;
        let (mut length, mut topped) = (self.leaves.len(), false);
        for (height, nodes) in self.levels.iter().enumerate() {
            ensure!(
                nodes.len() == length,
                "level {height} of the proof has {} nodes, not {length}",
                nodes.len()
            );
            let stands = Sum::read(&nodes[at])?;
            ensure!(
                stands == own,
                "the path of {account} breaks at level {height}: the node there is not what is below it"
            );
            if length == 1 {
                ensure!(height + 1 == self.levels.len(), "the proof goes on above its top");
                topped = true;
                break;
            }
            let beside = match nodes.get(at ^ 1) {
                Some(node) => Sum::read(node)?,
                None => empty.clone(),
            };
            own = if at.is_multiple_of(2) { Sum::above(&own, &beside)? } else { Sum::above(&beside, &own)? };
            (at, length) = (at / 2, length.div_ceil(2));
        }
        ensure!(topped, "the proof ends below its top");
        ensure!(own.sums == self.totals, "the totals are not the sums at the top of the tree");
        ensure!(
            own.root(&self.clearinghouse, self.time, self.leaves.len())? == self.root,
            "the root is not that of this tree: house, time, number of accounts or totals were changed"
        );
        Ok(Included { leaf: leaf.clone(), steps: self.levels.len() - 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(accounts: usize) -> Proof {
        let leaf = |i: usize| Leaf {
            account: Pubkey::new_from_array([i as u8 + 1; 32]).to_string(),
            owner: Pubkey::new_from_array([200; 32]).to_string(),
            sums: vec![i as u128 * 1_000, 7, i as u128],
        };
        let house = Pubkey::new_from_array([9; 32]).to_string();
        let figures = ["balance", "loan", "SOL"].map(str::to_owned).into();
        Proof::over(house, 1_621_296_000, figures, (0..accounts).map(leaf).collect()).expect("sums fit")
    }

    fn account(i: usize) -> Pubkey {
        Pubkey::new_from_array([i as u8 + 1; 32])
    }

    #[test]
    fn every_account_finds_its_way_to_the_root() {
        for accounts in 1..=17 {
            let proof = proof(accounts);
            for i in 0..accounts {
                let included = proof.verify(&account(i)).expect("it is counted");
                assert_eq!(included.leaf.sums[0], i as u128 * 1_000);
            }
            assert_eq!(proof.totals[1], 7 * accounts as u128);
            assert!(proof.verify(&account(accounts)).is_err(), "nobody else is");
        }
    }

    #[test]
    fn a_proof_survives_its_file() {
        let proof = proof(5);
        let text = serde_json::to_string(&proof).expect("it is written");
        assert_eq!(Proof::parse(&text).expect("and read"), proof);
    }

    /// The account's own leaf, everything on its path and beside it, the totals, the root and what it stands for.
    #[test]
    fn a_change_of_any_leaf_sum_or_node_on_the_path_is_found() {
        let honest = proof(6);
        let who = account(4);
        type Change = Box<dyn Fn(&mut Proof)>;
        let mut changes: Vec<(String, Change)> = vec![
            ("another owner".into(), Box::new(|p| p.leaves[4].owner = Pubkey::default().to_string())),
            ("another house".into(), Box::new(|p| p.clearinghouse = Pubkey::default().to_string())),
            ("another time".into(), Box::new(|p| p.time += 1)),
            ("another root".into(), Box::new(|p| p.root = "0".repeat(64))),
            ("an account less".into(), Box::new(|p| drop(p.leaves.pop()))),
            ("a level less".into(), Box::new(|p| drop(p.levels.pop()))),
            ("a level more".into(), Box::new(|p| p.levels.push(p.levels[0].clone()))),
        ];
        for figure in 0..3 {
            changes
                .push((format!("leaf, figure {figure}"), Box::new(move |p| p.leaves[4].sums[figure] += 1)));
            changes.push((format!("total {figure}"), Box::new(move |p| p.totals[figure] += 1)));
        }
        for (level, nodes) in honest.levels.iter().enumerate() {
            let own = 4 >> level;
            for at in [own, own ^ 1].into_iter().filter(|at| *at < nodes.len()) {
                for figure in 0..3 {
                    let change = move |p: &mut Proof| p.levels[level][at].sums[figure] += 1;
                    changes.push((format!("node {level}.{at}, figure {figure}"), Box::new(change)));
                }
                let change = move |p: &mut Proof| p.levels[level][at].hash = "ab".repeat(32);
                changes.push((format!("node {level}.{at}, hash"), Box::new(change)));
            }
        }
        for (what, change) in changes {
            let mut forged = honest.clone();
            change(&mut forged);
            assert!(forged.verify(&who).is_err(), "{what} was not found");
        }
        honest.verify(&who).expect("the honest proof still holds");
    }

    /// A claim made smaller here and larger there, with every hash done again, has another root.
    #[test]
    fn a_forger_who_hashes_again_has_another_root() {
        let honest = proof(6);
        let mut leaves = honest.leaves.clone();
        leaves[2].sums[0] -= 1;
        leaves[3].sums[0] += 1;
        let forged = Proof::over(honest.clearinghouse.clone(), honest.time, honest.figures.clone(), leaves)
            .expect("fits");
        assert_eq!(forged.totals, honest.totals);
        assert_ne!(forged.root, honest.root);
    }

    #[test]
    fn sums_that_wrap_are_refused() {
        let mut leaves = proof(2).leaves;
        leaves[0].sums[0] = u128::MAX;
        let house = Pubkey::new_from_array([9; 32]).to_string();
        let figures = ["balance", "loan", "SOL"].map(str::to_owned).into();
        leaves[1].sums[0] = 1;
        assert!(Proof::over(house, 0, figures, leaves).is_err());
    }
}
