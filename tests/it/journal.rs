//! Journals of tests that do one thing their own way and leave the rest to a journal inside.

/// The methods, by name, that a journal leaves to the one in its field `inner`.
macro_rules! left_to_inner {
    ($($method:ident)*) => {
        $($crate::journal::left_to_inner!(@ $method);)*
    };
    (@ size) => {
        fn size(&self) -> Result<u64, caseledger::journal::ReadError> {
            self.inner.size()
        }
    };
    (@ append) => {
        fn append(
            &self,
            expected_size: u64,
            batch: &[caseledger::journal::Record],
        ) -> Result<u64, caseledger::journal::AppendError> {
            self.inner.append(expected_size, batch)
        }
    };
    (@ read) => {
        fn read(
            &self,
            from: u64,
            limit: usize,
        ) -> Result<Vec<caseledger::journal::Stored>, caseledger::journal::ReadError> {
            self.inner.read(from, limit)
        }
    };
    (@ read_chain) => {
        fn read_chain(
            &self,
            tag: &[u8; 32],
            from: u64,
            limit: usize,
        ) -> Result<Vec<caseledger::journal::Stored>, caseledger::journal::ReadError> {
            self.inner.read_chain(tag, from, limit)
        }
    };
    (@ chain_len) => {
        fn chain_len(&self, tag: &[u8; 32]) -> Result<u64, caseledger::journal::ReadError> {
            self.inner.chain_len(tag)
        }
    };
    (@ find) => {
        fn find(
            &self,
            agency: &str,
            event_id: &[u8; 16],
        ) -> Result<Option<u64>, caseledger::journal::ReadError> {
            self.inner.find(agency, event_id)
        }
    };
    (@ marks) => {
        fn remember(&self, from: u64, marks: &[caseledger::journal::Mark]) {
            self.inner.remember(from, marks);
        }

        fn remembered(&self) -> Result<caseledger::journal::Marks, caseledger::journal::ReadError> {
            self.inner.remembered()
        }

        fn forget(&self) -> Result<(), caseledger::journal::ReadError> {
            self.inner.forget()
        }
    };
}

pub(crate) use left_to_inner;
