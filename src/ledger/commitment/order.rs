//! Putting commitments in order.

use crate::ledger::fields::FIELDS_MAX;

/// The bits of a number that say where its commitment stands.
const PLACE: u64 = (FIELDS_MAX as u64).next_power_of_two() - 1;

/// Puts commitments in order. Almost always their first 55 bits decide: numbers are sorted, each of these bits and of where
/// its commitment stands. `numbers` is room for them.
pub(super) fn sort(unsorted: &[[u8; 32]], numbers: &mut Vec<u64>, sorted: &mut Vec<[u8; 32]>) {
    numbers.clear();
    numbers.extend(unsorted.iter().zip(0_u64..).map(|(commitment, place)| {
        let first = commitment.first_chunk().copied().map(u64::from_be_bytes);
        (first.unwrap_or_default() & !PLACE) | (place & PLACE)
    }));
    numbers.sort_unstable();
    let mut pairs = numbers.array_windows();
    let decided = pairs.all(|[a, b]| a & !PLACE != b & !PLACE);
    sorted.clear();
    if decided && unsorted.len() <= FIELDS_MAX {
        let places = numbers.iter().map(|number| number & PLACE);
        let places = places.filter_map(|place| usize::try_from(place).ok());
        sorted.extend(places.filter_map(|place| unsorted.get(place)));
    } else {
        sorted.extend_from_slice(unsorted);
        sorted.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commitments_come_in_order_whichever_of_their_bytes_decide() {
        for count in [0, 1, 8, 24, 512, 520] {
            // As many bytes as this are alike in groups of three.
            for alike in [0, 6, 7, 8, 31] {
                let unsorted: Vec<[u8; 32]> = (0..count)
                    .map(|number: u32| {
                        let mut bytes = *blake3::hash(&number.to_be_bytes()).as_bytes();
                        let group = blake3::hash(&(number / 3).to_be_bytes());
                        bytes[..alike].copy_from_slice(&group.as_bytes()[..alike]);
                        bytes
                    })
                    .collect();
                let (mut numbers, mut sorted) = (vec![7], vec![[9; 32]]);
                sort(&unsorted, &mut numbers, &mut sorted);
                let mut due = unsorted;
                due.sort_unstable();
                assert!(sorted == due, "{count} {alike}");
            }
        }
    }
}
