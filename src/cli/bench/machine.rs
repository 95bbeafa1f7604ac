//! What the machine does meanwhile: CPU time of a process and of everybody else, the disk's sync, memory.
//!
//! Linux only, from `/proc`. What cannot be read is `None`, never zero.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::figures::FOREIGN_MAX;
use crate::service::clock::Clock;

/// Microseconds of one tick of `/proc`: `USER_HZ` is 100 on every architecture that Rust's standard library supports.
const TICK_US: u64 = 10_000;

/// Syncs measured at a time.
const SYNCS: usize = 25;

/// CPU time that a process has used, all its threads together.
pub(super) fn cpu_of(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold spaces and brackets.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let ticks = user.saturating_add(system);
    Some(Duration::from_micros(ticks.saturating_mul(TICK_US)))
}

/// CPU time of this process and of these.
pub(super) fn own_cpu(servers: &[u32]) -> Option<Duration> {
    let pids = servers.iter().copied().chain([std::process::id()]);
    pids.map(cpu_of).sum()
}

/// Memory of a process that is in RAM, in bytes.
pub(super) fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib.saturating_mul(1024))
}

/// CPU time of all processes together and of the CPUs whether used or not, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cpus {
    used: u64,
    all: u64,
}

impl Cpus {
    pub(super) fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// User, nice and system time count as used; interrupts do not, because ours on the loopback are among them. Time
    /// that the host took away does.
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let fields: Vec<u64> = line
            .split_ascii_whitespace()
            .take(8)
            .filter_map(|field| field.parse().ok())
            .collect();
        let [user, nice, system, _, _, _, _, stolen] = fields.as_slice() else {
            return None;
        };
        let used = [user, nice, system, stolen].into_iter().sum();
        Some(Self {
            used,
            all: fields.iter().sum(),
        })
    }

    /// Percent of all CPU time since `before` that others used, `own` being what we and our servers used.
    pub(super) fn foreign(self, before: Self, own: Duration) -> u64 {
        let own = u64::try_from(own.as_micros()).unwrap_or(u64::MAX) / TICK_US;
        let used = self.used.saturating_sub(before.used).saturating_sub(own);
        let all = self.all.saturating_sub(before.all).max(1);
        used.saturating_mul(100) / all
    }
}

/// Watches whether others keep the machine busy.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Busy {
    cpus: Option<Cpus>,
    own: Option<Duration>,
}

impl Busy {
    /// From now on; `own` is the CPU time of all that is ours.
    pub(super) fn with(own: Option<Duration>) -> Self {
        Self {
            cpus: Cpus::now(),
            own,
        }
    }

    /// Why a figure taken meanwhile cannot be judged, if it cannot; `own` again.
    pub(super) fn reason(self, own: Option<Duration>) -> Option<String> {
        let cpus = self.cpus.zip(Cpus::now());
        let Some(((before, now), own)) = cpus.zip(own.zip(self.own)) else {
            return Some("this system does not tell whether it is busy".to_owned());
        };
        let own = own.0.saturating_sub(own.1);
        let foreign = now.foreign(before, own);
        (foreign > FOREIGN_MAX).then(|| format!("others used {foreign} percent of the CPUs"))
    }
}

/// A file on the disk that is measured, for its syncs.
pub(super) struct Disk {
    file: File,
    taken: Vec<Duration>,
}

impl Disk {
    pub(super) fn new(dir: &Path) -> std::io::Result<Self> {
        let mut file = File::create(dir.join("sync"))?;
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        Ok(Self {
            file,
            taken: Vec::new(),
        })
    }

    /// Writes 4 KiB in place and syncs it, some times; between the loads, so that neither disturbs the other.
    pub(super) fn probe(&mut self, clock: &dyn Clock) -> std::io::Result<()> {
        for _ in 0..SYNCS {
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&[1; 4096])?;
            let start = clock.monotonic();
            self.file.sync_data()?;
            self.taken.push(clock.monotonic().saturating_sub(start));
        }
        Ok(())
    }

    /// The median of what was probed since the last call.
    pub(super) fn median(&mut self) -> Option<Duration> {
        let mut taken = std::mem::take(&mut self.taken);
        taken.sort_unstable();
        taken.get(taken.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_use_is_what_is_used_and_not_ours() {
        let at = |text: &str| Cpus::parse(&format!("intr 1\ncpu  {text}\n")).unwrap();
        let before = at("100 0 50 800 0 0 50 0 0 0");
        let after = at("150 10 70 900 0 0 70 0 0 0");
        // 200 ticks in all, 80 of them used, 60 of them by us.
        assert_eq!(after.foreign(before, Duration::from_millis(600)), 10);
        assert_eq!(after.foreign(before, Duration::from_secs(9)), 0);
        assert_eq!(Cpus::parse("cpu  1 2 3\n"), None);
    }

    #[test]
    fn this_process_has_used_time_and_memory() {
        let own = std::process::id();
        assert!(cpu_of(own).is_some());
        assert!(resident(own).unwrap() > 100_000);
    }
}
