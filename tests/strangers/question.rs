//! One thing to check, in the form of `check.go`, and what this ledger's own code says of it.

use caseledger::ledger::checkpoint::SignedCheckpoint;
use caseledger::ledger::digest::{Purpose, TreeHash, derive};
use caseledger::ledger::note::VerifierKey;
use caseledger::ledger::tree::{TreeHead, leaf_hash, verify_consistency, verify_inclusion};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// Bytes are lower-case hex.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    pub(crate) kind: String,
    pub(crate) good: bool,
    pub(crate) vkey: String,
    pub(crate) note: String,
    pub(crate) header: String,
    pub(crate) leaf: String,
    pub(crate) index: u64,
    pub(crate) size: u64,
    pub(crate) root: String,
    pub(crate) from: u64,
    pub(crate) old: String,
    pub(crate) path: Option<Vec<String>>,
    pub(crate) context: String,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) origin: String,
    pub(crate) headers: Vec<String>,
    pub(crate) event: String,
    pub(crate) secret: String,
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

/// The last bit of a hash the other way round.
pub(crate) fn flip(hex: &str) -> String {
    let mut bytes = bytes(hex);
    *bytes.last_mut().unwrap() ^= 1;
    HEXLOWER.encode(&bytes)
}

impl Question {
    fn hashes(&self) -> Vec<TreeHash> {
        let path = self.path.iter().flatten();
        path.map(|hash| hash.parse().unwrap()).collect()
    }

    fn root(&self) -> TreeHash {
        self.root.parse().unwrap()
    }

    /// Whether this ledger's code accepts it; the kinds that Go makes.
    pub(crate) fn accepted(&self) -> bool {
        match self.kind.as_str() {
            "note" => {
                let key: VerifierKey = self.vkey.parse().unwrap();
                SignedCheckpoint::open(&self.note, &key).is_ok_and(|it| {
                    it.checkpoint().size == self.size && it.checkpoint().root == self.root()
                })
            }
            "inclusion" => {
                let leaf = if self.header.is_empty() {
                    self.leaf.parse().unwrap()
                } else {
                    leaf_hash(&bytes(&self.header))
                };
                verify_inclusion(&leaf, self.index, self.size, &self.hashes(), &self.root())
            }
            "consistency" => {
                let (size, root) = (self.from, self.old.parse().unwrap());
                let (from, root) = (TreeHead { size, root }, self.root());
                let to = TreeHead {
                    size: self.size,
                    root,
                };
                verify_consistency(&from, &to, &self.hashes())
            }
            "derive" => {
                let purpose = Purpose::ALL
                    .into_iter()
                    .find(|it| it.context() == self.context);
                derive(purpose.unwrap(), &bytes(&self.input)).as_slice() == bytes(&self.output)
            }
            other => panic!("a kind that nobody makes: {other}"),
        }
    }

    /// Wrong questions made of a right one: each differs in one thing that matters.
    pub(crate) fn wrong(&self) -> Vec<Self> {
        let changed = |change: &dyn Fn(&mut Self)| {
            let mut other = self.clone();
            other.good = false;
            change(&mut other);
            other
        };
        let path = self.path.clone().unwrap_or_default();
        let with = |path: Vec<String>| changed(&|it| it.path = Some(path.clone()));
        let mut all = Vec::new();
        if matches!(self.kind.as_str(), "inclusion" | "consistency") {
            all.push(with(
                [path.as_slice(), std::slice::from_ref(&self.root)].concat(),
            ));
            all.push(changed(&|it| it.root = flip(&it.root)));
            if let [first, rest @ ..] = path.as_slice() {
                all.push(with(rest.to_vec()));
                all.push(with([&[flip(first)], rest].concat()));
            }
        }
        match self.kind.as_str() {
            "note" => {
                all.push(changed(&|it| it.note = it.note.replacen('\n', "x\n", 1)));
                all.push(changed(&|it| {
                    it.note.truncate(it.note.len() - 9);
                    it.note.push_str("AAAAAAA=\n");
                }));
                all.push(changed(&|it| it.size += 1));
            }
            "inclusion" if self.size > 1 => {
                all.push(changed(&|it| it.index = (it.index + 1) % it.size));
            }
            "consistency" => all.push(changed(&|it| it.old = flip(&it.old))),
            "derive" => {
                all.push(changed(&|it| it.output = flip(&it.output)));
                all.push(changed(&|it| it.context.push('s')));
            }
            "fields" => {
                all.push(changed(&|it| it.event = flip(&it.event)));
                all.push(changed(&|it| it.secret = flip(&it.secret)));
            }
            "chain" => {
                let middle = self.headers.len() / 2;
                all.push(changed(&|it| drop(it.headers.remove(middle))));
                all.push(changed(&|it| it.headers.swap(middle, middle + 1)));
                all.push(changed(&|it| {
                    it.headers[middle] = flip(&it.headers[middle]);
                }));
            }
            _ => {}
        }
        all
    }
}
