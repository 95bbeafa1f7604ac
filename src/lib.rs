//! **caseledger**: an event-sourced audit ledger for multi-agency child-safeguarding cases.
//!
//! Agencies push case events over gRPC. Each becomes an immutable, hash-chained entry of one append-only log. From the
//! entries, and from nothing else, pure functions answer as at any date: who held a case and when nobody did, who knew
//! what and since when, and where the record shows no sharing with somebody who needed to know. Anybody can check the
//! entries without trusting whoever runs the ledger.
//!
//! ```text
//!   agencies                                                    investigators, verifiers
//!      │ events                                                        ▲ answers, proofs
//!  ┌───▼────────────────────────── grpc ───────────────────────────────┴───┐   cli: composes all of it,
//!  │  convert: messages ⇄ domain       status: one error model            │   and asks as a client
//!  ├──────────────────────────── service ──────────────────────────────────┤
//!  │  append: ONE writer thread        read · inquiry · integrity          │   clock: where time enters
//!  └──┬──────────────┬──────────────────┬─────────────────────┬────────────┘
//!     │ seal         │ keys             │ durable batch       │ cut, fold
//!  ┌──▼─────┐   ┌────▼─────┐     ┌──────▼──────┐     ┌────────▼──────────────────────┐
//!  │ ledger │   │  vault   │     │   journal   │     │ projection    rules: as data  │
//!  │ format │   │ key file │     │ sled, memory│     │ cut → allocation, knowledge,  │
//!  │ verify │   │ (erasure)│     │             │     │       need, sharing           │
//!  └────────┘   └──────────┘     └─────────────┘     └───────────────────────────────┘
//!     domain: events, identifiers, times
//! ```
//!
//! # The layers
//!
//! | layer | what it is | may name |
//! |---|---|---|
//! | [`domain`] | events, identifiers and times, as the field names them | nothing of ours |
//! | [`rules`] | who needs to know what by when, as data with its sources | domain |
//! | [`ledger`] | the format: statements, commitments, entries, chains, tree, checkpoints | domain |
//! | [`verify`] | checks records from their bytes | domain, ledger |
//! | [`projection`] | the cut as at a date, and the folds over it | domain, rules, ledger |
//! | [`journal`] | port: append a batch, durably; adapters sled and memory | ledger |
//! | [`vault`] | port: the keys of entries, derivable and destroyable | ledger |
//! | `service` | the writer, readers, questions; the only clock | all above |
//! | `grpc` | the published interface | all above except journal and vault |
//! | `cli` | the composition, and a client | all |
//!
//! The first seven are built by `--no-default-features`: no tokio, no tonic, no sled. Domain, rules, ledger, verify and
//! projection do no input or output and know no clock, no thread and no hash map: the same entries give the same answer,
//! for ever. `tests/architecture.rs` fails when a layer names one that it may not.
//!
//! # The life of an append
//!
//! 1. `grpc::ledger` takes the exact bytes of the event from the request. They are never encoded again.
//! 2. `grpc::convert` reads them as a [`domain::event::CaseEvent`] and checks it: source, times, coded values, limits.
//! 3. `service::prepare` fixes the author (from the connection, never from the event) and commits to every field under
//!    the event's own secret ([`ledger::commitment`]). All of this happens before the queue.
//! 4. `service::append`, the one writer thread, takes what waits in the queue: finds repeats, compares the expected
//!    head, gives positions and one time, and [`ledger::entry::seal`]s each entry: numbered, linked to its chain,
//!    encrypted under a key from the [`vault`] whose seed is already durable.
//! 5. [`journal::Journal::append`] writes the batch and answers when it is synced. After a failed sync nothing is
//!    retried and nothing more is appended.
//! 6. The tree grows, the checkpoint over it is signed and the head file remembers it. The receipt carries the
//!    checkpoint and the proof that the entry is in it. Only then does the agency hear that its event is there.
//!
//! A start walks the same functions over every stored entry, and refuses when any does not hold.
//!
//! # The life of a question
//!
//! 1. `service::inquiry` pins a position, reads the case and the registry below it, and checks the chain while reading.
//! 2. [`projection::cut::cut`] is the only way from entries to facts: it takes what the basis allows as at the moment,
//!    places corrections, retractions and disputes, and leaves out what came later.
//! 3. [`projection::knowledge::through_eyes_of`] narrows the cut to one agency or practitioner, when asked.
//! 4. [`projection::allocation::allocation`], [`projection::knowledge`] and [`projection::sharing::sharing`] fold the
//!    cut. Each row carries the positions of the entries that it rests on.
//! 5. The answer names what it rests on: moment, basis, eyes, position, the case's head, and the pack of rules.
//!
//! # What always holds, and the test that would fail
//!
//! | | test |
//! |---|---|
//! | Acknowledged means durable: nothing is lost or doubled by kill -9 | `it::kill` |
//! | An event is kept byte for byte, with a proof that holds | `an_appended_event_is_read_back_byte_for_byte_with_a_proof_that_holds` |
//! | A batch lands whole or not at all | `a_batch_lands_whole_over_several_cases_and_a_bad_event_in_it_lands_none` |
//! | The same event again gets the same place | `the_same_event_again_gets_the_same_place_and_other_content_under_its_id_is_refused` |
//! | No agency writes as another | `an_agency_cannot_write_as_another_nor_as_the_ledger` |
//! | Every byte of the format is as `proto/FORMAT.md` says | `sealing_gives_the_entries_of_the_vectors_byte_for_byte_for_every_kind` |
//! | Any changed byte is detected and its entry is named | `any_byte_changed_is_detected_and_its_entry_is_named` |
//! | Checking nothing is not a pass | `nothing_to_check_is_not_a_pass` |
//! | Every change of a stopped store is located, or no block covers it | `tests/tamper` |
//! | What is whole in a damaged store comes back, and what is lost is said | `tamper::salvage` |
//! | A rolled-back store is refused | `a_store_that_is_older_than_its_head_file_or_has_another_history_is_refused` |
//! | Destroying one key leaves all others, and the proofs | `erasing_leaves_every_other_key_and_none_of_the_erased` |
//! | No key is gone without an order, and no ordered key comes back | `tests/it/erasure.rs` |
//! | Every journal, and every vault, keeps one contract | `tests/storage/journal_contract.rs`, `tests/storage/vault_contract.rs` |
//! | Any order of commands, crashes and restarts is answered as a naive model would | `tests/model` |
//! | What is asked as at a date never changes by what comes later (basis *ledger*) | `tests/projection/as_at_law.rs`, `tests/projection/as_at_answers.rs` |
//! | Missing coverage never makes a finding | `taking_coverage_away_never_adds_a_gap` |
//! | Nobody knew of what was learned afterwards | `nobody_knew_of_what_was_learned_afterwards` |
//! | A case that was handled well yields nothing | `a_case_that_was_handled_well_yields_nothing` |
//! | No input breaks the server, none is half-applied | `random_bytes_as_an_event_never_break_the_server_and_leave_it_whole` |
//! | No layer names a layer that it must not | `no_layer_names_a_layer_it_must_not` |

pub mod domain;
pub mod journal;
pub mod ledger;
pub mod projection;
pub mod rules;
pub mod vault;
pub mod verify;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod grpc;
#[cfg(feature = "server")]
pub mod service;
