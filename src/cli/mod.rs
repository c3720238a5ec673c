//! The door: the command line and the prompt. It parses, prints and reports; it decides nothing about queries.

mod args;
mod calls;
mod command;
mod complete;
mod edit;
mod functions;
mod helper;
mod interrupts;
mod lex;
mod models;
mod names;
mod out;
mod pager;
mod paths;
mod plot;
mod print;
mod progress;
mod repl;
mod report;
mod run;
mod script;
mod session;
mod study;

pub use run::main;
