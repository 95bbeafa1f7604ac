//! What the format needs to know of the schema: which fields of an event occur at most once.

use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::ledger::fields::{Singular, is_body};

use super::pb::FILE_DESCRIPTOR_SET;

/// The published descriptors cannot be read, or have no `CaseEvent`. A program built from them always has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the descriptors built into this program have no CaseEvent: {0}")]
pub struct NoSchema(String);

/// The numbers of `CaseEvent`, and of each of its bodies, that are not `repeated` (`proto/FORMAT.md` section 3).
///
/// # Errors
/// [`NoSchema`].
pub fn singular() -> Result<Singular, NoSchema> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET);
    let pool = pool.map_err(|error| NoSchema(error.to_string()))?;
    let event = pool.get_message_by_name("caseledger.v1.CaseEvent");
    let event = event.ok_or_else(|| NoSchema("it is not in the set".to_owned()))?;
    let bodies = event.fields().filter(|field| is_body(field.number()));
    let inside = bodies.filter_map(|field| {
        let body = field.kind().as_message().cloned()?;
        Some((field.number(), body))
    });
    let levels = std::iter::once((0, event.clone())).chain(inside);
    Ok(Singular::new(
        levels.flat_map(|(level, message)| once_only(level, &message)),
    ))
}

fn once_only(level: u32, message: &MessageDescriptor) -> Vec<(u32, u32)> {
    let fields = message
        .fields()
        .filter(|field| !field.is_list() && !field.is_map());
    fields.map(|field| (level, field.number())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_and_the_bodies_are_both_known_and_lists_are_not_in_it() {
        let singular = singular().unwrap();
        assert!(singular.contains(0, 1), "case_id");
        assert!(singular.contains(0, 100), "case_opened");
        assert!(singular.contains(160, 1), "a field of allocation_started");
        assert!(!singular.contains(0, 2), "children repeat");
        assert!(!singular.contains(0, 15), "told repeats");
        assert!(
            !singular.contains(420, 2),
            "the kinds of feed_declared repeat"
        );
    }
}
