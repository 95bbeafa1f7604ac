//! The words of the field: identifiers, times, events. Nothing of ours lies below it.
