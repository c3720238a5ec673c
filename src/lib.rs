//! An embedded analytics engine with a SQL front end for studying how language models reason in many languages.
//!
//! The modules stand in the order in which data flows:
//!
//! ```text
//! text ──read──▶ Arrow ──plan + functions──▶ tables ──write──▶ Parquet, CSV, Markdown
//!                            │                  ▲  └──draw──▶ SVG, PNG, HTML, Vega-Lite, a terminal's text
//!                            └─ model calls     └─store (Delta tables, views, macros, models)
//! ```
//!
//! - [`read`]: files and URLs as tables
//! - [`store`]: what outlives the process
//! - [`models`]: language models by name
//! - [`plan`]: SQL text → plan, model calls included
//! - [`engine`]: all of these put together; [`Engine::execute`] runs a statement
//! - [`study`]: a folder of `.sql` files as one study
//! - [`write`]: results as files and on the screen
//! - [`draw`]: results as figures
//! - [`cli`]: the command line and the REPL

pub mod cli;
pub mod draw;
pub mod engine;
pub mod error;
mod http;
pub mod models;
pub mod plan;
pub mod read;
pub mod settings;
pub mod store;
pub mod study;
pub mod suggest;
pub mod write;

pub use engine::Engine;
pub use error::{Error, Result};
