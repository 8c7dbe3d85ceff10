//! Background work: observe, plan, act.
