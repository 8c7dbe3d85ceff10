//! The resident memory of the operator, as the kernel counts it.

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

/// Prints how much it has grown for each user.
pub(crate) fn print(operator: &Operator, base: usize, users: usize) -> Result<()> {
    let grown = resident(operator)?.saturating_sub(base);
    println!("  memory above base: {} bytes a user, {users} users (goal: at most 2048)", grown / users);
    Ok(())
}
