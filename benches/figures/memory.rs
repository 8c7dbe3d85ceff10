//! The resident memory of the operator, as the kernel counts it.

use anyhow::{Context as _, Result};

use crate::support::Operator;

/// In bytes.
pub(crate) fn resident(operator: &Operator) -> Result<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", operator.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS in /proc")?;
    let kibibytes: usize = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}

/// Prints how much it has grown for each user.
pub(crate) fn print(operator: &Operator, base: usize, users: usize) -> Result<()> {
    let grown = resident(operator)?.saturating_sub(base);
    println!("  memory above base: {} bytes a user, {users} users (goal: at most 2048)", grown / users);
    Ok(())
}
