//! A small classifier of reasoning steps.
