//! Records for tests, whose bytes can be read back.

use crate::journal::Record;

/// A record for tests whose bytes [`decode`] reads back; `filler` bytes are added, different for each position.
pub fn record(position: u64, chain: u8, chain_seq: u64, filler: usize) -> Record {
    let digest = *blake3::hash(&position.to_be_bytes()).as_bytes();
    let event_id = digest.first_chunk().copied().unwrap_or_default();
    let agency = if position.is_multiple_of(2) {
        "csc"
    } else {
        "police"
    }
    .to_owned();
    let mut record = Record {
        position,
        tag: [chain; 32],
        chain_seq,
        agency,
        event_id,
        bytes: Vec::new(),
    };
    seal(&mut record, filler);
    record
}

/// Writes the record's fields and `filler` bytes into its bytes.
pub fn seal(record: &mut Record, filler: usize) {
    let mut header = Vec::new();
    header.extend_from_slice(&record.position.to_be_bytes());
    header.extend_from_slice(&record.tag);
    header.extend_from_slice(&record.chain_seq.to_be_bytes());
    header.extend_from_slice(&record.event_id);
    header.extend_from_slice(record.agency.as_bytes());
    let mut content = vec![0; filler];
    let mut noise = blake3::Hasher::new()
        .update(&record.position.to_be_bytes())
        .finalize_xof();
    noise.fill(&mut content);
    record.bytes.clear();
    for field in [header, content] {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        record.bytes.extend_from_slice(&length.to_be_bytes());
        record.bytes.extend_from_slice(&field);
    }
}

/// Reads back the bytes that [`record`] and [`seal`] make.
///
/// # Errors
/// If they are cut short.
pub fn decode(bytes: &[u8]) -> Result<Record, String> {
    let cut = || "a test record is cut short".to_owned();
    let (length, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_large| cut())?;
    let header = rest.get(..length).ok_or_else(cut)?;
    let (position, rest) = header.split_first_chunk().ok_or_else(cut)?;
    let (tag, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let (chain_seq, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let (event_id, agency) = rest.split_first_chunk().ok_or_else(cut)?;
    Ok(Record {
        position: u64::from_be_bytes(*position),
        tag: *tag,
        chain_seq: u64::from_be_bytes(*chain_seq),
        agency: String::from_utf8_lossy(agency).into_owned(),
        event_id: *event_id,
        bytes: bytes.to_vec(),
    })
}
