//! The resident memory of the operator and the time it has had on a processor, as the kernel counts them.

use anyhow::{Context as _, Result};

use crate::support::Operator;

/// Now, in bytes.
pub(crate) fn resident(operator: &Operator) -> Result<usize> {
    line(operator, "VmRSS:")
}

/// The most since [`forget_peak`], in bytes.
pub(crate) fn peak(operator: &Operator) -> Result<usize> {
    line(operator, "VmHWM:")
}

/// Lets the peak begin anew: `man 5 proc`, `clear_refs`.
pub(crate) fn forget_peak(operator: &Operator) -> Result<()> {
    std::fs::write(format!("/proc/{}/clear_refs", operator.id()), "5").context("clear_refs in /proc")
}

fn line(operator: &Operator, name: &str) -> Result<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", operator.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a line of /proc/PID/status")?;
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}

/// How many ticks of `/proc/PID/stat` are in a second: `getconf CLK_TCK`, which is 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// How long the operator has run on a processor, in its own code and in the kernel, in milliseconds.
pub(crate) fn processor_ms(operator: &Operator) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", operator.id()))?;
    // The name of the program stands in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(')').context("a name in /proc/PID/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<u64, _>>()? * 1000 / TICKS_PER_SECOND)
}

/// Prints how much it has grown for each user, and what a deployment has to give it.
pub(crate) fn print(operator: &Operator, base: usize, users: usize) -> Result<()> {
    let resident = resident(operator)?;
    let grown = resident.saturating_sub(base);
    println!("  memory above base: {} bytes a user, {users} users (goal: at most 2048)", grown / users);
    println!("  resident memory: {} MiB, {} MiB at most so far", resident >> 20, peak(operator)? >> 20);
    Ok(())
}
